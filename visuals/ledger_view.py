"""The ledger on the screen: a stair. Bars start at the client, each begins where the last ended, the final edge is the clock.

Rows are the floors' own, so a number stands at the height of the floor that spent it. Solid is CPU time, an outline is a device, hatched
is waiting. All columns have one scale, which is that of the slowest stack's whole request, so that bars only grow.
"""

from __future__ import annotations

from itertools import pairwise

from cutaway.sim.trace import SERVED
from cutaway.visuals.figures import Unit, parts_of_total, total_of, unit_for
from cutaway.visuals.frame import RULE, draw_bar_of
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import CLIENT_ROW, TOP_BAR, Layout
from cutaway.visuals.ledger import Entry, Ledger, ledger_at
from cutaway.visuals.live import sign_of
from cutaway.visuals.picture import Picture
from cutaway.visuals.stage import Column
from cutaway.visuals.view import Target, View
from cutaway.visuals.words import word

BAR, EDGE, LOW = 22.0, 10.0, 60.0


def scale_ns(view: View) -> int:
    """The time that fills a column of the ledger."""
    return max((view.latency_ns(column) for column in view.columns), default=0) or 1000


def draw_still_ledger(view: View, layout: Layout, picture: Picture) -> None:
    """Title, rules, names: what stays while the request is the same."""
    palette, area = view.palette, layout.ledger
    title = word("ledger", view.language)
    picture.text(Point(area.x, TOP_BAR + 20), title, 30, palette.ink, bold=True)
    known = view.request(view.columns[0])
    name = f"{word('request', view.language)} #{view.follow[2] if known is None else known}"
    picture.text(Point(area.x + picture.measure(title, 30, bold=True) + 14, TOP_BAR + 21), name, 24, palette.ink2)
    picture.text(Point(area.right, TOP_BAR + 21), unit_for(scale_ns(view))[1], 26, palette.ink2, align="right")
    for row in layout.rows.values():
        picture.line(Point(area.x, row.y), Point(area.right, row.y), palette.hair, RULE)
    for number, column in enumerate(view.columns):
        place = layout.ledger_column(number)
        picture.text(Point(place.x, TOP_BAR + 49), column.name.told(view.language), 26, palette.ink2, bold=True, room=place.width - 8)
        picture.line(Point(place.x, next(iter(layout.rows.values())).y), Point(place.x, layout.foot + CLIENT_ROW), palette.hair, RULE)
    foot = layout.foot + CLIENT_ROW
    for y in (foot - 1, foot + 4):
        picture.line(Point(area.x, y), Point(area.right, y), palette.ink, 2)


def draw_ledger(view: View, layout: Layout, picture: Picture) -> None:
    """Every stack's account at this instant."""
    for number, column in enumerate(view.columns):
        request, place = view.request(column), layout.ledger_column(number)
        ledger = ledger_at(view.replay(column), request, view.column_time(column)) if request is not None else None
        if ledger is not None:
            _account(view, layout, number, column, ledger, place, picture)
        elif request is None:
            picture.text(
                Point(place.x + 4, layout.foot + CLIENT_ROW + 28),
                word("not here", view.language),
                24,
                view.palette.ink2,
                room=place.width - 8,
            )


def _account(view: View, layout: Layout, number: int, column: Column, ledger: Ledger, place: Area, picture: Picture) -> None:
    palette, hue = view.palette, view.palette.hue(column.hue)
    floors = list(reversed(view.stage.floors))
    entries = [ledger.of(floor.layers) for floor in floors]
    known = {layer for floor in floors for layer in floor.layers}
    # Layers that no floor has are counted to the hardware's, so that the sum stays the clock.
    rest = ledger.of(tuple(layer for layer in ledger.layers if layer not in known))
    entries[1 if len(entries) > 1 else 0] = entries[1 if len(entries) > 1 else 0].plus(rest)
    unit = unit_for(scale_ns(view))
    numbers = parts_of_total([entry.total_ns for entry in entries], unit)
    width = (place.width - EDGE) / scale_ns(view)
    here = _floor_now(view, column, ledger)
    bars = _bars(view, layout, entries, place.x + 1, width)
    stood = [bar for bar in bars if bar.width > 0]
    for below, above in pairwise(stood):
        picture.line(Point(below.right, below.middle.y), Point(above.x, above.middle.y), hue, 2)
    for floor, entry, bar, told in zip(floors, entries, bars, numbers, strict=True):
        if entry.total_ns:
            _bar(entry, bar, width, hue, palette.paper, picture)
            now = floor.key == here and not ledger.over
            rises = bar.right if bar is not stood[-1] else place.x
            _number(view, column, layout.rows[floor.key], place, rises, told, now, picture)
            row = layout.rows[floor.key]
            view.targets.append(Target(Area(place.x, row.y, place.width, row.height), "floor", number, floor=floor.key))
    _total(view, layout, ledger, place, [entry.total_ns for entry in entries], unit, picture)


def _bars(view: View, layout: Layout, entries: list[Entry], x: float, width: float) -> list[Area]:
    """Of each floor, from the foot up, its stretch of the stair: each begins where the last ended."""
    bars = []
    for floor, entry in zip(reversed(view.stage.floors), entries, strict=True):
        row = layout.rows[floor.key]
        low = row.height < LOW
        bars.append(Area(x, row.y + 31 if low else row.middle.y + 12, entry.total_ns * width, 10 if low else BAR))
        x = bars[-1].right
    return bars


def _number(view: View, column: Column, row: Area, place: Area, rises: float, told: str, now: bool, picture: Picture) -> None:
    """A floor's time, off the line that rises from its bar; where there is no room beside the line, over it on paper."""
    low, palette = row.height < LOW, view.palette
    size, y = (24.0, row.y + 14) if low else (30.0, row.middle.y - 16)
    taken = picture.measure(told, size, bold=now, number=True)
    right = _beside(rises, taken + (28 if now and not low else 0), place)
    if right - taken - 4 < rises < right + 4:
        picture.fill(Area(right - taken - 4, y - size / 2, taken + 8, size), palette.paper)
    picture.number(Point(right, y), told, size, palette.ink, bold=now, align="right")
    if now and not low and not right - taken - 26 < rises < right - taken:
        _state(view, column, Point(right - taken - 16, y), palette.hue(column.hue), picture)


def _beside(line: float, width: float, place: Area) -> float:
    """Where a number ends so that the stair's upright line does not run through it: at the right if there is room, else before the line."""
    right = place.right - EDGE
    if line < right - width - 6 or line > right + 3:
        return right
    return line - 8 if line - 8 - width > place.x + 2 else min(line + 8 + width, place.right - 4)


def _bar(entry: Entry, bar: Area, width: float, hue: tuple[int, int, int], ground: tuple[int, int, int], picture: Picture) -> None:
    x = bar.x
    for way, time_ns in enumerate((entry.work_ns, entry.device_ns, entry.wait_ns)):
        draw_bar_of(way, Area(x, bar.y, time_ns * width, bar.height), hue, ground, picture)
        x += time_ns * width


def _floor_now(view: View, column: Column, ledger: Ledger) -> str:
    """The floor whose layer the request spends its time in now."""
    if not ledger.lines:
        return ""
    layer = str(view.replay(column).trace.meta["layers"][ledger.lines[-1].layer])
    return next((floor.key for floor in view.stage.floors if layer in floor.layers), "")


def _state(view: View, column: Column, at: Point, hue: tuple[int, int, int], picture: Picture) -> None:
    moment, request = view.moment(column), view.request(column)
    place = moment.where(request) if request is not None else None
    if place is not None:
        answering = bool(view.replay(column).answering[int(moment.step[place])])
        picture.sign(sign_of(int(moment.kind[place]), answering), at, 8, hue, ground=view.palette.paper, name=f"ledger of {request}")


def _total(view: View, layout: Layout, ledger: Ledger, place: Area, parts: list[int], unit: Unit, picture: Picture) -> None:
    y, told = layout.foot + CLIENT_ROW + 29, total_of(parts, unit)
    width = picture.measure(told, 32, bold=True, number=True)
    right = place.right - (EDGE if width + EDGE + 36 <= place.width else 2)
    picture.number(Point(right, y), told, 32, view.palette.ink, align="right")
    left = right - width - 18
    if ledger.over and ledger.outcome == SERVED:
        picture.sign("check", Point(left, y), 12, view.palette.ink, ground=view.palette.paper)
    elif ledger.over:
        picture.sign("cross", Point(left, y), 10, view.palette.ink, ground=view.palette.paper)
    else:
        picture.text(Point(left, y), "=", 26, view.palette.ink2, align="middle")
