"""`cutaway run`: one scenario, with its results in a folder."""

import typer

from cutaway.commands.options import AsJson, Changes, CheckLaws, Out, ScenarioName, Seed, Stacks, Workers, only_known, scenario_of


def run(
    scenario: ScenarioName,
    out: Out = None,
    stack: Stacks = None,
    change: Changes = None,
    seed: Seed = None,
    workers: Workers = 1,
    check_laws: CheckLaws = False,
    as_json: AsJson = False,
) -> None:
    """Run a scenario; keep results (JSON, Parquet) and trace.

    Without --out only a summary is printed. What each column means: docs/results.md. The same scenario and seed give the same bytes.

    Example: cutaway run lecture/three-stacks --seed 7 --out results
    """
    loaded = scenario_of(scenario, change, seed)
    stacks = only_known(loaded, stack)

    from cutaway import session

    raise typer.Exit(session.run(loaded, stacks=stacks, out=out, workers=workers, check_laws=check_laws, as_json=as_json))
