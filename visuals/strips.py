"""The strips below the section: the latency of all requests as a heat map with p50 and p99, and the timeline with its events, cues and
playhead."""

from __future__ import annotations

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from cutaway.visuals.figures import figure, grouped, unit_for
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import MARGIN, Layout
from cutaway.visuals.metrics import Latencies
from cutaway.visuals.palette import Palette, mixed
from cutaway.visuals.picture import Picture
from cutaway.visuals.stage import Column
from cutaway.visuals.view import View
from cutaway.visuals.words import word

CELLS_WIDE, CELLS_HIGH = 10.0, 12
TICK_STEP, TICK_ROWS = 5.0, 4
ENOUGH = 24
"""Requests that a point of the p50 and p99 lines is made of, about."""
FLAG = Area(0, 0, 30, 26)
"""A flag of one digit; each further one makes it wider by `DIGIT`."""
DIGIT = 14.0
BETWEEN_FLAGS = 4.0


# --- latency -------------------------------------------------------------------------------------------------------------------------


def draw_latency(view: View, layout: Layout, picture: Picture) -> None:
    """Each column's requests so far."""
    low, high = latency_bounds(view)
    for number, column in enumerate(view.columns):
        strip, latencies = layout.strips[number], view.replay(column).latencies
        key = (column, layout, view.edition, view.palette_name, low, high)
        picture.still(f"room {number}", key, strip, partial(_empty, strip, view.palette))
        now = min(max((view.column_time(column) - latencies.start_ns) / max(latencies.end_ns - latencies.start_ns, 1), 0.0), 1.0)
        shown = Area(strip.x, strip.y, strip.width * now, strip.height)
        if shown.width >= 1:
            picture.still(f"heat {number}", key, strip, partial(_heat, strip, latencies, low, high, view.palette, column), shown=shown)


def latency_bounds(view: View) -> tuple[int, int]:
    """The scale of all strips: 1, 2, 5 times a power of ten around all latencies."""
    bounds = [view.replay(column).latencies.bounds() for column in view.columns]
    low = _round_to(min(low for low, _ in bounds), False)
    return low, max(_round_to(max(high for _, high in bounds), True), 2 * low)


def _round_to(value: int, up: bool) -> int:
    marks: list[int] = [mantissa * 10**power for power in range(13) for mantissa in (1, 2, 5)]
    return min(mark for mark in marks if mark >= value) if up else max(mark for mark in marks if mark <= value)


def _empty(strip: Area, palette: Palette, picture: Picture) -> None:
    picture.fill(strip, palette.room)
    picture.fill(Area(strip.x, strip.bottom - 1.6, strip.width, 1.6), palette.line)


def _heat(strip: Area, latencies: Latencies, low: int, high: int, palette: Palette, column: Column, picture: Picture) -> None:
    _empty(strip, palette, picture)
    columns = max(int(strip.width / CELLS_WIDE), 1)
    counts = latencies.heat(columns, CELLS_HIGH, low, high)
    wide, tall = strip.width / columns, (strip.height - 4) / CELLS_HIGH
    greatest = max(int(counts.max()), 1)
    for x, y in np.argwhere(counts).tolist():
        share = 0.12 + 0.78 * (counts[x, y] / greatest) ** 0.5
        picture.fill(
            Area(strip.x + x * wide, strip.bottom - 2 - (y + 1) * tall, wide, tall), mixed(palette.hue(column.hue), palette.room, share)
        )

    def level(latency: int) -> float:
        return strip.bottom - 2 - float(np.log(max(latency, 1) / low) / np.log(high / low)) * (strip.height - 4)

    stretches = min(columns, max(len(latencies.ended) // ENOUGH, 2))
    wide = strip.width / stretches
    for together in unbroken(latencies.lines(stretches)):
        for which, dashed in ((1, False), (2, True)):
            points = [Point(strip.x + (line[0] + 0.5) * wide, level(line[which])) for line in together]
            if len(points) == 1:
                points = [Point(points[0].x + side * wide / 2, points[0].y) for side in (-1, 1)]
            picture.curve(points, palette.ink, 2, dashed=dashed)


def unbroken(lines: list[tuple[int, int, int]]) -> list[list[tuple[int, int, int]]]:
    """The points of stretches side by side: where no request ended, no line leads over."""
    runs: list[list[tuple[int, int, int]]] = []
    for line in lines:
        if runs and runs[-1][-1][0] + 1 == line[0]:
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def draw_percentiles(view: View, layout: Layout, picture: Picture) -> None:
    """p50 and p99 so far, under the ledger's columns."""
    palette, top = view.palette, layout.strips[0].y
    unit = unit_for(latency_bounds(view)[1])
    for row in (0, 1):
        y = top + 22 + row * 38
        for number, column in enumerate(view.columns):
            both = view.replay(column).latencies.so_far(view.column_time(column))
            if both:
                picture.number(
                    Point(layout.ledger_column(number).right - 4, y), figure(both[row] / unit[0]), 26, palette.ink, align="right"
                )


def draw_still_strips(view: View, layout: Layout, picture: Picture) -> None:
    """The strips' names and scales."""
    palette, strip = view.palette, layout.strips[0]
    low, high = latency_bounds(view)
    unit = unit_for(high)
    picture.text(Point(MARGIN, strip.y + 24), word("latency", view.language), 26, palette.ink2)
    size = unit[0]
    picture.text(
        Point(MARGIN, strip.y + 58), f"{low / size:g}–{high / size:g} {unit[1]}", 24, palette.ink2, room=layout.strips[0].x - MARGIN - 10
    )
    picture.text(Point(MARGIN, layout.timeline.middle.y), word("events", view.language), 26, palette.ink2)
    for row, name in enumerate(("p50", "p99")):
        y, left = strip.y + 22 + row * 38, layout.strips[-1].right + 3
        for x in (left, left + 8):
            picture.line(Point(x, y), Point(x + (8 if not row else 5), y), palette.ink, 2)
        picture.text(Point(layout.ledger.x - 9, y), f"{name} {unit[1]}", 24, palette.ink2, room=87)


def draw_load(view: View, layout: Layout, picture: Picture) -> None:
    """Throughput so far and how busy the CPUs are now, at the right of each column's head; or that nothing more was recorded."""
    for number, column in enumerate(view.columns):
        replay, now = view.replay(column), view.column_time(column)
        right, y = layout.columns[number].area.right - 2, layout.columns[number].area.y
        since = replay.latencies.start_ns
        if now <= since:
            continue
        throughput = f"{grouped(round(replay.latencies.throughput(min(now, replay.end_ns))))} /s"
        picture.number(Point(right, y - 45), throughput, 26, view.palette.ink2, bold=False, align="right")
        if now > replay.end_ns:
            picture.text(Point(right, y - 20), word("recorded", view.language), 26, view.palette.ink2, align="right")
            continue
        share = replay.cpu_share(now, max((replay.end_ns - since) // 50, 1))
        picture.number(Point(right, y - 20), f"CPU {share * 100:.0f} %", 26, view.palette.ink2, bold=False, align="right")


# --- the timeline --------------------------------------------------------------------------------------------------------------------


def draw_timeline(view: View, layout: Layout, picture: Picture) -> None:
    """Events behind the playhead in ink, those to come pale; numbered flags of the cues."""
    palette, area = view.palette, layout.timeline
    key = (layout, view.edition, view.range_ns(), view.palette_name, tuple(view.shown), view.follow if view.by_request else None)
    x = time_to_x(view, area, view.time_ns)
    to_come, past = Area(x, area.y, area.right - x, area.height), Area(area.x, area.y, x - area.x, area.height)
    for name, colour, shown in (("to come", palette.hair, to_come), ("past", palette.ink2, past)):
        if shown.width >= 1:
            picture.still(f"events {name}", key, area, partial(_ticks, view, area, colour), shown=shown)
    picture.line(Point(x, area.y + FLAG.height + 2), Point(x, area.bottom), palette.ink, 2.6)
    picture.shape([Point(x - 8, area.bottom + 5), Point(x + 8, area.bottom + 5), Point(x, area.bottom - 6)], palette.ink)
    current, cues = view.cue(), view.cues()
    standing = next((number for number, cue in enumerate(cues) if cue == current), -1)
    for flag in flags(tuple(time_to_x(view, area, cue.at_ns) for cue in cues), area):
        _flag(flag, area, flag.first <= standing <= flag.last, view.palette, picture)


def time_to_x(view: View, area: Area, time_ns: int) -> float:
    first, last = view.range_ns()
    return area.x + (time_ns - first) / max(last - first, 1) * area.width


def x_to_time(view: View, area: Area, x: float) -> int:
    first, last = view.range_ns()
    return first + round((x - area.x) / area.width * (last - first))


class Flag(NamedTuple):
    """One cue, or neighbours for which there is no room apart: their numbers from 0, where their poles stand, and the flag's place."""

    first: int
    last: int
    poles: tuple[float, ...]
    x: float
    width: float

    @property
    def label(self) -> str:
        return f"{self.first + 1}" if self.first == self.last else f"{self.first + 1}–{self.last + 1}"


def _width_of(first: int, last: int) -> float:
    label = f"{first + 1}" if first == last else f"{first + 1}–{last + 1}"
    return FLAG.width + DIGIT * (len(label) - 1)


@lru_cache(maxsize=64)
def flags(poles: tuple[float, ...], area: Area) -> tuple[Flag, ...]:
    """Flags beside each other, each as near to its pole as the others leave room; the closest share one where there are too many."""
    groups = [(number, number) for number in range(len(poles))]
    while len(groups) > 1 and sum(_width_of(*group) + BETWEEN_FLAGS for group in groups) > area.width:
        near = min(range(len(groups) - 1), key=lambda at: poles[groups[at + 1][1]] - poles[groups[at][0]])
        groups[near : near + 2] = [(groups[near][0], groups[near + 1][1])]
    # Runs of touching flags: each as (its groups, the sum of where they would begin it, its width).
    runs: list[tuple[list[tuple[int, int]], float, float]] = []
    for group in groups:
        runs.append(([group], poles[group[0]], _width_of(*group) + BETWEEN_FLAGS))
        while len(runs) > 1 and _begin(runs[-2], area) + runs[-2][2] > _begin(runs[-1], area):
            after, before = runs.pop(), runs.pop()
            runs.append((before[0] + after[0], before[1] + after[1] - len(after[0]) * before[2], before[2] + after[2]))
    placed = []
    for run in runs:
        x = _begin(run, area)
        for first, last in run[0]:
            placed.append(Flag(first, last, poles[first : last + 1], x, _width_of(first, last)))
            x += _width_of(first, last) + BETWEEN_FLAGS
    return tuple(placed)


def _begin(run: tuple[list[tuple[int, int]], float, float], area: Area) -> float:
    """Where a run of flags begins: on average at their poles, inside the timeline."""
    groups, begins, width = run
    return max(min(begins / len(groups), area.right - width + BETWEEN_FLAGS), area.x)


def _flag(flag: Flag, area: Area, current: bool, palette: Palette, picture: Picture) -> None:
    box = Area(flag.x, area.y, flag.width, FLAG.height)
    for x in flag.poles:
        foot = Point(min(max(x, box.x + 0.9), box.right - 0.9), box.bottom)
        if abs(foot.x - x) > 1:  # the flag had to give way: a slanted line leads to its moment
            picture.curve([foot, Point(x, box.bottom + 8)], palette.ink, 1.8)
            foot = Point(x, box.bottom + 8)
        picture.line(Point(x, foot.y), Point(x, area.bottom), palette.ink, 1.8)
    picture.frame(box, palette.ink, 1.8, ground=palette.ink if current else palette.paper)
    picture.number(box.middle, flag.label, 24, palette.paper if current else palette.ink, align="middle")


def _ticks(view: View, area: Area, colour: tuple[int, int, int], picture: Picture) -> None:
    picture.fill(area, view.palette.paper)
    rows, pitch = event_cells(view, area), (area.height - FLAG.height - 2) / TICK_ROWS
    for row, (cells, counts) in enumerate(rows):
        foot = area.bottom - 3 - row * pitch
        # One request's events are single ones; a run's are so many that each mark's height is their number.
        heights = (
            np.full(len(cells), pitch - 3) if view.by_request else np.maximum((pitch - 3) * counts / max(counts.max(initial=1), 1), 1.5)
        )
        for cell, height in zip(cells.tolist(), heights.tolist(), strict=True):
            picture.fill(Area(area.x + cell * TICK_STEP, foot - height, 2, height), colour)
    picture.fill(Area(area.x, area.bottom - 2, area.width, 1.4), view.palette.line)


def event_cells(view: View, area: Area) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """By height of the layer, from the client up, the marks where something begins and how often: of the request, or of the run."""
    first, last = view.range_ns()
    found: list[list[npt.NDArray[np.int64]]] = [[] for _ in range(TICK_ROWS)]
    floors = list(reversed(view.stage.floors))
    for column in view.columns:
        replay = view.replay(column)
        shift = view.born_ns(column) if view.by_request else 0
        request = view.request(column)
        if view.by_request and request is not None:
            spans = replay.trace.spans[replay.journeys.rows(request)]
        else:
            begin, end = np.searchsorted(replay.spans.starts, (first + shift, last + shift))
            spans = replay.trace.spans[begin : end : max((end - begin) // 200_000, 1)]
        cells = ((spans["start"] - shift - first) / max(last - first, 1) * (area.width / TICK_STEP)).astype(np.int64)
        names = [str(name) for name in replay.trace.meta["layers"]]
        height = np.array([next((at for at, floor in enumerate(floors) if name in floor.layers), 0) for name in names])
        rows = height[spans["layer"]] * TICK_ROWS // len(floors)
        for row in range(TICK_ROWS):
            found[row].append(cells[rows == row])
    return [np.unique(np.concatenate(cells or [np.empty(0, np.int64)]), return_counts=True) for cells in found]
