"""One run: build, warm up, count, stop; and what came of it, with its trace if one is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.sim.clock import Process
from cutaway.sim.laws import check
from cutaway.sim.machine import Machine
from cutaway.sim.results import Result, result_of
from cutaway.sim.trace import Trace
from cutaway.sim.tracing import Recorder
from cutaway.sim.world import World


@dataclass(frozen=True, slots=True)
class Span:
    """How long a run counts: `requests`, or `duration_ns` when given; after `warm_up_ns`."""

    warm_up_ns: int = 0
    requests: int = 10_000
    duration_ns: int | None = None
    drain_ns: int = 0
    """After `duration_ns` open loops send nothing more, and what is under way is waited for and counted, at most so long."""
    latest_ns: int = 30 * 24 * 3600 * 1_000_000_000
    """The run ends here in any case; simulated time has a limit too."""


@dataclass(frozen=True)
class Run:
    """What a run leaves."""

    result: Result
    trace: Trace | None
    violations: tuple[str, ...]
    """Conservation laws that do not hold, if they were to be checked."""


class LawBroken(Exception):  # noqa: N818
    """A conservation law does not hold: the run is worth nothing."""


def simulate(machine: Machine, seed: int, span: Span, *, trace_one_in: int = 0, check_laws: bool = False) -> Run:
    """Runs a machine. `trace_one_in` k records one request in k, 0 none."""
    recorder = Recorder(machine, seed, trace_one_in) if trace_one_in else None
    world = World(machine, seed, log_every=trace_one_in, sink=recorder.take if recorder else None)
    before: list[int] = []
    world.happen(_measure(world, span, before))
    world.run(span.latest_ns)
    traffic = world.traffic
    result = result_of(traffic, seed, before[0] if before else 0)
    found = tuple(check(traffic)) if check_laws else ()
    if recorder is None:
        return Run(result, None, found)
    traffic.flush_log()
    return Run(result, recorder.whole(traffic), found)


def _measure(world: World, span: Span, before: list[int]) -> Process:
    yield world.clock.timeout(span.warm_up_ns)
    before.append(world.traffic.in_flight)
    world.traffic.start_counting()
    if span.duration_ns is None:
        world.stop_after(span.requests)
        return
    yield world.clock.timeout(span.duration_ns)
    if span.drain_ns:
        world.traffic.end_arrivals()
        world.stop_after(world.traffic.served + world.traffic.in_flight)
        yield world.clock.timeout(span.drain_ns)
    world.stop()
