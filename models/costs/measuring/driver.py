"""Measuring as a whole: which parts there are, what can be done here and what not, and the rounds over their points.

    chosen = plan(settings, only, stacks, allowed)        nothing has been started yet
    measure(chosen, files, version, told)                 goes on where the files end

A run that had to share the machine (calm.py) is repeated; a point that fails is named, left out, and the rest goes on.
"""
from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import FrameType

from cutaway.models.costs.measuring import applications, control, guest, life_cycle, load, micro, platforms
from cutaway.models.costs.measuring.calm import Calm, Watch, wait_until_calm
from cutaway.models.costs.measuring.journal import Files, Held, Journal
from cutaway.models.costs.measuring.leftovers import alone, note
from cutaway.models.costs.measuring.machine import machine
from cutaway.models.costs.measuring.needs import CHANGES, changes, missing
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError

GROUPS = {
    "micro": "what single mechanisms cost: native, in containers, in a guest",
    "lifecycle": "starts and ends: docker run by phase, runc and crun, a guest's boot",
    "memory": "what each part holds",
    "nginx": "static files: by size, connections, workers; open loop",
    "apps": "other servers: Redis, PostgreSQL, a Python web application",
    "control": "weights, quotas, busy neighbours, limits of memory and processes",
}
PAUSE_S = (0.3, 0.0)
"""What is looked at others before a run, where they are quiet."""
PATIENCE_S = (20.0, 0.0)
"""How long others are waited for before a run; a quick look takes the machine as it is."""

FAILURES = (MeasuringError, subprocess.SubprocessError, OSError, LookupError, ValueError)
"""How a real part fails. That a run cannot be written down is none of it, and ends the whole."""


@dataclass(frozen=True)
class Skipped:
    """Points that are left out, and why."""
    group: str
    part: str
    stack: str
    why: str
    points: int


@dataclass(frozen=True)
class Plan:
    """What will be measured, and what not."""
    settings: Settings
    parts: Sequence[Part]
    skipped: Sequence[Skipped]
    changes: Sequence[str]
    """What it does to the machine beyond loopback and namespaces of its own."""

    @property
    def seconds(self) -> float:
        return sum(seconds_of(part, self.settings.quick) for part in self.parts)

    def rest(self, held: Held) -> Rest:
        """What the files do not hold yet. A run takes what those of its point took, else as much more than expected as the others did."""
        points = [(part, point, name_of(part, point)) for part in self.parts for point in part.points]
        there = {name: min(held.rounds.get(name, 0), part.rounds) for part, _, name in points}
        timed = [(point, name) for _, point, name in points if held.seconds.get(name)]
        pause = PAUSE_S[self.settings.quick]
        expected = sum((point.seconds + pause) * held.rounds[name] for point, name in timed)
        scale = sum(held.seconds[name] for _, name in timed) / expected if expected else 1.0
        seconds = sum(_set_up(part) for part in self.parts if any(there[name_of(part, point)] < part.rounds for point in part.points))
        for part, point, name in points:
            took = held.seconds[name] / held.rounds[name] if held.seconds.get(name) else scale * (point.seconds + pause)
            seconds += (part.rounds - there[name]) * took
        return Rest(sum(there.values()), sum(part.rounds for part, *_ in points), seconds)


@dataclass(frozen=True)
class Rest:
    """How many runs are there, of how many, and about how long the others take."""
    there: int
    whole: int
    seconds: float


@dataclass(frozen=True)
class Step:
    """What is going on, for whoever watches: a run will begin."""
    part: Part
    point: Point
    round: int
    done: int
    whole: int


@dataclass
class Summary:
    """How it ended."""
    rows: int = 0
    runs: int = 0
    disturbed: int = 0
    """Runs in the rows that had to share the machine: fewer than three calm ones were there."""
    failed: dict[str, str] = field(default_factory=dict)


def all_parts(settings: Settings) -> list[Part]:
    found = [part for module in (micro, life_cycle, platforms, guest, load, applications, control) for part in module.parts(settings)]
    return sorted(found, key=lambda part: list(GROUPS).index(part.group))


def seconds_of(part: Part, quick: bool = False) -> float:
    """About how long it takes, without waiting for others and without repeating."""
    return _set_up(part) + part.rounds * sum(point.seconds + PAUSE_S[quick] for point in part.points)


def _set_up(part: Part) -> float:
    return part.set_up_seconds if any(not point.stack.startswith("native") for point in part.points) else 1


def name_of(part: Part, point: Point) -> str:
    """As the files have it."""
    return f"{part.group}/{part.name}: {point.name}"


def held(files: Files, version: str, settings: Settings) -> Held:
    """What the files hold; nothing is written. Raises MeasuringError as `measure` would."""
    return Held(files, machine(files.rows.stem), version, settings.quick)


def plan(settings: Settings, only: Collection[str] = (), stacks: Collection[str] = (), allowed: bool = True) -> Plan:
    """`only` names groups, or parts as `group/part`. What changes the machine is left out unless it is allowed."""
    parts, skipped, asked = [], list[Skipped](), set[str]()
    for part in all_parts(settings):
        if only and part.group not in only and f"{part.group}/{part.name}" not in only:
            continue
        points, left_out = [], dict[tuple[str, str], int]()
        for point in part.points:
            if stacks and point.stack not in stacks:
                continue
            why = ", ".join(dict.fromkeys(reason for need in sorted(point.needs) if (reason := missing(need, settings))))
            wanted = changes(point.needs) if not why else frozenset()
            if wanted and not allowed:
                why = "not allowed to " + "; ".join(CHANGES[change] for change in sorted(wanted))
            if why:
                left_out[point.stack, why] = left_out.get((point.stack, why), 0) + 1
            else:
                asked |= wanted
                points.append(point)
        skipped += [Skipped(part.group, part.name, stack, why, number) for (stack, why), number in left_out.items()]
        if points:
            parts.append(replace(part, points=points))
    return Plan(settings, parts, skipped, [CHANGES[change] for change in sorted(asked)])


def names(settings: Settings) -> list[str]:
    """All that `only` may say."""
    return [*GROUPS, *(f"{part.group}/{part.name}" for part in all_parts(settings))]


def stacks_of(settings: Settings) -> list[str]:
    return list(dict.fromkeys(point.stack for part in all_parts(settings) for point in part.points))


def measure(chosen: Plan, files: Files, version: str, told: Callable[[Step], None]) -> Summary:
    """Runs what the files do not hold yet. Rows are written after each part, and when it is interrupted."""
    summary = Summary()
    with ended_by_signals(), alone(), closing(Journal(files, machine(files.rows.stem), version, chosen.settings.quick)) as journal:
        try:
            with Bench(chosen.settings, journal.facts) as bench:
                note("folder", str(bench.folder))
                for part in chosen.parts:
                    _measure(part, bench, journal, summary, told)
                    bench.end_part()
                    journal.write_rows()
        finally:
            summary.rows, summary.disturbed = journal.write_rows(), journal.disturbed()
    return summary


def _measure(part: Part, bench: Bench, journal: Journal, summary: Summary, told: Callable[[Step], None]) -> None:
    whole, done, failed = part.rounds * len(part.points), 0, set[str]()
    for number in range(part.rounds):
        for point in part.points:
            done += 1
            name = name_of(part, point)
            if name in failed or journal.rounds.get(name, 0) > number:
                continue
            told(Step(part, point, number, done, whole))
            for _ in range(1 if bench.settings.quick else part.attempts):
                started_s = time.monotonic()
                wait_until_calm(PATIENCE_S[bench.settings.quick])
                try:
                    found, calm = _watched(point, bench)
                except FAILURES as error:
                    failed.add(name)
                    summary.failed[name] = _sentence(error)
                    break
                journal.add(name, number, found, calm, time.monotonic() - started_s)
                summary.runs += 1
                if calm.enough:
                    break


def _watched(point: Point, bench: Bench) -> tuple[list[Found], Calm]:
    """One run, and how calm it was since the last thing that it needs was started."""
    watch = Watch(bench.ours)

    def begins_only_now() -> None:
        nonlocal watch
        watch = Watch(bench.ours)

    bench.something_started = begins_only_now
    found = list(point.measure(bench))
    return found, watch.read()


def _sentence(error: Exception) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        command = error.cmd if isinstance(error.cmd, str) else " ".join(map(str, error.cmd))
        return f"{command[:200]} ended with {error.returncode}"
    if isinstance(error, subprocess.TimeoutExpired):
        return f"{Path(error.cmd[0]).name if isinstance(error.cmd, list) else error.cmd} has not ended within {error.timeout:g} s"
    text = str(error) if isinstance(error, MeasuringError | TimeoutError) else f"{type(error).__name__}: {error}"
    return text[:1000]


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """The first signal unwinds all that is open; those after it do not interrupt the cleaning up."""
    heard = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.getsignal(number) for number in heard}

    def end(number: int, frame: FrameType | None) -> None:
        for other in heard:
            signal.signal(other, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    for number in heard:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def minutes(seconds: float) -> str:
    """As a person says it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
