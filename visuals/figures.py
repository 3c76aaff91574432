"""How times and counts are written: a unit with every number, thin spaces in long ones, and parts that sum to their total as shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit of time: nanoseconds in it, its name, and how many decimals read well."""

    size: int
    name: str
    decimals: int


UNITS = (Unit(1_000_000_000, "s", 3), Unit(1_000_000, "ms", 3), Unit(1_000, "µs", 1), Unit(1, "ns", 0))
LONG = Unit(1_000_000, "ms", 1)
"""From a tenth of a second on."""
THIN = "\u2009"


def unit_for(greatest_ns: int) -> Unit:
    """The unit in which numbers up to this one read well."""
    unit = next((unit for unit in UNITS if greatest_ns >= unit.size), UNITS[-1])
    return LONG if unit.name == "ms" and greatest_ns >= 100 * unit.size else unit


def grouped(whole: int) -> str:
    """12 345 with a thin space."""
    return f"{whole:,}".replace(",", THIN)


def written(time_ns: float, unit: Unit) -> str:
    """A time in a unit, without the unit's name."""
    return f"{time_ns / unit.size:,.{unit.decimals}f}".replace(",", THIN)


def told(time_ns: float) -> str:
    """A time in its own unit, three figures: 31.6 ms."""
    size, unit, _ = unit_for(int(abs(time_ns)))
    value = time_ns / size
    return f"{value:.3g} {unit}" if abs(value) < 1000 else f"{grouped(round(value))} {unit}"


def figure(value: float) -> str:
    """Three figures: 0.31, 9.81, 54.3, 401."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else grouped(round(value))


def parts_of_total(parts_ns: Sequence[int], unit: Unit) -> list[str]:
    """The parts as written, rounded so that what is read sums to the written total: the largest remainders are rounded up."""
    size, scale = unit.size, 10**unit.decimals
    scaled = [part * scale for part in parts_ns]
    whole = [part // size for part in scaled]
    missing = (sum(scaled) * 2 + size) // (2 * size) - sum(whole)
    order = sorted(range(len(whole)), key=lambda number: (-(scaled[number] % size), number))
    for number in order[:missing]:
        whole[number] += 1
    return [f"{part / scale:,.{unit.decimals}f}".replace(",", THIN) for part in whole]


def total_of(parts_ns: Sequence[int], unit: Unit) -> str:
    """The total, rounded half up as `parts_of_total` assumes."""
    size, scale = unit.size, 10**unit.decimals
    return f"{(sum(parts_ns) * scale * 2 + size) // (2 * size) / scale:,.{unit.decimals}f}".replace(",", THIN)


def clock(time_ns: int, range_ns: int) -> tuple[str, str]:
    """The running clock and its unit: µs for one request's life, seconds in groups of three for a run."""
    if range_ns < 10_000_000:
        return f"{time_ns / 1000:,.1f}".replace(",", THIN), "µs"
    if range_ns < 2_000_000_000:
        return f"{time_ns / 1_000_000:,.3f}".replace(",", THIN), "ms"
    sign, whole = ("−" if time_ns < 0 else ""), abs(time_ns)
    return f"{sign}{whole // 1_000_000_000}.{whole // 1_000_000 % 1000:03}{THIN}{whole // 1000 % 1000:03}", "s"


SPEEDS = tuple(mantissa * 10.0**power for power in range(-8, 3) for mantissa in (1, 2, 5))
"""Simulated seconds in a second of the film, in steps of 1, 2, 5."""


def faster(speed: float, steps: int) -> float:
    """The speed some steps up or down."""
    nearest = min(range(len(SPEEDS)), key=lambda number: abs(SPEEDS[number] / speed - 1) + abs(speed / SPEEDS[number] - 1))
    return SPEEDS[min(max(nearest + steps, 0), len(SPEEDS) - 1)]


def times(speed: float) -> tuple[str, str]:
    """How the speed is said: the factor, and the key of its word."""
    if abs(speed - 1) < 1e-9:
        return "1×", "real time"
    factor = 1 / speed if speed < 1 else speed
    return f"{grouped(round(factor))}×", "slower" if speed < 1 else "faster"
