"""What `cutaway calibrate` does: makes a profile of measured rows, prints how each cost came about, and writes it."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from cutaway.models import costs
from cutaway.models.costs.calibration import Calibration, Made, quantity
from cutaway.models.costs.calibration import calibrate as calibrate_rows
from cutaway.models.costs.fit import Fit
from cutaway.places import nothing_at, write_whole
from cutaway.printing import console
from cutaway.session import progress_of
from cutaway.sim.experiments import Progress

WIDTH = 80
NARROWEST = 52
NUMBERS_CHARS = 36
"""Of a line: value, error and what the base has."""
LOADS_CHARS = 78
"""Of a line with both ends of a load; in less there is a line for each."""
WORTH_TELLING = 2.0
"""Standard errors from which on a row counts as not met."""


def calibrate(measurements: Path, *, out: Path | None, base: str, workers: int, as_json: bool) -> int:
    """Makes the profile; returns the exit code. Raises MeasurementError, CostError, AlreadyThere."""
    if out is not None:
        if out.suffix != costs.SUFFIX:
            raise costs.CostError(f"--out is '{out}'; expected a name that ends with {costs.SUFFIX}, by which profiles are known")
        nothing_at(out)
    before = costs.load(base)
    with ExitStack() as bars:
        made = calibrate_rows(measurements, before, workers=workers, progress=partial(_bar, bars))
    made.profile(out or Path(f"{measurements.stem}{costs.SUFFIX}"))          # whoever loads it will read what is written here
    if as_json:
        print(json.dumps(document(made), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print("\n".join(report(made, min(max(console().width, NARROWEST), WIDTH))))
    if out is not None:
        write_whole(out, made.text.encode("utf-8", "replace"))
    if not as_json:
        print(f"\nwrote {out}" if out else f"\nNothing is written; --out FILE{costs.SUFFIX} keeps the profile.")
    return 0


def _bar(bars: ExitStack, program: str) -> Progress:
    """A bar for the fit of one program; that of the one before ends."""
    bars.close()
    shown = bars.enter_context(progress_of(f"fit on {program}"))
    return shown or (lambda done, total: None)


def document(made: Calibration) -> dict[str, Any]:
    """How each cost came about, for programs; docs/models/costs.md explains the keys."""
    return {
        "measurements": made.file,
        "machine": made.machine.name,
        "date": made.machine.date,
        "base": made.base.name,
        "calibration_rows": made.rows,
        "validation_rows": made.kept_back,
        "costs": [
            {
                "name": one.name,
                "made": one.how,
                "value": one.record.written,
                "standard_error": one.record.standard_error,
                "before": one.before.record.written,
                "kind": one.record.kind,
                "source": list(one.record.source),
                "derived": one.record.derived,
                "why": one.why,
            }
            for one in made.made
        ],
        "fits": {program: _fit_document(fit) for program, fit in made.fits.items()},
    }


def _fit_document(fit: Fit) -> dict[str, Any]:
    return {
        "misfit": fit.misfit if fit.costs else None,
        "rows": [
            {"id": row.id, "measured": row.median, "simulated": simulated, "standard_error": float(error)}
            for load, of in zip(fit.loads, fit.simulated_us, strict=True)
            for row, simulated, error in zip(load.rows, of, load.errors_us, strict=True)
        ],
        "not_told_apart": [{"costs": [pair.one, pair.other], "correlation": pair.correlation} for pair in fit.pairs],
        "absorbed": {name: {"by": by, "share": share} for name, (by, share) in fit.absorbed.items()},
        "resolution": {one.name: one.resolution for one in fit.costs},
        "at_bound": [one.name for one in fit.costs if one.at_bound],
    }


# --- as text for 80 columns ----------------------------------------------------------------------------------------------------------


def report(made: Calibration, width: int = WIDTH) -> list[str]:
    """What came of it, line by line, for a terminal of that width; none of 52 columns or more loses anything."""
    wrapped = partial(_wrapped, width=width)
    lines = wrapped(
        f"{made.file}: machine {made.machine.name}, {made.machine.date}. {made.rows:,} rows for calibration; "
        f"{made.kept_back:,} for validation were left alone. Base: {made.base.name}."
    )
    lines += _table(made, "rows", "From rows, by rules", width)
    lines += _table(made, "scaled", "Scaled from another machine, which measured what this one did not", width)
    lines += _table(made, "fitted", "Fitted on loads", width)
    for program, fit in made.fits.items():
        lines += _loads(program, fit, width) + _open_questions(fit, wrapped)
    return lines + _taken_over(made, wrapped) + _assumptions(made, wrapped)


def _table(made: Calibration, how: str, title: str, width: int) -> list[str]:
    chosen = made.by(how)  # type: ignore[arg-type]
    if not chosen:
        return []
    # Two blanks stay beside the numbers on a terminal of 80 columns and more.
    name_chars = width - NUMBERS_CHARS - (3 if width >= WIDTH else 0)
    head = f"{'':<{name_chars}}{'value':>12}{'+- error':>12}{'base':>12}"
    return ["", *_wrapped(f"{title} ({len(chosen)})", width=width), head, *(line for one in chosen for line in _line(one, name_chars))]


def _line(one: Made, name_chars: int) -> list[str]:
    before = quantity(float(one.before.value), one.before.unit)
    numbers = f"{one.record.written:>12}{one.record.standard_error:>12}{before:>12}"
    if len(one.name) < name_chars:
        return [f"{one.name:<{name_chars}}{numbers}"]
    return [one.name, f"{'':<{name_chars}}{numbers}"]


def _loads(program: str, fit: Fit, width: int) -> list[str]:
    ends, gap = ("client", "server"), "  "
    heads = [f"{end:>8}{'fitted':>9}{'':>9}" for end in ends]
    lines = ["", f"{program}, CPU time a request in us"]
    if width >= LOADS_CHARS:
        lines.append(f"{'':<24}{heads[0]}{gap}{heads[1]}".rstrip())
    missed, rows = 0, 0
    for load, simulated in zip(fit.loads, fit.simulated_us, strict=True):
        cells = []
        for row, found, error in zip(load.rows, simulated, load.errors_us, strict=True):
            rows += row.metric in load.ends
            missed += row.metric in load.ends and abs(found - row.median) > WORTH_TELLING * float(error)
            cells.append(f"{row.median:>8.4g}{found:>9.4g}{100 * (found / row.median - 1):>+7.1f} %")
        name = f"{load.asked:>13},{load.connections:>4} conn."
        if width >= LOADS_CHARS:
            lines.append(f"{name}{gap.join(cells)}")
        else:
            lines += [name, *(f"  {head}\n  {cell}" for head, cell in zip(heads, cells, strict=True))]
    if fit.costs:
        told = f"{rows - missed} of {rows} rows are met within {WORTH_TELLING:g} standard errors."
        if fit.misfit > 1:
            told += f" What is left is {fit.misfit**0.5:.1f} times their error, and the errors of the costs are widened by that."
        if any(row.metric not in load.ends for load in fit.loads for row in load.rows):
            told += " The client's are not fitted: none of the costs is the client's."
        lines += _wrapped(told, width=width)
    return lines


def _open_questions(fit: Fit, wrapped: Callable[..., list[str]]) -> list[str]:
    found = [
        f"{pair.one} and {pair.other} (correlation {pair.correlation:.3f}): only their "
        f"{'sum' if pair.correlation < 0 else 'difference'} is known."
        for pair in fit.pairs
    ]
    found += [f"{one.name}: {one.resolution:.0%} of it, the rest is the middle of its range." for one in fit.costs if not one.resolved]
    found += [
        f"{name} (assumed) and {by}: 1 more of the one makes {abs(share):.2g} {'less' if share > 0 else 'more'} of the other."
        for name, (by, share) in fit.absorbed.items()
    ]
    lines = ["", "What the rows cannot tell"] if found else []
    for sentence in found:
        lines += wrapped(sentence, "  ")
    for one in fit.costs:
        if one.at_bound:
            lines += ["", *wrapped(f"{one.name} ended at the bound of its range: the rows would have it go on.")]
    return lines


def _taken_over(made: Calibration, wrapped: Callable[..., list[str]]) -> list[str]:
    asked = [one for one in made.by("base") if one.why]
    others = [one for one in made.by("base") if not one.why and one.record.kind != "assumption"]
    lines: list[str] = []
    if asked:
        lines += ["", f"As in {made.base.name}, though rows could give them ({len(asked)})"]
        for one in asked:
            lines += wrapped(f"{one.name}: {one.why}", "  ")
    if others:
        lines += ["", f"As in {made.base.name}, no rule gives them ({len(others)})"]
        lines += wrapped("; ".join(f"{one.name} ({one.record.kind})" for one in others), "  ")
    return lines


def _assumptions(made: Calibration, wrapped: Callable[..., list[str]]) -> list[str]:
    assumed = [one for one in made.made if one.record.kind == "assumption"]
    if not assumed:
        return []
    from_rows = {one.name for one in made.by("rows")}
    names = [f"{one.name} (a share of what rows give)" if one.name in from_rows else one.name for one in assumed]
    return ["", f"Still assumed, not measured ({len(assumed)})", *wrapped("; ".join(names), "  ")]


def _wrapped(text: str, indent: str = "", width: int = WIDTH) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent + ("  " if indent else ""), break_on_hyphens=False)
