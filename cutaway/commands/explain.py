"""`cutaway explain`: the plan of a request, step by step."""

import typer

from cutaway.commands.options import AsJson, Changes, ScenarioName, Stacks, only_known, scenario_of


def explain(scenario: ScenarioName, stack: Stacks = None, change: Changes = None, as_json: AsJson = False) -> None:
    """Show each step of a request on each stack, and its cost.

    Each step with its layer, its operation, the thread that does it, its cost and the source of that cost. What is assumed and not
    measured is marked as such.

    Example: cutaway explain lecture/three-stacks --stack vm
    """
    loaded = scenario_of(scenario, change)
    stacks = only_known(loaded, stack)

    from cutaway import session

    raise typer.Exit(session.explain(loaded, stacks=stacks, as_json=as_json))
