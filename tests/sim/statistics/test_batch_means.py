"""Batch means of made-up series."""

from __future__ import annotations

import math

import numpy as np
import pytest

from cutaway.sim.series import Series
from cutaway.sim.statistics import batch_means, estimate
from cutaway.sim.statistics.batch_means import neighbours_correlation


def series(values: list[int], requests: int = 5) -> Series:
    """A batch a value, whose requests have that latency; one ends every 10 ns."""
    sums = np.array(values, np.int64) * requests
    return Series(np.full(len(values), requests, np.int64), sums, 10 * np.arange(1, len(values) + 1, dtype=np.int64))


def noise(count: int, keep: float = 0.0) -> list[int]:
    """Normal numbers around 10,000, each with a share of the one before it."""
    draws = np.random.default_rng(1).normal(0, 1000, count)
    for k in range(1, count):
        draws[k] += keep * draws[k - 1]
    return [int(10_000 + draw) for draw in draws]


def test_thirty_batches_are_an_interval_of_thirty_means() -> None:
    values = noise(30)
    found = batch_means(series(values))
    assert (found.batches, found.batch_requests) == (30, 5)
    assert found.estimate.mean == pytest.approx(estimate(values).mean)
    assert found.estimate.half_width == pytest.approx(estimate(values).half_width)


@pytest.mark.parametrize("count", [10, 29, 30, 31, 59, 60, 61, 899, 2047])
def test_there_are_never_more_than_thirty_and_the_oldest_are_left_out(count: int) -> None:
    values = noise(count)
    found = batch_means(series(values))
    factor = found.batch_requests // 5
    assert 10 <= found.batches <= 30 and count - found.batches * factor < factor
    assert found.estimate.mean == pytest.approx(sum(values[count - found.batches * factor :]) / (found.batches * factor))


def test_the_warm_up_is_left_out() -> None:
    settled = noise(60)
    warm = batch_means(series([90_000] * 20 + settled), warm_up_ns=200)
    assert warm.estimate.mean == pytest.approx(sum(settled[2:]) / 58, rel=0.01)
    assert batch_means(series([90_000] * 20 + settled)).estimate.mean > 2 * warm.estimate.mean


def test_ten_batches_are_the_least() -> None:
    assert math.isinf(batch_means(series(noise(9))).estimate.half_width) and not batch_means(series(noise(9))).independent
    assert math.isinf(batch_means(series([])).estimate.half_width)


def test_independent_batches_pass_and_such_that_follow_each_other_do_not() -> None:
    assert batch_means(series(noise(30))).independent
    drifting = batch_means(series(noise(30, keep=0.95)))
    assert not drifting.independent and drifting.correlation > 0.5


def test_the_level_of_the_test_is_5_percent() -> None:
    """2,000 samples of 30 independent normal values: within four standard errors."""
    draws = np.random.default_rng(2).normal(10_000, 1000, (2000, 30)).astype(np.int64)
    refused = sum(not batch_means(series(row.tolist())).independent for row in draws)
    assert 0.05 * 2000 - 4 * 10 < refused < 0.05 * 2000 + 4 * 10


def test_the_correlation_is_that_of_neighbours() -> None:
    values = [float(value) for value in noise(2000, keep=0.7)]
    assert neighbours_correlation(values) == pytest.approx(np.corrcoef(values[1:], values[:-1])[0, 1], abs=0.01)
    assert neighbours_correlation([1.0, -1.0] * 500) == pytest.approx(-1, abs=0.01)
    assert neighbours_correlation([3.0, 3.0]) == 0
