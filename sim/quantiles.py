"""Distributions as integer quantile tables, equal to the bit on every processor.

A library's log and exp may differ in the last bit from one CPU to the next, and one bit can turn the order of two events. So the tables
are made of + - * / and sqrt alone, which IEEE 754 rounds correctly everywhere, one array operation at a time (nothing can be fused).
A table has mean 1 in units of 2**-20: `POINTS` + 1 values at equal steps of probability, and a second row for the last 1/256 of it.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutaway.sim.machine import Spread

POINTS = 4096
UNIT = 1 << 20
TAIL = 256
"""The second row spreads the last 1/TAIL of the probability over POINTS again, so that draws reach 1 - 2**-20."""

Floats = npt.NDArray[np.float64]
_LN2 = 0.6931471805599453


def exponential(x: Floats) -> Floats:
    """e**x by 2**k times a Taylor series on |r| <= ln 2 / 2; within 2 ulp."""
    k = np.floor(x / _LN2 + 0.5)
    r = x - k * _LN2
    total = np.ones_like(r)
    for n in range(18, 0, -1):
        total = 1.0 + total * r / n
    return np.ldexp(total, k.astype(np.int64))


def logarithm(x: Floats) -> Floats:
    """ln x by the exponent plus 2 artanh((m - 1) / (m + 1)) of a mantissa m in [0.7, 1.4)."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < 0.7071067811865476
    mantissa = np.where(small, mantissa * 2.0, mantissa)
    exponent = exponent - small
    z = (mantissa - 1.0) / (mantissa + 1.0)
    square = z * z
    total = np.full_like(z, 1.0 / 41.0)
    for n in range(39, 0, -2):
        total = total * square + 1.0 / n
    return 2.0 * z * total + exponent * _LN2


def normal_quantile(p: Floats) -> Floats:
    """The standard normal's inverse distribution function, |error| < 1.15e-9 [Acklam 2003, rational approximation]."""
    a = (
        -3.969683028665376e01,
        2.209460984245205e02,
        -2.759285104469687e02,
        1.383577518672690e02,
        -3.066479806614716e01,
        2.506628277459239e00,
    )
    b = (-5.447609879822406e01, 1.615858368580409e02, -1.556989798598866e02, 6.680131188771972e01, -1.328068155288572e01, 1.0)
    c = (
        -7.784894002430293e-03,
        -3.223964580411365e-01,
        -2.400758277161838e00,
        -2.549732539343734e00,
        4.374664141464968e00,
        2.938163982698783e00,
    )
    d = (7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e00, 3.754408661907416e00, 1.0)
    centre = p - 0.5
    square = centre * centre
    middle = centre * _polynomial(a, square) / _polynomial(b, square)
    edge = np.minimum(p, 1.0 - p)
    root = np.sqrt(-2.0 * logarithm(edge))
    outer = _polynomial(c, root) / _polynomial(d, root)
    return np.where(edge < 0.02425, np.where(p < 0.5, outer, -outer), middle)


def _polynomial(coefficients: tuple[float, ...], x: Floats) -> Floats:
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def table(spread: Spread) -> npt.NDArray[np.int64]:
    """(2, POINTS + 1): body and tail of the spread's quantile function, scaled to mean UNIT. `spread` must not be fixed."""
    steps = np.arange(POINTS + 1, dtype=np.float64) / POINTS
    # the last point stands for the middle of what lies beyond the last but one
    body, tail = steps.copy(), 1.0 - (1.0 - steps) / TAIL
    body[-1], tail[-1] = 1.0 - 0.25 / POINTS, 1.0 - 0.125 / (POINTS * TAIL)
    values = np.stack([_quantile(spread, body), _quantile(spread, tail)])
    cells = (values[:, :-1] + values[:, 1:]) / 2.0
    # sums in a fixed order: the draw uses the body below 1 - 1/TAIL and the tail above
    used = POINTS - POINTS // TAIL
    mean = float(np.cumsum(cells[0, :used])[-1]) / POINTS + float(np.cumsum(cells[1])[-1]) / (POINTS * TAIL)
    return np.floor(values / mean * UNIT + 0.5).astype(np.int64)


def _quantile(spread: Spread, p: Floats) -> Floats:
    if spread.kind == "exponential":
        return -logarithm(1.0 - p)
    if spread.kind == "uniform":
        return 1.0 + (2.0 * p - 1.0) * (spread.permille / 1000.0)
    if spread.kind == "lognormal":
        cv = spread.permille / 1000.0
        sigma = np.sqrt(logarithm(np.array([1.0 + cv * cv])))
        inner = np.clip(p, 0.125 / (POINTS * TAIL), 1.0)
        return exponential(sigma * normal_quantile(inner))
    if spread.kind == "rare":
        return np.where(p > 1.0 - spread.permille / 1000.0, 1.0, 0.0)
    if spread.kind == "measured":
        points = np.array(spread.quantiles, dtype=np.float64)
        place = p * (len(points) - 1)
        below = np.minimum(np.floor(place).astype(np.int64), len(points) - 2)
        between: Floats = points[below] + (points[below + 1] - points[below]) * (place - below)
        return between
    raise ValueError(f"a spread of kind '{spread.kind}' has no table")
