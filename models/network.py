"""The network of one kernel: sockets, TCP, and the way between the device and the socket (loopback, veth, bridge, NAT, tap).

Serves: receive, send. Hands down: deliver, transmit, unless the other end is on this machine. What loopback and veth devices receive is
taken in on the sender's CPU, in the sender's context (net/core/dev.c, __netif_rx and the backlog), so it is work of the sender's thread.
Not modelled: connection set-up, congestion control, loss and retransmission, pacing.
Read first: docs/models/network.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from cutaway.models.costs import Profile
from cutaway.models.layer import Layer, Use, kib, times_as_text
from cutaway.models.operations import Deliver, Hop, Operation, Packets, Receive, Send, Transmit
from cutaway.models.placement import Site
from cutaway.sim.machine import CostUse, Pause, Spread, Step

SEGMENT_BYTES = 1448
"""Data of a segment at an MTU of 1500, time stamps on."""
LOOPBACK_SEGMENT_BYTES = 65_483
"""The same at loopback's MTU of 65536."""
LARGEST_PACKET_BYTES = 65_536
"""What a device takes as one packet and segments itself or hands on whole (GSO_MAX_SIZE, include/linux/netdevice.h)."""
CACHED_BYTES = 16 * 1024
"""Up to here a received message is copied at the price of data that the first-level cache holds."""
SPLICED_BYTES = 64 * 1024
"""What sendfile moves at once: a pipe of sixteen pages (fs/splice.c, PIPE_DEF_BUFFERS); files beyond it lie in larger folios."""

PAGE_BYTES = 4096
PIECES_OF_A_PACKET = 17
"""MAX_SKB_FRAGS of include/linux/skbuff.h."""
COPIED_INTO_BYTES = 32 * 1024
"""What a thread copies into packets before it needs a new piece of memory: SKB_FRAG_PAGE_ORDER of net/core/sock.c."""
LEAST_PIECE_BYTES = 32
"""Less than this of it is left unused (skb_page_frag_refill)."""
DELAYED = "delayed acknowledgement"

OF_BRIDGE_AND_NAT: frozenset[Hop] = frozenset({"veth", "bridge", "DNAT in OUTPUT", "DNAT in PREROUTING", "tap"})


class Network(Layer):
    """Sockets and packets of one kernel."""

    def __init__(
        self, profile: Profile, site: Site, path: tuple[Hop, ...] = (), peer: str = "", over_loopback: bool = False, slower_by: str = ""
    ) -> None:
        """`path` is what every packet crosses here beside the operation's own hops; `peer` the thread at the other end, if it is here."""
        super().__init__(profile, slower_by)
        self.site = site
        self.path = path
        self.peer = peer
        self.over_loopback = over_loopback
        """That packets have loopback's size, when the other end is charged for the way."""

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Receive(thread=thread, size_bytes=size, hops=hops, sender=sender, calls=calls, spliced=spliced):
                way = self.path + hops
                packets = packets_of(size, self._segment_bytes(way), corked=True)
                yield from self._up(Deliver(thread, packets, way, sender))
                context = sender or self.peer or self.site.softirq
                data, acks = ("TCP receive", packets.data), ("acknowledgement", packets.acks)
                yield self.work(self.site.layer, "receive: IP, TCP, into the socket", context, data, acks)
                hot, cold = (0, 0) if spliced else (min(size, CACHED_BYTES), max(0, size - CACHED_BYTES))
                copies = [("receive copy per KiB", kib(hot)), ("receive copy per KiB beyond 16 KiB", kib(cold))]
                further: list[Use] = [("further receive call", calls - 1)]
                further += ["coming back for the rest"] if packets.rest else []
                yield self.work(self.site.layer, "recv: copy to the program", thread, "socket receive", *copies, *further)
            case Send(thread=thread, size_bytes=size, hops=hops, from_file=from_file, corked=corked, writes=writes, local=local) as sent:
                way = self.path + hops
                packets = packets_of(size, self._segment_bytes(way), corked)
                packets = replace(packets, data=packets.data + (0 if corked else writes - 1))
                first, rest = min(size, SPLICED_BYTES), max(0, size - SPLICED_BYTES)
                file = [("sendfile per KiB", kib(first)), ("sendfile per KiB beyond 64 KiB", kib(rest))]
                body = file if from_file else [("copy per KiB", kib(size))]
                yield self.work(self.site.layer, "send: TCP, IP", thread, "TCP send", ("further packet", packets.data - 1), *body)
                yield from self._down(Transmit(thread, packets, way), local)
                yield from self._held_back(sent, self._segment_bytes(way))
            case Deliver(hops=hops):
                yield from self._up(replace(operation, hops=self.path + hops))
            case Transmit(hops=hops):
                yield from self._down(replace(operation, hops=self.path + hops), local=False)
            case _:
                yield operation

    def _held_back(self, sent: Send, segment_bytes: int) -> Iterator[Step]:
        """The rest of a message whose first packet fell short waits for that one's acknowledgement, and the receiver delays it."""
        permille = held_back_permille(sent, segment_bytes)
        if permille:
            chance = Fraction(permille, 1000)
            waits_ns = round(self.profile[DELAYED].value * chance)
            costs = (CostUse(DELAYED, times_as_text(chance)),)
            yield Pause(self.site.layer, "the rest waits for an acknowledgement", waits_ns, Spread("rare", permille), costs)

    def _segment_bytes(self, way: tuple[Hop, ...]) -> int:
        return LOOPBACK_SEGMENT_BYTES if self.over_loopback or "loopback" in way else SEGMENT_BYTES

    def _up(self, packets: Deliver) -> Iterator[Step | Operation]:
        """From the device, or from the sender on this machine, over the hops."""
        context = packets.sender or self.peer
        if not context:
            yield replace(packets, hops=())
        yield from self._hops(packets.packets, packets.hops, context or self.site.softirq)

    def _down(self, packets: Transmit, local: bool) -> Iterator[Step | Operation]:
        yield from self._hops(packets.packets, tuple(reversed(packets.hops)), packets.thread)
        if not (local or self.peer):
            yield replace(packets, hops=())

    def _hops(self, packets: Packets, hops: tuple[Hop, ...], thread: str) -> Iterator[Step]:
        for hop in hops:
            layer = "bridge and NAT" if hop in OF_BRIDGE_AND_NAT else self.site.layer
            yield self.work(layer, hop, thread, (hop, packets.data + packets.acks))


def held_back_permille(sent: Send, segment_bytes: int) -> int:
    """How many of a thousand corked answers from a file are held back in their middle; none where segments are small.

    A packet holds MAX_SKB_FRAGS pieces of memory. Over loopback a full segment is a header and sixteen pages: just as many. The header is
    copied into what is left of the sending thread's 32 KiB (net/core/sock.c, skb_page_frag_refill), and where that ends within it, it is
    two pieces: the packet leaves a page early, and is a small one. Then Nagle's rule as Minshall has it (tcp_output.c, tcp_minshall_check)
    holds the last, small packet until that is acknowledged. nginx has the rule in force, as it takes TCP_NODELAY back when it corks
    (ngx_linux_sendfile_chain.c). The receiver acknowledges at once what is more than a segment, and the rest after its time-out.
    """
    early_bytes = sent.header_bytes + (PIECES_OF_A_PACKET - 2) * PAGE_BYTES
    small = early_bytes < segment_bytes
    if not (sent.corked and sent.header_bytes and small and early_bytes < sent.size_bytes < early_bytes + segment_bytes):
        return 0
    return round(Fraction(1000 * max(0, sent.header_bytes - LEAST_PIECE_BYTES), COPIED_INTO_BYTES))


def packets_of(size_bytes: int, segment: int, corked: bool) -> Packets:
    """How a message is cut. Full segments leave together as large packets; a corked rest follows by itself when the sender pushes.

    More than one segment at once is acknowledged at once, of single ones every second (net/ipv4/tcp_input.c, __tcp_ack_snd_check);
    a message of one segment is acknowledged by the answer to it.
    """
    segments, rest = divmod(size_bytes, segment)
    if not segments or size_bytes == segment:
        return Packets(1, 0, size_bytes)
    in_a_packet = max(1, LARGEST_PACKET_BYTES // segment)
    large = -(-segments // in_a_packet)
    data = large + bool(rest) if corked else -(-size_bytes // (in_a_packet * segment))
    acks = large if in_a_packet > 1 and segments > 1 else segments // 2
    return Packets(data, acks, size_bytes, rest=corked and bool(rest))
