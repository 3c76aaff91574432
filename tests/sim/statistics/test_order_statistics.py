"""Intervals without a distribution, beside the tables and the binomial of scipy."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cutaway.sim.statistics import quantile_interval


@pytest.mark.parametrize(("count", "low", "high"), [(6, 1, 6), (8, 1, 8), (9, 2, 8), (10, 2, 9), (20, 6, 15), (30, 10, 21), (50, 18, 33)])
def test_the_ranks_for_a_median_are_those_of_the_tables(count: int, low: int, high: int) -> None:
    """95 % [Conover 1999, table of the sign test]; the values here are their own ranks."""
    found = quantile_interval(list(reversed(range(1, count + 1))))
    assert (found.low, found.high) == (low, high)


def test_five_values_are_too_few_for_a_median() -> None:
    found = quantile_interval([3.0, 1.0, 2.0, 5.0, 4.0])
    assert math.isinf(found.low) and math.isinf(found.high)
    assert quantile_interval([3.0, 1.0, 2.0, 5.0, 4.0], confidence=0.9).low == 1.0


@given(st.integers(1, 200), st.sampled_from([0.1, 0.5, 0.9, 0.99]), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_confidence_is_that_of_the_binomial_and_no_narrower_interval_would_do(count: int, share: float, confidence: float) -> None:
    found = quantile_interval(list(range(1, count + 1)), share, confidence)
    below = 0 if math.isinf(found.low) else int(found.low)
    above = count + 1 if math.isinf(found.high) else int(found.high)
    binomial = stats.binom(count, share)
    reached = binomial.cdf(above - 1) - binomial.cdf(below - 1)
    assert found.confidence == pytest.approx(reached, abs=1e-12) and found.confidence >= confidence - 1e-12
    rest = (1 - confidence) / 2 + 1e-12
    assert binomial.cdf(below - 1) <= rest < binomial.cdf(below) + 2e-12
    assert binomial.sf(above - 1) <= rest < binomial.sf(above - 2) + 2e-12


@pytest.mark.parametrize(("share", "confidence"), [(0.0, 0.95), (1.0, 0.95), (99.0, 0.95), (0.5, 95.0), (0.5, 1.0)])
def test_what_is_no_share_is_refused(share: float, confidence: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        quantile_interval([1.0, 2.0], share, confidence)


def test_it_covers_a_skewed_distribution() -> None:
    found = quantile_interval([1.0, 1.5, 2.0, 2.5, 3.0, 900.0])
    assert found.contains(2.2) and found.contains(1.0) and not found.contains(0.9)
