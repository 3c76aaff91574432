"""`cutaway validate`: measured figures, predicted, with the error of each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cutaway.commands.options import AsJson, Workers, complete_profile

Measurements = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE]...", help="Files of measured rows, or published sources by name; all that are shipped when left out."),
]
Published = Annotated[bool, typer.Option("--published", help="Predict published measurements in place of measured rows.")]
ProfileName = Annotated[
    str,
    typer.Option(
        "--profile",
        metavar="NAME",
        help="Costs to predict with, a name or a .toml file; those of the measured machine when left out.",
        autocompletion=complete_profile,
    ),
]
Only = Annotated[list[str] | None, typer.Option("--only", metavar="GROUP", help="Only rows of this group; may be given several times.")]
LeaveOut = Annotated[
    str, typer.Option("--leave-out", metavar="GROUP", help="Calibrate anew without this group's rows, and predict the group.")
]
Worst = Annotated[int, typer.Option("--worst", min=0, metavar="N", help="How many of the worst rows to print.")]
EveryRow = Annotated[bool, typer.Option("--all", help="Print every row, worst first.")]
Report = Annotated[
    Path | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Write all of it, with pictures, to this file as well; FILE.png or FILE.svg: a published source's figure alone.",
    ),
]


def validate(
    measurements: Measurements = None,
    published: Published = False,
    profile: ProfileName = "",
    only: Only = None,
    leave_out: LeaveOut = "",
    worst: Worst = 20,
    every_row: EveryRow = False,
    report: Report = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Predict what was measured, and print the error of every figure.

    Takes the rows that are marked `validate`, which no cost was fitted on, simulates each set-up, and compares: by kind of figure, by
    stack, worst rows first, beside the error of a plain constant factor. Rows that the model does not reach are counted and named.

    With --published each source's machine is made of a profile that comes with Cutaway and of the source's own points that are
    marked `calibrate`; its other points are predicted. Some sources have a figure, which the report draws.

    Example: cutaway validate --only control --worst 5
    Example: cutaway validate --published felter-redis --report felter-redis.html
    """
    from cutaway.validating import session

    if published:
        if profile or only or leave_out:
            raise typer.BadParameter("--profile, --only and --leave-out are for measured rows.", param_hint="--published")
        names = [str(name) for name in measurements or []]
        raise typer.Exit(session.validate_published(names, report, worst=worst, every_row=every_row, workers=workers, as_json=as_json))
    files, groups = measurements or [], only or []
    if report and len(files) > 1:
        raise typer.BadParameter(f"a report is of one file of measurements, and {len(files)} were named.", param_hint="--report")
    if leave_out and only:
        raise typer.BadParameter("a group that is left out is what is predicted; expected no --only beside it.", param_hint="--leave-out")
    asked = session.Asked(profile, groups, worst, every_row, report, leave_out)
    raise typer.Exit(session.validate(files, asked, workers=workers, as_json=as_json))
