"""What a rule is: a function that makes one cost of measured rows, and what it sees while it does.

A rule asks for rows by id and gives nanoseconds or bytes. What it asked for is the cost's source, and the standard error follows from
theirs. Rows for validation are not there to be asked for. Where a machine lacks the rows of a rule, some rules may look at another
machine's, and then say how the value was scaled. The rules themselves stand in rules/.
Read first: docs/models/costs.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import sqrt
from typing import Literal, TypeVar

from cutaway.models.costs.row import Row
from cutaway.models.units import MS, US, S

MEDIAN_ERROR = 0.929
"""Standard error of a median, in quartile distances by the root of n: 1.2533 (of a median) by 1.349 (of a normal quartile distance)."""
TO_NS = {"ns": 1.0, "us": float(US), "ms": float(MS), "s": float(S)}
"""Units of rows that are times; what is in another is taken as it stands."""

T = TypeVar("T")
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

    def attempt(self, value: Callable[[Sight], T]) -> T:
        """The value; where a row is missing, those asked for on the way there are no source of anything. Raises NoRow."""
        before = dict(self.asked)
        try:
            return value(self)
        except NoRow:
            self.asked = before
            raise

    def valued(self, rule: Rule) -> float:
        """The rule's value; where its rows are missing and it allows it, scaled from the other machine. Raises NoRow."""
        try:
            return self.attempt(rule.value)
        except NoRow:
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
            return self.attempt(rule.spread)
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


# --- the registry -------------------------------------------------------------------------------------------------------------------

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


def direct(costs: Mapping[str, tuple[str, ...]], scaling: Scaling | None = None) -> None:
    """Costs that are rows as they stand."""
    for cost, ids in costs.items():
        rule(cost, "", scaling=scaling)(lambda row, ids=ids: row(*ids))  # type: ignore[misc]
