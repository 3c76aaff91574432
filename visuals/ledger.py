"""The ledger of one request: what each layer has taken of its time so far, and how: on a CPU, on a device, or waiting.

The entries sum to the request's clock, because the trace's spans do; `Ledger.check` says so by counting the other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.sim.trace import DEVICE, IN_FLIGHT, RUNNING
from cutaway.visuals.moment import Replay

WORK, ON_DEVICE, WAIT = range(3)


@dataclass(frozen=True, slots=True)
class Entry:
    """Time of a layer, by way of passing: nanoseconds on a CPU, on a device, waiting."""

    work_ns: int = 0
    device_ns: int = 0
    wait_ns: int = 0

    @property
    def total_ns(self) -> int:
        return self.work_ns + self.device_ns + self.wait_ns

    def plus(self, other: Entry) -> Entry:
        return Entry(self.work_ns + other.work_ns, self.device_ns + other.device_ns, self.wait_ns + other.wait_ns)


@dataclass(frozen=True, slots=True)
class Line:
    """One span of the request, as the details list it."""

    step: int
    layer: int
    kind: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True)
class Ledger:
    """A request's account at one instant."""

    request: int
    born_ns: int
    now_ns: int
    """The instant, or the request's end if that is past."""
    over: bool
    outcome: int
    layers: dict[str, Entry]
    lines: tuple[Line, ...]

    @property
    def clock_ns(self) -> int:
        return max(self.now_ns - self.born_ns, 0)

    @property
    def sum_ns(self) -> int:
        return sum(entry.total_ns for entry in self.layers.values())

    def of(self, layers: tuple[str, ...]) -> Entry:
        """The entry of several layers, as a floor has them."""
        entry = Entry()
        for layer in layers:
            entry = entry.plus(self.layers.get(layer, Entry()))
        return entry


def ledger_at(replay: Replay, request: int, time_ns: int) -> Ledger | None:
    """The account of a request at an instant; none before its birth or if this trace does not have it."""
    row = replay.row(request)
    if row is None or replay.trace.requests["born"][row] > time_ns:
        return None
    record = replay.trace.requests[row]
    over = int(record["outcome"]) != IN_FLIGHT and int(record["ended"]) <= time_ns
    now = int(record["ended"]) if over else time_ns
    spans = replay.trace.spans[replay.journeys.rows(request)]
    spans = spans[spans["start"] < now]
    taken = np.minimum(spans["end"], now) - spans["start"]
    way = np.where(spans["kind"] == RUNNING, WORK, np.where(spans["kind"] == DEVICE, ON_DEVICE, WAIT))
    names = [str(name) for name in replay.trace.meta["layers"]]
    sums = np.zeros((len(names), 3), np.int64)
    np.add.at(sums, (spans["layer"], way), taken)
    entries = {name: Entry(*(int(part) for part in sums[number])) for number, name in enumerate(names) if sums[number].any()}
    lines = tuple(
        Line(int(span["step"]), int(span["layer"]), int(span["kind"]), int(span["start"]), int(min(span["end"], now))) for span in spans
    )
    return Ledger(request, int(record["born"]), now, over, int(record["outcome"]), entries, lines)


def step_of(replay: Replay, line: Line) -> dict[str, Any] | None:
    """The step's row of the meta data; none for a thread's overhead."""
    return dict(replay.trace.meta["steps"][line.step]) if line.step >= 0 else None
