"""MSER beside its definition, and what is said of a warm-up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.sim.series import Series
from cutaway.sim.warm_up import SPARED, averaged, judge, mser, truncation


def by_definition(values: list[int]) -> list[float]:
    """MSER(d) for each d that leaves five values."""
    return [float(np.var(values[d:]) / (len(values) - d)) for d in range(len(values) - SPARED + 1)]


@given(st.lists(st.integers(0, 10**6), min_size=SPARED, max_size=60))
def test_the_cut_is_where_the_statistic_is_smallest(values: list[int]) -> None:
    statistic = by_definition(values)
    assert statistic[mser(values)] == pytest.approx(min(statistic), rel=1e-9, abs=1e-9)


def test_a_start_is_cut_and_nothing_else() -> None:
    assert mser([900, 500, 250] + [100, 110, 95, 105] * 10) == 3
    assert mser([100, 110, 95, 105] * 10) == 0


def test_of_equal_cuts_the_least_is_taken() -> None:
    assert mser([7] * 50) == 0 and mser([9, 7, 7, 7, 7, 7, 7, 7]) == 1


def test_few_values_are_not_cut() -> None:
    assert mser([]) == mser([5]) == mser([9, 1, 1, 1]) == 0


def test_numbers_beyond_what_a_float_holds_are_compared_exactly() -> None:
    """A start that is one nanosecond higher, on sums of 2**60: a float would not see it."""
    assert mser([2**60 + 1] * 3 + [2**60] * 20) == 3


def series(values: list[int], requests: int = 5, step_ns: int = 10) -> Series:
    sums = np.array(values, np.int64) * requests
    return Series(np.full(len(values), requests, np.int64), sums, step_ns * np.arange(1, len(values) + 1, dtype=np.int64))


def replications(start: list[int], count: int = 10, batches: int = 400, slope: float = 0.0) -> list[Series]:
    """A start, then noise of 5 % around 1,000, with a slope perhaps."""
    random = np.random.default_rng(3)
    drift = slope * np.arange(batches)
    return [series([*start, *(random.normal(1000, 50, batches) + drift).astype(np.int64).tolist()]) for _ in range(count)]


def test_series_of_several_lengths_and_sizes_are_averaged_batch_by_batch() -> None:
    found = averaged([series([1, 2, 3, 4, 5]), series([10, 20, 30], requests=10, step_ns=20), series([7] * 9)])
    assert found.requests.tolist() == [30, 30]
    assert found.latency_sum_ns.tolist() == [5 + 10 + 100 + 70, 15 + 20 + 200 + 70]
    assert found.end_ns.tolist() == [18, 39]  # a third of each end, in whole nanoseconds


def test_the_mean_of_many_shows_a_start_that_one_hides() -> None:
    start = [1040] * 40
    assert truncation(replications(start, count=100)).batches in range(38, 43)


def test_the_time_is_that_at_which_the_cut_batches_have_ended() -> None:
    found = truncation([series([5000, 4000, 3000] + [1010, 990] * 200)])
    assert (found.batches, found.of, found.time_ns, found.run_too_short) == (3, 403, 30, False)


@pytest.mark.parametrize(
    ("warm_up_ns", "finding"), [(0, "warm-up too short"), (150, "warm-up too short"), (400, "enough"), (2000, "enough")]
)
def test_a_warm_up_is_enough_when_it_reaches_beyond_the_start(warm_up_ns: int, finding: str) -> None:
    verdict = judge(replications([3000] * 40), warm_up_ns)
    assert verdict.finding == finding
    assert (verdict.bias > 0) == (finding != "enough")


def test_the_bias_is_what_the_mean_is_off_by() -> None:
    verdict = judge(replications([3000] * 40), 0)
    assert verdict.bias == pytest.approx(40 * 2000 / 440 / 1000, rel=0.02)
    assert judge(replications([100] * 40), 0).bias == pytest.approx(-40 * 900 / 440 / 1000, rel=0.02)


def test_a_run_that_rises_to_its_end_is_too_short() -> None:
    verdict = judge(replications([], slope=5.0), 0)
    assert verdict.finding == "run too short" and verdict.truncation.run_too_short and verdict.bias < 0


def test_a_start_that_does_not_matter_is_not_told() -> None:
    """One batch of 400 that is 2 % higher moves the mean by 0.005 %."""
    assert judge(replications([1020]), 0).finding == "enough"


def test_what_is_not_clear_is_not_told() -> None:
    start = [3000] * 40
    assert judge(replications(start, count=4), 0).finding == "enough" != judge(replications(start, count=5), 0).finding
    assert judge(replications([]), 0).finding == "enough"
    assert judge([series([])] * 5, 0).finding == "enough"
    assert judge([series([]), series([1000] * 50)], 0).finding == "enough"
    assert judge(replications(start), 10**6).finding == "enough"
