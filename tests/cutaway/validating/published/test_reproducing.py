"""Figures of published sources: a point stands where it belongs, the band is the spread of what made the machine."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutaway.cli import app
from cutaway.validating.published import points, report, validation
from cutaway.validating.published.case import Answer, Case
from cutaway.validating.published.figures import FIGURES, Figure, Panel, SetUp
from cutaway.validating.published.plots import TOLD, drawn
from cutaway.validating.published.points import Asked, Point, PublishedError, Source
from cutaway.validating.published.reproducing import Reproduction, reproduce
from cutaway.validating.published.sources import REACHED
from cutaway.validating.published.validation import Published, verdict_on

SET_UPS = (SetUp("plain", "native"), SetUp("boxed", "docker-nat"), SetUp("strange", "unikernel-kvm"))
RATE, TURN = Panel("Rate", "asking", "throughput", "1/s"), Panel("Turn", "asking", "throughput", "us", turn=True)
CURVES = Figure("Asking", (RATE, TURN), SET_UPS, "connections", (1, 2))
BARS = Figure("Asking", (RATE,), SET_UPS)


def point(stack: str, connections: int, value: float) -> Point:
    use = "calibrate" if stack == "native" else "validate"
    params = {"connections": connections}
    return Point.model_validate(
        {"id": f"{stack}-{connections}", "what": "asking", "stack": stack, "params": params, "metric": "throughput", "unit": "1/s"}
        | {"value": value, "spread": "sd 10", "use": use}
    )


SOURCE = Source(
    "asking", "Asking", (point("native", 1, 100), point("native", 2, 180), point("docker-nat", 1, 70), point("unikernel-kvm", 2, 300))
)


class Asking(Case):
    """Twice as many connections, twice the rate; half of it in a container."""

    reads = frozenset({"connections"})

    def prepare(self) -> None:
        self.one = self.known("asking", "throughput", "native", connections=1)

    def answer(self, asked: Asked) -> Answer:
        if asked.stack == "unikernel-kvm":
            return "no kernel"
        return self.one * asked.number("connections", 1) * (0.5 if asked.stack == "docker-nat" else 1)


def reproduced(figure: Figure = CURVES) -> Reproduction:
    case = Asking(SOURCE.known())
    return reproduce(figure, SOURCE, case)


def test_the_band_is_what_one_deviation_of_the_fitted_figures_leaves() -> None:
    plain, boxed, strange = reproduced().panels[0]
    assert (plain.at, plain.simulated, plain.low, plain.high) == ((1, 2), (100, 200), (90, 180), (110, 220))
    assert (boxed.simulated, boxed.low, boxed.high) == ((50, 100), (45, 90), (55, 110))
    assert strange.at == ()


def test_a_turn_is_the_same_points_the_other_way_round() -> None:
    plain = reproduced().panels[1][0]
    assert plain.simulated == (10_000, 10_000) and plain.low == pytest.approx((1e6 / 110,) * 2)
    assert (plain.marks[0].value, plain.marks[0].deviation) == (10_000, 1_000)


def test_what_a_point_was_used_for_stands_with_it() -> None:
    for reproduction in (reproduced(), reproduced(BARS)):
        found = [[mark.standing for mark in series.marks] for series in reproduction.panels[0]]
        assert found == [["made the machine", "for calibrating"], ["predicted"], ["not modelled"]]


@pytest.mark.parametrize("figure", [CURVES, BARS], ids=["curves", "bars"])
def test_a_picture_is_whole_and_the_same_each_time(figure: Figure) -> None:
    svg = drawn(reproduced(figure), "svg")
    assert ElementTree.fromstring(svg).tag.endswith("svg") and svg == drawn(reproduced(figure), "svg")
    assert set(TOLD) == {mark.standing for series in reproduced(figure).panels[0] for mark in series.marks}


@pytest.mark.parametrize("name", FIGURES)
def test_every_set_up_of_a_figure_has_points_and_a_rule(name: str) -> None:
    source, figure = points.load(name), FIGURES[name]
    assert name in REACHED
    for panel in figure.panels:
        stacks = {one.stack for one in source.points if (one.what, one.metric) == (panel.what, panel.metric)}
        assert {set_up.stack for set_up in figure.set_ups} <= stacks
    if figure.along:
        assert {one.stack for one in source.points} == {set_up.stack for set_up in figure.set_ups}


def test_a_report_has_the_figure_and_every_point(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REACHED, "asking", Asking)
    monkeypatch.setitem(FIGURES, "asking", CURVES)
    verdict = verdict_on(SOURCE, drawn=True)
    text = report.as_html(Published((verdict,)))
    assert text.count("<svg") == 1 and "no kernel" in text
    assert '<tr class="validate"><td class="id">docker-nat-1</td>' in text and '<tr class="calibrate"><td class="id">native-2</td>' in text
    assert report.content(Published((verdict,)), Path("a.png")).startswith(b"\x89PNG")
    assert verdict_on(SOURCE).reproduction is None


def test_a_figure_that_there_is_not_is_told_before_the_work(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(PublishedError, match=r"its ending is '.pdf'; expected .html"):
        report.can_be_told_in(Path("a.pdf"), ["felter-redis"])
    monkeypatch.setattr(validation, "validate", lambda *_, **__: pytest.fail("worked"))
    told = CliRunner().invoke(app, ["validate", "--published", "cpu-quota", "--report", str(tmp_path / "a.png")])
    assert told.exit_code == 2 and "felter-mysql" in " ".join(told.output.split())
