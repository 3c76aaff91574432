"""Goals: `p99 < 50 ms`, and whether runs meet them.

A goal is read with the units of its measure. A verdict rests on the interval over the replications: it is sure when the whole interval lies
on one side of the bound. Read first: docs/cutaway/capacity.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from cutaway.models.units import DURATION, RATE, SHARE, SIZE, Quantity, QuantityError
from cutaway.planning.saturation import highest_use
from cutaway.scenarios.problems import Place, Problem, ScenarioError, choices, nearest, printable
from cutaway.sim.machine import Machine
from cutaway.sim.results import Result
from cutaway.sim.statistics import Estimate, estimate

_WRITTEN = re.compile(r"\s*(?P<name>[^<>=]*?)\s*(?P<sense><=|>=|<|>)\s*(?P<bound>.*?)\s*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Tried:
    """What one value of the key came to on one stack: the machine with its runs, and what it holds."""

    machine: Machine
    results: Sequence[Result]
    memory_bytes: int
    start_up_ns: int


@dataclass(frozen=True, slots=True)
class Measure:
    """What a goal may be about: its unit, and its value in base units for each run."""

    name: str
    quantity: Quantity
    of: Callable[[Tried, Result], float]
    is_latency: bool = False
    is_constant: bool = False
    """Whether every run has the same value, so that one tells it."""


def failed_share(result: Result) -> float:
    """Requests that ended otherwise than served, of all that ended: timed out, lost, refused."""
    ended = sum(count for name, count in result.outcomes.items() if name != "issued")
    return (ended - result.served) / ended if ended else 0.0


def _latency(name: str, of: Callable[[Result], float]) -> Measure:
    return Measure(name, DURATION, lambda tried, result: of(result), is_latency=True)


MEASURES = {
    measure.name: measure
    for measure in (
        Measure("throughput", RATE, lambda tried, result: result.throughput),
        _latency("mean", lambda result: result.mean_ns),
        _latency("p50", lambda result: result.percentile_ns(0.50)),
        _latency("p90", lambda result: result.percentile_ns(0.90)),
        _latency("p95", lambda result: result.percentile_ns(0.95)),
        _latency("p99", lambda result: result.percentile_ns(0.99)),
        _latency("p99.9", lambda result: result.percentile_ns(0.999)),
        Measure("errors", SHARE, lambda tried, result: failed_share(result)),
        Measure("utilization", SHARE, lambda tried, result: highest_use(tried.machine, result)),
        Measure("memory", SIZE, lambda tried, result: float(tried.memory_bytes), is_constant=True),
        Measure("start-up", DURATION, lambda tried, result: float(tried.start_up_ns), is_constant=True),
    )
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """One goal at one value."""

    found: Estimate
    met: bool
    """Whether the mean meets it."""
    sure: bool
    """Whether the interval lies on that side as a whole."""
    slack: float
    """How far the mean lies on the good side, in shares of the bound; negative on the bad one."""


@dataclass(frozen=True, slots=True)
class Goal:
    """A measure, `<`, `<=`, `>` or `>=`, and a bound in base units."""

    measure: Measure
    sense: str
    bound: Fraction
    written: str
    """The bound as it was written."""

    def __str__(self) -> str:
        return f"{self.measure.name} {self.sense} {self.written}"

    def verdict(self, tried: Tried) -> Verdict:
        """Of all runs of a value. A latency is not known, and the goal missed, where a run served nothing."""
        values = [self.measure.of(tried, result) for result in tried.results]
        found, bound = Estimate(values[0], 0.0) if self.measure.is_constant else estimate(values), float(self.bound)
        if self.measure.is_latency and not all(result.served for result in tried.results):
            return Verdict(found, met=False, sure=True, slack=-1.0)
        good = 1.0 if "<" in self.sense else -1.0
        distance = good * (bound - found.mean)
        met = distance > 0 or (distance == 0 and "=" in self.sense)
        return Verdict(found, met, abs(distance) > found.half_width or not found.half_width, distance / (bound or 1.0))


def read_goal(text: str) -> Goal:
    """From `p99 < 50 ms`; `p99 latency` and `start up` are understood, too. Raises ScenarioError."""
    written = _WRITTEN.fullmatch(text)
    if not written:
        raise _wrong(f"'{printable(text)}' is no goal; expected a measure, <, <=, > or >=, and a bound, such as 'p99 < 50 ms'.")
    name = written["name"].casefold().removesuffix(" latency").replace("start up", "start-up")
    if name not in MEASURES:
        expected = f"expected {choices(MEASURES)}.{nearest(name, MEASURES)}"
        raise _wrong(f"'{printable(written['name'])}' is nothing that a goal can be about; {expected}")
    measure = MEASURES[name]
    try:
        return Goal(measure, written["sense"], measure.quantity.read(written["bound"]), " ".join(written["bound"].split()))
    except QuantityError as wrong:
        raise _wrong(f"{name} {written['sense']} '{printable(written['bound'])}': {wrong}") from None


def _wrong(text: str) -> ScenarioError:
    return ScenarioError([Problem(Place("--goal"), text)])
