"""Which CPU a thread goes to: when it wakes, when a CPU would idle, and when loads are unequal (select_task_rq_fair, load_balance).

Not modelled: scheduling domains, caches that are still warm, NUMA.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutaway.models.docker.processes.fair import Queue
from cutaway.models.docker.processes.groups import Share, Thread
from cutaway.sim.clock import LATEST_NS

BALANCE_NS = 16_000_000
"""Between two looks at the balance of load, a CPU: balance_interval of Linux, 1 ms a CPU, times 16 while they are busy."""
IMBALANCE_PERCENT = 117
"""A CPU gives threads away if its load is more than this of another's (imbalance_pct of Linux)."""


@dataclass(eq=False)
class Cpu:
    """One CPU."""

    number: int
    queue: Queue[Share]
    thread: Thread | None = None
    """That has it."""
    since_ns: int = 0
    """Up to where the thread's time is booked."""
    busy_ns: int = 0
    awake: int = 0
    """Threads that run or wait here."""
    due_ns: int = -1
    """When it is to be looked at; -1 for never."""
    tick_ns: int = LATEST_NS
    """When a tick would find that a slice or a quota is used."""
    chooses: bool = False
    """Whether who has it must be chosen anew: not because a burst ends and the next begins."""
    lingers: bool = False
    """Its thread has ended a burst in this moment, and may have another before the moment is over."""


def place(cpus: Sequence[Cpu], thread: Thread) -> int:
    """Where a woken thread goes: where it last ran if that CPU is idle, else to an idle one that it may use, else where it last ran.

    One that has never run, or may not be there any more, goes where the fewest are.
    """
    allowed = thread.group.allowed
    idle = [number for number in allowed if not cpus[number].awake]
    if thread.cpu in allowed and (thread.cpu in idle or not idle):
        return thread.cpu
    return idle[0] if idle else min(allowed, key=lambda number: cpus[number].awake)


def movable(cpu: Cpu, to: Cpu) -> Iterator[Thread]:
    """Threads that wait on a CPU and may run on another, those first that have been there longest."""
    waiting = [thread for share in cpu.queue.entities for thread in share.threads.entities if thread is not cpu.thread]
    for thread in sorted(waiting, key=lambda thread: thread.came_ns):
        share = thread.group.shares.get(to.number)
        if to.number in thread.group.allowed and (share is None or share.throttled_at_ns is None):
            yield thread


def unbalanced(cpus: Sequence[Cpu], failed: int) -> tuple[list[Thread], Cpu]:
    """Threads that should go from the CPU with the largest load to the one with the smallest, and that one.

    `failed` is how often nothing was found: what would turn the imbalance round is let through only then (nr_balance_failed).
    """
    most, least = (chosen(cpus, key=lambda cpu: cpu.queue.weights) for chosen in (max, min))
    going: list[Thread] = []
    left = (most.queue.weights - least.queue.weights) // 2
    if most.queue.weights * 100 > least.queue.weights * IMBALANCE_PERCENT:
        for thread in movable(most, least):
            if left > 0 and _load(thread) >> failed <= left:
                going.append(thread)
                left -= _load(thread)
    return going, least


def _load(thread: Thread) -> int:
    """What a thread weighs at the root of its CPU (task_h_load)."""
    share = thread.group.shares[thread.cpu]
    return share.weight * thread.weight // share.threads.weights
