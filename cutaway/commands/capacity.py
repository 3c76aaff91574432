"""`cutaway capacity`: how far a key can be moved before a goal is missed."""

from typing import Annotated

import typer

from cutaway.commands.options import AsJson, Changes, ScenarioName, Seed, Stacks, Workers, only_known, scenario_of

Goals = Annotated[list[str] | None, typer.Option("--goal", metavar="GOAL", help="As 'p99 < 50 ms' or 'errors < 0.1 %'; all of several.")]
Vary = Annotated[str, typer.Option("--vary", metavar="KEY", help="The key to move, as clients.rate; or count, for copies on one host.")]
From = Annotated[str | None, typer.Option("--from", metavar="VALUE", help="The smallest value to try; the scenario's own by default.")]
To = Annotated[str | None, typer.Option("--to", metavar="VALUE", help="The largest value to try.")]
Within = Annotated[str, typer.Option("--within", metavar="SHARE", help="How near the answer must be to the next value, relatively.")]


def capacity(
    scenario: ScenarioName,
    vary: Vary,
    goal: Goals = None,
    first: From = None,
    last: To = None,
    within: Within = "2 %",
    stack: Stacks = None,
    change: Changes = None,
    seed: Seed = None,
    workers: Workers = 1,
    as_json: AsJson = False,
) -> None:
    """Find how far a key can go before a goal is missed.

    On each stack: the largest value that meets all goals (the smallest, where more is better), between which values the runs are sure
    of it, the load-latency curve with its knee, and the resource that is busiest. `--vary count` asks how many copies of a stack the
    machine holds: by memory, by CPU time, and by running them.

    Goals are about throughput, mean, p50, p90, p95, p99, p99.9, errors, utilization, memory, start-up. A goal that no value meets ends
    with exit code 3.

    Example: cutaway capacity whatif/vm-or-container --vary clients.rate --goal 'p99 < 2 ms'
    """
    loaded = scenario_of(scenario, change, seed)
    stacks = only_known(loaded, stack) if stack else ()

    from cutaway import session

    asked = {"goals": goal or (), "vary": vary, "first": first, "last": last, "within": within, "stacks": stacks, "workers": workers}
    raise typer.Exit(session.capacity(loaded, as_json=as_json, **asked))
