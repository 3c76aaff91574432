"""Whom a view follows, and traces that have little or nothing in them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cutaway.sim import trace as tr
from cutaway.visuals.controls import Controls
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.picture import LinesPicture
from cutaway.visuals.scene import Scene
from cutaway.visuals.stage import Cue, Said
from cutaway.visuals.view import View, common, find, typical, view_of
from tests.visuals.made_up import made_up


def poor(what: str) -> tr.Trace:
    """A trace with something missing."""
    trace = made_up("vm", 20)
    nothing = {"requests": trace.requests[:0], "spans": trace.spans[:0]}
    match what:
        case "no requests":
            return replace(trace, **nothing)
        case "nothing at all":
            return replace(trace, **nothing, stints=trace.stints[:0], states=trace.states[:0])
        case "no steps":
            return replace(trace, spans=trace.spans[:0], meta=trace.meta | {"steps": []})
        case "one request":
            return replace(trace, requests=trace.requests[:1], spans=trace.spans[trace.spans["request"] == 0])
        case "a request that never ended":
            return replace(trace, requests=np.array([(0, 0, 0, 0, 0, 0, tr.IN_FLIGHT, 0)], tr.REQUEST))
        case "no time":
            return replace(trace, meta=trace.meta | {"start_ns": 0, "end_ns": 0})
        case _:
            steps = [step | {"layer": "exotic"} if number == 5 else step for number, step in enumerate(trace.meta["steps"])]
            return replace(trace, meta=trace.meta | {"layers": [*trace.meta["layers"], "exotic"], "steps": steps})


POOR = ("no requests", "nothing at all", "no steps", "one request", "a request that never ended", "no time", "a layer that nobody knows")


@pytest.mark.parametrize("what", POOR)
@pytest.mark.parametrize("beside", [0, 1, 2])
def test_a_poor_trace_is_shown_for_what_it_is(what: str, beside: int) -> None:
    traces = [[poor(what)], [poor(what), made_up("bare", 20)], [made_up("bare", 20), poor(what)]][beside]
    view, scene = view_of(traces, stage_for(traces)), Scene()
    controls = Controls(view)
    for key in ("space", "tab", "right", "left", "p", "d", "a", "end", "2", "home"):
        for shift in (False, True):
            controls.press(key, shift)
            controls.advance(0.1)
            scene.draw(view, LinesPicture())


def test_the_same_request_is_followed_on_every_stack(view: View) -> None:
    keys = [
        (row["client"], row["connection"], row["number"])
        for replay in view.replays
        for row in [replay.record(find(replay, view.follow) or 0)]
    ]
    assert set(keys) == {view.follow} and typical(view.replays) == view.follow


def test_each_column_shows_its_own_time(view: View) -> None:
    view.time_ns = 5_000
    for column in view.columns:
        assert view.column_time(column) == view.born_ns(column) + 5_000
    view.by_request = False
    assert {view.column_time(column) for column in view.columns} == {5_000}


def test_a_cue_waits_for_an_answer_and_keeps_to_the_requests_clock(view: View) -> None:
    said = Said("답했다", "answered")
    view.stage = replace(view.stage, cues=(Cue(5_000, Said("처음", "first")), Cue(0, said, answered=1)))
    column = view.stage.columns[1]
    for _ in range(2):
        view.time_ns = view.latency_ns(column) - 1
        assert view.cue() is not None and view.cue().caption != said  # type: ignore[union-attr]
        view.time_ns += 1
        assert view.cue() is not None and view.cue().caption == said  # type: ignore[union-attr]
        Controls(view).next_request(1)
    view.shown = [0, 2]
    assert [cue.at_ns for cue in view.cues()] == [5_000]
    view.by_request = False
    assert view.cues() == [] and view.cue() is None


def test_p_begins_with_the_slowest(view: View) -> None:
    controls = Controls(view)
    controls.press("p")
    column = view.columns[0]
    slowest = max(int(row["ended"] - row["born"]) for row in common(view.replays))
    assert view.latency_ns(column) == slowest
