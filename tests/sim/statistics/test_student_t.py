"""Student's t beside scipy's, at any level."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cutaway.sim.statistics import student_t

FREEDOMS = [1, 2, 3, 7, 30, 99, 399, 400, 401, 402, 1000, 9999, 1_000_000]


@pytest.mark.parametrize("freedom", FREEDOMS)
@pytest.mark.parametrize("confidence", [0.5, 0.8, 0.9, 0.95, 0.975, 0.99, 0.9975, 0.999, 1 - 1e-6])
def test_the_quantile_is_student_s(confidence: float, freedom: int) -> None:
    assert student_t.quantile(confidence, freedom) == pytest.approx(stats.t.ppf((1 + confidence) / 2, freedom), rel=1e-7)


@given(st.floats(0, 1000), st.integers(1, 600))
def test_the_distribution_is_student_s(t: float, freedom: int) -> None:
    assert student_t.within(t, freedom) == pytest.approx(1 - 2 * stats.t.sf(t, freedom), abs=1e-12)


@given(st.floats(0.01, 0.999), st.integers(1, 500))
def test_the_quantile_inverts_the_distribution(confidence: float, freedom: int) -> None:
    assert student_t.within(student_t.quantile(confidence, freedom), freedom) == pytest.approx(confidence, abs=1e-8)


def test_all_of_it_lies_within_infinity() -> None:
    assert student_t.within(math.inf, 3) == 1


@pytest.mark.parametrize("confidence", [-0.1, 0.0, 1.0, 95.0, math.nan])
def test_a_confidence_that_is_none_is_refused(confidence: float) -> None:
    with pytest.raises(ValueError, match="not between 0 and 1"):
        student_t.quantile(confidence, 5)


def test_no_interval_has_no_degree_of_freedom() -> None:
    with pytest.raises(ValueError, match="0 degrees of freedom"):
        student_t.quantile(0.95, 0)
