"""Chance without state: a draw is a function of (seed, stream, who, number, visit), whatever else happens.

Philox4x32-10 [Salmon et al. 2011, Parallel random numbers: as easy as 1, 2, 3] on 64-bit words that never overflow, so that the plain
engine gives the same bits; `sim.quantiles` has the tables that map its output.
"""

from __future__ import annotations

import numpy as np

from cutaway.sim.quantiles import POINTS, TAIL
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import Array

_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_MULTIPLY_0, _MULTIPLY_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_FRACTION_BITS = 20
_FRACTION = (1 << _FRACTION_BITS) - 1
_TAIL_FROM = (1 << 32) - (1 << 32) // TAIL
_LARGE = 1 << 43


@compiled
def philox(key_0: int, key_1: int, count_0: int, count_1: int, count_2: int, count_3: int) -> tuple[int, int]:
    """The first two of four 32-bit words, as one integer of 64 bits in two halves (low, high)."""
    k0, k1 = np.uint64(key_0), np.uint64(key_1)
    c0, c1, c2, c3 = np.uint64(count_0), np.uint64(count_1), np.uint64(count_2), np.uint64(count_3)
    for _ in range(10):
        p0 = _MULTIPLY_0 * c0
        p1 = _MULTIPLY_1 * c2
        c0, c1, c2, c3 = (p1 >> _HALF) ^ c1 ^ k0, p1 & _LOW, (p0 >> _HALF) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _WEYL_0) & _LOW
        k1 = (k1 + _WEYL_1) & _LOW
    return np.int64(c0), np.int64(c1)  # type: ignore[return-value]


@compiled
def scaled(cost: int, share: int) -> int:
    """cost * share / 2**20; no product on the way is larger than the result or 2**63, and `build` sees to the result."""
    part = share & _FRACTION
    if cost < _LARGE:
        return cost * (share >> 20) + ((cost * part) >> 20)
    return cost * (share >> 20) + (cost >> 20) * part


@compiled
def draw(cost: int, row: int, quantiles: Array, seed_low: int, seed_high: int, stream: int, who: int, number: int, visit: int) -> int:
    """A duration of mean `cost` by quantile table `row` (-1: fixed). `stream` names the purpose, the rest the occasion."""
    if row < 0:
        return cost
    word, more = philox(
        seed_low, seed_high, number & 0xFFFFFFFF, ((number >> 32) & 0xFFFF) | ((visit & 0xFFFF) << 16), who & 0xFFFFFFFF, stream
    )
    if word >= _TAIL_FROM:
        row += 1
        word = more
    cell = word >> _FRACTION_BITS
    left = quantiles[row, cell]
    return scaled(cost, left + (((quantiles[row, cell + 1] - left) * (word & _FRACTION)) >> _FRACTION_BITS))


assert 1 << (32 - _FRACTION_BITS) == POINTS
