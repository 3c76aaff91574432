"""Intervals for the figures of replications: Student's t on independent runs, and on differences of pairs that share their draws.

Of + - * / and sqrt alone: Python's ** is the C library's pow, whose last bit differs between processors, for squares too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.sim.statistics import student_t


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean and the half width of its confidence interval; infinite with a single value."""

    mean: float
    half_width: float
    confidence: float = 0.95

    @property
    def is_zero(self) -> bool:
        """Whether the interval holds 0: a difference that may be noise."""
        return self.contains(0.0)

    def contains(self, value: float) -> bool:
        """Whether the interval holds a value."""
        return abs(self.mean - value) <= self.half_width


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean and interval of independent replications, one or more. Raises ValueError for a confidence that is not between 0 and 1."""
    freedom = len(values) - 1
    mean = math.fsum(values) / len(values)
    if freedom < 1:
        return Estimate(mean, math.inf, confidence)
    return Estimate(mean, student_t.quantile(confidence, freedom) * standard_error(values), confidence)


def standard_error(values: Sequence[float]) -> float:
    """The standard deviation of the mean of independent values, two or more."""
    count = len(values)
    mean = math.fsum(values) / count
    deviations = [value - mean for value in values]
    return math.sqrt(math.fsum(deviation * deviation for deviation in deviations) / (count - 1) / count)


def paired_difference(values: Sequence[float], base: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The difference of two variants whose k-th replications met the same draws."""
    return estimate([value - other for value, other in zip(values, base, strict=True)], confidence)


def p_value(values: Sequence[float]) -> float:
    """Of the two-sided t test that the mean is 0, as of paired differences; 1 with a single value."""
    if len(values) < 2:
        return 1.0
    mean, error = abs(math.fsum(values) / len(values)), standard_error(values)
    if error == 0:
        return 0.0 if mean else 1.0
    return 1 - student_t.within(mean / error, len(values) - 1)
