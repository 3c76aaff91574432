"""When to stop."""

from __future__ import annotations

import math
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cutaway.sim.statistics import RelativePrecision, estimate

RULE = RelativePrecision(0.02)
SCATTERED = [100.0, 104.0, 96.0, 101.0, 99.0, 107.0, 93.0, 102.0, 98.0, 100.0]


def test_it_stops_when_the_half_width_is_small_beside_the_mean() -> None:
    assert estimate(SCATTERED).half_width == pytest.approx(2.8, abs=0.1)
    assert not RULE.reached(SCATTERED)
    assert RelativePrecision(0.03).reached(SCATTERED)


def test_the_mean_found_may_be_too_large() -> None:
    """A half width of 2.8 on 100 is below 2.85 %, but not below 2.85 / 102.85."""
    asked = estimate(SCATTERED).half_width / 100 + 1e-6
    assert not RelativePrecision(asked).reached(SCATTERED)
    assert RelativePrecision(asked / (1 - asked)).reached(SCATTERED)


def test_a_few_that_agree_by_chance_are_not_enough() -> None:
    assert not RULE.reached([100.0] * 9) and RULE.reached([100.0] * 10)
    assert not RelativePrecision(0.02, least=1).reached([100.0])


def test_a_mean_of_zero_is_never_known_relatively() -> None:
    values = [1.0, -1.0] * 5
    assert not RULE.reached(values) and RULE.needed(values) is None


def test_one_replication_foresees_nothing() -> None:
    assert RULE.needed([100.0]) is None and not RULE.reached([]) and not RULE.reached([100.0])


def test_what_is_out_of_reach_is_not_foreseen() -> None:
    assert RelativePrecision(1e-5).needed(SCATTERED) is None
    assert RelativePrecision(1e-5, most=10**9).needed(SCATTERED) is not None


@given(st.floats(0.001, 0.5), st.sampled_from([0.9, 0.95, 0.99]))
def test_what_is_foreseen_is_the_least_that_would_do(relative: float, confidence: float) -> None:
    rule = RelativePrecision(relative, confidence)
    needed = rule.needed(SCATTERED)
    assert needed is not None and (needed == 10) == rule.reached(SCATTERED)
    halves = [stats.t.ppf((1 + confidence) / 2, count - 1) * stdev(SCATTERED) / math.sqrt(count) for count in (needed, needed - 1)]
    assert halves[0] <= 100 * relative / (1 + relative) * (1 + 1e-7)
    assert needed == 10 or halves[1] > 100 * relative / (1 + relative) * (1 - 1e-7)


def test_twice_as_precise_takes_four_times_as_many() -> None:
    wide, narrow = (RelativePrecision(relative).needed(SCATTERED) for relative in (0.004, 0.002))
    assert wide and narrow and narrow == pytest.approx(4 * wide, rel=0.02)
