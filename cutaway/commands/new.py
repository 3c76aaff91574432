"""`cutaway new`: a scenario of one's own, begun from a shipped one."""

from pathlib import Path
from typing import Annotated

import typer

from cutaway.commands.options import complete_scenario


def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not be there yet.")],
    source: Annotated[
        str, typer.Option("--from", metavar="NAME", help="The scenario to begin from.", autocompletion=complete_scenario)
    ] = "lecture/three-stacks",
) -> None:
    """Write a commented scenario to change.

    The schema that an editor completes it with is put beside it.

    Example: cutaway new --from lecture/three-stacks mine.yaml
    """
    from cutaway.scenarios.beginning import write_new
    from cutaway.scenarios.problems import printable

    for written in write_new(source, file):
        typer.echo(f"wrote {printable(str(written), 1000)}")
    typer.echo(f"Next: cutaway check {printable(str(file), 1000)}")
