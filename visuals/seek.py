"""Finds the rows of a trace that hold at an instant, anywhere in ten million, without reading the others.

Rows are sorted by start. At every 16384th row a keyframe keeps which earlier rows still held then; an instant is the nearest keyframe
before it and the rows that began since.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutaway.sim.trace import DEVICE, RUNNING, Table

Rows = npt.NDArray[np.int64]
EVERY = 16384
BRANCHES = 256
"""`branch` is one byte."""


class Holding:
    """Which rows [start, end) of a table hold at a time."""

    def __init__(self, table: Table, every: int = EVERY) -> None:
        self.starts, self.ends, self.every = np.ascontiguousarray(table["start"]), np.ascontiguousarray(table["end"]), every
        times = self.starts[::every]
        first = np.arange(len(table), dtype=np.int64) // every + 1
        last = np.searchsorted(times, self.ends, side="left")
        long = np.flatnonzero(last > first)
        counts = (last - first)[long]
        rows = np.repeat(long, counts)
        frames = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(first[long], counts)
        order = np.argsort(frames, kind="stable")
        self.held = rows[order]
        self.held_from = np.searchsorted(frames[order], np.arange(len(times) + 1))

    def at(self, time_ns: int) -> Rows:
        """The rows that hold, in order of start."""
        begun = int(np.searchsorted(self.starts, time_ns, side="right"))
        if not begun:
            return np.empty(0, np.int64)
        frame = (begun - 1) // self.every
        rows = np.concatenate([self.held[self.held_from[frame] : self.held_from[frame + 1]], np.arange(frame * self.every, begun)])
        holding: Rows = rows[self.ends[rows] > time_ns]
        return holding


class Journeys:
    """The spans of each request in order, and how far in its step each span begins and ends."""

    def __init__(self, spans: Table) -> None:
        self.spans = spans
        keys = spans["request"].astype(np.int64) * BRANCHES + spans["branch"]
        self.order = np.argsort(keys, kind="stable")
        self.keys = keys[self.order]
        self.step = self._steps_without_gaps()
        self.before, self.total = self._progress()
        self.own_steps = frozenset(np.unique(self.step[spans["branch"] == 0]).tolist())

    def rows(self, request: int, branch: int = 0) -> Rows:
        """Rows of one request, in time."""
        key = request * BRANCHES + branch
        return self.order[np.searchsorted(self.keys, key) : np.searchsorted(self.keys, key + 1)]

    def _steps_without_gaps(self) -> npt.NDArray[np.int32]:
        """A thread's overhead has no step of its own: it stands at the step that comes next, or at the request's last."""
        step = self.spans["step"][self.order].astype(np.int32)
        named = step >= 0
        places = np.arange(len(step))
        following = np.minimum.accumulate(np.where(named, places, len(step))[::-1])[::-1]
        earlier = np.maximum.accumulate(np.where(named, places, -1))
        inside = following < len(step)
        inside[inside] = self.keys[following[inside]] == self.keys[inside]
        source = np.where(inside, following, earlier)
        filled = np.where(source >= 0, step[np.clip(source, 0, None)], 0)
        out = np.empty(len(step), np.int32)
        out[self.order] = filled
        return out

    def _progress(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Work done in the step before each span, and in the whole step. A step that was taken off its CPU has several spans."""
        if not len(self.order):
            return np.empty(0, np.int64), np.empty(0, np.int64)
        ordered = self.spans[self.order]
        step = self.step[self.order]
        moved = np.where(is_moving(ordered), ordered["end"] - ordered["start"], 0)
        fresh = np.ones(len(step), bool)
        fresh[1:] = (step[1:] != step[:-1]) | (self.keys[1:] != self.keys[:-1])
        group = np.cumsum(fresh) - 1
        done = np.cumsum(moved) - moved
        first = np.flatnonzero(fresh)
        total_of_group = np.add.reduceat(moved, first)
        before, total = np.empty(len(step), np.int64), np.empty(len(step), np.int64)
        before[self.order] = done - done[first][group]
        total[self.order] = total_of_group[group]
        return before, total


def is_moving(spans: Table) -> npt.NDArray[np.bool_]:
    """Whether a span moves its request on: it runs, or is on a device; overhead of a thread and all waiting do not."""
    moving: npt.NDArray[np.bool_] = ((spans["kind"] == RUNNING) | (spans["kind"] == DEVICE)) & (spans["step"] >= 0)
    return moving
