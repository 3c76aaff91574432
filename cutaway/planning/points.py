"""One value of the key on one stack: run until the goals' verdict is sure, or more runs would cost too much.

Replications come in looks: as many as the scenario says, then twice and four times as many. Replication k meets the same draws at every
value, so that the figures move smoothly with the value. Each look has a 95 % interval of its own: looking three times makes a wrong verdict
at a value near the bound likelier than 1 in 20. Read first: docs/cutaway/capacity.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from cutaway.building import BuiltStack, build_stacks, span_of
from cutaway.models.copies import COUNT, MOST_COPIES, copied
from cutaway.models.hardware import HardwarePart
from cutaway.models.stack import StackError
from cutaway.planning.goals import Goal, Tried, Verdict
from cutaway.planning.saturation import Use, busiest, polled_share, server_cpus
from cutaway.scenarios import Scenario, ScenarioError
from cutaway.scenarios.keys import Number, NumberAt
from cutaway.scenarios.limits import ENTITIES
from cutaway.sim.experiments import more
from cutaway.sim.simulate import Span
from cutaway.sim.statistics import Estimate, estimate
from cutaway.sim.traffic.engine import Overloaded

LOOKS = (1, 2, 4)
"""Times the scenario's replications, until a verdict is sure."""
NO_ROOM = "no room in memory"
GREW = "the queue grows"
OVERLOADED = -1e9
"""Slack of a run that could not be ended: below all others."""


@dataclass(frozen=True)
class Point:
    """What came of one value."""

    value: Number
    runs: int
    verdicts: tuple[Verdict, ...]
    """One a goal; none where nothing could be run."""
    trouble: str = ""
    """Why it counts as missed whatever the figures: more arrive than are served, or the copies do not fit into memory."""
    slack: float = -1.0
    """How far the worst goal is met, in shares of its bound."""
    throughput: Estimate | None = None
    mean_ns: Estimate | None = None
    p99_ns: Estimate | None = None
    busy: Use | None = None
    cpus: Estimate | None = None
    """CPU time a second that the server takes, in CPUs."""
    polled: float = 0.0
    """The share of the host's CPU time in which KVM polls, beside that."""
    money: Estimate | None = None
    """What a million requests cost, where the scenario says what the machine does."""

    @property
    def met(self) -> bool:
        """Whether all goals are met, by their means."""
        return not self.trouble and bool(self.verdicts) and all(verdict.met for verdict in self.verdicts)

    @property
    def sure(self) -> bool:
        """Whether the intervals say so, too: all of met goals, one of missed ones."""
        if self.trouble:
            return True
        return all(one.sure for one in self.verdicts) if self.met else any(one.sure and not one.met for one in self.verdicts)


class Points:
    """All values that were tried on one stack."""

    def __init__(self, scenario: Scenario, stack: str, number: NumberAt, goals: Sequence[Goal], pool: Executor) -> None:
        self.scenario = scenario
        self.stack = stack
        self.number = number
        self.goals = goals
        self.pool = pool
        self.tried: dict[Number, Point] = {}
        self.tell: Callable[[], None] = lambda: None
        """Called when another value has been run."""

    @property
    def hardware(self) -> HardwarePart:
        """The host."""
        return next(layer for layer in self.scenario.layers_of(self.stack) if isinstance(layer, HardwarePart))

    def ordered(self) -> list[Point]:
        """By value."""
        return [self.tried[value] for value in sorted(self.tried)]

    def is_possible(self, value: Number) -> bool:
        """Whether the scenario can have this value."""
        if self.number.key == COUNT:
            threads = sum(thread.count for thread in self.built(1).machine.threads)
            return value <= MOST_COPIES and value * threads <= ENTITIES.value
        try:
            self.built(value)
        except (ScenarioError, StackError):
            return False
        return True

    def at(self, value: Number, looks: Sequence[int] = LOOKS) -> Point:
        """The value's point, run when it is asked for the first time. Raises ScenarioError and StackError where it cannot be."""
        if value not in self.tried:
            self.tried[value] = self._run(value, looks)
            self.tell()
        return self.tried[value]

    def built(self, value: Number) -> BuiltStack:
        """The stack with that value; of copies, the first."""
        return build_stacks(self._scenario(value), [self.stack])[0]

    def memory_bytes(self, built: BuiltStack, value: Number) -> int:
        """What it holds, with all copies."""
        return built.memory_bytes(int(value) if self.number.key == COUNT else 1)

    def setting(self, value: Number) -> tuple[Tried, Span]:
        """What is run for a value, without runs, and how long a run is."""
        built, copies = self.built(value), int(value) if self.number.key == COUNT else 1
        memory_bytes = self.memory_bytes(built, value)
        fits = copies == 1 or memory_bytes <= self.hardware.memory
        machine = copied(built.machine, copies) if fits else built.machine
        return Tried(machine, [], memory_bytes, built.start_up_ns), span_of(self._scenario(value))

    def _scenario(self, value: Number) -> Scenario:
        if self.number.key == COUNT:
            return self.scenario
        return self.scenario.set(self.number.key, int(value) if self.number.whole else self.number.text(value))

    def _run(self, value: Number, looks: Sequence[int]) -> Point:
        tried, span = self.setting(value)
        run, there_are = self.scenario.run, self.hardware.memory
        if self.number.key == COUNT and tried.memory_bytes > there_are:
            return Point(value, 0, (), NO_ROOM, slack=1 - tried.memory_bytes / there_are)
        point = Point(value, 0, ())
        for look in looks:
            wanted = range(len(tried.results), look * run.replications)
            try:
                results = [*tried.results, *more(tried.machine, span, run.seed, wanted, self.pool)]
            except Overloaded as overload:
                return Point(value, wanted.stop, (), str(overload), slack=OVERLOADED)
            tried = replace(tried, results=results)
            point = self._judged(value, tried)
            if point.sure:
                break
        return point

    def _judged(self, value: Number, tried: Tried) -> Point:
        results, prices = tried.results, self.scenario.prices
        verdicts = tuple(goal.verdict(tried) for goal in self.goals)
        grown = max((result.in_flight[1] - result.in_flight[0]) / max(result.served, 1) for result in results)
        grows = any(result.queue_grew for result in results)
        served = all(result.served for result in results)
        return Point(
            value,
            len(results),
            verdicts,
            GREW if grows else "",
            -1 - grown if grows else min(verdict.slack for verdict in verdicts),
            estimate([result.throughput for result in results]),
            estimate([result.mean_ns for result in results]),
            estimate([result.percentile_ns(0.99) for result in results]),
            busiest(tried.machine, results),
            estimate([server_cpus(result) for result in results]),
            sum(polled_share(tried.machine, result) for result in results) / len(results),
            estimate([float(prices.host.per_million(one.served, one.counted_ns)) for one in results]) if prices and served else None,
        )
