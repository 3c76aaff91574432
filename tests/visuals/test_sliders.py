"""The sliders: keys and mouse move them alike, nothing waits for an answer, and the panel can be read at any size."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutaway.visuals.controls import Controls
from cutaway.visuals.geometry import Point
from cutaway.visuals.picture import LinesPicture
from cutaway.visuals.scene import Scene
from cutaway.visuals.stage import Said
from cutaway.visuals.view import View
from cutaway.visuals.what_if import Answer, Figure, Panel, Recording, Setting, Slider, StackAnswer, Stop
from cutaway.visuals.what_if_panel import change, slider_areas, track_of
from tests.visuals.measured_picture import MeasuredPicture

SIZES = ((1280, 720), (1920, 1080), (3840, 2160), (1440, 1080), (2560, 1080))
LAYERS = ("nginx", "guest kernel", "vhost", "hypervisor", "halt polling", "host kernel", "bridge and NAT", "NIC")


class Noted:
    """A source that answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[Setting] = []
        self.come: list[Answer | Recording] = []

    def ask(self, setting: Setting) -> None:
        self.asked.append(setting)

    def poll(self) -> list[Answer | Recording]:
        come, self.come = self.come, []
        return come

    def close(self) -> None:
        self.asked.clear()


def slider(key: str, ko: str, en: str, stops: int, base: int, *stacks: str) -> Slider:
    told = [Stop(Said(f"{2**stop} /s", f"{2**stop} /s"), 2**stop) for stop in range(stops - 1)]
    return Slider(key, Said(ko, en), (*told, Stop(Said("한도 없음", "no limit"), None)), base, stacks)


SLIDERS = (
    slider("clients.connections", "연결 수", "Connections", 12, 5, "bare metal", "VM", "container"),
    slider("clients.think", "생각 시간", "Think time", 11, 5, "bare metal", "VM", "container"),
    slider("python", "Python 워커", "Python workers", 4, 0, "bare metal", "VM", "container"),
    slider("loops", "요청당 계산", "Loops", 12, 5, "bare metal", "VM", "container"),
    slider("vcpus", "VM의 vCPU", "vCPUs of the VM", 8, 0, "VM"),
    slider("cpus", "컨테이너의 CPU", "Container's CPUs", 10, 9, "container"),
)


def answer_to(setting: Setting, scale: float = 3.14, beware: str = "") -> Answer:
    figures = (
        Figure("throughput", 98_765.0, 98_765.0 * scale, 98_765.0 * (scale - 1), False),
        Figure("mean_latency", 57_300.0, 57_300.0 * scale, 57_300.0 * (scale - 1), False),
        Figure("p99_latency", 74_210.0, 18_641_000.0, 18_566_790.0, False),
        Figure("cpu_time", 13_490.0, 13_470.0, -20.0, True),
    )
    layers = tuple(Figure(name, 19_300.0, 9_310.0, -9_990.0, False) for name in LAYERS)
    return Answer(setting, {name: StackAnswer(figures, layers, beware) for name in ("bare metal", "VM", "container")})


@pytest.fixture
def noted() -> Noted:
    return Noted()


@pytest.fixture
def controls(view: View, noted: Noted) -> Controls:
    view.what_if = Panel(noted, SLIDERS, "8 × 4 000")
    controls = Controls(view)
    controls.press("c")
    return controls


def panel_of(controls: Controls) -> Panel:
    assert controls.view.sliders is not None
    return controls.view.sliders


def say(controls: Controls, noted: Noted, *found: Answer | Recording) -> None:
    from cutaway.visuals import sliders

    noted.come += found
    sliders.hear(controls.view)


# --- keys and mouse ------------------------------------------------------------------------------------------------------------------


def test_keys_choose_and_move_a_slider_and_each_new_setting_is_asked_for(controls: Controls, noted: Noted) -> None:
    panel = panel_of(controls)
    assert noted.asked == [panel.base]
    for key in ("right", "down", "end", "right", "left"):
        controls.press(key)
    assert panel.at == [6, 9, 0, 5, 0, 9] and noted.asked[1:] == [(6, 5, 0, 5, 0, 9), (6, 10, 0, 5, 0, 9), (6, 9, 0, 5, 0, 9)]
    controls.press("backspace")
    assert panel.at == [6, 5, 0, 5, 0, 9]
    controls.press("u")
    assert panel.setting == panel.base and not panel.moved


def test_the_mouse_does_what_the_keys_do(controls: Controls, noted: Noted) -> None:
    panel, scene = panel_of(controls), Scene()
    layout, _ = scene.geometry(controls.view, 1920, 1080)
    assert layout.panel is not None
    area = slider_areas(layout.panel, len(SLIDERS))[1]
    left, right = track_of(area)
    assert controls.grab(Point(left, area.y + 50), layout) and panel.at[1] == 0 and panel.focus == 1
    controls.drag(Point(right + 400, 20), layout)
    assert panel.at[1] == len(SLIDERS[1].stops) - 1
    asked = len(noted.asked)
    controls.drag(Point(right + 500, 20), layout)
    assert len(noted.asked) == asked, "at the same stop nothing new is asked"
    picture = LinesPicture()
    scene.draw(controls.view, picture)
    at = {target.kind: target.area.middle for target in controls.view.targets}
    controls.click(at["back"])
    assert panel.setting == panel.base
    controls.click(at["what if"])
    assert controls.view.sliders is None
    scene.draw(controls.view, picture)
    controls.click(next(target.area.middle for target in controls.view.targets if target.kind == "what if"))
    assert controls.view.sliders is panel


def test_the_stack_that_the_slider_is_of_comes_beside_the_panel(controls: Controls) -> None:
    controls.press("up")
    controls.press("left")
    assert [column.name.en for column in controls.view.columns] == ["Container"]
    controls.press("2")
    assert [column.name.en for column in controls.view.columns] == ["VM"]
    controls.press("escape")
    assert len(controls.view.columns) == 3 and not controls.want


def test_a_saved_trace_has_no_sliders(view: View) -> None:
    Controls(view).press("c")
    picture = LinesPicture()
    Scene().draw(view, picture)
    assert view.sliders is None and "만약에" not in str(picture)


# --- what comes back -----------------------------------------------------------------------------------------------------------------


def test_an_answer_to_a_setting_that_was_left_is_dropped(controls: Controls, noted: Noted) -> None:
    panel = panel_of(controls)
    say(controls, noted, answer_to(panel.base))
    assert not panel.waiting
    controls.press("right")
    old = panel.setting
    controls.press("right")
    say(controls, noted, answer_to(old))
    assert panel.waiting and panel.answer is not None and panel.answer.setting == panel.base
    say(controls, noted, answer_to(panel.setting))
    assert not panel.waiting


def test_the_animation_goes_on_with_the_new_setting_and_back(controls: Controls, noted: Noted) -> None:
    """The same request at the same instant, on other traces; back at the first setting the first traces are there at once."""
    view, panel = controls.view, panel_of(controls)
    first, follow = view.replays, view.follow
    view.move_to(20_000)
    controls.press("right")
    recording = Recording(panel.setting, replace(view.stage, title=Said("새", "new")), list(first))
    say(controls, noted, recording)
    assert view.replays is recording.replays and view.follow == follow and view.time_ns == 20_000 and panel.shown == panel.setting
    controls.press("u")
    assert view.replays is first and panel.shown == panel.base


def test_while_it_is_worked_out_no_new_value_is_shown(controls: Controls, noted: Noted) -> None:
    say(controls, noted, answer_to(panel_of(controls).base))
    controls.press("right")
    picture = LinesPicture()
    Scene().draw(controls.view, picture)
    assert "text 계산 중…" in str(picture) and "text →" not in str(picture)
    say(controls, noted, answer_to(panel_of(controls).setting))
    picture = LinesPicture()
    Scene().draw(controls.view, picture)
    assert "text →" in str(picture) and "text 계산 중…" not in str(picture)


@pytest.mark.parametrize(
    ("before", "difference", "noise", "told"),
    [(10, 0, False, "same"), (10, 1, True, "noise"), (10, -2.5, False, "−25.0 %"), (10, 30, False, "+300 %"), (10, 90, False, "10×"),
     (0, 3, False, "new")],
)  # fmt: skip
def test_a_difference_is_told_in_per_cent_or_in_a_word(before: float, difference: float, noise: bool, told: str) -> None:
    assert change(Figure("p99_latency", before, before + difference, difference, noise), "en") == told


# --- how it looks --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_panel_is_legible(controls: Controls, noted: Noted, size: tuple[int, int], language: str) -> None:
    """No text over text, none cut, and what the last row reads is at least 24 of 1080 lines high."""
    view, panel = controls.view, panel_of(controls)
    view.language = language  # type: ignore[assignment]
    panel.at = [11, 0, 3, 11, 7, 0]
    refusal = Answer(panel.setting, error="stacks.container.layers[2].cpus is 4; the machine has 2 CPUs. " * 3)
    for shown, found in (([0], answer_to), ([0, 1], answer_to), ([0, 1, 2], answer_to), ([0, 1, 2], lambda setting, *_: refusal)):
        view.shown = shown
        panel.answer = found(panel.setting, 12.0, "queue grows")
        picture = MeasuredPicture(size)
        Scene().draw(view, picture)
        assert picture.collisions() == []
        heads = [target for target in view.targets if target.kind == "stack"]
        assert len(heads) == (0 if panel.answer.error else len(shown))
        hint = {string for string in picture.sizes if "Backspace" in string}
        small = {string: pixels for string, pixels in picture.sizes.items() if pixels < 24 * picture.scale - 0.5 and string not in hint}
        assert small == {}


def test_a_short_time_beside_a_long_one_is_still_a_figure(controls: Controls, noted: Noted) -> None:
    """Under a quota of a tenth latency goes from 0.7 ms to 3.5 s: in seconds the first would read 0.00."""
    figures = tuple(Figure(name, 710_000.0, 3_520_000_000.0, 3_519_290_000.0, False) for name in ("mean_latency", "p99_latency"))
    say(controls, noted, Answer(panel_of(controls).base, {"bare metal": StackAnswer(figures, ())}))
    picture = LinesPicture()
    Scene().draw(controls.view, picture)
    assert "text p99 지연, ms" in str(picture) and "number 0.71" in str(picture) and "number 3\u2009520" in str(picture)
