"""What keys and the mouse do to the sliders of a what-if, and what its source has to say.

The steady state of a new setting is asked for at once; until it is there, that of the last setting stands. The animation goes on with the
new setting as soon as its recording has come, and with the old one as soon as all sliders stand where they stood.
"""

from __future__ import annotations

from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import Layout
from cutaway.visuals.view import View
from cutaway.visuals.what_if import Answer, Recording, Slider
from cutaway.visuals.what_if_panel import name_of, slider_areas, track_of


def toggle(view: View) -> None:
    """Opens or closes the panel; what the sliders say stays."""
    panel = view.what_if
    if panel is None:
        return
    panel.open = not panel.open
    view.details = None
    ask(view)
    view.move_to(view.time_ns)


def ask(view: View) -> None:
    """Asks for the setting as it stands, if it is not known; back at the first one the first recording is shown again."""
    panel = view.what_if
    if panel is None:
        return
    if panel.recorded is None:
        panel.recorded = Recording(panel.base, view.stage, view.replays)
        panel.shown = panel.base
        for number in panel.moved[:1]:                                                    # moved before there was a view
            panel.focus = number
            _beside_its_stack(view, panel.sliders[number])
    if panel.setting == panel.base and panel.shown != panel.base:
        _show(view, panel.recorded)
    if panel.waiting or panel.shown != panel.setting:
        panel.source.ask(panel.setting)


def hear(view: View) -> None:
    """Takes what has come; what is of a setting that has been left is dropped."""
    panel = view.what_if
    if panel is None:
        return
    for found in panel.source.poll():
        if isinstance(found, Answer) and found.setting == panel.setting:
            panel.answer = found
        elif isinstance(found, Recording) and found.setting == panel.setting:
            _show(view, found)


def _show(view: View, recording: Recording) -> None:
    assert view.what_if is not None
    view.what_if.shown = recording.setting
    view.take(recording)


def press(view: View, key: str) -> bool:
    """A key while the panel is open: whether it was one of its own."""
    panel = view.sliders
    if panel is None:
        return False
    slider = panel.sliders[panel.focus]
    match key:
        case "up" | "down":
            panel.focus = (panel.focus + (1 if key == "down" else -1)) % len(panel.sliders)
        case "left" | "right":
            move(view, panel.focus, panel.at[panel.focus] + (1 if key == "right" else -1))
        case "home" | "end":
            move(view, panel.focus, 0 if key == "home" else len(slider.stops) - 1)
        case "backspace":
            move(view, panel.focus, slider.base)
        case "u":
            back(view)
        case "1" | "2" | "3":
            beside(view, int(key) - 1)
        case _:
            return False
    return True


def move(view: View, number: int, stop: int) -> None:
    """A slider to a stop, or to the nearest that there is."""
    panel = view.what_if
    if panel is None:
        return
    stop = min(max(stop, 0), len(panel.sliders[number].stops) - 1)
    panel.focus = number
    if panel.at[number] != stop:
        panel.at[number] = stop
        _beside_its_stack(view, panel.sliders[number])
        ask(view)


def _beside_its_stack(view: View, slider: Slider) -> None:
    """A stack that has the slider's key comes to stand beside the panel, if one is shown and none does."""
    panel = view.what_if
    if panel is None:
        return
    having = [place for place, number in enumerate(view.shown) if name_of(view, view.stage.columns[number]) in slider.stacks]
    if having and panel.place not in having:
        panel.place = having[0]


def back(view: View) -> None:
    """All sliders to where the scenario has them."""
    if view.what_if is not None:
        view.what_if.at = list(view.what_if.base)
        ask(view)


def beside(view: View, place: int) -> None:
    """Another of the shown columns beside the panel."""
    if view.what_if is not None and place < len(view.shown):
        view.what_if.place = place
        view.move_to(view.time_ns)


def grabbed(view: View, at: Point, layout: Layout) -> int | None:
    """The slider that the mouse took hold of; it goes there."""
    panel = view.sliders
    if panel is None or layout.panel is None:
        return None
    areas = slider_areas(layout.panel, len(panel.sliders))
    number = next((number for number, area in enumerate(areas) if area.contains(at)), None)
    if number is not None:
        drag(view, number, at, layout)
    return number


def drag(view: View, number: int, at: Point, layout: Layout) -> None:
    """The slider to the stop that is nearest to the mouse."""
    panel = view.sliders
    if panel is not None and layout.panel is not None:
        move(view, number, _nearest(panel.sliders[number], slider_areas(layout.panel, len(panel.sliders))[number], at))


def _nearest(slider: Slider, area: Area, at: Point) -> int:
    left, right = track_of(area)
    return round((at.x - left) / (right - left) * (len(slider.stops) - 1))
