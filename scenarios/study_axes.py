"""What the axes of a study come to: the values of a range, the numbers that an axis has in a figure, and the points.

A range is computed in decimal digits, so that its values are the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

from cutaway.models.copies import COUNT
from cutaway.models.units import QUANTITIES
from cutaway.scenarios.study_file import Axis

_NUMBER_AND_UNIT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([^\s0-9.].*)?\s*")
_DIGITS = 6
"""Significant digits of the values between the ends of a range."""
_WORKING = Context(prec=34)


class RangeError(ValueError):
    """A range that cannot be laid out: why, in words that follow the axis' key."""


@dataclass(frozen=True)
class Values:
    """The values of one axis as the scenario would have them, and as numbers where they are such."""

    axis: Axis
    values: tuple[Any, ...]

    @property
    def key(self) -> str:
        return self.axis.key

    @property
    def title(self) -> str:
        return self.axis.name.en if self.axis.name else self.axis.key

    @property
    def short_title(self) -> str:
        """The same for the head of a column: of a key the last name, which says most."""
        return self.axis.name.en if self.axis.name else self.axis.key.rpartition(".")[2]

    @cached_property
    def numbers(self) -> tuple[list[float], str] | None:
        """The values as numbers of one unit, and that unit; None where one of them is no number."""
        split = [_split(value) for value in self.values]
        if None in split:
            return None
        known = [one for one in split if one is not None]
        unit = known[0][1]
        if all(other == unit for _, other in known):
            return [float(number) for number, _ in known], unit
        quantity = next((one for one in QUANTITIES if all(other in one.units for _, other in known)), None)
        if quantity is None:
            return None
        return [float(Fraction(number) * quantity.units[other] / quantity.units[unit]) for number, other in known], unit

    def text(self, index: int) -> str:
        """A value in words."""
        return written(self.values[index])


@dataclass(frozen=True)
class Point:
    """One combination: the position on each axis, and the keys of the scenario with their values."""

    number: int
    at: tuple[int, ...]
    changes: Mapping[str, Any]
    copies: int = 1
    """Of each stack on its machine; `count` is no key of the scenario."""


def laid_out(axis: Axis) -> Values:
    """The values of an axis. Raises RangeError."""
    values = axis.values if axis.values is not None else tuple(_range(axis))
    for key, others in axis.with_.items():
        if len(others) != len(values):
            raise RangeError(f"has {len(values)} values and with it {key} has {len(others)}; expected as many.")
    return Values(axis, values)


def how_many(axes: Sequence[Values]) -> int:
    """The points that the axes make."""
    count = 1
    for one in axes:
        count *= len(one.values)
    return count


def points(axes: Sequence[Values]) -> Iterator[Point]:
    """Every value of each axis with every value of the others; the last axis changes first."""
    for number, at in enumerate(product(*(range(len(one.values)) for one in axes))):
        changes: dict[str, Any] = {}
        for one, index in zip(axes, at, strict=True):
            changes[one.key] = one.values[index]
            changes |= {key: others[index] for key, others in one.axis.with_.items()}
        copies = changes.pop(COUNT, 1)
        yield Point(number, at, changes, copies)


def written(value: Any) -> str:
    """A value of a scenario as text: what `--set` would take."""
    match value:
        case bool():
            return str(value).lower()
        case None:
            return "~"
        case Decimal():
            return format(value, "f")
        case dict():
            return "{" + ", ".join(f"{key}: {written(inner)}" for key, inner in value.items()) + "}"
        case tuple() | list():
            return f"[{', '.join(map(written, value))}]"
    return str(value)


def _split(value: Any) -> tuple[Decimal, str] | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        return Decimal(value), ""
    found = _NUMBER_AND_UNIT.fullmatch(value) if isinstance(value, str) else None
    return (Decimal(found[1]), (found[2] or "").strip()) if found else None


def _range(axis: Axis) -> list[Any]:
    assert axis.points is not None
    first, last = _split(axis.from_), _split(axis.to)
    if first is None or last is None:
        raise RangeError(f"runs from {written(axis.from_)} to {written(axis.to)}; expected two numbers of the same unit.")
    if first[1] != last[1]:
        raise RangeError(f"runs from {written(axis.from_)} to {written(axis.to)}; expected the same unit at both ends.")
    between = _ratios(first[0], last[0], axis.points) if axis.spacing == "log" else _steps(first[0], last[0], axis.points)
    if isinstance(axis.from_, int) and isinstance(axis.to, int):
        return list(dict.fromkeys(int(value.to_integral_value()) for value in between))
    unit = first[1]
    return [f"{_plain(value)} {unit}" if unit else Decimal(_plain(value)) for value in between]


def _steps(first: Decimal, last: Decimal, count: int) -> list[Decimal]:
    width = _WORKING.divide(_WORKING.subtract(last, first), Decimal(count - 1))
    inner = [_WORKING.add(first, _WORKING.multiply(width, Decimal(index))) for index in range(1, count - 1)]
    return [first, *map(_rounded, inner), last]


def _ratios(first: Decimal, last: Decimal, count: int) -> list[Decimal]:
    if first <= 0 or last <= 0:
        raise RangeError("has logarithmic spacing from or to 0; expected a range above 0.")
    # Decimal's ln and exp are correctly rounded by definition, so the same digits come out everywhere.
    low, high = first.ln(_WORKING), last.ln(_WORKING)
    width = _WORKING.divide(_WORKING.subtract(high, low), Decimal(count - 1))
    inner = [_WORKING.add(low, _WORKING.multiply(width, Decimal(index))).exp(_WORKING) for index in range(1, count - 1)]
    return [first, *map(_rounded, inner), last]


def _rounded(value: Decimal) -> Decimal:
    return Context(prec=_DIGITS).plus(value)


def _plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
