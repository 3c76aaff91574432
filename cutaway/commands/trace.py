"""`cutaway trace`: the trace for other viewers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cutaway.commands.options import Changes, Seed, Stacks, complete_scenario, only_known, scenario_of


class Format(StrEnum):
    perfetto = "perfetto"


def trace(
    what: Annotated[
        str,
        typer.Argument(metavar="SCENARIO|TRACE", help="A scenario, or the folder of a saved trace.", autocompletion=complete_scenario),
    ],
    format: Annotated[Format, typer.Option("--format", help="perfetto: Chrome trace JSON.")] = Format.perfetto,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="File to write; standard output when left out.")] = None,
    stack: Stacks = None,
    change: Changes = None,
    seed: Seed = None,
) -> None:
    """Write the steps of requests for the Perfetto viewer.

    Spans are named and nested by layer.

    Open the file at ui.perfetto.dev or with any reader of the Chrome trace format.

    Example: cutaway trace lecture/three-stacks --format perfetto --out trace.json
    """
    from cutaway import session

    if Path(what).is_dir():
        raise typer.Exit(session.trace(Path(what), stacks=stack or [], format=format.value, out=out))
    loaded = scenario_of(what, change, seed)
    raise typer.Exit(session.trace(loaded, stacks=only_known(loaded, stack), format=format.value, out=out))
