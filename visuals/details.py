"""Details in the ledger's place: a request's steps with their times, and of one step where its cost came from, down to the cost record."""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.sim.trace import DEVICE, KINDS, RUNNING
from cutaway.visuals.figures import parts_of_total, told, total_of, unit_for
from cutaway.visuals.frame import broken
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import TOP_BAR, Layout
from cutaway.visuals.ledger import Ledger, ledger_at, step_of
from cutaway.visuals.live import sign_of
from cutaway.visuals.names import called
from cutaway.visuals.picture import Picture
from cutaway.visuals.stage import CostRecord, Language
from cutaway.visuals.view import Chosen, Target, View
from cutaway.visuals.words import word

LINE = 34.0
SIDE = 18.0
LABEL = 88.0
"""Width of the names of a cost record's lines."""


@dataclass(frozen=True, slots=True)
class Row:
    """Spans of one step and kind, one after the other, as one line of the details."""

    line: int
    step: int
    layer: str
    operation: str
    kind: int
    time_ns: int


def rows_of(view: View, chosen: Chosen, ledger: Ledger) -> list[Row]:
    """The ledger's spans, those in one step and kind joined, of the chosen floor or of all."""
    column = view.columns[chosen.column]
    replay = view.replay(column)
    names = [str(name) for name in replay.trace.meta["layers"]]
    wanted = view.stage.floor(chosen.floor).layers if chosen.floor else tuple(names)
    rows: list[Row] = []
    for number, line in enumerate(ledger.lines):
        layer = names[line.layer]
        if layer not in wanted:
            continue
        step = step_of(replay, line)
        operation = called(str(step["operation"]), view.language) if step else word("overhead", view.language)
        last = rows[-1] if rows else None
        if last and (last.step, last.kind, last.layer) == (line.step, line.kind, layer):
            rows[-1] = Row(last.line, last.step, layer, operation, line.kind, last.time_ns + line.end_ns - line.start_ns)
        else:
            rows.append(Row(number, line.step, layer, operation, line.kind, line.end_ns - line.start_ns))
    return rows


def draw_details(view: View, layout: Layout, picture: Picture) -> None:
    """The panel; its lines can be clicked."""
    chosen, palette = view.details, view.palette
    if chosen is None or chosen.column >= len(view.columns):
        return
    column = view.columns[chosen.column]
    request = view.request(column)
    area = Area(layout.ledger.x, TOP_BAR + 12, layout.ledger.width, layout.caption.bottom - TOP_BAR - 20)
    picture.frame(area, palette.ink, 2.2, ground=palette.room)
    view.targets.append(Target(Area(area.x, area.y, area.width, 48), "close"))
    picture.sign("disc", Point(area.x + SIDE + 8, area.y + 28), 8, palette.hue(column.hue), ground=palette.room)
    where = view.stage.floor(chosen.floor).name.told(view.language) if chosen.floor else word("all steps", view.language)
    picture.text(Point(area.x + SIDE + 26, area.y + 28), where, 30, palette.ink, bold=True, room=area.width - 180)
    picture.text(Point(area.right - SIDE, area.y + 28), f"#{request}" if request is not None else "–", 24, palette.ink2, align="right")
    ledger = ledger_at(view.replay(column), request, view.column_time(column)) if request is not None else None
    if ledger is None:
        picture.text(Point(area.x + SIDE, area.y + 76), word("not this request", view.language), 26, palette.ink2)
        return
    rows = rows_of(view, chosen, ledger)
    room = area.height - 120 - (330 if chosen.line >= 0 else 0)
    _list(view, chosen, rows, ledger, Area(area.x, area.y + 58, area.width, room), picture)
    picked = next((row for row in rows if row.line == chosen.line), None)
    if picked:
        _record(view, picked, Area(area.x, area.bottom - 380, area.width, 380), picture)


def _list(view: View, chosen: Chosen, rows: list[Row], ledger: Ledger, area: Area, picture: Picture) -> None:
    palette, unit = view.palette, unit_for(max(ledger.clock_ns, 1000))
    times = parts_of_total([row.time_ns for row in rows], unit)
    places = max(int(area.height // LINE) - 1, 1)
    picked = next((number for number, row in enumerate(rows) if row.line == chosen.line), len(rows) - 1)
    first = min(max(picked - places // 2, 0), max(len(rows) - places, 0))
    for number, row in enumerate(rows[first : first + places]):
        y = area.y + (number + 0.5) * LINE
        line = Area(area.x + 6, y - LINE / 2, area.width - 12, LINE)
        if row.line == chosen.line:
            picture.fill(line, palette.floor)
        waiting, ink = row.kind not in (RUNNING, DEVICE), palette.ink
        told_time = times[first + number]
        left, name = area.x + SIDE, row.operation
        if waiting:  # for what is told by the line that follows
            picture.sign(sign_of(row.kind, False), Point(left + 9, y), 8, palette.other, ground=palette.room)
            left, name = left + 26, word(KINDS[row.kind], view.language)
        picture.text(Point(left, y), name, 24, ink, bold=row.kind == RUNNING, room=area.right - left - SIDE - 96)
        picture.number(Point(area.right - SIDE, y), told_time, 24, ink, bold=not waiting, align="right")
        view.targets.append(Target(line, "line", chosen.column, row.line, chosen.floor))
    y = area.y + (min(len(rows), places) + 0.5) * LINE + 4
    picture.line(Point(area.x + SIDE, y - LINE / 2), Point(area.right - SIDE, y - LINE / 2), palette.ink, 2)
    picture.text(Point(area.x + SIDE, y), f"{word('total', view.language)} · {unit[1]}", 24, palette.ink2)
    picture.number(Point(area.right - SIDE, y), total_of([row.time_ns for row in rows], unit), 26, palette.ink, align="right")


def _record(view: View, row: Row, area: Area, picture: Picture) -> None:
    """A step's cost, the records it was made of and how often each, with what the stage knows of them."""
    palette, column = view.palette, view.columns[view.details.column if view.details else 0]
    steps = view.replay(column).trace.meta["steps"]
    picture.line(Point(area.x + SIDE, area.y), Point(area.right - SIDE, area.y), palette.ink, 2.2)
    y = area.y + 26
    if row.step < 0:
        picture.text(Point(area.x + SIDE, y), word("overhead", view.language), 26, palette.ink, bold=True)
        return
    step = steps[row.step]
    picture.text(Point(area.x + SIDE, y), word("costs", view.language), 26, palette.ink, bold=True)
    picture.text(Point(area.right - SIDE, y), told(int(step.get("cost_ns") or 0)), 26, palette.ink, bold=True, align="right")
    for use in step.get("costs", ()):
        y += 34
        if y > area.bottom - 20:
            return
        picture.text(
            Point(area.x + SIDE, y), called(str(use["name"]), view.language), 24, palette.ink, bold=True, room=area.width - 2 * SIDE - 90
        )
        picture.text(Point(area.right - SIDE, y), f"× {use['times']}", 24, palette.ink2, align="right")
        record = view.stage.costs.get(str(use["name"]))
        if record is None:
            continue
        for key in ("value", "spread", "what", "source", "machine", "command"):
            for number, line in enumerate(broken(_told(record, key, view.language), 24, area.width - 2 * SIDE - LABEL, picture)):
                if not line:
                    break
                y += 29
                if y > area.bottom - 14:
                    return
                if not number:
                    picture.text(Point(area.x + SIDE, y), word(key, view.language), 24, palette.ink2, room=LABEL - 6)
                picture.text(Point(area.x + SIDE + LABEL, y), line, 24, palette.ink, room=area.width - 2 * SIDE - LABEL)


def _told(record: CostRecord, key: str, language: Language) -> str:
    """One line of a cost record; beside the value stands where it is from if it was not measured."""
    said = str(getattr(record, key))
    if key == "value" and record.kind:
        return f"{said} ({called(record.kind, language)})"
    return called(said, language) if key == "spread" else said
