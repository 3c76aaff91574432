"""How costs follow from measured rows: a small function a cost, and the only place where its formula stands.

A rule asks for rows by id and gives nanoseconds or bytes. What it asked for is the cost's source, and the standard error follows from
theirs. Rows for validation are not there to be asked for. Where a machine lacks the rows of a rule, some rules may look at another
machine's, and then say how the value was scaled. Costs that no rule gives are fitted (fit.py) or stay as they were (calibration.py).
Read first: docs/models/costs.md, and models/costs/measured/*.md for what the rows mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal

from cutaway.models.costs.row import Row
from cutaway.models.units import MS, US, S

MEDIAN_ERROR = 0.929
"""Standard error of a median, in quartile distances by the root of n: 1.2533 (of a median) by 1.349 (of a normal quartile distance)."""
STALL_OF_ONE_NS = 0.25 * MS
"""How long the gaps above 100 us are that a single busy loop sees (micro.gaps-of-a-busy-loop.native.busy_cpus=1.gap_max and its kin)."""
TO_NS = {"ns": 1.0, "us": float(US), "ms": float(MS), "s": float(S)}
"""Units of rows that are times; what is in another is taken as it stands."""

Spread = tuple[int, ...]
"""Values at equally spaced probabilities."""


class NoRow(LookupError):  # noqa: N818
    """A row that a rule needs is not there, or not for it to see."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What was measured on, as the machine file says."""

    name: str
    date: str
    hz: int = 250
    """Ticks a second."""


class Measured:
    """The rows of a machine that costs may be made of."""

    def __init__(self, machine: Machine, rows: Iterable[Row]) -> None:
        self.machine = machine
        self.rows: dict[str, Row] = {}
        self.kept_back: set[str] = set()
        """Identifiers of rows for validation: that they are there is all that is known of them."""
        for row in rows:
            if row.use == "calibrate":
                self.rows[row.id] = row
            else:
                self.kept_back.add(row.id)

    def first(self, *ids: str) -> Row:
        """The first of the rows that is there. Raises NoRow."""
        for one in ids:
            if one in self.rows:
                return self.rows[one]
        for one in ids:
            if one in self.kept_back:
                raise NoRow(f"{one} is meant for validation")
        raise NoRow(f"no row {ids[0]}")


def error_of(row: Row) -> float:
    """Standard error of a row's median, in the row's unit. Events of one run are not independent: of those, the runs are counted."""
    independent = min(row.n, row.runs) if row.quantiles and row.runs else row.n
    return MEDIAN_ERROR * (row.q3 - row.q1) / sqrt(max(independent, 1))


@dataclass(frozen=True)
class Sources:
    """What rules may look at."""

    own: Measured
    other: Measured | None = None
    """Another machine, for costs whose rows the own one lacks."""
    base: Mapping[str, float] = field(default_factory=dict)
    """Prices of the profile that is built on, for what is taken off because it is priced apart."""


class Sight:
    """What a rule sees: the rows of its machine, and other costs by their rules. Notes which rows were asked for."""

    def __init__(self, sources: Sources, moved: Mapping[str, float] | None = None, here: Sight | None = None) -> None:
        """`moved` adds to rows, by id, to see what a row is worth; `here` looks from its own machine at the other one."""
        self.sources = sources
        self.measured = sources.own if here is None or sources.other is None else sources.other
        self.moved = moved or {}
        self.here = here or self
        self.prefix = f"{self.measured.machine.name}: " if here else ""
        self.asked: dict[str, Row] = {}
        self.scalings: list[str] = []
        """How values of the other machine were taken over."""

    def __call__(self, *ids: str) -> float:
        """The median of the first of the rows that is there: a time in nanoseconds, or what it is. Raises NoRow."""
        row = self._asked(ids)
        return (row.median + self.moved.get(self.prefix + row.id, 0.0)) * TO_NS.get(row.unit, 1.0)

    def mean(self, *ids: str) -> float:
        """The mean of single events, likewise; the median where no mean was kept."""
        row = self._asked(ids)
        value = row.median if row.mean is None else row.mean
        return (value + self.moved.get(self.prefix + row.id, 0.0)) * TO_NS.get(row.unit, 1.0)

    def quantiles(self, *ids: str) -> tuple[float, ...]:
        """The quantile table of single events. Raises NoRow."""
        row = self._asked(ids)
        if not row.quantiles:
            raise NoRow(f"{row.id} has no quantiles")
        return row.quantiles

    def cost(self, name: str) -> float:
        """Another cost, by its rule. Raises NoRow."""
        return self.valued(RULES[name])

    def priced(self, name: str) -> float:
        """A part that the profile prices apart, at the price that it has there: by its rule here, or as the base has it. Raises NoRow."""
        try:
            return self.here.cost(name)
        except (KeyError, NoRow):
            if name not in self.sources.base:
                raise NoRow(f"the base has no cost '{name}'") from None
            return self.sources.base[name]

    def valued(self, rule: Rule) -> float:
        """The rule's value; where its rows are missing and it allows it, scaled from the other machine. Raises NoRow."""
        before = dict(self.asked)
        try:
            return rule.value(self)
        except NoRow:
            self.asked = before
            if rule.scaling is None or not self._may_look_there:
                raise
        value, ratio = rule.value(there := self.there()), rule.scaling.ratio(self, there)
        self.asked |= there.asked
        self.scalings.append(rule.scaling.words.format(machine=there.measured.machine.name, ratio=ratio))
        return value * ratio

    def shaped(self, rule: Rule) -> Spread:
        """The rule's spread, likewise; empty where it gives none."""
        if rule.spread is None:
            return ()
        try:
            return rule.spread(self)
        except NoRow:
            if not self._may_look_there:
                return ()
        there = self.there()
        spread = rule.spread(there)
        self.asked |= there.asked
        return spread

    def there(self) -> Sight:
        """The same on the other machine."""
        return Sight(self.sources, self.moved, here=self)

    @property
    def _may_look_there(self) -> bool:
        return self.here is self and self.sources.other is not None

    def _asked(self, ids: tuple[str, ...]) -> Row:
        row = self.measured.first(*ids)
        self.asked[self.prefix + row.id] = row
        return row


@dataclass(frozen=True, slots=True)
class Scaling:
    """How a value of another machine is taken over."""

    words: str
    ratio: Callable[[Sight, Sight], float]


@dataclass(frozen=True, slots=True)
class Rule:
    """One cost, from rows."""

    cost: str
    formula: str
    """In words, as a reader of the profile needs it."""
    value: Callable[[Sight], float]
    kind: Literal["measured", "assumption"] = "measured"
    """An assumption where rows give a sum and its split is assumed."""
    scaling: Scaling | None = None
    """How the other machine's value is taken over; None when it must not be."""
    spread: Callable[[Sight], Spread] | None = None
    grain: float = 0.0
    """Standard error that the steps of the measurement alone make."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a rule comes to on a machine."""

    rule: Rule
    value: float
    """In nanoseconds or bytes."""
    error: float
    """Standard error, from the quartiles of the rows."""
    rows: dict[str, Row]
    """The rows that went into it, by id; those of another machine begin with its name."""
    scaled: str
    """How it was taken over from another machine; empty when it was not."""
    spread: Spread = ()


def estimate(rule: Rule, sources: Sources) -> Estimate:
    """The rule's value, with the error that the spread of each of its rows makes. Raises NoRow."""
    sight = Sight(sources)
    value = sight.valued(rule)
    rows = dict(sight.asked)
    variance = rule.grain**2
    for name, row in rows.items():
        step = error_of(row)
        above, below = (Sight(sources, {name: sign * step}).valued(rule) for sign in (1, -1))
        variance += ((above - below) / 2) ** 2
    spread = sight.shaped(rule)
    return Estimate(rule, value, sqrt(variance), dict(sight.asked), "; ".join(dict.fromkeys(sight.scalings)), spread)


# --- ids ---------------------------------------------------------------------------------------------------------------------------
# Both machines' files name some rows differently; the first that is there counts.

Ids = tuple[str, ...]


def micro(what: str, stack: str = "native", params: str = "", metric: str = "time_per_op") -> str:
    """A row of the group `micro`."""
    return f"micro.{what}.{stack}.{params and params + '.'}{metric}"


def wake(wakee: str, pause_us: int, metric: str, what: str = "wake-up") -> str:
    """A wake-up by an eventfd."""
    return micro(what, params=f"by=eventfd.wakee={wakee}.pause_us={pause_us}", metric=metric)


def on_one_cpu(stack: str) -> str:
    """The round trip of a byte, both ends on one CPU."""
    return micro("tcp-round-trip-1b", stack, "client_cpu=1")


GETPPID = "syscall-getppid"
HAND_OVER, WRITE_AND_READ = micro("ctxswitch-pipe-samecpu"), micro("pipe-write-read-noswitch")
OPEN, READ, STAT = "file-open-read4k-close", "file-pread4k", "file-stat"
ACROSS = micro("tcp-round-trip-1b", params="client_cpu=0")
ACROSS_SERVER = micro("tcp-round-trip-1b", params="client_cpu=0", metric="server_cpu_per_op")
FORTH = micro("tcp-round-trip-1b", params="client_cpu=0", metric="forth")
FORTH_SPINNING = micro("tcp-round-trip-1b", params="client_cpu=0.client_spins=1.server_spins=1", metric="forth")
LATER_US = (20, 100)
"""Pauses of a spinning client between which the idleness of a sleeping one lies."""


def on_ext4(what: str) -> Ids:
    """A file on ext4, outside of containers."""
    return (micro(what, params="fs=ext4"),)


def on_overlay(what: str) -> Ids:
    """A file in an overlay's lower layer."""
    return (micro(what, "docker-unconfined", "fs=overlay-lower"), micro(what, params="fs=overlay"))


def gaps(cpus: int, metric: str) -> str:
    """What busy loops do not get."""
    return micro("gaps-of-a-busy-loop", params=f"busy_cpus={cpus}", metric=metric)


def small_page(metric: str) -> Ids:
    """nginx on the bare system, 612 B, 16 connections."""
    what = "nginx.nginx-static-closed-loop.native"
    return (f"{what}.b=612.c=16.{metric}", f"{what}.body_bytes=612.connections=16.{metric}")


# --- how another machine's values are taken over ---------------------------------------------------------------------------------------


def beyond_one_cpu(row: Sight) -> float:
    """What a message takes between two CPUs beyond one: the exits of waking."""
    return (row(ACROSS) - row(on_one_cpu("native"))) / 2


UNCHANGED = Scaling("taken over unchanged from {machine}", lambda here, there: 1.0)
BY_EXITS = Scaling(
    "from {machine}, times {ratio:.3f}: what a round trip on two CPUs takes beyond one on one CPU, here by there; both are made of exits",
    lambda here, there: beyond_one_cpu(here) / beyond_one_cpu(there),
)

BY_VETH = Scaling(
    "from {machine}, times {ratio:.3f}: a round trip over veth on one CPU, here by there",
    lambda here, there: here(on_one_cpu("native-veth")) / there(on_one_cpu("native-veth")),
)

# --- the rules -------------------------------------------------------------------------------------------------------------------------

RULES: dict[str, Rule] = {}
Value = Callable[[Sight], float]


def rule(
    cost: str,
    formula: str,
    kind: Literal["measured", "assumption"] = "measured",
    scaling: Scaling | None = None,
    spread: Callable[[Sight], Spread] | None = None,
    grain: float = 0.0,
) -> Callable[[Value], Value]:
    """Registers a function as the rule of a cost."""

    def register(value: Value) -> Value:
        RULES[cost] = Rule(cost, formula, value, kind, scaling, spread, grain)
        return value

    return register


def direct(costs: Mapping[str, Ids], scaling: Scaling | None = None) -> None:
    """Costs that are rows as they stand."""
    for cost, ids in costs.items():
        rule(cost, "", scaling=scaling)(lambda row, ids=ids: row(*ids))  # type: ignore[misc]


# kernel


direct({"null system call": (micro(GETPPID),), "read call": (micro(GETPPID),), "copy per KiB": (micro("memcpy-per-kib"),)})


@rule("seccomp filter", "getppid in a container with the filter less the same without it")
def _seccomp(row: Sight) -> float:
    return row(micro(GETPPID, "docker")) - row(micro(GETPPID, "docker-unconfined"))


@rule("cgroup accounting", "a round trip of a byte in a plain container on the host's network less one without, two messages with two ends")
def _cgroup_accounting(row: Sight) -> float:
    return (row(micro("tcp-lo-rtt-samecpu", "runc")) - row(micro("tcp-lo-rtt-samecpu"))) / 4


@rule("context switch", "one hand-over by pipe less its write and read; caches stay warm in it")
def _switch(row: Sight) -> float:
    return row(HAND_OVER) - row(WRITE_AND_READ)


@rule("tick", "share of a busy loop's gaps less the stalls above 100 us of about 0.25 ms each, over the ticks a second")
def _tick(row: Sight) -> float:
    share = row(gaps(1, "gap_share")) - row(gaps(1, "gt100us_per_s")) * STALL_OF_ONE_NS / S
    return share * S / row.measured.machine.hz


@rule("time between stalls", "one over the gaps above 100 us a second, both cores busy")
def _between_stalls(row: Sight) -> float:
    return S / row(gaps(2, "gt100us_per_s"))


@rule("stall", "what two busy loops lose beyond one, over the gaps above 100 us a second; the shape was drawn by hand")
def _stall(row: Sight) -> float:
    return (row(gaps(2, "gap_share")) - row(gaps(1, "gap_share"))) * row.cost("time between stalls")


# waking


def _only_server_sleeps(row: Sight, idle_us: float) -> float:
    """CPU time of the server when only it sleeps, and was idle for so long."""
    early, late = LATER_US
    params = "client_cpu=0.client_spins=1.pause_us={}"
    at = [row(micro("tcp-round-trip-1b", params=params.format(pause), metric="server_cpu_per_op")) for pause in LATER_US]
    return at[0] + (at[1] - at[0]) * (idle_us - early) / (late - early)


@rule(
    "waking an idle CPU, waker",
    "server's CPU time of a round trip when both ends sleep less the same when only the server does, after half a round trip of idleness",
    scaling=BY_EXITS,
)
def _waker(row: Sight) -> float:
    return row(ACROSS_SERVER) - _only_server_sleeps(row, row(ACROSS) / 2 / US)


@rule(
    "waking an idle CPU, woken thread",
    "CPU time of a burst of work after a wake-up on a halted CPU less the same on the waker's own",
    scaling=UNCHANGED,
)
def _woken(row: Sight) -> float:
    burst = "wake-up-then-burst"
    return row(wake("asleep", 50, "wakee_cpu_per_op", burst)) - row(wake("same-cpu", 20, "wakee_cpu_per_op", burst))


def _single_messages(row: Sight) -> Spread:
    """Single messages forth, less the work of one between ends that spin and less the woken thread's: 51 steps of 10 ns."""
    work = row(FORTH_SPINNING) + row.cost("waking an idle CPU, woken thread")
    table = row.quantiles(FORTH)
    last = len(table) - 1
    # The last of a thousand steps is one event, which says nothing about the rest.
    steps = [table[min(step * last // 50, last - 1)] for step in range(51)]
    return tuple(max(round((value - work) / 10), 100) for value in steps)


@rule(
    "wake-up latency",
    "half the round trip on two CPUs less the work of one message and the woken thread's cost; the spread is that of single messages",
    scaling=UNCHANGED,
    spread=_single_messages,
)
def _wake_up_latency(row: Sight) -> float:
    return row(ACROSS) / 2 - _message_on(row, "native") - row.cost("waking an idle CPU, woken thread")


@rule(
    "going idle",
    "the middle between the pauses at which the waker pays little and much, less 1.5 us of the thread's way into its sleep",
    scaling=BY_EXITS,
    grain=3 * US / sqrt(12),
)
def _going_idle(row: Sight) -> float:
    dear = (row(wake("asleep", 50, "cost")) + row(wake("awake", 20, "cost"))) / 2
    pauses = (2, 3, 5, 8, 12, 20)
    cheap = max((pause for pause in pauses if row(wake("asleep", pause, "cost")) < dear), default=0)
    return ((cheap + next((pause for pause in pauses if pause > cheap), cheap)) / 2 - 1.5) * US


@rule(
    "turning back from idle",
    "mean of pause and lateness at 2, 3 and 5 us, less 2.6 us of the thread's own way into and out of its call",
    scaling=BY_EXITS,
)
def _turning_back(row: Sight) -> float:
    return sum(pause * US + row.mean(wake("asleep", pause, "late")) for pause in (2, 3, 5)) / 3 - 2.6 * US


@rule("busy CPU notices", "lateness of a thread woken beside a busy loop, less that on the waker's own CPU", scaling=BY_EXITS)
def _notices(row: Sight) -> float:
    return row(wake("beside-a-hog", 50, "late")) - row(wake("same-cpu", 20, "late"))


@rule(
    "waking a thread of a busy CPU, woken thread",
    "CPU time a wake-up of a thread beside a busy loop, less that on the waker's own CPU",
    scaling=BY_EXITS,
)
def _kicked(row: Sight) -> float:
    return row(wake("beside-a-hog", 50, "wakee_cpu_per_op")) - row(wake("same-cpu", 20, "wakee_cpu_per_op"))


@rule(
    "waking a CPU that goes idle",
    "the waker's call 3 us after the wakee said that it sleeps, less one that wakes nobody",
    scaling=UNCHANGED,
)
def _nudge(row: Sight) -> float:
    return row(wake("asleep", 3, "cost")) - row(wake("awake", 20, "cost"))


@rule(
    "waking a thread of a busy CPU",
    "the waker's cost for an idle CPU, times what its call costs beside a hog over asleep, one that wakes nobody taken off both",
    scaling=BY_EXITS,
)
def _kick(row: Sight) -> float:
    nobody = row(wake("awake", 20, "cost"))
    beside, asleep = row(wake("beside-a-hog", 50, "cost")), row(wake("asleep", 50, "cost"))
    return row.cost("waking an idle CPU, waker") * (beside - nobody) / (asleep - nobody)


# files


def _open_and_close(row: Sight, where: Callable[[str], Ids]) -> float:
    return row(*where(OPEN)) - row(*where(READ))


CLOSE_SHARE = 100 / 565
"""Of open and close; the split is assumed and does not change a sum."""


@rule("open file", "open, read and close less the read, of which close gets 100 of 565")
def _open(row: Sight) -> float:
    return (1 - CLOSE_SHARE) * _open_and_close(row, on_ext4)


@rule("close file", "the rest of open and close; the split does not change a sum")
def _close(row: Sight) -> float:
    return CLOSE_SHARE * _open_and_close(row, on_ext4)


@rule("overlay open", "open and close on an overlay less the same on ext4")
def _overlay_open(row: Sight) -> float:
    return _open_and_close(row, on_overlay) - _open_and_close(row, on_ext4)


@rule("overlay stat", "stat on an overlay less the same on ext4; by path, so a little of it is the walk")
def _overlay_stat(row: Sight) -> float:
    return row(*on_overlay(STAT)) - row(*on_ext4(STAT))


@rule("overlay read", "read of 4 KiB on an overlay less the same on ext4")
def _overlay_read(row: Sight) -> float:
    return row(*on_overlay(READ)) - row(*on_ext4(READ))


@rule("read copy per KiB", "read of 4 KiB less a null system call, over four")
def _read_copy(row: Sight) -> float:
    return (row(*on_ext4(READ)) - row(micro(GETPPID))) / 4


# network


def _message_on(row: Sight, stack: str) -> float:
    """A message in one direction on one CPU: half a round trip less two switches."""
    older = (micro("tcp-lo-rtt-samecpu"),) if stack == "native" else ()
    return (row(*older, on_one_cpu(stack)) - 2 * row.cost("context switch")) / 2


def _message(row: Sight) -> float:
    """The same in a name space without rules, which every packet pays."""
    container = "docker-unconfined"
    try:
        switch = row(micro("ctxswitch-pipe-samecpu", container)) - row(micro("pipe-write-read-noswitch", container))
        return (row(micro("tcp-lo-rtt-samecpu", container)) - 2 * switch) / 2
    except NoRow:
        return _message_on(row, "native-no-rules")


def _share_of_a_message(cost: str, share: float, words: str) -> None:
    formula = f"{words} of a message in a name space of its own, send, receive and recv together; the share is assumed"
    rule(cost, formula, kind="assumption")(lambda row: share * _message(row))


_share_of_a_message("TCP send", 0.5, "half")
_share_of_a_message("TCP receive", 0.3, "three tenths")
_share_of_a_message("socket receive", 0.2, "two tenths")


@rule("loopback", "a message over the host's loopback less one in a name space without rules")
def _loopback(row: Sight) -> float:
    return _message_on(row, "native") - _message(row)


@rule("veth", "a message between two name spaces less one within one")
def _veth(row: Sight) -> float:
    return _message_on(row, "native-veth") - _message(row)


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
        return whole - PACKETS_OF_A_CONNECTION * (_message_on(row, path) - _message(row))

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


# programs


def _share_of_user_space(cost: str, share: float, words: str) -> None:
    formula = f"{words} of nginx's CPU time in user space, 612 B at 16 connections; the split does not change a sum"

    @rule(cost, formula)
    def _share(row: Sight) -> float:
        return share * row(*small_page("server_cpu_per_request")) * row(*small_page("server_user_fraction"))


_share_of_user_space("nginx request", 0.6, "six tenths")
_share_of_user_space("nginx response", 0.25, "a quarter")
_share_of_user_space("nginx keep-alive", 0.15, "the rest")



def redis(operation: str, metric: str) -> Ids:
    """Redis on the bare system, 10 connections."""
    params = (f"c=10.operation={operation}", f"operation={operation}.connections=10")
    return tuple(f"apps.redis.native.{one}.{metric}" for one in params)


def python_app(metric: str) -> Ids:
    """The Python application on the bare system, 4 connections."""
    return tuple(f"apps.python-web-application.native.{params}.{metric}" for params in ("c=4", "path=/cpu.connections=4"))


def _share_of_redis(cost: str, share: float, words: str) -> None:
    formula = f"{words} of Redis's CPU time in user space, mean of GET and SET at 10 connections; the split does not change a sum"

    @rule(cost, formula, kind="assumption")
    def _share(row: Sight) -> float:
        both = [row(*redis(one, "server_cpu_per_request")) * row(*redis(one, "server_user_fraction")) for one in ("get", "set")]
        return share * sum(both) / 2


_share_of_redis("redis command", 0.75, "three quarters")
_share_of_redis("redis answer", 0.25, "a quarter")

TURNS = 18_000
"""Of the measured Python application."""


@rule("python loop", "what ticks and stalls and gunicorn's own work for a request leave of the CPU time in user space, over 18,000 turns")
def _python_loop(row: Sight) -> float:
    user = row(*python_app("server_cpu_per_request")) * row(*python_app("server_user_fraction")) * (1 - row(gaps(2, "gap_share")))
    return (user - row.priced("python request") - row.priced("python response")) / TURNS


# start-up

direct(
    {
        "fork and exec": (micro("fork-exec-wait-static"),),
        "fork": (micro("fork-exit-wait"),),
        "overlay mount": (micro("overlay-mount-1lower", params="lower_dirs=1"),),
        "veth pair": (micro("veth-pair-create"),),
        "bridge port": (micro("veth-attach-bridge"),),
        "interface up": (micro("veth-up-host-side"),),
        "veth move": (micro("veth-move-to-netns"),),
        "iptables rule": (micro("iptables-rule-add-incl-process"),),
        "name spaces": (micro("unshare-docker5"),),
    }
)

HIERARCHIES = ("cpu", "cpuacct", "cpuset", "memory", "devices", "freezer", "blkio", "pids", "systemd", "unified")


@rule("cgroups", "sum of ten mkdir and ten attach")
def _cgroups(row: Sight) -> float:
    return sum(row(micro(f"cgroup-{what}-{one}")) for what in ("mkdir", "attach") for one in HIERARCHIES)


def phase(name: str) -> str:
    """A phase of `docker run`, with nothing else running."""
    return f"lifecycle.docker-run-d-p-18080-80-nginx-by-phase.docker-proxy.running_before=0.phase_{name}"


RUNC_CREATE = "lifecycle.oci-runtime-create-start-delete.runc.network_namespace=host.create"

direct(
    {
        "docker command": (phase("cli_and_ping"),),
        "containerd task": (phase("start_bundle_to_containerd"),),
        "shim start": (phase("shim_start"),),
        "runc start": (phase("runc_start"),),
    },
    UNCHANGED,
)


@rule("nginx start", "from fork to the first answer, less fork and exec and half the polling interval of 1 ms", scaling=UNCHANGED)
def _nginx_start(row: Sight) -> float:
    return row("lifecycle.nginx-as-a-plain-process-fork-to-first-200.native.total_first_200") - row.priced("fork and exec") - 0.5 * MS


@rule("docker create", "the phase less the mount, priced apart", scaling=UNCHANGED)
def _docker_create(row: Sight) -> float:
    return row(phase("api_create")) - row.priced("overlay mount")


@rule("docker network", "the phase less veth pair, bridge port and six rules, priced apart", scaling=UNCHANGED)
def _docker_network(row: Sight) -> float:
    return row(phase("start_network")) - row.priced("veth pair") - row.priced("bridge port") - 6 * row.priced("iptables rule")


@rule("runc create", "without a network of its own, less name spaces and cgroups, priced apart", scaling=UNCHANGED)
def _runc_create(row: Sight) -> float:
    return row(RUNC_CREATE) - row.priced("name spaces") - row.priced("cgroups")


@rule(
    "network hook",
    "runc create with the network less the same without, the move and the filter, priced apart",
    scaling=UNCHANGED,
)
def _network_hook(row: Sight) -> float:
    with_network = row(phase("runc_create_until_network_done")) + row(phase("runc_create_after_network"))
    return with_network - row(RUNC_CREATE) - row.priced("veth move") - row.priced("seccomp load")


# memory


def memory_of(process: str, metric: str, stack: str = "docker-proxy", running: int = 10) -> str:
    """A row of one process's memory."""
    return f"memory.memory-of-{process}-one-process.{stack}.running={running}.{metric}"


direct(
    {
        "nginx master memory": (memory_of("nginx-master", "private"),),
        "nginx worker memory": (memory_of("nginx-worker", "private"),),
        "shim memory": (memory_of("containerd-shim", "private"),),
        "docker-proxy memory": (memory_of("docker-proxy", "private"),),
        "container kernel memory": ("memory.memory-cgroup-of-one-nginx-container.docker-proxy.running=10.kmem",),
        "dockerd memory": (memory_of("dockerd", "pss", running=0),),
        "containerd memory": (memory_of("containerd", "pss", running=0),),
    },
    UNCHANGED,
)


@rule("nginx shared memory", "proportional pages of one master and one worker alone less what each has for itself", scaling=UNCHANGED)
def _nginx_shared(row: Sight) -> float:
    alone = sum(row(memory_of(f"nginx-{which}", "pss", "native", 1)) for which in ("master", "worker"))
    return alone - row.cost("nginx master memory") - row.cost("nginx worker memory")


@rule("shim shared memory", "resident less private", scaling=UNCHANGED)
def _shim_shared(row: Sight) -> float:
    return row(memory_of("containerd-shim", "rss")) - row.cost("shim memory")


@rule("docker-proxy shared memory", "resident less private", scaling=UNCHANGED)
def _proxy_shared(row: Sight) -> float:
    return row(memory_of("docker-proxy", "rss")) - row.cost("docker-proxy memory")
