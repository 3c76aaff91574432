"""`cutaway starts`: a race of containers by engine and runtime."""

from __future__ import annotations

from typing import Annotated

import typer

from cutaway.commands.options import AsJson, complete_profile

MOST_AT_ONCE = 1000


def starts(
    entrants: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ENGINE[,RUNTIME]]...", help="Who starts, such as docker,runsc or podman; all kinds when left out."),
    ] = None,
    at_once: Annotated[
        int, typer.Option("--at-once", min=1, max=MOST_AT_ONCE, metavar="N", help="How many start at the same moment.")
    ] = 4,
    cpus: Annotated[int, typer.Option("--cpus", min=1, max=MOST_AT_ONCE, metavar="N", help="CPUs of the host.")] = 2,
    phases: Annotated[bool, typer.Option("--phases", help="List the phases of each start, too.")] = False,
    profile: Annotated[
        str,
        typer.Option("--profile", metavar="NAME", help="Costs to take, a name or a .toml file.", autocompletion=complete_profile),
    ] = "two-core-vm",
    as_json: AsJson = False,
) -> None:
    """Start the same container by each engine and runtime, alone and several at once.

    Engines are docker, containerd and podman; runtimes crun, runc, runsc (gVisor) and kata-runtime. What a request costs in the last two is
    not known, so no scenario runs them; how they start and what they hold is.

    Example: cutaway starts docker,runc docker,kata-runtime podman --phases
    """
    import json

    from cutaway import starting
    from cutaway.models.costs import load

    costs = load(profile)
    runners = starting.race([_entrant(one) for one in entrants or []] or starting.RACE, costs, cpus, at_once)
    if as_json:
        typer.echo(json.dumps(starting.document(runners, costs, cpus), indent=2))
    else:
        starting.show(runners, costs, cpus, phases)


def _entrant(text: str) -> tuple[str, str]:
    from cutaway.models.docker.platforms.engines import ENGINES
    from cutaway.models.docker.platforms.runtimes import RUNTIMES
    from cutaway.scenarios.problems import choices, nearest

    engine, _, runtime = text.partition(",")
    for what, name, there in (("engine", engine, ENGINES), ("runtime", runtime, RUNTIMES)):
        if name not in there and (name or what == "engine"):
            raise typer.BadParameter(f"'{name}' is no {what}; expected {choices(there)}.{nearest(name, there)}", param_hint=text)
    return engine, runtime
