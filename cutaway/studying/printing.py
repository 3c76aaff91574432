"""A study as text: a row a point and stack, for 80 columns and more."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

from rich.table import Table

from cutaway.printing import a_table, console, with_interval
from cutaway.scenarios.problems import printable
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.studying.columns import Figure
from cutaway.studying.conducting import Tally
from cutaway.studying.folder import StudyFolder
from cutaway.studying.progress import duration
from cutaway.studying.progression import in_words
from cutaway.studying.shard import Shard
from cutaway.studying.summary import Summary, shown_metrics

MOST_ROWS = 40
"""A longer table is for a file, not for a screen."""


def print_summary(summary: Summary) -> None:
    """Title, question, and a table for each metric that the study shows."""
    out = console()
    study = summary.study.study
    out.print(printable(study.title.en, 200), style="bold")
    out.print(printable(study.question.en, 1000))
    out.print(f"{summary.runs():,} runs: {in_words(summary.study)}; intervals of {100 * summary.confidence:.3g} %")
    if len(summary.study.stacks) > 1:
        out.print(f"Per cent: the difference from {printable(summary.base, 40)}, run for run, since all stacks meet the same requests.")
    for metric in shown_metrics(summary.study):
        for stacks in _beside_each_other(summary, out.width):
            out.print()
            out.print(_table(summary, metric, stacks))
    if (hidden := len(list(summary.points())) - MOST_ROWS) > 0:
        out.print(f"{hidden:,} more points: cutaway study table FOLDER.")
    for text in summary.warnings():
        out.print(f"Beware: {text}", style="bold")


def _beside_each_other(summary: Summary, width: int) -> list[tuple[str, ...]]:
    """The stacks in as many tables as the width asks for; the base stands in the first."""
    stacks = [summary.base, *(stack for stack in summary.study.stacks if stack != summary.base)]
    most = max(1, (width - 12 * len(summary.study.axes)) // 22)
    return [tuple(stacks[first : first + most]) for first in range(0, len(stacks), most)]


def _table(summary: Summary, metric: Figure, stacks: tuple[str, ...]) -> Table:
    study = summary.study
    table = a_table(f"{metric.name}, {metric.unit}")
    for axis in study.axes:
        table.add_column(printable(axis.short_title, 16), justify="right" if axis.numbers else "left", overflow="fold")
    for stack in stacks:
        table.add_column(printable(stack, 20), justify="right", no_wrap=True)
        if stack != summary.base:
            table.add_column("", justify="right", no_wrap=True)
    for point in islice(summary.points(), MOST_ROWS):
        cells = []
        for stack in stacks:
            found = summary.figure(point, stack, metric)
            cells.append(with_interval(found) if found else "")
            if stack != summary.base:
                beside = summary.beside_base(point, stack, metric)
                cells.append(beside[1] if beside else "")
        table.add_row(*[printable(label, 24) for label in summary.labels(point)], *cells)
    return table


def print_end(study: LoadedStudy, folder: StudyFolder, tally: Tally, shard: Shard) -> None:
    """What was done, and what is next."""
    out = console()
    out.print()
    share = "" if shard.is_whole else f"Share {shard.number} of {shard.of}: "
    there = f", {tally.found:,} were there already" if tally.found else ""
    out.print(f"{share}{tally.made:,} runs made{there}. They are in {printable(str(folder.path), 1000)}")
    for batch, reason in list(sorted(tally.failed.items()))[:10]:
        runs = f"point {batch.point}, stack {printable(study.stacks[batch.stack])}, replications {batch.first} to {batch.last}"
        out.print(f"Failed: {runs}: {printable(reason, 400)}")
    if len(tally.failed) > 10:
        out.print(f"Failed: {len(tally.failed) - 10:,} more batches; index.jsonl names all of them.")
    if shard.is_whole and not tally.failed:
        out.print(f"cutaway study report {printable(str(folder.path), 1000)} makes a report of it.")


def print_status(folder: StudyFolder, study: LoadedStudy, found: Mapping[str, Any]) -> None:
    """How far a study is."""
    out = console()
    least, most = found["runs_at_least"], found["runs_at_most"]
    expected = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    out.print(f"{printable(str(folder.path), 1000)}: {printable(study.study.title.en, 200)}")
    out.print(f"{found['runs']:,} of {expected} runs are done; {'somebody works on it' if found['busy'] else 'nobody works on it now'}.")
    for name, reason in list(found["failed"].items())[:10]:
        out.print(f"Failed: {name}: {printable(reason, 400)}")
    if len(found["failed"]) > 10:
        out.print(f"Failed: {len(found['failed']) - 10:,} more.")


def print_estimate(study: LoadedStudy, workers: int, seconds: float, size: float) -> None:
    """What a study takes, from what a run of its first and last point took."""
    out = console()
    least, most = study.least_runs, study.most_runs
    counts = [least] if least == most else [least, most]
    out.print(f"{study.count():,} points on {len(study.stacks)} stacks, {in_words(study)}")
    for count, head in zip(counts, ("at least", "at most") if len(counts) > 1 else ("",), strict=True):
        time_left = duration(count * seconds / workers)
        out.print(f"{head}{' ' if head else ''}{count:,} runs: about {time_left} with {workers} worker{'s' if workers > 1 else ''}, "
                  f"about {count * size / 1e6:,.1f} MB")  # fmt: skip
