"""Arguments and options that several commands share, and what they come to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cutaway.scenarios import Scenario


def complete_scenario(incomplete: str) -> list[str]:
    from cutaway.scenarios.catalogue import names

    return [name for name in names() if name.startswith(incomplete)]


def complete_profile(incomplete: str) -> list[str]:
    from cutaway.models.costs import names

    return [name for name in names() if name.startswith(incomplete)]


ScenarioName = Annotated[
    str,
    typer.Argument(metavar="SCENARIO", help="A scenario file, or a shipped scenario by name.", autocompletion=complete_scenario),
]
Stacks = Annotated[list[str] | None, typer.Option("--stack", metavar="NAME", help="Only this stack; may be given several times.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Another value, as clients.connections=64; may be given several times."),
]
Seed = Annotated[int | None, typer.Option("--seed", metavar="N", help="Start of the random numbers, in place of the scenario's.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CheckLaws = Annotated[bool, typer.Option("--check-laws", help="Check the conservation laws at the end of each run.")]


def at_most_the_cpus(asked: int) -> int:
    """More processes than CPUs only wait for each other; what comes of it does not depend on their number."""
    import os

    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if asked > there:
        from cutaway.commands.outcome import say

        cpus = "1 CPU" if there == 1 else f"{there} CPUs"
        say(f"--workers {asked}: this machine has {cpus} for it; {there} will be used.")
    return min(asked, there)


Workers = Annotated[
    int,
    typer.Option(
        "--workers", min=1, max=1024, metavar="N", callback=at_most_the_cpus,
        help="Processes to share the replications; at most as many as there are CPUs.",
    ),
]  # fmt: skip
Out = Annotated[Path | None, typer.Option("--out", metavar="DIR", help="Folder for the results; made when it is not there.")]


def scenario_of(name: str, changes: list[str] | None = None, seed: int | None = None) -> Scenario:
    """The scenario with what the options say differently. Raises ScenarioError."""
    from cutaway import scenarios

    asked = changes_of(changes or [])
    if seed is not None:
        asked["run.seed"] = seed
    scenario = scenarios.load(name)
    return scenario.with_(asked) if asked else scenario


def changes_of(changes: list[str]) -> dict[str, object]:
    """Values by key, as `--set` gives them."""
    from cutaway.scenarios.reading import read_value

    asked: dict[str, object] = {}
    for change in changes:
        key, equals, value = change.partition("=")
        if not equals or not key.strip():
            raise typer.BadParameter(f"'{change}' is not KEY=VALUE, such as clients.connections=64.", param_hint="--set")
        asked[key.strip()] = read_value(value, f"--set {key.strip()}")
    return asked


def only_known(scenario: Scenario, stacks: list[str] | None) -> list[str]:
    """The stacks that were asked for, or all."""
    from cutaway.scenarios.problems import choices, nearest

    for name in stacks or []:
        if name not in scenario.stacks:
            raise typer.BadParameter(f"'{name}' is not a stack of it; expected {choices(scenario.stacks)}.{nearest(name, scenario.stacks)}")
    return list(dict.fromkeys(stacks or scenario.stacks))


def duration_ns(text: str) -> int:
    """An option's duration, `1.5 ms`."""
    from cutaway.models.units import DURATION, QuantityError

    try:
        return DURATION.read_whole(text)
    except QuantityError as wrong:
        raise typer.BadParameter(f"'{text}': {wrong}") from None
