"""`cutaway calibrate`: a cost profile of one's own machine, made of its measured rows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cutaway.commands.options import AsJson, Workers, complete_profile


def calibrate(
    measurements: Annotated[Path, typer.Argument(metavar="MEASUREMENTS", help="A file of measured rows, as `cutaway measure` writes it.")],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="PROFILE", help="The file to write, ending with .toml; nothing is written when left out."),
    ] = None,
    base: Annotated[
        str,
        typer.Option("--base", metavar="NAME", help="The profile that has what the rows do not give.", autocompletion=complete_profile),
    ] = "two-core-vm",
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Make a cost profile of measured rows.

    Takes the rows that are marked `calibrate`, and no other: costs that rows give directly by rules, the rest by running the simulated
    machine until it meets the measured CPU times. Says the standard error of each, which costs the rows cannot tell apart, and which
    stay as they are in the base profile.

    Example: cutaway calibrate mine.jsonl --out mine.toml, then cutaway validate mine.jsonl --profile mine.toml
    """
    from cutaway import calibrating

    raise typer.Exit(calibrating.calibrate(measurements, out=out, base=base, workers=workers, as_json=as_json))
