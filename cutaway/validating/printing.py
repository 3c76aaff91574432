"""A validation as text, for 80 columns."""

from __future__ import annotations

from rich.table import Table

from cutaway.printing import a_table, console
from cutaway.validating.scores import BARS, WORST, Score, Summary, summary
from cutaway.validating.validation import Validation


def print_validation(validation: Validation, file: str, worst: int, *, every_row: bool) -> None:
    """Summary first, then the worst rows, then what was not reached."""
    out = console()
    predicted = validation.predicted()
    out.print(f"{file}: {len(predicted):,} of {len(validation.scores):,} rows predicted with profile {validation.profile}", style="bold")
    out.print(f"{validation.calibrated:,} rows are meant for calibration and are not among them.")
    for sentence in told_before(validation):
        out.print(sentence)
    out.print()
    out.print(_by_kind(validation))
    out.print()
    out.print(_by_group(validation))
    pairs = validation.pairs()
    if pairs:
        kept = sum(pair.kept for pair in pairs)
        out.print(f"\nRank order of stacks: kept in {kept} of {len(pairs)} comparisons whose measured difference exceeds its spread.")
    shown = validation.worst() if every_row else validation.worst()[:worst]
    if shown:
        out.print()
        out.print(rows_table(shown, "All rows with a bar, worst first" if every_row else f"The {len(shown)} worst rows"))
    unreached = validation.unreached()
    if unreached:
        out.print(f"\n{sum(unreached.values()):,} rows are not predicted:", style="bold")
        for why, count in unreached.most_common():
            out.print(f"{count:6,}  {why}", soft_wrap=True)


def told_before(validation: Validation) -> list[str]:
    """What a reader has to know before he reads the tables."""
    zero = validation.measured_zero()
    return [*([validation.without.told()] if validation.without else []), *([_zeros(zero)] if zero else [])]


def _zeros(scores: list[Score]) -> str:
    """What became of rows that were measured 0: those predicted otherwise by name."""
    others = [score for score in scores if score.predicted]
    told = f"{len(scores):,} predicted rows were measured 0 and have no relative error; {len(scores) - len(others):,} are predicted 0"
    named = "; ".join(f"{score.row.id} {score.predicted:.4g}" for score in others)
    return f"{told}, the others: {named}." if others else f"{told}."


def percent(value: float | None, signed: bool = False) -> str:
    """As `6.0 %`, and blank for None."""
    if value is None:
        return ""
    return f"{100 * value:{'+' if signed else ''}.{0 if abs(value) >= 0.995 else 1}f} %"


def numbers(found: Summary) -> list[str]:
    """Rows, median, worst, bias, within the spread, factor."""
    errors = [percent(found.median), percent(found.worst), percent(found.bias, signed=True)]
    return [f"{found.count:,}", *errors, f"{found.within_spread:,}", percent(found.by_factor)]


def _by_kind(validation: Validation) -> Table:
    table = a_table("Absolute error by kind of figure (`in`: within the measured quartiles)", gap=1)
    table.add_column("", overflow="fold")
    for name in ("rows", "median", "worst", "bias", "in", "factor", "bar"):
        table.add_column(name, justify="right", no_wrap=True)
    for kind, of_kind in validation.by_kind().items():
        found = summary(of_kind)
        if found:
            bar = percent(BARS[kind]) if kind in BARS else ""
            missed = kind in BARS and found.median > BARS[kind]
            table.add_row(kind, *numbers(found), bar, style="bold" if missed else "")
    table.caption = f"bar: of the median; the worst row of the first two kinds: {percent(WORST)}; factor: the plain model"
    table.caption_justify = "left"
    return table


def _by_group(validation: Validation) -> Table:
    table = a_table("The same by what was done and stack (kinds with a bar)", gap=1)
    table.add_column("", overflow="fold")
    for name in ("rows", "median", "worst", "bias", "in", "factor"):
        table.add_column(name, justify="right", no_wrap=True)
    before = ""
    for (kind, what, stack), group in validation.by_group().items():
        found = summary(group)
        if kind not in BARS or not found:
            continue
        if (title := f"{kind}: {what}") != before:
            table.add_row(title, style="bold")
            before = title
        table.add_row(f"  {stack}", *numbers(found))
    return table


def rows_table(shown: list[Score], title: str, heads: tuple[str, str] = ("row", "measured")) -> Table:
    """One row each, measured beside predicted; `heads` are of the names and of what is known."""
    table = a_table(title, gap=1)
    table.add_column(heads[0], overflow="fold")
    for name in (heads[1], "predicted", "error", "factor"):
        table.add_column(name, justify="right", no_wrap=True)
    for score in shown:
        assert score.predicted is not None
        within = " in" if score.within_spread else ""
        errors = percent(score.error, signed=True) + within, percent(score.error_by_factor, signed=True)
        table.add_row(score.row.id, f"{score.row.median:.4g}", f"{score.predicted:.4g}", *errors)
    return table
