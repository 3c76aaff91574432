"""How many replications: go on until the half width is small beside the mean, and how many that will take.

One figure at a time; who wants several precise asks each. The sequential procedure of Law [2015, 9.4.1; Law and Kelton 1982].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from cutaway.sim.statistics import student_t
from cutaway.sim.statistics.intervals import estimate, standard_error


@dataclass(frozen=True, slots=True)
class RelativePrecision:
    """Stop when the mean is known within `relative` of the true value (0.02: 2 %), with `confidence`.

    The half width is compared with relative / (1 + relative) of the mean found, because that mean is off itself: an error of 2 % of the
    true value is more than 2 % of a mean that came out too large.
    """

    relative: float
    confidence: float = 0.95
    least: int = 10
    """Replications before it may stop: a variance from fewer may be small by chance, and then it stops too early."""
    most: int = 100_000
    """Beyond this it is not foreseen."""

    def reached(self, values: Sequence[float]) -> bool:
        """Whether the replications so far are enough."""
        if len(values) < max(self.least, 2):
            return False
        found = estimate(values, self.confidence)
        return found.half_width <= self._allowed(found.mean)

    def needed(self, values: Sequence[float]) -> int | None:
        """How many replications it will take in all, by the mean and variance of those so far; None beyond `most`, and with a single one.

        A forecast: it scatters as the variance does. At least those that are there, and `least`.
        """
        count = len(values)
        if count < 2:
            return None
        allowed = self._allowed(math.fsum(values) / count)
        deviation = standard_error(values) * math.sqrt(count)
        low, high = max(count, self.least, 2), self.most
        if not self._suffice(high, deviation, allowed):
            return None
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self._suffice(middle, deviation, allowed) else (middle + 1, high)
        return low

    def _suffice(self, count: int, deviation: float, allowed: float) -> bool:
        return student_t.quantile(self.confidence, count - 1) * deviation / math.sqrt(count) <= allowed

    def _allowed(self, mean: float) -> float:
        return abs(mean) * self.relative / (1 + self.relative)
