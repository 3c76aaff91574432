"""Errors, spreads, summaries and the rank order of stacks."""

from __future__ import annotations

import pytest

from cutaway.validating.scores import Score, kind_of, pairs, summary
from tests.cutaway.validating.rows import row


def test_an_error_is_signed_and_relative_to_what_was_measured() -> None:
    assert Score(row(median=100.0), 90.0).error == pytest.approx(-0.1)
    assert Score(row(median=0.0, q1=0, q3=0), 3.0).error is None
    assert Score(row(), None, "because").error is None


@pytest.mark.parametrize(("predicted", "within"), [(90.0, True), (110.0, True), (89.9, False), (110.1, False)])
def test_within_the_spread_is_between_the_quartiles(predicted: float, within: bool) -> None:
    assert Score(row(median=100.0), predicted).within_spread is within


def test_a_summary_counts_what_has_an_error() -> None:
    scores = [Score(row(median=100.0, id=str(value)), value, by_factor=150.0) for value in (90.0, 105.0, 130.0)]
    found = summary([*scores, Score(row(id="x"), None)])
    assert found is not None
    assert (found.count, found.within_spread) == (3, 2)
    assert (found.median, found.worst, found.by_factor) == pytest.approx((0.1, 0.3, 0.5))
    assert found.bias == pytest.approx((-0.1 + 0.05 + 0.3) / 3) and found.mean == pytest.approx(0.15)
    assert summary([]) is None


def test_rank_order_counts_only_differences_beyond_the_spread() -> None:
    medians = {"docker-nat": 100.0, "docker-nat-lo": 104.0, "native": 140.0}
    slow, same, fast = (row(stack=name, median=median) for name, median in medians.items())
    found = pairs([Score(slow, 100.0), Score(same, 99.0), Score(fast, 98.0)])
    assert [(pair.lower, pair.higher, pair.kept) for pair in found] == [("docker-nat", "native", False), ("docker-nat-lo", "native", False)]


def test_rank_order_compares_stacks_that_are_no_neighbours() -> None:
    """Each overlaps with the next, and the first not with the last."""
    medians = {"docker-nat": 100.0, "docker-nat-lo": 118.0, "native": 140.0}
    first, *others = (Score(row(stack=name, median=median), median) for name, median in medians.items())
    assert [(pair.lower, pair.higher, pair.kept) for pair in pairs([first, *others])] == [("docker-nat", "native", True)]


def test_kinds_follow_from_group_and_metric() -> None:
    metrics = {"server_cpu_per_request": "throughput and CPU time", "latency_mean": "mean and p50"}
    metrics |= {"latency_p99": "tails", "periods": "other"}
    assert {metric: kind_of(row(metric=metric)) for metric in metrics} == metrics
    assert kind_of(row(group="memory", metric="pss")) == "memory" and kind_of(row(group="lifecycle", metric="create")) == "start-up"
