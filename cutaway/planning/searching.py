"""The value where goals begin to be missed: a bracket of one that meets them and one that misses them, halved until it is tight.

Serves: `Search`, for one stack. The ends are found by doubling and halving; which way is worse follows from the ends, not from the key.
Between them the goals are presumed to change once. Values are rounded to the digits that the asked width needs; whole numbers stay whole.
Read first: docs/cutaway/capacity.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from cutaway.planning.points import Point, Points
from cutaway.scenarios.keys import Number

UP, DOWN = Fraction(2), Fraction(1, 2)
MOST_DOUBLINGS = 16
NO_NEARER = 3
"""So many doublings without coming nearer to a missed goal, and the search gives up."""
NEARER = 0.001
"""What counts as nearer, in shares of the bound."""
CURVE = (Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(9, 10))
"""Shares of the answer that are run for the curve, beside what the search has tried."""
APART = Fraction(1, 20)
"""A point of the curve is left out where one as near as this is there."""


@dataclass(frozen=True)
class Found:
    """What the search came to."""

    outcome: Literal["found", "never missed", "never met"]
    last: Point
    """The value that meets the goals and is nearest to missing them; where they are never met, or never missed, the last one tried."""
    missed: Point | None = None
    """The nearest value that misses them."""
    ended: str = ""
    """Where nothing was found: why the search went no further."""

    @property
    def more_is_worse(self) -> bool:
        """Whether the goals are missed above the answer, not below."""
        return self.missed is not None and self.missed.value > self.last.value


class Search:
    """The answer for one stack."""

    def __init__(self, points: Points, first: Number | None, last: Number | None, within: Fraction) -> None:
        """`first` and `last` are the ends that were asked for; `within` is the width of the bracket over its lower end."""
        self.points = points
        self.first = first
        self.last = last
        self.within = within
        self.digits = _digits(within)

    def find(self, start: Number) -> Found:
        """From `start`, or between the ends if both are given."""
        if self.first is not None and self.last is not None:
            low, high = (self.points.at(end) for end in (self.first, self.last))
            if low.met == high.met:
                nearest = high if low.met else max(low, high, key=lambda point: point.slack)
                return Found("never missed" if low.met else "never met", nearest, ended="--from and --to end there")
            return self._narrowed(low, high)
        return self._expanded(self.points.at(start))

    def draw_curve(self, found: Found) -> None:
        """Runs some values below the answer, so that latency over load can be seen."""
        for share in CURVE:
            value = self._rounded(Fraction(found.last.value) * share)
            near = any(abs(Fraction(one) - value) <= APART * value for one in self.points.tried)
            if value > 0 and not near and self.points.is_possible(value):
                self.points.at(value, looks=(1,))

    def _expanded(self, start: Point) -> Found:
        """Outwards from the start until the verdict changes: to where the goals come nearer to that if it is clear; else up, then down."""
        above = self._next(start.value, UP)
        higher = self.points.at(above) if above is not None else None
        gain = higher.slack - start.slack if higher else 0.0
        clear = abs(gain) > NEARER * max(1.0, abs(start.slack))
        ways = (UP, DOWN) if higher and (not clear or (gain < 0) == start.met) else (DOWN, UP)
        ends = []
        for way in ways[:1] if clear else ways:
            last, other, why = self._walked(start, way)
            if other:
                return self._narrowed(last, other)
            ends.append(Found("never missed" if start.met else "never met", last, ended=why))
        return ends[0] if start.met else max(ends, key=lambda found: found.last.slack)

    def _walked(self, start: Point, way: Fraction) -> tuple[Point, Point | None, str]:
        """Value by value until the verdict changes: the last point before, the first after; or none, and why there is none."""
        last, as_near = start, 0
        for _ in range(MOST_DOUBLINGS):
            value = self._next(last.value, way)
            if value is None:
                asked = (self.last if way == UP else self.first) is not None
                return last, None, ("--to ends there" if way == UP else "--from ends there") if asked else "the scenario can go no further"
            point = self.points.at(value)
            if point.met != start.met:
                return last, point, ""
            as_near = 0 if start.met or point.slack > last.slack + NEARER * max(1.0, abs(last.slack)) else as_near + 1
            last = point
            if as_near >= NO_NEARER:
                return last, None, f"{NO_NEARER} steps came no nearer"
        return last, None, f"{MOST_DOUBLINGS} steps of twice as much are the most; --to goes further"

    def _narrowed(self, one: Point, other: Point) -> Found:
        """Halves the bracket, then looks on either side for the nearest value of which the runs are sure."""
        met, missed = (one, other) if one.met else (other, one)
        while (value := self._middle(met.value, missed.value)) is not None:
            point = self.points.at(value)
            met, missed = (point, missed) if point.met else (met, point)
        found = Found("found", met, missed)
        for point, other, sure in zip((met, missed), (missed, met), sure_ends(self.points.ordered(), found), strict=True):
            if not point.sure:
                way = UP if point.value > other.value else DOWN
                self._make_sure(point.value, self._sure_beyond(point, way) if sure is None else sure)
        return found

    def _sure_beyond(self, point: Point, way: Fraction) -> Number | None:
        """The first value outwards that has the point's verdict surely; None where there is none."""
        beyond = point
        while (value := self._next(beyond.value, way)) is not None:
            beyond = self.points.at(value)
            if beyond.sure:
                return value if beyond.met == point.met else None
        return None

    def _make_sure(self, unsure: Number, sure: Number | None) -> None:
        """Halves what lies between a value that the runs are not sure of and one that they are."""
        while sure is not None and (value := self._middle(unsure, sure)) is not None:
            unsure, sure = (unsure, value) if self.points.at(value).sure else (value, sure)

    def _middle(self, one: Number, other: Number) -> Number | None:
        """Between two values; None where they are near enough."""
        low, high = sorted((one, other))
        if high - low <= self.within * low:
            return None
        middle = self._rounded((Fraction(low) + high) / 2)
        return middle if low < middle < high else None

    def _next(self, value: Number, factor: Fraction) -> Number | None:
        """The next value to try outwards, or the last that can be; None where there is none."""
        wanted = self._rounded(value * factor)
        if self.last is not None:
            wanted = min(wanted, self.last)
        if self.first is not None:
            wanted = max(wanted, self.first)
        if wanted == value or wanted <= 0:
            return None
        good, bad = value, wanted
        if self.points.is_possible(wanted):
            return wanted
        while (middle := self._middle(good, bad)) is not None:
            good, bad = (middle, bad) if self.points.is_possible(middle) else (good, middle)
        return good if good != value else None

    def _rounded(self, value: Fraction | int) -> Number:
        """To the digits that the width needs; never to 0."""
        number = self.points.number
        if number.whole:
            return max(round(value), 1)
        rounded = significant(Fraction(value), self.digits)
        return int(rounded) if number.quantity is not None and number.quantity.whole else rounded


def sure_ends(points: Iterable[Point], found: Found) -> tuple[Number | None, Number | None]:
    """The values nearest to the answer of which the intervals say that goals are met, and missed."""
    sign = 1 if found.more_is_worse else -1
    sure = [one for one in points if one.sure]
    met = [one.value for one in sure if one.met and sign * one.value <= sign * found.last.value]
    missed = [one.value for one in sure if not one.met and sign * one.value > sign * found.last.value]
    return max(met, key=lambda v: sign * v, default=None), min(missed, key=lambda v: sign * v, default=None)


def significant(value: Fraction, digits: int) -> Fraction:
    """The value rounded to so many significant decimal digits."""
    unit: Fraction = Fraction(1)
    while value >= unit * Fraction(10**digits):
        unit *= 10
    while value and value < unit * Fraction(10 ** (digits - 1)):
        unit /= 10
    return round(value / unit) * unit


def _digits(within: Fraction) -> int:
    """Significant digits with which neighbours are at most half of `within` apart."""
    digits = 1
    while Fraction(1, 10 ** (digits - 1)) > within / 2:
        digits += 1
    return digits
