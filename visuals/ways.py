"""The way of a column, and where on it every step of a plan happens.

The way leads from the client over the wire up to the server's process, turns, and leads back. Each step has a stretch of it: a step forward
goes from where its part begins to where the next part begins; a step that goes back (a system call from above, a VM exit) falls to its
part and returns. All stretches lie on one line measured by length, so that the places of many requests are one interpolation.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import cos, hypot, pi, sin
from typing import Any

import numpy as np
import numpy.typing as npt

from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import EXIT_FALL, ColumnLayout
from cutaway.visuals.stage import Part, Stage

Floats = npt.NDArray[np.float64]
BEND = 14.0
INSIDE = 6.0
"""A request that waits at a part stands this far inside of it."""
SAMPLES = 6


@dataclass
class Ways:
    """Lengths along the line and the points there; of each step its stretch, and where on the way proper the request is meanwhile."""

    points: list[Point]
    """The way proper, corner by corner."""
    length: float
    along: Floats
    xs: Floats
    ys: Floats
    begins: Floats
    ends: Floats
    home_begins: Floats
    home_ends: Floats
    part_of_step: list[str]
    turn: float
    """Length at the turning point."""
    at_client: npt.NDArray[np.bool_]
    """Of each step, whether it is the client's."""

    def places(self, steps: npt.NDArray[np.int32], shares: Floats) -> tuple[Floats, Floats]:
        """Where requests are that have done these shares of these steps."""
        at = self.begins[steps] + shares * (self.ends[steps] - self.begins[steps])
        return np.interp(at, self.along, self.xs), np.interp(at, self.along, self.ys)

    def walked(self, step: int, share: float) -> float:
        """How much of the way proper a request has behind it; an excursion does not add to it."""
        return float(self.home_begins[step] + share * (self.home_ends[step] - self.home_begins[step]))

    def cut(self, length: float) -> tuple[list[Point], list[Point]]:
        """The way up to a length, and the rest."""
        before, passed = [self.points[0]], 0.0
        for number, (start, end) in enumerate(pairwise(self.points)):
            stretch = hypot(end.x - start.x, end.y - start.y)
            if passed + stretch >= length:
                share = (length - passed) / stretch if stretch else 0.0
                here = Point(start.x + (end.x - start.x) * share, start.y + (end.y - start.y) * share)
                return [*before, here], [here, *self.points[number + 1 :]]
            before.append(end)
            passed += stretch
        return before, [self.points[-1]]


@dataclass
class _Line:
    """The measured line while it grows: first the way proper, then the excursions, apart from it."""

    along: list[float] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)

    def add(self, points: Sequence[Point]) -> tuple[float, float]:
        """Appends a stretch; gives its begin and end."""
        begin = self.along[-1] + 1.0 if self.along else 0.0
        at = begin
        for number, point in enumerate(points):
            at += hypot(point.x - points[number - 1].x, point.y - points[number - 1].y) if number else 0.0
            self.along.append(at)
            self.points.append(point)
        return begin, at

    def at(self, along: float) -> Point:
        return Point(
            float(np.interp(along, self.along, [p.x for p in self.points])), float(np.interp(along, self.along, [p.y for p in self.points]))
        )


def rounded(points: Sequence[Point]) -> list[Point]:
    """The way with its corners as they are drawn."""
    out = [points[0]]
    for number in range(1, len(points) - 1):
        before, here, after = points[number - 1 : number + 2]
        into, out_of = hypot(here.x - before.x, here.y - before.y), hypot(after.x - here.x, after.y - here.y)
        radius = min(BEND, into / (2 if number > 1 else 1), out_of / (2 if number < len(points) - 2 else 1))
        if radius <= 0:
            continue
        back = Point((before.x - here.x) / into, (before.y - here.y) / into)
        on = Point((after.x - here.x) / out_of, (after.y - here.y) / out_of)
        for sample in range(SAMPLES + 1):
            angle = sample / SAMPLES * pi / 2
            out.append(
                Point(
                    here.x + radius * (back.x * (1 - sin(angle)) + on.x * (1 - cos(angle))),
                    here.y + radius * (back.y * (1 - sin(angle)) + on.y * (1 - cos(angle))),
                )
            )
    return [*out, points[-1]]


class _Builder:
    """Lays the stretches of one column."""

    def __init__(self, stage: Stage, plan: ColumnLayout, steps: Sequence[dict[str, Any]], own: Collection[int]) -> None:
        self.stage, self.plan, self.steps, self.own = stage, plan, steps, own
        self.parts: dict[str, Part] = {part.key: part for part in stage.parts_of(plan.column)}
        self.apex = min((area.y + 14 for key, area in plan.parts.items() if self.parts[key].kind == "process"), default=plan.area.y + 60)
        self.corners = self._corners()
        self.line = _Line()
        self.line.add(rounded(self.corners))
        self.length = self.line.along[-1]
        lanes = plan.lane_up + plan.lane_down
        # The way back is longer by the distance of the lanes on the wire, so the middle of the turn is looked up, not halved.
        self.turn = next(
            along
            for along, point in zip(self.line.along, self.line.points, strict=True)
            if point.x >= lanes / 2 - 0.1 and point.y <= self.apex + 1
        )
        count = len(steps)
        self.begins, self.ends, self.home_begins, self.home_ends = (np.zeros(count) for _ in range(4))
        self.part_of_step = [""] * count

    def _corners(self) -> list[Point]:
        """From the client and back. To a client on this machine no wire leads: its way begins at the foot of the host's kernel."""
        plan, up, down = self.plan, self.plan.lane_up, self.plan.lane_down
        used = {self._part(number) for number in self.own}
        if used and not any(self.parts[key].kind in ("wire", "nic") for key in used if key in self.parts):
            floors = [self.parts[key].floor for key in used if self.parts[key].floor in plan.floors]
            foot = max((plan.floors[floor].bottom for floor in floors), default=plan.area.bottom) - 8
            return [Point(up, foot), Point(up, self.apex), Point(down, self.apex), Point(down, foot)]
        client = Point(plan.client_x, plan.wire_y)
        return [client, Point(up, plan.wire_y), Point(up, self.apex), Point(down, self.apex), Point(down, plan.wire_y), client]

    def _part(self, number: int) -> str:
        step = self.steps[number]
        part = self.stage.part_of(self.plan.column, str(step["layer"]), str(step["operation"]))
        return part.key if part else next(iter(self.parts))

    def _along(self, y: float, answering: bool) -> float:
        """Length of the way at a height of a lane."""
        reach = [
            (along, point)
            for along, point in zip(self.line.along, self.line.points, strict=True)
            if along <= self.length and (along >= self.turn) == answering
        ]
        heights = [(-point.y if not answering else point.y) for _, point in reach]
        return float(np.interp(-y if not answering else y, heights, [along for along, _ in reach]))

    def _edges(self, key: str, answering: bool) -> tuple[float, float] | None:
        """Where a request enters and leaves a part on the way; none for a part beside it."""
        kind = self.parts[key].kind
        if kind == "client":
            return (self.length, self.length) if answering else (0.0, 0.0)
        nic = next((area for other, area in self.plan.parts.items() if self.parts[other].kind == "nic"), None)
        if kind == "wire":
            door = nic.bottom if nic else self.plan.area.bottom
            return (self._along(door + 4, True), self.length) if answering else (0.0, self._along(door + 4, False))
        if kind not in ("nic", "lane", "slab", "process") or key not in self.plan.parts:
            return None
        area = self.plan.parts[key]
        if kind == "process":
            foot = area.bottom - INSIDE
            return (self.turn, self._along(foot, True)) if answering else (self._along(foot, False), self.turn)
        low, high = self._along(area.bottom - INSIDE, answering), self._along(area.y + INSIDE, answering)
        return (high, low) if answering else (low, high)

    def lay(self) -> Ways:
        self.part_of_step = [self._part(number) for number in range(len(self.steps))]
        plans: dict[Any, list[int]] = {}
        for number, step in enumerate(self.steps):
            if number in self.own:
                plans.setdefault(step.get("plan"), []).append(number)
        for numbers in plans.values():
            for answering in (False, True):
                self._lay_way([number for number in numbers if bool(self.steps[number].get("answering")) == answering], answering)
        points = self.line.points
        return Ways(
            self.corners,
            self.length,
            np.array(self.line.along),
            np.array([p.x for p in points]),
            np.array([p.y for p in points]),
            self.begins,
            self.ends,
            self.home_begins,
            self.home_ends,
            self.part_of_step,
            self.turn,
            np.array([self.parts[key].kind == "client" for key in self.part_of_step], dtype=bool),
        )

    def _lay_way(self, numbers: list[int], answering: bool) -> None:
        """Steps of one direction of one plan: those that lead on share the way; the others are excursions from where the request stands."""
        stops: list[tuple[str, list[int]]] = []
        frontier = -1.0
        excursions: list[tuple[int, int]] = []
        for number in numbers:
            key = self.part_of_step[number]
            edges = self._edges(key, answering)
            if stops and stops[-1][0] == key:
                stops[-1][1].append(number)
            elif edges is not None and edges[0] >= frontier - 0.01:
                frontier = edges[0]
                stops.append((key, [number]))
            else:
                excursions.append((number, stops[-1][1][-1] if stops else -1))
        for at, (key, steps) in enumerate(stops):
            edges = self._edges(key, answering) or (0.0, 0.0)
            end = edges[1]
            inside = edges[1]
            # From this machine to a client on it no wire leads: the request then simply is at the client.
            if at + 1 < len(stops) and (self.parts[stops[at + 1][0]].kind != "client" or self.parts[key].kind == "wire"):
                end = (self._edges(stops[at + 1][0], answering) or edges)[0]
            # The first step of the answer leads away from the turn, whatever part it is of.
            begin = self.turn if answering and not at and self.parts[key].kind != "client" else edges[0]
            if self.parts[key].kind in ("client", "wire"):
                inside = end
            self._share_out(steps, begin, inside, end if self.parts[key].kind != "client" else edges[0])
        first = self.begins[stops[0][1][0]] if stops else (self.turn if answering else 0.0)
        for number, after in excursions:
            self._excursion(number, float(self.ends[after]) if after >= 0 else float(first), answering)

    def _share_out(self, steps: list[int], begin: float, inside: float, end: float) -> None:
        """The steps of a part share its inside, so that who waits for one of them stands there; the last one leads on to the next part."""
        costs = [max(int(self.steps[number].get("cost_ns") or 0), 0) for number in steps]
        floor = max(sum(costs) / 24, 1.0)
        weights = np.array([max(cost, floor) for cost in costs])
        marks = begin + (inside - begin) * np.concatenate([[0.0], np.cumsum(weights) / weights.sum()])
        marks[-1] = end
        self.begins[steps], self.ends[steps] = marks[:-1], marks[1:]
        self.home_begins[steps], self.home_ends[steps] = marks[:-1], marks[1:]

    def _excursion(self, number: int, home: float, answering: bool) -> None:
        """From where the request stands to the step's part and back; parts beside the way have a track of their own."""
        key = self.part_of_step[number]
        here = self.line.at(home)
        lane = self.plan.lane_down if answering else self.plan.lane_up
        area = self.plan.parts.get(key)
        if area is None:
            self.begins[number] = self.ends[number] = home
        elif self._edges(key, answering) is None:
            self.begins[number], self.ends[number] = self.line.add(side_track(self.parts[key].kind, area))
        else:
            there = Point(lane, area.middle.y)
            level = [Point(lane, here.y)] if abs(here.x - lane) > 0.5 else []
            self.begins[number], self.ends[number] = self.line.add([here, *level, there, *reversed(level), here])
        self.home_begins[number] = self.home_ends[number] = home


def side_track(kind: str, area: Area) -> list[Point]:
    """Where a request goes in a part that stands beside the way."""
    if kind == "exit":
        top, x = area.y - EXIT_FALL - 14, area.x + 30
        return [Point(x, top), Point(x, area.y - 6), Point(x + 14, area.y - 6), Point(x + 14, top)]
    level = area.bottom - 12 if kind == "cache" else area.middle.y
    return [Point(area.x + 12, level), Point(area.right - 12, level)]


def ways_for(stage: Stage, plan: ColumnLayout, steps: Sequence[dict[str, Any]], own: Collection[int]) -> Ways:
    """The ways of one column for the steps of its trace. `own` are those that requests take themselves; what forks off has no way."""
    return _Builder(stage, plan, steps, own).lay()
