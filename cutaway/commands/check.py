"""`cutaway check`: are these files scenarios?"""

from typing import Annotated

import typer

from cutaway.commands.options import AsJson, complete_scenario


def check(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Scenario files, or shipped scenarios by name.", autocompletion=complete_scenario),
    ],
    as_json: AsJson = False,
) -> None:
    """Check scenario and study files, and tell every mistake.

    One sentence for each mistake: the file, the line, the key, what was found, what was expected. The exit code is 0 when all files are
    in order, and 2 when one is not.
    """
    import json

    from cutaway import scenarios
    from cutaway.scenarios.problems import printable
    from cutaway.scenarios.study_loader import is_study, load_study

    found: list[scenarios.Problem] = []
    for name in files:
        try:
            (load_study if is_study(name) else scenarios.load)(name)
        except scenarios.ScenarioError as wrong:
            found += wrong.problems
        else:
            if not as_json:
                typer.echo(f"{printable(name, 1000)}: in order")
    if as_json:
        listed = [{"file": problem.place.file, "line": problem.place.line, "text": problem.text} for problem in found]
        typer.echo(json.dumps({"problems": listed}, indent=2))
    else:
        for problem in found:
            typer.echo(str(problem), err=True)
    raise typer.Exit(2 if found else 0)
