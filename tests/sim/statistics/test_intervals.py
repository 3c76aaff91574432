"""Intervals beside scipy's."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from cutaway.sim.statistics import estimate, p_value, paired_difference

VALUES = [10.0, 12.0, 9.0, 11.5]


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
def test_an_interval_is_that_of_a_t_test(confidence: float) -> None:
    low, high = stats.ttest_1samp(VALUES, 0.0).confidence_interval(confidence)
    found = estimate(VALUES, confidence)
    assert (found.mean - found.half_width, found.mean + found.half_width) == pytest.approx((low, high), rel=1e-9)
    assert found.confidence == confidence
    assert found.contains(low + 1e-6) and not found.contains(low - 1e-6)


def test_a_confidence_of_95_asked_for_as_such_is_refused() -> None:
    with pytest.raises(ValueError, match="95 is not between 0 and 1"):
        estimate(VALUES, 95)


def test_one_value_has_no_interval() -> None:
    assert estimate([5.0]).mean == 5.0 and math.isinf(estimate([5.0]).half_width)


def test_pairs_that_share_their_draws_differ_by_less_than_their_scatter() -> None:
    base, other = [10.0, 20.0, 30.0], [11.0, 21.1, 30.9]
    found = paired_difference(other, base)
    assert found.mean == pytest.approx(1.0) and found.half_width < 1 and not found.is_zero
    with pytest.raises(ValueError, match="shorter"):
        paired_difference(other, base[:2])


def test_the_p_value_is_that_of_a_t_test() -> None:
    for shift in (0.0, 8.0, 10.0, 12.0):
        values = [value - shift for value in VALUES]
        assert p_value(values) == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, abs=1e-12)


def test_the_p_value_and_the_interval_agree_on_what_is_noise() -> None:
    for values in ([1.0, -0.9, 1.2, 0.1], [1.0, 0.9, 1.2, 1.1]):
        assert estimate(values).is_zero == (p_value(values) > 0.05)


def test_values_that_do_not_scatter_leave_no_doubt() -> None:
    assert p_value([2.0, 2.0]) == 0 and p_value([0.0, 0.0]) == 1 and p_value([3.0]) == 1
