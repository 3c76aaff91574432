"""What the models hand to the engine: a machine (kernels, CPUs, threads, links, ...) and the plans that requests walk on it.

Frozen data and nothing else; `sim.traffic.build` turns it into tables. Times are integer nanoseconds, sizes integer bytes.
Names are the keys: whatever refers to a thing names it, and random streams hang on names, so adding a thing moves no other's draws.
Read first: docs/sim/machine.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Spread:
    """The shape of a duration around its mean, as a distribution of mean 1.

    `permille` is the coefficient of variation (lognormal) or the half width (uniform) in thousandths of the mean; of `rare`
    the thousandths of draws that are anything at all, all of one length.
    `quantiles` (measured) are values at equally spaced probabilities 0 ... 1, in any unit: only their shape counts.
    """

    kind: Literal["fixed", "exponential", "lognormal", "uniform", "measured", "rare"] = "fixed"
    permille: int = 0
    quantiles: tuple[int, ...] = ()


FIXED = Spread()
EXPONENTIAL = Spread("exponential")


@dataclass(frozen=True, slots=True)
class CostUse:
    """`times` uses of the cost record `name` in the profile: how a step's duration was made, for `cutaway explain`."""

    name: str
    times: str = "1"


# --- steps of a plan ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Work:
    """CPU time of a thread. Neighbouring works of one thread run as one burst, marked by layer."""

    layer: str
    operation: str
    thread: str
    """Role of the thread (see `Thread.name`)."""
    cost_ns: int
    spread: Spread = FIXED
    costs: tuple[CostUse, ...] = ()
    next_round: bool = False
    """Not now but in the thread's next round of its event loop (wrk reads in one round and writes in the next)."""
    only_if_asleep: str = ""
    """Costs nothing when this thread is awake at that moment (a doorbell need not be rung)."""
    stopwatch: bool = False
    """The client takes its start time when this work begins (wrk does so just before it writes); the latency counts from here."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """Bytes over a link: queue, transmission, propagation."""

    layer: str
    operation: str
    link: str
    size_bytes: int
    costs: tuple[CostUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Pause:
    """Time that passes without a CPU (think time, a device's own latency)."""

    layer: str
    operation: str
    duration_ns: int
    spread: Spread = FIXED
    costs: tuple[CostUse, ...] = ()


@dataclass(frozen=True, slots=True)
class DiskAccess:
    """One access to a disk: waits for one of its `depth` places, then takes access time and transfer."""

    layer: str
    operation: str
    disk: str
    size_bytes: int
    costs: tuple[CostUse, ...] = ()


@dataclass(frozen=True, slots=True)
class Acquire:
    """Waits for a place of a pool (a lock is a pool of one), in order of arrival."""

    layer: str
    operation: str
    pool: str


@dataclass(frozen=True, slots=True)
class Release:
    """Gives the place back."""

    layer: str
    operation: str
    pool: str


@dataclass(frozen=True, slots=True)
class Detach:
    """Work that goes on beside the request and that nobody waits for (closing the file after the answer has left)."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Fork:
    """Branches that run at once; the request goes on when all have ended."""

    branches: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """From here on the client waits at most this long: then the request counts as timed out and the client goes on."""

    after_ns: int


@dataclass(frozen=True, slots=True)
class Respond:
    """From here on the way leads back: the view draws a ring instead of a disc. Takes no time."""


Step = Work | Transfer | Pause | DiskAccess | Acquire | Release | Detach | Fork | Deadline | Respond


@dataclass(frozen=True, slots=True)
class Plan:
    """What one kind of request does on one stack, from the client's first instruction to its last."""

    name: str
    steps: tuple[Step, ...]


# --- the machine -------------------------------------------------------------------------------------------------------------------


MOST_UNDER_WAY = 1 << 21
"""Requests, with their branches, that may be under way at once: about 2 GB of tables."""
MOST_EVENTS = 100_000_000_000
"""Events of a run: some hours of computing."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A scheduler and its prices. A guest kernel is another one, whose CPUs are threads of the kernel below.

    Waking a thread whose CPU is idle costs the waker `waker_ns`, takes `wake_latency_ns` that belongs to nobody, and costs the
    woken thread `wakee_ns` at the start of its burst. Waking one that should preempt what runs on another CPU costs the waker `kick_ns`,
    and that CPU notices after `kick_latency_ns`; the woken thread then pays `kicked_ns`.

    A CPU that goes idle stops its tick first, and looks whether it is needed before it halts (kernel/sched/idle.c). A wake-up within
    `going_idle_ns` needs no interrupt, costs the waker `nudge_ns` and the woken thread nothing, but must wait until the CPU has turned
    back, `turn_back_ns` after it went idle.
    """

    name: str
    layer: str
    """The layer that switches, ticks and wake-ups are charged to."""
    slice_ns: int
    tick_ns: int
    tick_cost_ns: int = 0
    tick_exit_ns: int = 0
    """Of a guest: what its timer, set anew at each tick, costs below, on the vCPU's own thread."""
    switch_ns: int = 0
    """From one thread to another, the cold cache after it included."""
    waker_ns: int = 0
    wake_latency_ns: int = 0
    wake_latency_spread: Spread = FIXED
    wakee_ns: int = 0
    kick_ns: int = 0
    kick_latency_ns: int = 0
    kicked_ns: int = 0
    going_idle_ns: int = 0
    turn_back_ns: int = 0
    turn_back_spread: Spread = FIXED
    nudge_ns: int = 0
    balance: bool = True
    """Whether an idle CPU takes waiting threads from another (affinity permitting)."""


@dataclass(frozen=True, slots=True)
class Cpu:
    """A core of the hardware, or with `vcpu` a virtual CPU that turns only while that thread of the kernel below runs."""

    name: str
    kernel: str
    vcpu: str = ""
    stall_interval_ns: int = 0
    """Mean time between losses of the core that the kernel does not see (0: none); exponential."""
    stall_ns: int = 0
    stall_spread: Spread = FIXED


@dataclass(frozen=True, slots=True)
class Group:
    """A cgroup: a weight among its siblings, and with `quota_ns` > 0 a limit of CPU time in each period."""

    name: str
    kernel: str
    parent: str = ""
    weight: int = 1024
    quota_ns: int = 0
    period_ns: int = 100_000_000


@dataclass(frozen=True, slots=True)
class Thread:
    """A schedulable thread, or `count` of them in one role (workers of a server, one thread a connection).

    loop: an event loop: takes up to `batch` ready items a round, pays `poll_ns` a round, `sleep_ns` when it goes to sleep.
    interrupt: softirq work: runs before all ordinary threads of its CPU, without a switch.
    hog: computes for ever. vcpu: runs whatever its virtual CPU runs.
    """

    name: str
    cpus: tuple[str, ...]
    """CPUs that it may run on; all of one kernel."""
    kind: Literal["loop", "interrupt", "hog", "vcpu"] = "loop"
    group: str = ""
    weight: int = 1024
    count: int = 1
    choose: Literal["by connection", "first free"] = "by connection"
    """Which of `count` threads serves a request: its connection's own, or the one with the shortest queue."""
    layer: str = ""
    """Layer that polling, sleeping and spinning are charged to; the kernel's when empty."""
    spin_layer: str = ""
    """Layer that spinning is charged to, if another."""
    poll_ns: int = 0
    batch: int = 512
    sleep_ns: int = 0
    spin_ns: int = 0
    """Polls this long before it sleeps. Of a vcpu: KVM's halt polling."""
    halt_ns: int = 0
    """vcpu: the exit when its guest halts, on its own thread."""
    resume_ns: int = 0
    """vcpu: the entry and the injected interrupt when it is woken, on its own thread."""


@dataclass(frozen=True, slots=True)
class Link:
    """A wire in one direction: first in, first out. `queue_bytes` 0: no limit; else what does not fit is lost."""

    name: str
    bits_per_s: int
    latency_ns: int = 0
    queue_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Disk:
    """Serves `depth` accesses at once; each takes its access time and the transfer of its bytes."""

    name: str
    depth: int
    access_ns: int
    bytes_per_s: int
    spread: Spread = FIXED


@dataclass(frozen=True, slots=True)
class Pool:
    """Places that requests hold for a while: connections, worker slots; one place is a lock."""

    name: str
    places: int


@dataclass(frozen=True, slots=True)
class ClosedLoop:
    """`connections` clients that each wait for the answer, think, and ask again (wrk with think time 0)."""

    name: str
    plan: str
    connections: int
    think_ns: int = 0
    think_spread: Spread = EXPONENTIAL


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """Requests that arrive whatever the server does; the latency counts from the scheduled arrival."""

    name: str
    plan: str
    interval_ns: int
    """Mean time between arrivals."""
    spread: Spread = EXPONENTIAL
    connections: int = 128
    """Arrivals use these in turn (a connection chooses the worker)."""
    thread: str = ""
    """The load generator's thread, if it sets itself a timer for the next arrival: it wakes `lead_ns` before, and spins until then."""
    lead_ns: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    """One host with all that runs on it, and the load on it."""

    name: str
    layers: tuple[str, ...]
    """All layers that time may be charged to, from the client down and up again as the ledger lists them."""
    kernels: tuple[Kernel, ...]
    cpus: tuple[Cpu, ...]
    threads: tuple[Thread, ...]
    plans: tuple[Plan, ...]
    clients: tuple[ClosedLoop | OpenLoop, ...]
    groups: tuple[Group, ...] = ()
    links: tuple[Link, ...] = ()
    disks: tuple[Disk, ...] = ()
    pools: tuple[Pool, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)
