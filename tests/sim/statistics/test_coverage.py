"""Intervals hold the true value as often as they promise, on a queue whose figures are known: benchmarks/interval_coverage.py in small."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from cutaway.sim.experiments import seed_of
from cutaway.sim.machine import EXPONENTIAL, Cpu, Kernel, Machine, OpenLoop, Plan, Thread, Work
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.statistics import RelativePrecision, batch_means, confidence_of_each, estimate, quantile_interval
from cutaway.sim.warm_up import judge

MS, S = 1_000_000, 1_000_000_000
MEAN_NS = S / 200
P99_NS = math.log(100) * MEAN_NS
"""M/M/1 at 300 /s on a server of 500 /s: the response is exponential [Kleinrock 1975, 3.2]."""
EXPERIMENTS, REPLICATIONS = 300, 5
WARM_UP_NS = 1 * S

pytestmark = pytest.mark.slow


def runs(experiment: int, requests: int, count: int) -> list[Result]:
    machine = Machine(
        "queue",
        ("client", "server"),
        (Kernel("kernel", "server", 3 * MS, 4 * MS),),
        (Cpu("cpu0", "kernel"),),
        (Thread("server", ("cpu0",)),),
        (Plan("request", (Work("server", "serve", "server", 2 * MS, EXPONENTIAL),)),),
        (OpenLoop("clients", "request", S // 300),),
    )
    return [simulate(machine, seed_of(experiment, k), Span(WARM_UP_NS, requests)).result for k in range(count)]


@pytest.fixture(scope="module")
def experiments() -> list[list[Result]]:
    return [runs(number, 5_000, REPLICATIONS) for number in range(EXPERIMENTS)]


def assert_promised(held: list[bool], promised: float = 0.95) -> None:
    """A right interval falls out of this once in ten thousand times; of 300, one of 95 % must hold 269 to 297 times."""
    low, high = stats.binom.interval(0.9999, len(held), promised)
    assert low <= sum(held) <= high


def test_the_limits_would_find_a_wrong_quantile() -> None:
    """The normal distribution's 1.96 instead of t covers in 87.8 % with five replications."""
    covers = 1 - 2 * stats.t.sf(1.96, REPLICATIONS - 1)
    low, _ = stats.binom.interval(0.9999, EXPERIMENTS, 0.95)
    assert stats.binom.cdf(low - 1, EXPERIMENTS, covers) > 0.5


@pytest.mark.parametrize("confidence", [0.8, 0.95])
def test_the_mean_of_replications(experiments: list[list[Result]], confidence: float) -> None:
    assert_promised([estimate([one.mean_ns for one in found], confidence).contains(MEAN_NS) for found in experiments], confidence)


def test_the_p99_of_replications(experiments: list[list[Result]]) -> None:
    assert_promised([estimate([one.percentile_ns(0.99) for one in found]).contains(P99_NS) for found in experiments])


def test_mean_and_p99_at_once(experiments: list[list[Result]]) -> None:
    each = confidence_of_each(2)
    held = [
        estimate([one.mean_ns for one in found], each).contains(MEAN_NS)
        and estimate([one.percentile_ns(0.99) for one in found], each).contains(P99_NS)
        for found in experiments
    ]
    # the two go up and down together, so that Bonferroni's promise is exceeded, but by no more than half of what it leaves
    low, _ = stats.binom.interval(0.9999, len(held), 0.95)
    _, high = stats.binom.interval(0.9999, len(held), each)
    assert low <= sum(held) <= high


def test_order_statistics_of_ten_means_hold_their_median(experiments: list[list[Result]]) -> None:
    """Ten are made of two experiments; the median over all of them stands for the true one. 2nd to 9th of ten promise 97.9 %."""
    means = [one.mean_ns for found in experiments for one in found]
    middle = sorted(means)[len(means) // 2]
    intervals = [quantile_interval(means[k : k + 10]) for k in range(0, len(means), 10)]
    assert_promised([interval.contains(middle) for interval in intervals], intervals[0].confidence)


def test_batch_means_of_one_long_run() -> None:
    found = [batch_means(runs(number, 20_000, 1)[0].series, WARM_UP_NS) for number in range(EXPERIMENTS)]
    assert_promised([one.estimate.contains(MEAN_NS) for one in found])
    assert sum(one.independent for one in found) > 0.85 * EXPERIMENTS


def test_the_stopping_rule_is_as_precise_as_was_asked(experiments: list[list[Result]]) -> None:
    """5 % asked; a long line of replications is cut wherever the rule stops, and it stops well before the line ends."""
    rule, held, taken = RelativePrecision(0.05), [], []
    left = [one.mean_ns for found in experiments for one in found]
    while len(left) > 60:
        count = next(n for n in range(10, 61) if rule.reached(left[:n]))
        held.append(abs(estimate(left[:count]).mean / MEAN_NS - 1) <= 0.05)
        taken.append(count)
        left = left[count:]
    assert len(held) > 50
    low, _ = stats.binom.interval(0.9999, len(held), 0.95)
    assert sum(held) >= low


def test_a_stationary_queue_is_not_said_to_start_too_late(experiments: list[list[Result]]) -> None:
    """At most one alarm in a hundred is wrong, within what chance allows."""
    wrong = sum(judge([one.series for one in found], WARM_UP_NS).finding != "enough" for found in experiments)
    assert wrong <= stats.binom.ppf(0.9999, len(experiments), 0.01)
