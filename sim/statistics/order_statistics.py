"""Intervals that assume no distribution: two of the sorted values, with the chance that the quantile lies between them.

For figures of replications, which are independent. Not for the requests of one run: these wait behind each other, and the interval would
be far too narrow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, repeat
from operator import mul


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`; infinite where there are too few values."""

    low: float
    high: float
    confidence: float
    """At least what was asked for: values are whole, so it cannot be met exactly."""

    def contains(self, value: float) -> bool:
        """Whether the interval holds a value."""
        return self.low <= value <= self.high


def quantile_interval(values: Sequence[float], share: float = 0.5, confidence: float = 0.95) -> Interval:
    """Holds the value that `share` of all replications do not exceed, 0 < share < 1; as a default their median.

    At most half of what `confidence` leaves lies on each side. [David and Nagaraja 2003, 7.1]: x(l) <= q < x(u) when l to u - 1
    of the values are at most q, and their number is binomial. With fewer than 6 values a median has no interval of 95 %.
    Raises ValueError for a share or a confidence that is not between 0 and 1.
    """
    if not 0 < share < 1 or not 0 < confidence < 1:
        raise ValueError(f"a share of {share} or a confidence of {confidence} is not between 0 and 1")
    below = _at_most(len(values), share)
    least = (1 - confidence) / 2
    l = sum(chance <= least for chance in below)  # noqa: E741  (as the book has it)
    u = sum(chance < 1 - least for chance in below) + 1
    ordered = sorted(values)
    reached = (below[u - 1] if u <= len(values) else 1.0) - (below[l - 1] if l else 0.0)
    return Interval(ordered[l - 1] if l else -math.inf, ordered[u - 1] if u <= len(values) else math.inf, reached)


def _at_most(count: int, share: float) -> list[float]:
    """P(0 ... k of `count` values lie below the quantile) for k from 0 on; exact in whole numbers, rounded once."""
    below, whole = share.as_integer_ratio()
    ups, downs = (list(accumulate(repeat(factor, count), mul, initial=1)) for factor in (below, whole - below))
    chances = list(accumulate(math.comb(count, k) * ups[k] * downs[count - k] for k in range(count + 1)))
    return [chance / chances[-1] for chance in chances]
