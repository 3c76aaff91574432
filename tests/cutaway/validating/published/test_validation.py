"""Published measurements, predicted: nothing is left out, nothing is looked up that is to be predicted, and agreed bounds hold."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from typer.testing import CliRunner

from cutaway.cli import app
from cutaway.validating.published import points
from cutaway.validating.published.points import Source
from cutaway.validating.published.sources import REACHED
from cutaway.validating.published.validation import Published, validate, verdict_on

BOUNDS = {
    "cpu-quota": 0.05,
    "docker-network-various": 0.15,
    "felter-mysql": 0.16,
    "felter-redis": 0.06,
    "gvisor-analysis": 0.15,
    "qemu-boot-stages": 0.01,
    "syscall-ctxswitch-seccomp": 0.02,
    "unikraft-micro": 0.04,
    "virtio-net-latency": 0.25,
}
"""Median absolute errors that are agreed for these sources; they may become smaller, never larger."""
POISONED = ("container-start", "docker-network-various", "gvisor-analysis", "gvisor-guide", "unikraft-micro", "unikraft-nginx-redis")


@pytest.fixture(scope="module")
def published() -> Published:
    return validate()


def test_every_point_for_validating_is_scored_or_named(published: Published) -> None:
    scores = published.scores()
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
    assert len(published.predicted()) >= 325


def test_the_command_prints_a_source_as_text_and_as_json() -> None:
    runner = CliRunner()
    text = runner.invoke(app, ["validate", "--published", "qemu-boot-stages"], catch_exceptions=False)
    assert text.exit_code == 0 and "1 of 1 points for validating predicted" in text.stdout
    document = json.loads(runner.invoke(app, ["validate", "--published", "qemu-boot-stages", "--json"]).stdout)
    assert document["sources"]["qemu-boot-stages"]["summary"]["median"] < 0.01
    both = runner.invoke(app, ["validate", "--published", "--only", "nginx"])
    assert both.exit_code == 2
