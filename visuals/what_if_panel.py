"""The panel of a what-if: its sliders, each with the old knob as a ghost, and below them the old steady state beside the new.

A row is a figure, a column a stack; what is moved is told in a sentence where the captions stand.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from cutaway.visuals.figures import UNITS, Unit, figure, grouped
from cutaway.visuals.frame import broken
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import Layout
from cutaway.visuals.names import called
from cutaway.visuals.palette import mixed
from cutaway.visuals.picture import Picture
from cutaway.visuals.stage import Column, Language
from cutaway.visuals.view import Target, View
from cutaway.visuals.what_if import Answer, Figure, Panel, Slider, StackAnswer
from cutaway.visuals.words import word

TITLE, SLIDER, GAP = 50.0, 88.0, 18.0
A_ROW = 3
"""Sliders that stand beside each other."""
HEADS, FIGURE_ROW, LAYER_ROW = 46.0, 40.0, 34.0
LABEL, CELL = 244.0, 326.0
OLD, ARROW, NEW = 94.0, 108.0, 218.0
"""Where the old value ends, the arrow stands, and the new value ends, from a cell's left."""
KNOB = 11.0
MANY = 100_000
"""What has more digits than a cell has room for."""
LEAST_NS = 100
"""A layer that takes less does not choose the unit of all."""
QUESTION_SIZES, LEADING = (40.0, 32.0, 26.0), 1.2
"""Of the sentence, the first in which it fits; the height of a line over its type."""
TICKS = 24
"""Stops of a slider that can still be told apart as ticks."""


def slider_areas(panel: Area, count: int) -> list[Area]:
    """Where each slider can be taken hold of."""
    wide = (panel.width - GAP * (A_ROW - 1)) / A_ROW
    return [
        Area(panel.x + number % A_ROW * (wide + GAP), panel.y + TITLE + number // A_ROW * SLIDER, wide, SLIDER - 8)
        for number in range(count)
    ]


def track_of(area: Area) -> tuple[float, float]:
    """Where the first and the last stop of a slider stand."""
    return area.x + 24, area.right - 24


def draw_panel(view: View, panel: Panel, layout: Layout, picture: Picture) -> None:
    """All of it; it is painted anew only when something in it has changed."""
    area = layout.panel
    if area is None:
        return
    state = panel.setting, panel.focus, panel.place, id(panel.answer), panel.waiting
    key = (*state, layout, tuple(view.shown), view.language, view.palette_name)
    picture.still("what if", key, area, lambda canvas: _all(view, panel, area, canvas))
    for kind, button, _ in _buttons(view, area, picture):
        view.targets.append(Target(button, kind))
    for number, (_, cell) in enumerate(_cells(view, panel, area)):
        view.targets.append(Target(cell._replace(height=HEADS), "stack", value=number))


def _all(view: View, panel: Panel, area: Area, picture: Picture) -> None:
    _title(view, panel, area, picture)
    for number, place in enumerate(slider_areas(area, len(panel.sliders))):
        _slider(view, panel, number, place, picture)
    if panel.answer is not None and panel.answer.error:
        _refused(view, panel.answer, _below(panel, area), picture)
    elif panel.answer is not None:
        _table(view, panel, panel.answer, area, picture)


def _below(panel: Panel, area: Area) -> Area:
    """What the sliders leave."""
    top = slider_areas(area, len(panel.sliders))[-1].bottom + 12
    return Area(area.x, top, area.width, area.bottom - top)


def _cells(view: View, panel: Panel, area: Area) -> list[tuple[Column, Area]]:
    """The shown stacks that the answer tells of, each with its part of the table."""
    answered = panel.answer.stacks if panel.answer else {}
    columns = [column for column in _columns(view) if name_of(view, column) in answered]
    below = _below(panel, area)
    wide = (below.width - LABEL) / max(len(columns), 1)
    return [(column, Area(below.x + LABEL + number * wide, below.y, wide, below.height)) for number, column in enumerate(columns)]


def draw_question(view: View, panel: Panel, area: Area, picture: Picture) -> None:
    """What is asked, and what must be known before the answer is believed."""
    palette, language = view.palette, view.language
    told = [
        f"{panel.sliders[number].name.told(language)} {_said(panel, number, language, moved=False)} → {_said(panel, number, language)}"
        for number in panel.moved
    ]
    question = ", ".join(told) if told else word("move one", language)
    bewares = _bewares(view, panel.answer)[:1] if panel.answer and not panel.waiting else []
    for size in QUESTION_SIZES:
        lines = broken(question, size, area.width, picture)
        if size * LEADING * (len(lines) + len(bewares)) <= area.height:
            break
    for number, line in enumerate([*lines, *bewares]):
        y = area.middle.y + (number - (len(lines) + len(bewares) - 1) / 2) * size * LEADING
        asked = number < len(lines)
        picture.text(Point(area.x, y), line, size if asked else min(size, 32), palette.ink, bold=asked, room=area.width)


def _bewares(view: View, answer: Answer) -> list[str]:
    named = [(column, answer.stacks.get(name_of(view, column))) for column in _columns(view)]
    return [word(found.beware, view.language).format(column.name.told(view.language)) for column, found in named if found and found.beware]


def name_of(view: View, column: Column) -> str:
    """The stack as the scenario calls it."""
    return str(view.replay(column).trace.meta["stack"])


def _columns(view: View) -> list[Column]:
    return [view.stage.columns[number] for number in view.shown]


# --- the sliders ---------------------------------------------------------------------------------------------------------------------


def _title(view: View, panel: Panel, area: Area, picture: Picture) -> None:
    palette, y = view.palette, area.y + 18
    title = word("what if", view.language)
    picture.text(Point(area.x, y), title, 32, palette.ink, bold=True)
    state = word("working it out", view.language) if panel.waiting else word("sample", view.language).format(panel.sample)
    picture.text(Point(area.x + picture.measure(title, 32, bold=True) + 22, y + 2), state, 24, palette.ink2)
    for kind, button, said in _buttons(view, area, picture):
        enabled = kind == "what if" or panel.moved
        picture.frame(button, palette.ink if enabled else palette.hair, 2, radius=5, ground=palette.room)
        picture.text(button.middle, said, 24, palette.ink if enabled else palette.ink2, align="middle")


def _buttons(view: View, area: Area, picture: Picture) -> list[tuple[Literal["what if", "back"], Area, str]]:
    """Each with what it does, its place and its label, from the right."""
    found: list[tuple[Literal["what if", "back"], Area, str]] = []
    right = area.right
    for kind, said in (("what if", f"C {word('close', view.language)}"), ("back", f"U {word('back', view.language)}")):
        wide = picture.measure(said, 24) + 28
        found.append(("what if" if kind == "what if" else "back", Area(right - wide, area.y, wide, 36), said))
        right -= wide + 14
    return found


def _said(panel: Panel, number: int, language: Language, *, moved: bool = True) -> str:
    slider = panel.sliders[number]
    return slider.stops[panel.at[number] if moved else slider.base].said.told(language)


def _slider(view: View, panel: Panel, number: int, area: Area, picture: Picture) -> None:
    palette, slider, at = view.palette, panel.sliders[number], panel.at[number]
    edge, thick = (palette.ink, 2.2) if number == panel.focus else (palette.hair, 1.2)
    picture.frame(area, edge, thick, radius=5, ground=palette.room)
    y, value = area.y + 25, _said(panel, number, view.language)
    picture.text(Point(area.right - 18, y), value, 28, palette.ink, bold=True, align="right")
    left = area.right - 18 - picture.measure(value, 28, bold=True)
    if at != slider.base:
        old = f"{_said(panel, number, view.language, moved=False)} → "
        picture.text(Point(left, y), old, 24, palette.ink2, align="right")
        left -= picture.measure(old, 24)
    picture.text(Point(area.x + 18, y), slider.name.told(view.language), 26, palette.ink, room=left - area.x - 26)
    _track(view, slider, at, area, picture)


def _track(view: View, slider: Slider, at: int, area: Area, picture: Picture) -> None:
    """The line with a tick for each stop; between the old knob and the new it is heavy."""
    palette, y, (left, right) = view.palette, area.y + 56, track_of(area)
    step = (right - left) / max(len(slider.stops) - 1, 1)
    picture.line(Point(left, y), Point(right, y), palette.line, 3)
    if len(slider.stops) <= TICKS:
        for stop in range(len(slider.stops)):
            picture.line(Point(left + stop * step, y + 13), Point(left + stop * step, y + 19), palette.line, 1.8)
    old, now = left + slider.base * step, left + at * step
    if old != now:
        picture.line(Point(min(old, now), y), Point(max(old, now), y), palette.ink, 5)
        picture.sign("ring", Point(old, y), KNOB - 3, palette.ink2, ground=palette.room)
    picture.sign("disc", Point(now, y), KNOB, palette.ink, ground=palette.room)


# --- the answer ----------------------------------------------------------------------------------------------------------------------


def _refused(view: View, answer: Answer, area: Area, picture: Picture) -> None:
    palette = view.palette
    picture.line(Point(area.x, area.y), Point(area.right, area.y), palette.ink, 2)
    picture.text(Point(area.x, area.y + 40), word("no such setting", view.language), 32, palette.ink, bold=True)
    for number, line in enumerate(broken(answer.error, 26, area.width, picture)[:8]):
        picture.text(Point(area.x, area.y + 90 + number * 38), line, 26, palette.ink, room=area.width)


def _table(view: View, panel: Panel, answer: Answer, area: Area, picture: Picture) -> None:
    """Figures above, layers below; of each stack the old value, the new one, and by how much they differ."""
    placed, area = _cells(view, panel, area), _below(panel, area)
    if not placed:
        return
    columns, cells = [(column, answer.stacks[name_of(view, column)]) for column, _ in placed], [cell for _, cell in placed]
    for number, (column, cell) in enumerate(placed):
        _head(view, column, panel.place == number, cell, picture)
    y = area.y + HEADS
    picture.line(Point(area.x, y), Point(area.right, y), view.palette.ink, 2)
    stale = panel.waiting
    rows = [(figure.name, [answer_.figures[at] for _, answer_ in columns]) for at, figure in enumerate(columns[0][1].figures)]
    for name, found in rows:
        y += FIGURE_ROW
        values = [value for one in found for value in (one.before, one.after)]
        unit = _rate(max(values)) if name == "throughput" else _time(values)
        label = f"{word(name, view.language)}, {unit.name}"
        _row(view, label, found, unit, cells, y - FIGURE_ROW / 2 + 3, 26, stale, picture)
    _layers(view, columns, cells, Area(area.x, y + 6, area.width, area.bottom - y - 6), stale, picture)


def _rate(greatest: float) -> Unit:
    """Requests a second, in thousands where there are many."""
    return Unit(1, "/s", 0) if greatest < MANY else Unit(1000, "k/s", 0)


def _time(values: Sequence[float]) -> Unit:
    """The greatest unit in which the least time is not nought point nought, as long as the greatest has no more than five digits."""
    greatest, least = max(values, default=0), min((value for value in values if value), default=0)
    fitting = [unit for unit in UNITS if unit.size <= max(greatest, 1) < MANY * unit.size]
    return next((unit for unit in fitting if least >= unit.size / 100), fitting[-1])


def _head(view: View, column: Column, chosen: bool, cell: Area, picture: Picture) -> None:
    """The stack's name; the one that stands at the left is marked."""
    palette, y = view.palette, cell.y + 22
    picture.sign("disc", Point(cell.x + 16, y), 9, palette.hue(column.hue), ground=palette.paper, halo=chosen)
    picture.text(Point(cell.x + 38, y), column.name.told(view.language), 28, palette.ink, bold=chosen, room=cell.width - 50)


def _row(
    view: View, label: str, found: Sequence[Figure | None], unit: Unit, cells: Sequence[Area], y: float, size: float, stale: bool,
    picture: Picture,
) -> None:  # fmt: skip
    """Old, new, difference; what is not yet of this setting is pale."""
    palette = view.palette
    picture.text(Point(cells[0].x - LABEL, y), label, size, palette.ink, room=LABEL - 14)
    for one, cell in zip(found, cells, strict=True):
        if one is None:
            picture.text(Point(cell.x + OLD, y), "–", size, palette.ink2, align="right")
            continue
        ink = palette.ink2 if stale else palette.ink
        picture.number(Point(cell.x + OLD, y), _written(one.before, unit), size, palette.ink2, bold=False, align="right")
        if not stale:
            picture.text(Point(cell.x + ARROW, y), "→", 24, palette.ink2, align="middle")
            picture.number(Point(cell.x + NEW, y), _written(one.after, unit), size, ink, align="right")
            picture.text(Point(cell.x + min(cell.width, CELL) - 8, y), change(one, view.language), 24, ink, align="right")


def _written(value: float, unit: Unit) -> str:
    """Three figures, of what is small beside the others two."""
    if unit.name == "/s":
        return grouped(round(value))
    return f"{value / unit.size:.3f}" if 0.001 <= value / unit.size < 0.1 else figure(value / unit.size)


def change(one: Figure, language: Language) -> str:
    """By how much the new value differs, in per cent of the old one; in words where it does not, or where it is many times as much."""
    if not one.difference:
        return word("same", language)
    if one.noise:
        return word("noise", language)
    if not one.before:
        return word("new", language)
    share = one.difference / one.before
    if share >= 9:
        return word("times", language).format(grouped(round(1 + share)))
    return f"{100 * share:+.{0 if abs(share) >= 0.9995 else 1}f} %".replace("-", "−")


def _layers(
    view: View, columns: Sequence[tuple[Column, StackAnswer]], cells: Sequence[Area], area: Area, stale: bool, picture: Picture
) -> None:
    """CPU time a request of each layer that any stack has, from the top down; above it as bars, old over new, on one scale."""
    height = {layer: at for at, floor in enumerate(view.stage.floors) for layer in floor.layers}
    names = list(dict.fromkeys(one.name for _, found in columns for one in found.layers))
    names.sort(key=lambda name: height.get(name, len(height)))
    by_name = [{one.name: one for one in found.layers} for _, found in columns]
    sides = [[[getattr(by[name], side) for name in names if name in by] for side in ("before", "after")] for by in by_name]
    greatest = max((sum(values) for both in sides for values in both), default=0)
    unit = _time([value for both in sides for values in both for value in values if value >= LEAST_NS])
    palette, y = view.palette, area.y + 24
    picture.line(Point(area.x, area.y), Point(area.right, area.y), palette.hair, 1.2)
    picture.text(Point(area.x, y), f"{word('cpu by layer', view.language)}, {unit.name}", 26, palette.ink, bold=True, room=LABEL - 14)
    for (column, _), (before, after), cell in zip(columns, sides, cells, strict=True):
        bar = Area(cell.x + 4, y - 16, min(cell.width, CELL) - 12, 12)
        _stack(view, column, before, greatest, bar, picture)
        if not stale:
            _stack(view, column, after, greatest, bar._replace(y=y - 1, height=16), picture)
    pitch = min(LAYER_ROW, (area.bottom - y - 22) / max(len(names), 1))
    for number, name in enumerate(names):
        found_ = [layers.get(name) for layers in by_name]
        _row(view, called(name, view.language), found_, unit, cells, y + 22 + (number + 0.5) * pitch, 24, stale, picture)


def _stack(view: View, column: Column, values: Sequence[float], greatest: float, area: Area, picture: Picture) -> None:
    """The layers' shares one after the other, alternately full and pale."""
    palette, x = view.palette, area.x
    for number, value in enumerate(values):
        wide = value / greatest * area.width if greatest else 0.0
        colour = palette.hue(column.hue)
        picture.fill(Area(x, area.y, wide, area.height), colour if number % 2 else mixed(colour, palette.paper, 0.55))
        x += wide
