"""How a study gets on, on standard error: a bar on a terminal, a line a minute elsewhere. No result knows of its clock."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.studying.conducting import Tally, Watcher
from cutaway.studying.progression import in_words

QUIET_S = 60


@contextmanager
def watching(study: LoadedStudy) -> Iterator[Watcher]:
    """A watcher for the time that a study runs."""
    if sys.stderr.isatty():
        with _bar() as watch:
            yield watch
        return
    points = f"{study.count():,} points on {len(study.stacks)} stack{'s' if len(study.stacks) > 1 else ''}"
    print(f"study: {points}, {in_words(study)}", file=sys.stderr, flush=True)
    yield _Lines().watch


class _Lines:
    def __init__(self) -> None:
        self.began = self.told = time.monotonic()

    def watch(self, tally: Tally) -> None:
        now = time.monotonic()
        if now - self.told >= QUIET_S:
            self.told = now
            done = f"{tally.found + tally.made:,} of {tally.expected:,} runs"
            rate = tally.made / (now - self.began)
            print(f"study: {done}, {rate:.1f} /s, {_left(tally, rate)} left{_widest(tally)}", file=sys.stderr, flush=True)


@contextmanager
def _bar() -> Iterator[Watcher]:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from cutaway.printing import console

    began = time.monotonic()
    columns = [TextColumn("runs"), BarColumn(bar_width=None), MofNCompleteColumn(), TextColumn("{task.fields[told]}")]
    with Progress(*columns, console=console(to_stderr=True), transient=True, expand=True) as bars:
        task = bars.add_task("runs", total=None, told="")

        def watch(tally: Tally) -> None:
            rate = tally.made / max(time.monotonic() - began, 1e-9)
            told = f"{rate:.1f} /s, {_left(tally, rate)} left{_widest(tally)}"
            bars.update(task, completed=tally.found + tally.made, total=max(tally.expected, tally.found + tally.made), told=told)

        yield watch


def _left(tally: Tally, rate: float) -> str:
    if not rate:
        return "unknown time"
    return duration(max(tally.expected - tally.found - tally.made, 0) / rate)


def _widest(tally: Tally) -> str:
    return f", widest ±{100 * tally.widest:.1f} %" if tally.widest else ""


def duration(seconds: float) -> str:
    """`45 s`, `12 min`, `3.5 h`, `2.1 days`."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 48 * 3600 else f"{seconds / 86400:.1f} days"
