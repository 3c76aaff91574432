"""`cutaway schema`: the scenario format for editors."""

from pathlib import Path
from typing import Annotated

import typer


def schema(
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="File to write; standard output when left out.")] = None,
    study: Annotated[bool, typer.Option("--study", help="That of study files.")] = False,
) -> None:
    """Print the JSON Schema of scenario files, for editors.

    With it an editor completes keys, shows their help and marks mistakes while you type.

    The first line of a scenario names the file: # yaml-language-server: $schema=./cutaway.schema.json

    Example: cutaway schema > cutaway.schema.json
    """
    from cutaway.scenarios.json_schema import as_text, study_schema

    text = as_text(study_schema() if study else None)
    if out is None:
        typer.echo(text, nl=False)
    else:
        from cutaway.places import write_whole

        write_whole(out, text.encode(), over=True)
        typer.echo(f"wrote {out}")
