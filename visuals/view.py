"""What is being looked at, and how: the stage, the traces, the clock, whom we follow, and what the viewer has chosen.

The player changes it and the scene reads it. With `by_request` the clock is 0 when the followed request is born, on each stack at its own
time: same request, same time. Else the clock is the run's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from cutaway.sim.trace import SERVED, Table, Trace
from cutaway.visuals.figures import faster
from cutaway.visuals.geometry import Area
from cutaway.visuals.moment import Moment, Replay
from cutaway.visuals.palette import PALETTES, Palette
from cutaway.visuals.stage import Column, Cue, Language, Stage
from cutaway.visuals.what_if import Panel, Recording

Key = tuple[int, int, int]
"""(client, connection, number): the same request on every stack."""
LEAD = 0.04
"""Share of a request's life that is shown before its birth and after its end."""
FILM_S = 16.0
"""A request's life fills about this long a film at the first speed."""


@dataclass(frozen=True)
class Chosen:
    """What the details tell of: a floor of a column's ledger (empty: all), and a step in it."""

    column: int
    floor: str = ""
    line: int = -1


@dataclass(frozen=True)
class Target:
    """Something on the screen that can be clicked."""

    area: Area
    kind: Literal["request", "floor", "line", "close", "what if", "back", "stack"]
    column: int = 0
    value: int = 0
    floor: str = ""


@dataclass
class View:
    """The state of the screen; all of it can be set by hand, as tests and recordings do."""

    stage: Stage
    replays: list[Replay]
    shown: list[int]
    follow: Key
    time_ns: int = 0
    speed: float = 1e-5
    first_speed: float = 1e-5
    by_request: bool = True
    language: Language = "ko"
    palette_name: str = "light"
    playing: bool = False
    numbers: bool = False
    details: Chosen | None = None
    help: bool = False
    screen: Literal["", "black", "white"] = ""
    prompt: str | None = None
    message: str = ""
    hint: bool = True
    speed_shown_until_ns: int = -1
    targets: list[Target] = field(default_factory=list)
    what_if: Panel | None = None
    edition: int = 0
    """Grows when other traces are shown in place of these."""
    _found: dict[tuple[int, Key], int | None] = field(default_factory=dict)

    @property
    def palette(self) -> Palette:
        return PALETTES[self.palette_name]

    @property
    def columns(self) -> list[Column]:
        """The columns that stand on the screen: of those that are shown only one beside the sliders."""
        shown = [self.stage.columns[number] for number in self.shown]
        if self.sliders is None:
            return shown
        place = min(self.sliders.place, len(shown) - 1)
        return shown[place : place + 1]

    @property
    def sliders(self) -> Panel | None:
        """The what-if whose sliders stand open."""
        return self.what_if if self.what_if is not None and self.what_if.open else None

    def replay(self, column: Column) -> Replay:
        return self.replays[column.trace]

    def request(self, column: Column) -> int | None:
        """The followed request's number in a column's own trace."""
        kept = column.trace, self.follow
        if kept not in self._found:
            self._found = {known: at for known, at in self._found.items() if known[1] == self.follow}
            self._found[kept] = find(self.replay(column), self.follow)
        return self._found[kept]

    def born_ns(self, column: Column) -> int:
        """When the followed request was born on this stack; the run's start if it is not there."""
        replay, request = self.replay(column), self.request(column)
        return int(replay.record(request)["born"]) if request is not None else replay.start_ns

    def column_time(self, column: Column) -> int:
        """The trace's own time that the clock means in a column."""
        return self.time_ns + self.born_ns(column) if self.by_request else self.time_ns

    def moment(self, column: Column) -> Moment:
        return self.replay(column).at(self.column_time(column))

    def latency_ns(self, column: Column) -> int:
        replay, request = self.replay(column), self.request(column)
        if request is None:
            return 0
        row = replay.record(request)
        return max(int(row["ended"]), int(row["born"])) - int(row["born"])

    def range_ns(self) -> tuple[int, int]:
        """First and last time on the timeline."""
        if self.by_request:
            longest = max((self.latency_ns(column) for column in self.columns), default=0) or 1000
            return -round(longest * LEAD), round(longest * (1 + LEAD))
        replays = [self.replay(column) for column in self.columns]
        return min(replay.start_ns for replay in replays), max(replay.end_ns for replay in replays)

    def cues(self) -> list[Cue]:
        """The cues as they come; none while the clock is not the one that they were written for."""
        if self.by_request != self.stage.by_request:
            return []
        placed = [cue for cue in self.stage.cues if cue.answered is None]
        for cue in self.stage.cues:
            column = next((column for column in self.columns if column.trace == cue.answered), None)
            if column is not None and (answered_ns := self.answered_ns(column)) is not None:
                placed.append(replace(cue, at_ns=answered_ns))
        return sorted(placed, key=lambda cue: cue.at_ns)

    def answered_ns(self, column: Column) -> int | None:
        """When, on the stage's clock, this stack has answered the followed request."""
        request = self.request(column)
        if request is None:
            return None
        row = self.replay(column).record(request)
        return int(row["ended"]) - (int(row["born"]) if self.by_request else 0) if row["outcome"] == SERVED else None

    def cue(self) -> Cue | None:
        """The cue that stands now."""
        past = [cue for cue in self.cues() if cue.at_ns <= self.time_ns]
        return max(past, key=lambda cue: cue.at_ns, default=None)

    def take(self, recording: Recording) -> None:
        """Goes on with other traces of the same stacks, at the same instant and with the same request where it is there."""
        self.stage, self.replays, self._found = recording.stage, recording.replays, {}
        self.edition += 1
        if any(find(self.replay(column), self.follow) is None for column in self.stage.columns):
            self.follow = self.stage.request or typical(self.replays)
        self.details = None
        self.move_to(self.time_ns)

    def move_to(self, time_ns: int) -> None:
        """Sets the clock, within the timeline."""
        first, last = self.range_ns()
        self.time_ns = min(max(time_ns, first), last)


def packed(rows: Table) -> npt.NDArray[np.int64]:
    """The keys of requests as one number each, so that millions can be compared."""
    return rows["client"].astype(np.int64) << 52 | rows["connection"].astype(np.int64) << 32 | rows["number"].astype(np.int64)


def find(replay: Replay, key: Key) -> int | None:
    """The request with this key, if the trace has it."""
    rows = replay.trace.requests
    found = np.flatnonzero((rows["number"] == key[2]) & (rows["connection"] == key[1]) & (rows["client"] == key[0]))
    return int(rows["request"][found[0]]) if len(found) else None


def key_of(replay: Replay, request: int) -> Key:
    row = replay.record(request)
    return int(row["client"]), int(row["connection"]), int(row["number"])


def common(replays: Sequence[Replay]) -> Table:
    """Rows of the first trace, in order of birth, of requests that were served on every stack; or else all of the first one's."""
    first = replays[0].trace.requests
    kept = np.ones(len(first), bool)
    for replay in replays:
        rows = replay.trace.requests
        kept &= np.isin(packed(first), packed(rows[rows["outcome"] == SERVED]))
    return first[kept] if kept.any() else first


def typical(replays: Sequence[Replay]) -> Key:
    """A request of middle latency on the last stack, among those that are on all and were born after the first quarter."""
    rows = common(replays)
    if not len(rows):
        return 0, 0, 0
    wanted, last = packed(rows[len(rows) // 4 :]), replays[-1].trace.requests
    kept = last[np.isin(packed(last), wanted)]
    kept = kept if len(kept) else rows
    middle = kept[np.argsort(kept["ended"] - kept["born"], kind="stable")[len(kept) // 2]]
    return int(middle["client"]), int(middle["connection"]), int(middle["number"])


def view_of(traces: Sequence[Trace], stage: Stage) -> View:
    """A fresh look at traces on a stage."""
    replays = [Replay(trace) for trace in traces]
    shown = list(range(min(len(stage.columns), 3)))
    follow = stage.request or typical([replays[stage.columns[number].trace] for number in shown])
    view = View(stage, replays, shown, follow, by_request=stage.by_request)
    first, last = view.range_ns()
    length = (last - first) / 1e9
    view.first_speed = view.speed = faster(max(length / FILM_S, 1e-8), 0)
    view.time_ns = 0 if view.by_request else first
    return view
