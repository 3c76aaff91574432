"""Keys and mouse, without a window."""

from __future__ import annotations

import pytest

from cutaway.visuals.controls import Controls
from cutaway.visuals.geometry import Point
from cutaway.visuals.picture import LinesPicture
from cutaway.visuals.scene import Scene
from cutaway.visuals.stage_data import stage_from
from cutaway.visuals.view import View, view_of


@pytest.fixture
def controls(traces: list) -> Controls:  # type: ignore[type-arg]
    captions = [{"at": "10 us", "text": "one", "speed": 2e-6}, {"at": "25 us", "text": {"ko": "둘", "en": "two"}}]
    view = view_of(traces, stage_from({"captions": captions}, traces))
    view.speed = 1e-5
    return Controls(view)


def test_space_plays_to_the_next_cue_and_stops_there(controls: Controls) -> None:
    view = controls.view
    controls.press("space")
    while view.playing:
        controls.advance(1 / 60)
    assert view.time_ns == 10_000 and view.speed == 2e-6
    controls.press("space")
    controls.press("space")
    assert not view.playing
    controls.press("page up")
    assert view.time_ns == view.range_ns()[0]


def test_time_does_not_depend_on_the_frame_rate(controls: Controls) -> None:
    controls.view.playing = True
    for _ in range(30):
        controls.advance(1 / 60)
    assert controls.view.time_ns == pytest.approx(5_000, abs=1)


def test_arrows_step_through_the_requests_events(controls: Controls) -> None:
    view = controls.view
    view.shown = [0]
    replay, request = view.replays[0], view.request(view.columns[0])
    assert request is not None
    starts = replay.trace.spans["start"][replay.journeys.rows(request)] - view.born_ns(view.columns[0])
    for start in starts[1:].tolist():
        controls.press("right")
        assert view.time_ns == start
    controls.press("left")
    assert view.time_ns == starts[-2]
    controls.press("right", shift=True)
    assert view.time_ns <= starts[-1]


def test_tab_follows_requests_and_comes_round(controls: Controls) -> None:
    first = controls.view.follow
    controls.press("tab")
    assert controls.view.follow != first
    controls.press("tab", shift=True)
    assert controls.view.follow == first
    controls.press("p")
    controls.press("home")
    assert all(controls.view.request(column) is not None for column in controls.view.columns)


def test_the_rest_of_the_keys(controls: Controls) -> None:
    view = controls.view
    for key in ("l", "t", "d", "up", "0", "a", "a", "2", "end"):
        controls.press(key)
    assert (view.language, view.palette_name, len(view.shown)) == ("en", "dark", 2) and view.time_ns == view.range_ns()[1]
    controls.press("b")
    assert view.screen == "black"
    controls.press("x")
    assert view.screen == ""
    controls.press("/", character="?")
    assert view.help
    controls.press("escape")
    assert not view.help
    controls.press("1", shift=True)
    assert view.shown == [1, 0]


@pytest.mark.parametrize(("typed", "time_ns"), [("12.5 us", 12_500), ("0.02 ms", 20_000), ("2", 25_000)])
def test_go_to(controls: Controls, typed: str, time_ns: int) -> None:
    controls.press("g")
    for character in typed:
        controls.press(character, character=character)
    controls.press("return")
    assert controls.view.time_ns == time_ns and controls.view.prompt is None


def test_going_nowhere_is_said(controls: Controls) -> None:
    for typed in ("#999999", "99", "soon", "1.2.3 ms", "9" * 400 + " s", "#" + "9" * 40):
        controls.go_to(typed)
    assert controls.view.message


def test_a_click_goes_down_to_the_cost_records(controls: Controls) -> None:
    view, scene, picture = controls.view, Scene(), LinesPicture()
    view.time_ns = 30_000
    scene.draw(view, picture)
    floor = next(target for target in view.targets if target.kind == "floor" and target.floor == "host")
    controls.click(floor.area.middle)
    assert view.details is not None and view.details.floor == "host"
    scene.draw(view, LinesPicture())
    line = next(target for target in view.targets if target.kind == "line")
    controls.click(line.area.middle)
    controls.wheel(1)
    picture = LinesPicture()
    scene.draw(view, picture)
    assert "text 비용 기록" in str(picture) and "× 1" in str(picture)
    controls.press("escape")
    assert view.details is None


def test_dragging_the_timeline_scrubs(controls: Controls) -> None:
    layout, _ = Scene().geometry(controls.view, 1920, 1080)
    middle = Point(layout.timeline.x + layout.timeline.width / 2, layout.timeline.middle.y)
    assert controls.grab(middle, layout) and not controls.grab(Point(10, 10), layout)
    first, last = controls.view.range_ns()
    assert controls.view.time_ns == pytest.approx((first + last) / 2, abs=2)


def test_following_another_request_keeps_the_instant(view: View) -> None:
    controls = Controls(view)
    view.time_ns = 20_000
    now = view.column_time(view.columns[0])
    controls.follow((0, 1, 5), (0, now))
    if view.range_ns()[0] <= now - view.born_ns(view.columns[0]) <= view.range_ns()[1]:
        assert view.column_time(view.columns[0]) == now
