"""`cutaway compare`: the stacks of a scenario, beside each other."""

import typer

from cutaway.commands.options import AsJson, Changes, CheckLaws, ScenarioName, Seed, Stacks, Workers, only_known, scenario_of


def compare(
    scenario: ScenarioName,
    stack: Stacks = None,
    change: Changes = None,
    seed: Seed = None,
    workers: Workers = 1,
    check_laws: CheckLaws = False,
    as_json: AsJson = False,
) -> None:
    """Serve the same requests on each stack, and compare.

    Prints throughput, latency, CPU time, memory and start-up time of each stack, and the ledger: where the mean request spent its
    time, layer by layer. All stacks meet the same clients with the same random numbers, so that a difference is one of stacks;
    it comes with its confidence interval.

    Example: cutaway compare lecture/three-stacks --set clients.connections=64
    """
    loaded = scenario_of(scenario, change, seed)
    stacks = only_known(loaded, stack)

    from cutaway import session

    raise typer.Exit(session.compare(loaded, stacks=stacks, workers=workers, check_laws=check_laws, as_json=as_json))
