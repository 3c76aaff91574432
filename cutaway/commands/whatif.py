"""`cutaway whatif`: one change, before and after."""

from __future__ import annotations

import typer

from cutaway.commands.options import AsJson, Changes, ScenarioName, Seed, Stacks, Workers, changes_of, only_known, scenario_of


def whatif(
    scenario: ScenarioName,
    change: Changes = None,
    stack: Stacks = None,
    seed: Seed = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Say what a change would do.

    Runs the scenario as it is and with the values of `--set`, with the same random numbers, and prints the difference of each figure
    with its confidence interval, run for run. A difference that may be chance is called noise.

    Example: cutaway whatif lecture/three-stacks --stack container --set stacks.container.layers.docker.cpus=0.2
    """
    if not change:
        raise typer.BadParameter("nothing is changed; expected at least one KEY=VALUE.", param_hint="--set")
    loaded = scenario_of(scenario, None, seed)
    stacks = only_known(loaded, stack)

    from cutaway import session

    raise typer.Exit(session.what_if(loaded, changes_of(change), stacks=stacks, workers=workers, as_json=as_json))
