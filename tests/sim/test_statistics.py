"""Intervals beside scipy's."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from cutaway.sim.statistics import estimate, paired_difference, student_t


@pytest.mark.parametrize("freedom", [1, 2, 7, 29, 30, 31, 50, 99, 1000, 9999])
def test_the_quantile_is_student_s(freedom: int) -> None:
    assert student_t(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=3e-4)  # the table has three decimals


def test_an_interval_is_that_of_a_t_test() -> None:
    values = [10.0, 12.0, 9.0, 11.5]
    low, high = stats.ttest_1samp(values, 0.0).confidence_interval(0.95)
    found = estimate(values)
    assert (found.mean - found.half_width, found.mean + found.half_width) == pytest.approx((low, high), rel=1e-4)


def test_one_value_has_no_interval() -> None:
    assert estimate([5.0]).mean == 5.0 and math.isinf(estimate([5.0]).half_width)


def test_pairs_that_share_their_draws_differ_by_less_than_their_scatter() -> None:
    base, other = [10.0, 20.0, 30.0], [11.0, 21.1, 30.9]
    found = paired_difference(other, base)
    assert found.mean == pytest.approx(1.0) and found.half_width < 1 and not found.is_zero
    with pytest.raises(ValueError, match="shorter"):
        paired_difference(other, base[:2])
