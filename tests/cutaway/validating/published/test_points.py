"""Published points are read whole; a rule sees those that it may, and of the others only what was asked."""

from __future__ import annotations

import pytest

from cutaway.validating.published import points, unreached
from cutaway.validating.published.points import Asked, PublishedError
from cutaway.validating.published.sources import REACHED


def test_every_file_is_read() -> None:
    sources = [points.load(name) for name in points.names()]
    assert len(sources) == 30
    ids = [point.id for source in sources for point in source.points]
    assert len(ids) == len(set(ids)) == 1297
    assert sum(point.use == "validate" for source in sources for point in source.points) == 843


def test_every_source_is_reached_or_what_it_needs_is_named() -> None:
    assert sorted([*REACHED, *unreached.SOURCES]) == points.names()


def test_a_rule_is_given_no_figure_of_a_point_for_validating() -> None:
    source = points.load("felter-redis")
    assert {point.use for point in source.known().points} == {"calibrate"}
    assert "value" not in Asked.__dataclass_fields__ and "spread" not in Asked.__dataclass_fields__


def test_what_was_looked_up_is_remembered() -> None:
    known = points.load("nginx-cores").known()
    assert known("nginx HTTP static file", cpus=2, file_KB=1) == 131466
    assert len(known.used) == 1
    with pytest.raises(PublishedError, match="no point for calibrating is of 'nginx HTTP static file'"):
        known("nginx HTTP static file", cpus=3)


def test_an_unknown_source_is_told_with_the_nearest() -> None:
    with pytest.raises(PublishedError, match=r"'felter-redes'; expected one of .* Did you mean 'felter-redis'\?"):
        points.load("felter-redes")
