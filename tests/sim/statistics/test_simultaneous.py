"""Several figures at once, on published examples and on the definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.sim.statistics import confidence_of_each, holm

P_VALUES = st.lists(st.floats(0, 1), max_size=12)


def test_ten_intervals_of_99_5_hold_together_with_95() -> None:
    assert confidence_of_each(10) == pytest.approx(0.995)
    assert confidence_of_each(4, 0.9) == pytest.approx(0.975)
    assert confidence_of_each(1) == 0.95


def test_holm_goes_on_while_the_smallest_one_left_is_small_enough() -> None:
    """Four hypotheses at 5 %: 0.005 <= 0.05 / 4 and 0.01 <= 0.05 / 3, but 0.03 > 0.05 / 2, and so 0.04 is kept, too."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == [True, False, False, True]


def test_the_border_is_rejected() -> None:
    assert holm([0.025, 0.05]) == [True, True] and holm([0.0251, 0.05]) == [False, False]


@given(P_VALUES)
def test_holm_rejects_all_that_bonferroni_does_and_no_more_than_each_by_itself(p_values: list[float]) -> None:
    for p, rejected in zip(p_values, holm(p_values), strict=True):
        assert rejected or p * len(p_values) > 0.05
        assert not rejected or p <= 0.05


@given(P_VALUES)
def test_what_is_rejected_is_smaller_than_what_is_kept(p_values: list[float]) -> None:
    found = list(zip(p_values, holm(p_values), strict=True))
    assert max((p for p, rejected in found if rejected), default=0) <= min((p for p, rejected in found if not rejected), default=1)
