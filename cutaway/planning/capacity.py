"""Capacity: how far a key can be moved before a goal is missed, stack by stack, with what is then busiest.

Serves: `capacity`, from a scenario and goals to a `Capacity`; it prints itself as a document. Read first: docs/cutaway/capacity.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import count, pairwise
from typing import Any

from cutaway import __version__
from cutaway.comparison import plain
from cutaway.models.copies import COUNT
from cutaway.models.units import SHARE, QuantityError
from cutaway.planning.curve import knee
from cutaway.planning.fitting import Fit, fit
from cutaway.planning.goals import Goal, read_goal
from cutaway.planning.points import Point, Points
from cutaway.planning.saturation import Use
from cutaway.planning.searching import Found, Search, sure_ends
from cutaway.scenarios import Scenario, ScenarioError, digest
from cutaway.scenarios.keys import Number, NumberAt, number_at
from cutaway.scenarios.loader import every_key
from cutaway.scenarios.problems import Place, Problem, choices, printable
from cutaway.session import progress_of
from cutaway.sim.experiments import executor
from cutaway.sim.statistics import Estimate

UNITS = {"throughput": "/s", "mean_latency": "ns", "p99_latency": "ns", "cpus": "CPUs"}
"""Of the figures of a point."""
VALUES_EXPECTED = 16
"""For the bar on a terminal: about as many are tried on a stack."""
POLLED = 0.1
"""A share of the host's CPUs from which on halt polling is told of."""


@dataclass(frozen=True)
class StackCapacity:
    """The answer for one stack."""

    stack: str
    number: NumberAt
    found: Found
    points: Sequence[Point]
    """All that were tried, by value."""
    fit: Fit | None
    """The account of memory and CPU time, where copies were counted."""

    @property
    def knee(self) -> Point | None:
        return knee(self.points, self.number.key)

    @property
    def sure(self) -> tuple[Number | None, Number | None]:
        """The nearest values of which the intervals say that the goals are met, and missed; none where no border was found."""
        return sure_ends(self.points, self.found) if self.found.missed else (None, None)

    @property
    def runs(self) -> int:
        return sum(point.runs for point in self.points)

    def contradictions(self) -> list[str]:
        """What speaks against one border between met and missed."""
        sure = [point for point in self.points if point.sure]
        changes = sum(one.met != other.met for one, other in pairwise(sure))
        if changes > 1:
            said = "the goals are met, missed and met again; one border was looked for"
            return [f"{self.stack}: {said}. --from and --to narrow the search."]
        return []


@dataclass(frozen=True)
class Capacity:
    """The answers for all stacks."""

    scenario: Scenario
    number: NumberAt
    goals: Sequence[Goal]
    within: Fraction
    stacks: Sequence[StackCapacity]

    def missed(self) -> bool:
        """Whether some stack meets the goals at no value."""
        return any(one.found.outcome == "never met" for one in self.stacks)

    def warnings(self) -> list[str]:
        """What a reader must know before trusting the answers."""
        found = [text for one in self.stacks for text in one.contradictions()]
        for one in self.stacks:
            if self.number.key == COUNT:
                found += _about_polling(one)
            elif (busy := one.found.last.busy) and busy.of_client:
                found.append(f"{one.stack}: the load generator is busiest ({busy.what}, {busy.share:.0%}): the figures may be its own.")
        return found

    def document(self) -> dict[str, Any]:
        """All of it, for programs; docs/cutaway/capacity.md explains the keys."""
        return {
            "cutaway": __version__,
            "scenario": {"title": self.scenario.title.en, "digest": digest(self.scenario), "profile": self.scenario.profile},
            "vary": self.number.key,
            "goals": [str(goal) for goal in self.goals],
            "within": float(self.within),
            "replications": self.scenario.run.replications,
            "units": UNITS | ({"money_per_million": self.scenario.prices.host.currency} if self.scenario.prices else {}),
            "stacks": {one.stack: self._stack(one) for one in self.stacks},
            "warnings": self.warnings(),
        }

    def _stack(self, one: StackCapacity) -> dict[str, Any]:
        text, found = one.number.text, one.found
        sure = [None if value is None else text(value) for value in one.sure]
        return {
            "outcome": found.outcome,
            "answer": text(found.last.value) if found.outcome == "found" else None,
            "looked_for": ("largest" if found.more_is_worse else "smallest") if found.missed else None,
            "nearest_missed": text(found.missed.value) if found.missed else None,
            "ended": found.ended or None,
            "surely_met": sure[0],
            "surely_missed": sure[1],
            "knee": text(one.knee.value) if one.knee else None,
            "runs": one.runs,
            "points": [self._point(one, point) for point in one.points],
            "fit": _fit(one.fit) if one.fit else None,
        }

    def _point(self, one: StackCapacity, point: Point) -> dict[str, Any]:
        return {
            "value": one.number.text(point.value),
            "runs": point.runs,
            "met": point.met,
            "sure": point.sure,
            "trouble": point.trouble or None,
            "goals": {str(goal): plain(verdict.found) for goal, verdict in zip(self.goals, point.verdicts, strict=False)},
            "throughput": _plain(point.throughput),
            "mean_latency": _plain(point.mean_ns),
            "p99_latency": _plain(point.p99_ns),
            "cpus": _plain(point.cpus),
            "polled_share": point.polled,
            "money_per_million": _plain(point.money),
            "busiest": _use(point.busy) if point.busy else None,
        }


def _about_polling(one: StackCapacity) -> list[str]:
    """Copies in virtual machines that miss their goal while KVM polls: the model lets a poller keep a CPU that Linux would take from it."""
    missed = one.found.missed
    if missed is None or missed.polled < POLLED:
        return []
    took = f"at {one.number.text(missed.value)} copies KVM's halt polling takes {missed.polled:.0%} of the host's CPUs"
    why = "Linux ends it where another thread could run, the model does not, so more copies may fit"
    return [f"{one.stack}: {took}; {why}. --set 'stacks.{one.stack}.layers.kvm.halt polling=0 s' tells how many without it."]


def _plain(found: Estimate | None) -> dict[str, float | None] | None:
    return plain(found) if found else None


def _use(use: Use) -> dict[str, Any]:
    return {"what": use.what, "layer": use.layer, "share": use.share, "chiefly": use.chiefly or None, "of_client": use.of_client}


def _fit(one: Fit) -> dict[str, Any]:
    return {
        "host_cpus": one.host_cpus,
        "host_bytes": one.host_bytes,
        "once_bytes": one.once_bytes,
        "each_bytes": one.each_bytes,
        "promised_bytes": one.promised_bytes,
        "cpus_each": one.cpus_each,
        "ceiling": float(one.ceiling),
        "by_memory": one.by_memory,
        "by_promise": one.by_promise,
        "by_cpu": one.by_cpu,
        "binds": one.binds,
    }


def capacity(
    scenario: Scenario,
    goals: Sequence[str],
    vary: str,
    stacks: Sequence[str] = (),
    *,
    first: str | None = None,
    last: str | None = None,
    within: str = "2 %",
    workers: int = 1,
) -> Capacity:
    """Looks for the value on each stack (those that the key is of, by default). Raises ScenarioError and StackError."""
    read = [read_goal(goal) for goal in goals]
    if not read:
        raise _wrong("--goal", "none is given; expected at least one, such as 'p99 < 50 ms'.")
    if vary.startswith("run."):
        raise _wrong("--vary", f"{printable(vary)} says how long and how often is run, and nothing of the stacks.")
    number = NumberAt(COUNT, 1, None) if vary == COUNT else number_at(scenario, vary)
    asked = _stacks_of(scenario, vary, stacks)
    width = _width(within)
    ends = [_end(number, option, text) for option, text in (("--from", first), ("--to", last))]
    if ends[0] is not None and ends[1] is not None and ends[0] >= ends[1]:
        raise _wrong("--to", f"{number.text(ends[1])} is not above --from, {number.text(ends[0])}.")
    found = []
    values = count(1)
    with progress_of("values") as progress, executor(workers) as pool:
        for stack in asked:
            points = Points(scenario, stack, number, read, pool)
            if progress:
                points.tell = lambda: progress(next(values), VALUES_EXPECTED * len(asked))
            found.append(_searched(points, ends, width))
    return Capacity(scenario, number, read, width, found)


def _searched(points: Points, ends: Sequence[Number | None], within: Fraction) -> StackCapacity:
    number, (first, last) = points.number, ends
    start = next((value for value in (first, number.value, last) if value is not None), None)
    if not start:
        raise _wrong("--from", f"none is given, and {printable(number.key)} has no value to begin with; expected one above 0.")
    _must_matter(points, start)
    search = Search(points, first, last, within)
    found = search.find(start)
    if found.more_is_worse:
        search.draw_curve(found)
    account = fit(points, points.at(1), points.goals) if number.key == COUNT else None
    return StackCapacity(points.stack, number, found, points.ordered(), account)


def _must_matter(points: Points, start: Number) -> None:
    """A key that a stack has nothing of is refused at once: no value of it would change anything."""
    other = next((value for value in (start * 2, Fraction(start) / 2) if _may_be(points, value)), None)
    if points.number.key != COUNT and other is not None:
        one, two = (points.built(value) for value in (start, points.number.as_number(other)))
        if (one.machine, one.memory, one.start_up_ns) == (two.machine, two.memory, two.start_up_ns):
            raise _wrong("--vary", f"{printable(points.number.key)} changes nothing of stack '{printable(points.stack)}'.")


def _may_be(points: Points, value: Number) -> bool:
    return points.is_possible(points.number.as_number(value))


def _stacks_of(scenario: Scenario, vary: str, stacks: Sequence[str]) -> list[str]:
    """The stacks that were asked for; of a key that belongs to some, those."""
    own = [key.split(".")[1] for key in every_key(scenario, vary) if key.startswith("stacks.")] if vary != COUNT else []
    having = own or list(scenario.stacks)
    if others := [name for name in stacks if name not in having]:
        raise _wrong("--stack", f"'{printable(others[0])}' has nothing of {printable(vary)}; expected {choices(having)}.")
    return list(stacks) or having


def _end(number: NumberAt, option: str, text: str | None) -> Number | None:
    if text is None:
        return None
    try:
        value = number.read(text)
    except QuantityError as wrong:
        raise _wrong(option, f"'{printable(text)}': {wrong}") from None
    except ValueError:
        raise _wrong(option, f"'{printable(text)}' is no whole number; {printable(number.key)} counts things.") from None
    if value <= 0:
        raise _wrong(option, f"'{printable(text)}' is nothing to begin with; expected a value above 0.")
    return value


def _width(text: str) -> Fraction:
    try:
        width = SHARE.read(text)
    except QuantityError as wrong:
        raise _wrong("--within", f"'{printable(text)}': {wrong}") from None
    if not Fraction(1, 1000) <= width <= Fraction(1, 2):
        raise _wrong("--within", f"'{printable(text)}' is out of bounds; expected 0.1 % to 50 %.")
    return width


def _wrong(option: str, text: str) -> ScenarioError:
    return ScenarioError([Problem(Place(option), text)])
