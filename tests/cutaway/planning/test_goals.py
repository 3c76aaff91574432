"""Goals: read with the units of their measure, and judged by intervals."""

from __future__ import annotations

from fractions import Fraction

import pytest

import cutaway
from cutaway.planning.goals import MEASURES, Tried, failed_share, read_goal
from cutaway.scenarios import Scenario, ScenarioError


@pytest.fixture(scope="module")
def tried(quick: Scenario, compared: cutaway.Comparison) -> Tried:
    return Tried(cutaway.machine(quick, "container"), compared.results["container"], 2**30, 10**9)


@pytest.mark.parametrize(
    ("written", "measure", "sense", "bound"),
    [
        ("p99 < 50 ms", "p99", "<", 50_000_000),
        ("p99.9 latency<=1.5 s", "p99.9", "<=", 1_500_000_000),
        ("  Throughput >= 800 /s ", "throughput", ">=", 800),
        ("errors < 0.1 %", "errors", "<", Fraction(1, 1000)),
        ("start up < 1 s", "start-up", "<", 10**9),
        ("memory < 2 GiB", "memory", "<", 2**31),
    ],
)
def test_a_goal_is_read(written: str, measure: str, sense: str, bound: Fraction) -> None:
    goal = read_goal(written)
    assert (goal.measure.name, goal.sense, goal.bound) == (measure, sense, bound)
    assert read_goal(str(goal)) == goal


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("p99", "'p99' is no goal; expected a measure, <, <=, > or >=, and a bound"),
        ("p98 < 5 ms", "Did you mean 'p99'?"),
        ("thruput > 5 /s", "Did you mean 'throughput'?"),
        ("p99 < 5", "p99 < '5': expected a duration with its unit"),
        ("errors < 2", "errors < '2': expected a share of at most 1"),
        ("memory < 5 ms", "'ms' belongs to a duration."),
    ],
)
def test_what_is_no_goal_is_told(written: str, sentence: str) -> None:
    with pytest.raises(ScenarioError) as error:
        read_goal(written)
    assert str(error.value).startswith("--goal: ") and sentence in str(error.value)


def test_a_verdict_is_sure_when_the_interval_is_on_one_side(tried: Tried) -> None:
    """Bounds half a half width and two half widths from the mean, on either side, for both senses."""
    mean = read_goal("mean < 1 s").verdict(tried).found
    for factor, sure in ((0.5, False), (2.0, True)):
        for sign in (1, -1):
            bound = round(mean.mean + sign * factor * mean.half_width)
            below, above = (read_goal(f"mean {sense} {bound} ns").verdict(tried) for sense in ("<", ">"))
            assert (below.met, below.sure, above.met, above.sure) == (sign > 0, sure, sign < 0, sure)


def test_the_sense_decides_at_the_bound_itself(tried: Tried) -> None:
    assert read_goal("memory <= 1 GiB").verdict(tried).met and not read_goal("memory < 1 GiB").verdict(tried).met
    assert read_goal("start-up >= 1 s").verdict(tried).met and not read_goal("start-up > 1 s").verdict(tried).met


def test_every_measure_has_a_value(tried: Tried) -> None:
    values = {name: measure.of(tried, tried.results[0]) for name, measure in MEASURES.items()}
    assert 0 < values["p50"] <= values["p90"] <= values["p95"] <= values["p99"] <= values["p99.9"]
    assert 0 < values["utilization"] < 1 and values["errors"] == 0 and values["throughput"] > 1000


def test_errors_are_what_ended_otherwise_than_served(compared: cutaway.Comparison) -> None:
    result = compared.results["vm"][0]
    result = type(result)(**{**vars(result), "outcomes": {"issued": 50, "served": 30, "timed out": 5, "lost": 4, "refused": 1}})
    assert failed_share(result) == 0.25
