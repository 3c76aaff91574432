"""Waking a thread, on one CPU and between two: what it costs who wakes and who is woken, and how late it is."""

from __future__ import annotations

from math import sqrt

from cutaway.models.costs.rule import Sight, Spread, rule
from cutaway.models.costs.rules.ids import ACROSS, ACROSS_SERVER, BY_EXITS, FORTH, FORTH_SPINNING, LATER_US, UNCHANGED, micro, wake
from cutaway.models.costs.rules.network import message_on
from cutaway.models.units import US


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
    return row(ACROSS) / 2 - message_on(row, "native") - row.cost("waking an idle CPU, woken thread")


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
