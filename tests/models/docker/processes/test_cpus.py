"""Laws of the CPUs: their time is neither made nor lost, nor left idle while somebody may use it, and a quota is not exceeded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.models.docker.processes.cpus import Cpus
from cutaway.models.docker.processes.groups import Burst, Group, Thread
from cutaway.models.docker.processes.limits import Limits
from cutaway.models.docker.processes.placing import movable
from cutaway.sim.clock import Clock

MS = 1_000_000
TICK_NS, SLICE_NS, PERIOD_NS = 4 * MS, 1_400_000, 100 * MS
COUNT = 3


@dataclass(eq=False)
class Worker:
    """As much of a process as the CPUs look at."""

    thread: Thread
    bursts: set[Burst] = field(default_factory=set)
    used_ns: int = 0
    is_frozen: bool = False


@st.composite
def limits(draw: st.DrawFn) -> Limits:
    quota_ns = draw(st.sampled_from([None, None, 10 * MS, 60 * MS, 250 * MS]))
    return Limits(quota_ns, PERIOD_NS, draw(st.sampled_from([2, 512, 1024, 4096])), cpuset=draw(st.sampled_from([None, (0,), (1, 2)])))


WANTS = st.tuples(st.integers(0, 5), st.integers(0, 120 * MS), st.integers(1, 90 * MS))
"""Which worker, how long after the one before, how much CPU time."""
HAPPENS = st.lists(st.tuples(st.sampled_from(["want", "want", "want", "freeze", "change", "drop"]), WANTS, limits()), max_size=25)


def act(cpus: Cpus, workers: list[Worker], what: str, number: int, wanted_ns: int, other: Limits) -> int:
    """Does one of the things that can happen; the CPU time that is wanted more."""
    worker = workers[number]
    if what == "want":
        burst = Burst(worker, wanted_ns, cpus.clock.event())
        worker.bursts.add(burst)
        cpus.add(burst, worker.thread.waiting, [worker.thread])
        return wanted_ns
    if what == "freeze":
        worker.is_frozen = not worker.is_frozen
        cpus.wake(worker.thread)
    elif what == "change":
        cpus.change(worker.thread.group, other)
    elif worker.bursts:
        burst = next(iter(worker.bursts))
        worker.bursts.remove(burst)
        cpus.drop(burst)
        return -burst.left_ns
    return 0


@settings(max_examples=60)
@given(st.lists(limits(), min_size=3, max_size=3), HAPPENS)
def test_cpu_time_is_neither_made_nor_lost(groups: list[Limits], happens: list[tuple[str, tuple[int, int, int], Limits]]) -> None:
    """What workers were given is what CPUs worked; at the end all have had what they wanted, whatever happened on the way."""
    clock = Clock(initial_time=0)
    cpus = Cpus(clock, COUNT, SLICE_NS, TICK_NS)
    made = [cpus.group(one) for one in groups]
    workers = [Worker(Thread(group=group, waiting=deque())) for group in made for _ in range(2)]
    wanted_ns = 0
    for what, (number, pause_ns, cpu_ns), other in happens:
        if pause_ns:
            clock.run(until=int(clock.now) + pause_ns)
        wanted_ns += act(cpus, workers, what, number, cpu_ns, other)
        if what != "change":
            check_nobody_idles(cpus)
        assert sum(cpu.busy_ns for cpu in cpus.cpus) == sum(worker.used_ns for worker in workers) == sum(group.used_ns for group in made)
    for worker in workers:
        worker.is_frozen = False
        cpus.wake(worker.thread)
    clock.run()
    assert sum(worker.used_ns for worker in workers) == wanted_ns and not any(worker.bursts for worker in workers)
    assert all(cpu.thread is None and not cpu.awake and not cpu.queue.entities for cpu in cpus.cpus) and cpus.load.threads == 0


def check_nobody_idles(cpus: Cpus) -> None:
    """No CPU has nothing to do while a thread that it may run waits at another."""
    for cpu in cpus.cpus:
        if cpu.thread is None:
            assert not cpu.queue.entities
            for other in cpus.cpus:
                if other is not cpu:
                    assert not list(movable(other, cpu))


@settings(max_examples=30)
@given(st.integers(5, 250), st.lists(st.tuples(st.integers(0, 60 * MS), st.integers(1, 60 * MS)), min_size=1, max_size=15))
def test_no_quota_is_exceeded_by_more_than_a_tick_a_cpu(quota_ms: int, work: list[tuple[int, int]]) -> None:
    """In so many periods there is so much CPU time; what is used before a tick sees it is paid back in the next."""
    clock = Clock(initial_time=0)
    cpus = Cpus(clock, COUNT, SLICE_NS, TICK_NS)
    group = cpus.group(Limits(quota_ms * MS, PERIOD_NS))
    workers = [Worker(Thread(group=group, waiting=deque())) for _ in range(COUNT)]
    for k, (pause_ns, cpu_ns) in enumerate(work):
        act(cpus, workers, "want", k % COUNT, cpu_ns, group.limits)
        if pause_ns:
            clock.run(until=int(clock.now) + pause_ns)
        assert used(group, cpus) <= (int(clock.now) // PERIOD_NS + 1) * quota_ms * MS + COUNT * TICK_NS
    clock.run()
    assert used(group, cpus) == sum(cpu_ns for _, cpu_ns in work)


def used(group: Group, cpus: Cpus) -> int:
    return group.used_ns + cpus.unbooked_ns(lambda thread: thread.group is group)
