"""Intervals for the figures of replications: Student's t on independent runs, and on differences of pairs that share their draws.

Of + - * / and sqrt alone: Python's ** is the C library's pow, whose last bit differs between processors, for squares too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_T_975 = (
    12.706,
    4.303,
    3.182,
    2.776,
    2.571,
    2.447,
    2.365,
    2.306,
    2.262,
    2.228,
    2.201,
    2.179,
    2.160,
    2.145,
    2.131,
    2.120,
    2.110,
    2.101,
    2.093,
    2.086,
    2.080,
    2.074,
    2.069,
    2.064,
    2.060,
    2.056,
    2.052,
    2.048,
    2.045,
    2.042,
)
"""Student's t for a two-sided interval of 95 % with 1 ... 30 degrees of freedom [any table; a test compares with scipy]."""
_Z_975 = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and the half width of its 95 % confidence interval; infinite with a single value."""

    mean: float
    half_width: float

    @property
    def is_zero(self) -> bool:
        """Whether the interval holds 0: a difference that may be noise."""
        return abs(self.mean) <= self.half_width


def student_t(freedom: int) -> float:
    """The 0.975 quantile of Student's t; beyond 30 degrees by the expansion of Cornish and Fisher to second order."""
    if freedom <= len(_T_975):
        return _T_975[freedom - 1]
    z = _Z_975
    square = z * z
    return z + z * (square + 1) / (4 * freedom) + z * ((5 * square + 16) * square + 3) / (96 * freedom * freedom)


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 95 % interval of independent replications."""
    count = len(values)
    mean = math.fsum(values) / count
    if count < 2:
        return Estimate(mean, math.inf)
    deviations = [value - mean for value in values]
    variance = math.fsum(deviation * deviation for deviation in deviations) / (count - 1)
    return Estimate(mean, student_t(count - 1) * math.sqrt(variance / count))


def paired_difference(values: Sequence[float], base: Sequence[float]) -> Estimate:
    """The difference of two variants whose k-th replications met the same draws."""
    return estimate([value - other for value, other in zip(values, base, strict=True)])
