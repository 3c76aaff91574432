"""The ledger of the command: its steps' times as a stair, each bar where the last ended, the final edge the sum.

Steps of one kind share a line. Solid is a step that keeps a CPU busy or waits for one; what still goes on has the command's hue.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.visuals.docker.drawing import Scene
from cutaway.visuals.docker.steps import row_name, told
from cutaway.visuals.docker.words import word
from cutaway.visuals.figures import LONG, parts_of_total, total_of, unit_for
from cutaway.visuals.geometry import Area, Point

LONG_FROM_NS = 10_000_000
HEAD, FOOT, ROW_LEAST, ROW_MOST, NAME, NUMBER = 40.0, 54.0, 27.5, 44.0, 218.0, 110.0


@dataclass
class Row:
    """A line."""

    key: str
    took_ns: int = 0
    going: bool = False


def rows_of(scene: Scene) -> list[Row]:
    """The lines, in the order in which they came."""
    rows: dict[str, Row] = {}
    for step in scene.snapshot.steps:
        row = rows.setdefault(told(step).row, Row(told(step).row))
        row.took_ns += step.took_ns
        row.going |= step.going
    return list(rows.values())


def _fitting(rows: list[Row], most: int) -> list[Row]:
    """At most so many lines: the first ones share one where there are more."""
    if len(rows) <= most:
        return rows
    first = rows[: len(rows) - most + 1]
    return [Row("earlier", sum(row.took_ns for row in first), any(row.going for row in first)), *rows[len(first) :]]


def draw_stair(scene: Scene) -> None:
    area, picture, palette, language = scene.layout.ledger, scene.picture, scene.palette, scene.look.language
    foot = area.bottom - FOOT
    rows = _fitting(rows_of(scene), int((foot - 8 - area.y - HEAD) // ROW_LEAST))
    total_ns = sum(row.took_ns for row in rows)
    unit = LONG if total_ns >= LONG_FROM_NS or not total_ns else unit_for(total_ns)
    picture.text(Point(area.x, area.y + 20), word("steps", language), 30, palette.ink, bold=True)
    picture.text(Point(area.right, area.y + 21), unit.name, 26, palette.ink2, align="right")
    if rows:
        height = min(ROW_MOST, (foot - 8 - area.y - HEAD) / len(rows))
        bars = Area(area.x + NAME, area.y + HEAD, area.width - NAME - NUMBER, 0)
        numbers = parts_of_total([row.took_ns for row in rows], unit)
        before_ns = 0
        for number, (row, said) in enumerate(zip(rows, numbers, strict=True)):
            y = area.y + HEAD + (number + 0.5) * height
            _row(scene, row, said, y, height, Area(bars.x, y, bars.width, 0), before_ns, total_ns)
            before_ns += row.took_ns
    for y in (foot + 2, foot + 7):
        picture.line(Point(area.x, y), Point(area.right, y), palette.ink, 2)
    if not rows:
        return
    going = any(row.going for row in rows) or scene.snapshot.held is not None
    picture.text(Point(area.x, foot + 33), word("so far" if going else "total", language), 28, palette.ink2)
    picture.number(Point(area.right, foot + 33), total_of([row.took_ns for row in rows], unit), 36, palette.ink, align="right")


def _row(scene: Scene, row: Row, said: str, y: float, height: float, bars: Area, before_ns: int, total_ns: int) -> None:
    picture, palette = scene.picture, scene.palette
    size = min(28.0, height * 0.88)
    ink = palette.ink if row.going else palette.ink2
    picture.text(Point(bars.x - NAME, y), _name(scene, row.key), size, ink, bold=row.going, room=NAME - 12)
    width = bars.width / (total_ns or 1)
    bar = Area(bars.x + before_ns * width, y - min(9, height * 0.3), max(3.0, row.took_ns * width), min(18, height * 0.6))
    picture.fill(Area(min(bar.x, bars.right - 3), bar.y, min(bar.width, bars.right - min(bar.x, bars.right - 3)), bar.height),
                 scene.hue if row.going else palette.ink2)  # fmt: skip
    picture.number(Point(bars.right + NUMBER, y), said, size, palette.ink, bold=row.going, align="right")


def _name(scene: Scene, key: str) -> str:
    box = scene.snapshot.box
    return scene.say(row_name(key)).format(runtime=box.runtime if box else "runc", program=box.program if box else "")
