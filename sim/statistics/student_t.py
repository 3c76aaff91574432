"""Student's t: its distribution function and its quantiles at any level, equal to the bit on every processor.

Of + - * / and sqrt alone, like `sim.quantiles`: scipy's and the C library's functions differ in the last bit between processors. The
distribution of a whole number of degrees of freedom is a finite sum [Abramowitz and Stegun 1964, 26.7.3 and 26.7.4]; its quantile is found
by bisection, and for many degrees of freedom by the expansion of Cornish and Fisher [26.7.5].
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from cutaway.sim.quantiles import normal_quantile

_HALF_PI = 1.5707963267948966
_MANY = 400
"""Degrees of freedom from which on the expansion is used: what it leaves out is below 1e-8 of the quantile there."""
MOST_CONFIDENCE = 1 - 1e-9


@cache
def quantile(confidence: float, freedom: int) -> float:
    """The t with P(|T| <= t) = `confidence`, so half of what is left lies on each side. `freedom` is 1 or more.

    Raises ValueError unless the confidence lies between 0 and 1, exclusive (and not above 1 - 1e-9: no table reaches there).
    """
    if not 0 < confidence <= MOST_CONFIDENCE:
        raise ValueError(f"a confidence of {confidence} is not between 0 and 1")
    if freedom < 1:
        raise ValueError(f"{freedom} degrees of freedom are below 1")
    return _expanded(confidence, freedom) if freedom > _MANY else _bisected(confidence, freedom)


@cache
def within(t: float, freedom: int) -> float:
    """P(|T| <= t) for t >= 0: 1 less the p-value of a two-sided test."""
    if math.isinf(t):
        return 1.0
    square = 1 / (1 + t * t / freedom)  # cos(theta) ** 2, with tan(theta) = t / sqrt(freedom)
    cosine = math.sqrt(square)
    sine = cosine * t / math.sqrt(freedom)
    odd = freedom % 2
    term = total = (cosine if odd else 1.0) if freedom > 1 else 0.0
    for k in range(2 + odd, freedom - 1, 2):
        term = term * square * (k - 1) / k
        total += term
    return (_arctangent(t / math.sqrt(freedom)) + sine * total) / _HALF_PI if odd else sine * total


def _bisected(confidence: float, freedom: int) -> float:
    low, high = 0.0, 1.0
    while within(high, freedom) < confidence:
        low, high = high, 2 * high
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if within(middle, freedom) < confidence else (low, middle)
    return high


def _expanded(confidence: float, freedom: int) -> float:
    z = float(normal_quantile(np.array([(1 + confidence) / 2]))[0])
    s = z * z
    parts = (
        (s + 1) / 4,
        ((5 * s + 16) * s + 3) / 96,
        (((3 * s + 19) * s + 17) * s - 15) / 384,
    )
    total = 0.0
    for part in reversed(parts):
        total = (total + part) / freedom
    return z + z * total


def _arctangent(x: float) -> float:
    """arctan x for x >= 0: halve the angle four times, then the series of Gregory."""
    for _ in range(4):
        x = x / (1 + math.sqrt(1 + x * x))
    square, total = x * x, 0.0
    for k in range(29, 0, -2):
        total = 1.0 / k - square * total
    return 16 * x * total
