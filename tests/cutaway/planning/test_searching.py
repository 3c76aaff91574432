"""The search meets queueing theory within an interval that could fail, and finds borders of every kind."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from cutaway.planning.curve import knee
from cutaway.planning.goals import Verdict
from cutaway.planning.points import Point, Points
from cutaway.planning.searching import Search, significant, sure_ends
from cutaway.scenarios.keys import Number, NumberAt
from cutaway.sim.machine import EXPONENTIAL, FIXED, Spread
from cutaway.sim.statistics import Estimate
from tests.cutaway.planning.queues import Queue

WITHIN = Fraction(1, 50)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spread", "goal", "border"),
    [
        (EXPONENTIAL, "mean < 8 ms", 500 - 1 / 0.008),
        (EXPONENTIAL, "p99 < 20 ms", 500 - math.log(100) / 0.020),
        (FIXED, "mean < 4 ms", 1000 / 3),
        (EXPONENTIAL, "utilization < 80 %", 400),
    ],
    ids=["mean of M/M/1", "p99 of M/M/1", "mean of M/D/1", "utilization"],
)
def test_the_capacity_of_a_queue_is_that_of_theory(spread: Spread, goal: str, border: float) -> None:
    """Mean of M/M/1: 1 / (mu - lambda); its p99: ln 100 / (mu - lambda); M/D/1: s + rho s / 2 / (1 - rho) [Kleinrock 1975, 3.2 and 5.6].

    The interval, from the last value that is surely met to the first that is surely missed, holds the border and is narrower than 7 %.
    """
    points = Queue(spread, [goal], requests=30_000, replications=8)
    found = Search(points, None, None, WITHIN).find(Fraction(100))
    met, missed = sure_ends(points.ordered(), found)
    assert found.outcome == "found" and found.more_is_worse
    assert met is not None and missed is not None and met <= border <= missed
    assert missed - met < 0.07 * border
    assert abs(found.last.value - border) < 0.03 * border


@pytest.mark.slow
def test_the_knee_of_m_m_1_lies_at_half_the_service_rate() -> None:
    """Power lambda (mu - lambda) is greatest at mu / 2 [Kleinrock 1979]."""
    points = Queue(EXPONENTIAL, ["mean < 1 s"], requests=20_000, replications=4)
    found = knee([points.at(Fraction(rate), looks=(1,)) for rate in range(50, 500, 50)], "clients.rate")
    assert found is not None and found.value == 250


def test_more_than_is_served_counts_as_missed() -> None:
    """At 600 /s on a server of 500 /s no bound on latency is met, however high."""
    point = Queue(EXPONENTIAL, ["p99 < 1 h"], requests=3000, replications=2).at(Fraction(600))
    assert point.trouble == "the queue grows" and not point.met and point.sure


# --- borders made up ---------------------------------------------------------------------------------------------------------------------


class Steps(Points):
    """Goals that are met between two values, with a slack that says how far away they are."""

    def __init__(self, number: NumberAt, met: tuple[float, float], limits: tuple[float, float] = (0, math.inf), fuzzy: float = 0) -> None:
        self.number, self.met, self.limits, self.fuzzy = number, met, limits, fuzzy
        self.tried: dict[Number, Point] = {}

    def is_possible(self, value: Number) -> bool:
        return self.limits[0] < value <= self.limits[1]

    def at(self, value: Number, looks: object = ()) -> Point:
        low, high = self.met
        distances = [(high - float(value)) / high if math.isfinite(high) else 1.0, (float(value) - low) / low if low else 1.0]
        slack = min(distances)
        verdict = Verdict(Estimate(slack, self.fuzzy), slack > 0, abs(slack) > self.fuzzy, slack)
        return self.tried.setdefault(value, Point(value, 1, (verdict,), slack=slack))


WHOLE = NumberAt("clients.connections", 1, None)


@pytest.mark.parametrize("border", [2, 3, 37, 38, 64, 1000])
@pytest.mark.parametrize("start", [1, 7, 5000])
def test_whole_numbers_are_found_to_the_unit(border: int, start: int) -> None:
    """Goal: the largest value that meets the goals, from either side. Method: borders between two whole numbers, width below one."""
    found = Search(Steps(WHOLE, (0, border + 0.5)), None, None, Fraction(1, 10_000)).find(start)
    assert (found.outcome, found.last.value, found.more_is_worse) == ("found", border, True)
    assert found.missed is not None and found.missed.value == border + 1


@pytest.mark.parametrize("border", [3, 40])
@pytest.mark.parametrize("start", [1, 50])
def test_where_more_is_better_the_smallest_is_found(border: int, start: int) -> None:
    found = Search(Steps(WHOLE, (border - 0.5, math.inf)), None, None, Fraction(1, 10_000)).find(start)
    assert (found.last.value, found.more_is_worse) == (border, False)


def test_the_last_value_that_can_be_is_tried() -> None:
    """A scenario that refuses more than 1000 is asked for 1000, and not only for the last power of two."""
    found = Search(Steps(WHOLE, (0, math.inf), limits=(0, 1000)), None, None, Fraction(1, 10_000)).find(1)
    assert (found.outcome, found.last.value, found.ended) == ("never missed", 1000, "the scenario can go no further")


def test_ends_that_were_asked_for_are_kept() -> None:
    points = Steps(WHOLE, (0, 300))
    found = Search(points, 10, 100, WITHIN).find(10)
    assert (found.outcome, found.last.value) == ("never missed", 100) and set(points.tried) == {10, 100}
    assert Search(Steps(WHOLE, (0, 5)), 10, 100, WITHIN).find(10).outcome == "never met"


def test_a_goal_out_of_reach_is_given_up() -> None:
    """It comes no nearer from some value on: the search does not go on to the end of numbers."""
    points = Steps(WHOLE, (10_000_000, math.inf))
    found = Search(points, None, None, WITHIN).find(1)
    assert found.outcome == "never met" and len(points.tried) < 10


def test_the_interval_is_looked_for_around_an_unsure_border() -> None:
    """Verdicts within 5 % of the border are unsure: the ends of the interval lie just beyond them."""
    points = Steps(WHOLE, (0, 1000.5), fuzzy=0.05)
    found = Search(points, None, None, WITHIN).find(1)
    met, missed = sure_ends(points.ordered(), found)
    assert met is not None and missed is not None
    assert 900 < met <= 950 and 1051 <= missed < 1100 and abs(found.last.value - 1000) <= 20


@pytest.mark.parametrize(
    ("value", "digits", "rounded"),
    [("12345", 3, "12300"), ("0.012345", 3, "0.0123"), ("999.9", 3, "1000"), ("7", 2, "7"), ("0", 3, "0")],
)
def test_values_are_rounded_to_significant_digits(value: str, digits: int, rounded: str) -> None:
    assert significant(Fraction(value), digits) == Fraction(rounded)
