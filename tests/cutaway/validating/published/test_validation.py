"""Published measurements, predicted: nothing is left out, nothing is looked up that is to be predicted, and agreed bounds hold."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from typer.testing import CliRunner

from cutaway.cli import app
from cutaway.validating.published import points
from cutaway.validating.published.points import Source
from cutaway.validating.published.sources import REACHED
from cutaway.validating.published.validation import Published, validate, verdict_on
from cutaway.validating.scores import summary

pytestmark = pytest.mark.slow

BOUNDS = {
    "cpu-quota": 0.05,
    "docker-network-various": 0.15,
    "felter-mysql": 0.16,
    "felter-redis": 0.06,
    "gvisor-analysis": 0.15,
    "unikraft-micro": 0.04,
    "virtio-net-latency": 0.25,
}
"""Median absolute errors that are agreed for these sources; they may become smaller, never larger."""
TAKEN_OVER = {"qemu-boot-stages": 0.01, "syscall-ctxswitch-seccomp": 0.02}
"""The same of sources whose every prediction is a figure of their own."""
POISONED = ("container-start", "docker-network-various", "gvisor-analysis", "gvisor-guide", "unikraft-micro", "unikraft-nginx-redis")


@pytest.fixture(scope="module")
def published() -> Published:
    return validate()


def test_every_point_for_validating_is_scored_or_named(published: Published) -> None:
    scores = published.scores() + published.taken_over()
    wanted = {point.id for name in points.names() for point in points.load(name).points if point.use == "validate"}
    assert {score.row.id for score in scores} == wanted and len(scores) == len(wanted)
    assert all((score.predicted is None) == bool(score.why_not) for score in scores)
    for verdict in published.verdicts:
        assert len(verdict.predicted()) + sum(verdict.why_not().values()) == len(verdict.scores)


def test_profiles_are_made_of_points_for_calibrating_only(published: Published) -> None:
    use = {point.id: point.use for name in points.names() for point in points.load(name).points}
    used = [one for verdict in published.verdicts for one in verdict.used]
    assert used and {use[one] for one in used} == {"calibrate"}
    for verdict in published.verdicts:
        assert not {score.row.id for score in verdict.unused} & set(verdict.used)


@pytest.mark.parametrize("name", POISONED)
def test_what_is_predicted_does_not_hang_on_what_was_to_be_predicted(name: str) -> None:
    source = points.load(name)
    as_it_is, poisoned = verdict_on(source), verdict_on(_poisoned(source))
    assert [score.predicted for score in as_it_is.scores] == [score.predicted for score in poisoned.scores]
    assert (as_it_is.made, as_it_is.used) == (poisoned.made, poisoned.used)
    assert [score.by_factor for score in as_it_is.scores] == [score.by_factor for score in poisoned.scores]


def _middles(values: list[float]) -> list[float]:
    """What the median of an even number of them may be."""
    return [(one + other) / 2 for one, other in combinations(values, 2)]


def _poisoned(source: Source) -> Source:
    changed: dict[str, Any] = {"value": 1e6}
    return replace(source, points=tuple(one.model_copy(update=changed) if one.use == "validate" else one for one in source.points))


def test_reached_sources_are_predicted_within_agreed_bounds(published: Published) -> None:
    found = {verdict.source: verdict.summary() for verdict in published.verdicts if verdict.source in REACHED}
    for source, one in found.items():
        if one:
            print(f"{source:28} {one.count:4} points, median {one.median:.1%}, worst {one.worst:.1%}, bias {one.bias:+.1%}")
    medians = {source: one.median for source, one in found.items() if one and source in BOUNDS}
    assert medians.keys() == BOUNDS.keys()
    assert {source: median for source, median in medians.items() if median > BOUNDS[source]} == {}
    assert len(published.predicted()) + len(published.taken_over()) >= 325
    of_native = {verdict.source: summary(verdict.taken_over) for verdict in published.verdicts if verdict.source in TAKEN_OVER}
    assert all(one and one.median < TAKEN_OVER[source] for source, one in of_native.items()) and of_native.keys() == TAKEN_OVER.keys()


def test_a_figure_that_is_taken_over_is_no_prediction(published: Published) -> None:
    """By another way: every such figure stands among the source's own for calibrating, or is a sum of them; no prediction does."""
    for verdict in published.verdicts:
        own = [point.value for point in points.load(verdict.source).points if point.use == "calibrate"]
        for score in verdict.taken_over:
            near = min(abs(value / (score.predicted or 0) - 1) for value in [*own, *_middles(own)])
            assert near < 1e-3 or verdict.source == "qemu-boot-stages"
    assert {verdict.source for verdict in published.verdicts if verdict.taken_over} == {
        "docker-network-various", "felter-micro", "k8s-cni-2024", "qemu-boot-stages", "rootless-network", "syscall-ctxswitch-seccomp",
    }  # fmt: skip


@pytest.mark.parametrize("name", sorted(REACHED))
def test_a_param_that_no_rule_knows_is_not_passed_over(name: str, published: Published) -> None:
    """Goal: a set-up that the model lacks is not predicted as another. Method: predicted points once more, with a new param."""
    [verdict] = [one for one in published.verdicts if one.source == name]
    reached = [score.row.id for score in (*verdict.predicted(), *verdict.taken_over, *verdict.unused)][:2]
    source = points.load(name)
    case = REACHED[name](source.known())
    for point in [point for point in source.points if point.id in reached]:
        changed = point.model_copy(update={"params": {**point.params, "colour": "red"}})
        assert case.figure(changed.asked) == "param colour is not modelled"
    assert reached


def test_the_command_prints_a_source_as_text_and_as_json() -> None:
    runner = CliRunner()
    text = runner.invoke(app, ["validate", "--published", "qemu-boot-stages"], catch_exceptions=False)
    assert text.exit_code == 0 and "0 of 1 points for validating predicted, 1 taken over" in text.stdout
    assert "Without points for validating" not in text.stdout
    document = json.loads(runner.invoke(app, ["validate", "--published", "qemu-boot-stages", "--json"]).stdout)
    assert document["sources"]["qemu-boot-stages"]["taken_over"]["median"] < 0.01
    both = runner.invoke(app, ["validate", "--published", "--only", "nginx"])
    assert both.exit_code == 2
