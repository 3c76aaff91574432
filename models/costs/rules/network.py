"""Messages between two ends: their halves, and what each way adds to them; connections."""

from __future__ import annotations

from cutaway.models.costs.rule import NoRow, Sight, rule
from cutaway.models.costs.rules.ids import BY_VETH, GETPPID, WRITE_AND_READ, micro, on_one_cpu


def message_on(row: Sight, stack: str) -> float:
    """A message in one direction on one CPU: half a round trip less two switches."""
    older = (micro("tcp-lo-rtt-samecpu"),) if stack == "native" else ()
    return (row(*older, on_one_cpu(stack)) - 2 * row.cost("context switch")) / 2


def _message(row: Sight) -> float:
    """The same in a name space without rules, which every packet pays."""
    try:
        return row.attempt(_message_in_container)
    except NoRow:
        return message_on(row, "native-no-rules")


def _message_in_container(row: Sight) -> float:
    container = "docker-unconfined"
    switch = row(micro("ctxswitch-pipe-samecpu", container)) - row(micro("pipe-write-read-noswitch", container))
    return (row(micro("tcp-lo-rtt-samecpu", container)) - 2 * switch) / 2


def _share_of_a_message(cost: str, share: float, words: str) -> None:
    formula = f"{words} of a message in a name space of its own, send, receive and recv together; the share is assumed"
    rule(cost, formula, kind="assumption")(lambda row: share * _message(row))


_share_of_a_message("TCP send", 0.5, "half")
_share_of_a_message("TCP receive", 0.3, "three tenths")
_share_of_a_message("socket receive", 0.2, "two tenths")


@rule("loopback", "a message over the host's loopback less one in a name space without rules")
def _loopback(row: Sight) -> float:
    return message_on(row, "native") - _message(row)


@rule("veth", "a message between two name spaces less one within one")
def _veth(row: Sight) -> float:
    return message_on(row, "native-veth") - _message(row)


def _half_the_difference(row: Sight, longer: str, shorter: str) -> float:
    return (row(on_one_cpu(longer)) - row(on_one_cpu(shorter))) / 2


@rule("bridge", "half of what a round trip to a container takes beyond one over a veth pair")
def _bridge(row: Sight) -> float:
    return _half_the_difference(row, "docker-bridge", "native-veth")


@rule("DNAT in OUTPUT", "half of what a round trip to a published port takes beyond one to the container's address, from the host")
def _dnat_output(row: Sight) -> float:
    return _half_the_difference(row, "docker-nat-lo", "docker-bridge")


@rule("DNAT in PREROUTING", "the same from outside, less the client's own veth pair")
def _dnat_prerouting(row: Sight) -> float:
    return _half_the_difference(row, "docker-nat", "docker-bridge") - row.cost("veth")


@rule("tap", "as a veth pair, which does the same work (drivers/net/tun.c beside drivers/net/veth.c)", kind="assumption")
def _tap(row: Sight) -> float:
    return row.cost("veth")


@rule("further receive call", "half of write and read of a pipe, and a null system call")
def _further_receive(row: Sight) -> float:
    return row(WRITE_AND_READ) / 2 + row(micro(GETPPID))


def _reader_of_one_more_packet(row: Sight, reply_bytes: int) -> float:
    """CPU time of the reader of a reply over veth beyond one over loopback, its switches taken off."""

    def beyond(metric: str) -> float:
        params = f"client_cpu=1.reply_bytes={reply_bytes}.file=body"
        veth, loopback = (row(micro("tcp-response", stack, params, metric)) for stack in ("native-veth", "native-no-rules"))
        return veth - loopback

    return beyond("client_cpu_per_op") - beyond("client_switches_per_op") * row.cost("context switch")


@rule(
    "coming back for the rest",
    "what a reply of one more packet costs its reader over veth beyond loopback, its switches and the same difference at 612 B taken off; "
    "mean of 10 KiB and 100 KiB",
    scaling=BY_VETH,
)
def _coming_back(row: Sight) -> float:
    at = {reply_bytes: _reader_of_one_more_packet(row, reply_bytes) for reply_bytes in (612, 10_240, 102_400)}
    return (at[10_240] + at[102_400]) / 2 - at[612]


PATHS = ("native", "native-veth", "docker-bridge", "docker-nat-lo", "docker-nat")
PACKETS_OF_A_CONNECTION = 5
"""What connecting and closing sends beyond a message there and back."""


def _connection(row: Sight) -> float:
    """Connect, accept and two times close, mean of five paths: beyond a round trip, and the way of its packets."""

    def on(path: str) -> float:
        whole = row(micro("tcp-connect-1b-echo-close", path, "client_cpu=1")) - row(on_one_cpu(path))
        return whole - PACKETS_OF_A_CONNECTION * (message_on(row, path) - _message(row))

    return sum(map(on, PATHS)) / len(PATHS)


def _share_of_a_connection(cost: str, share: float) -> None:
    sum_of = "connect, accept and two times close on five paths, less a round trip and the packets' way"
    formula = f"{share:.3f} of {sum_of}; the share is assumed"
    rule(cost, formula, kind="assumption")(lambda row: share * _connection(row))


_share_of_a_connection("connect", 9.0 / 16.3)
_share_of_a_connection("accept", 2.2 / 16.3)
_share_of_a_connection("close connection", 2.5 / 16.3)


@rule("docker-proxy message", "half of what a round trip through docker-proxy takes beyond its two legs, loopback and bridge")
def _proxy_message(row: Sight) -> float:
    return (row(on_one_cpu("docker-proxy")) - row(on_one_cpu("native")) - row(on_one_cpu("docker-bridge"))) / 2
