"""Published sources and what came of them, as text for 80 columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from cutaway.printing import a_table, console
from cutaway.validating import scores
from cutaway.validating.printing import numbers, percent, rows_table
from cutaway.validating.published import unreached
from cutaway.validating.published.validation import Published, Verdict
from cutaway.validating.scores import Score

COLUMNS = ("points", "median", "worst", "bias", "in", "factor")
"""As `numbers` gives them."""


def print_published(published: Published, worst: int, *, every_row: bool) -> None:
    """By source, worst points, and what was not reached."""
    out = console()
    predicted, asked = published.predicted(), published.asked
    all_points = sum(verdict.points for verdict in published.verdicts)
    of_all = f"{len(predicted):,} of {asked:,} points for validating predicted"
    over = f", {len(published.taken_over()):,} taken over" if published.taken_over() else ""
    out.print(f"{len(published.verdicts)} published sources: {of_all}{over}", style="bold")
    out.print(f"{all_points - asked:,} points are meant for calibration and are not among them.")
    reached = [verdict for verdict in published.verdicts if verdict.predicted()]
    if reached:
        out.print()
        out.print(_by_source(published, reached))
    taken_over = {verdict.source: verdict.taken_over for verdict in published.verdicts}
    unused = {verdict.source: verdict.unused for verdict in published.verdicts}
    for title, of in (
        ("Points taken over: a source's own figure as it stands, counted apart", taken_over),
        ("Points meant for calibration that made no profile, counted apart", unused),
    ):
        if any(of.values()):
            out.print()
            out.print(_apart(title, of))
    shown = published.worst() if every_row else published.worst()[:worst]
    if shown:
        out.print()
        title = "All points, worst first" if every_row else f"The {len(shown)} worst points"
        out.print(rows_table(shown, title, ("point", "published")))
    _print_unreached(published)


def _by_source(published: Published, reached: list[Verdict]) -> Table:
    table = _table("Absolute error by source (`in`: within one standard deviation)")
    for verdict in reached:
        found = verdict.summary()
        if found:
            table.add_row(verdict.source, f"{found.count} of {verdict.asked}", *numbers(found)[1:])
    found = scores.summary(published.scores())
    if found and len(reached) > 1:
        every = sum(verdict.asked for verdict in reached)
        table.add_row("all of these", f"{found.count} of {every}", *numbers(found)[1:], style="bold")
    both = published.beside_factor()
    told = f"; over the {both[0]:,} points that both reach {percent(both[1])} against {percent(both[2])}" if both else ""
    table.caption = f"factor: the plain model, where the source has a figure of the bare system{told}"
    table.caption_justify = "left"
    return table


def _apart(title: str, by_source: Mapping[str, Sequence[Score]]) -> Table:
    table = _table(title, COLUMNS[:-1])
    for source, of in by_source.items():
        found = scores.summary(of)
        if found:
            table.add_row(source, *numbers(found)[:-1])
    return table


def _table(title: str, columns: Sequence[str] = COLUMNS) -> Table:
    table = a_table(title, gap=1)
    table.add_column("", overflow="fold")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _print_unreached(published: Published) -> None:
    out = console()
    single: Counter[str] = Counter()
    for verdict in published.verdicts:
        if verdict.source not in unreached.SOURCES:
            single += verdict.why_not()
    if single:
        out.print(f"\n{sum(single.values()):,} points of reached sources are not predicted:", style="bold")
        for why, count in single.most_common():
            out.print(f"{count:6,}  {why}", soft_wrap=True)
    whole = [verdict for verdict in published.verdicts if verdict.source in unreached.SOURCES and verdict.scores]
    if whole:
        count = sum(len(verdict.scores) for verdict in whole)
        out.print(f"\n{count:,} points of sources that are not reached; what is missing:", style="bold")
        for verdict in whole:
            out.print(f"{len(verdict.scores):6,}  {verdict.source}: {unreached.SOURCES[verdict.source]}", soft_wrap=True)
    costs_only = [verdict.source for verdict in published.verdicts if not verdict.asked]
    if costs_only:
        out.print(f"\nWithout points for validating: {', '.join(costs_only)}.")
