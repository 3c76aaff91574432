"""From what others know of a system to a scenario: a Compose file, or the containers of a running Docker host.

`compose` (a file) and `running` (a host) make a `Project` of `Service`s; `programs` says which server program each one is; `stacks` decides
what is modelled and lists what is not; `writing` is the text. What the source cannot tell is asked for, never made up.
Read first: docs/cutaway/importing.md.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from cutaway.importing import demand as _demand
from cutaway.importing import stacks, writing
from cutaway.importing.service import Project
from cutaway.models import costs
from cutaway.scenarios.loader import load_text
from cutaway.scenarios.problems import Place, Problem, ScenarioError, choices


def scenario_of(
    project: Project, profile: str, said: Mapping[str, str], busy: Collection[str] = (), demand: Path | None = None, width: int = 80
) -> tuple[str, Iterable[str]]:
    """The scenario's text, which loads, and what a terminal of that width should show of it.

    `said` is the program of a service that the user names, `busy` are services that become neighbours.
    Raises ScenarioError, CostError, MeasurementError.
    """
    costs.load(profile)
    measured = _demand.read(demand) if demand else _demand.Demand()
    imported = stacks.make(project, profile, said, busy, measured)
    _there_is_something(project, imported, busy)
    text = writing.text_of(imported, measured)
    load_text(text, f"the scenario of {project.source}")
    return text, writing.summary(imported, measured, width)


def _there_is_something(project: Project, imported: stacks.Imported, busy: Collection[str]) -> None:
    """Without a stack there is nothing to simulate; a service on a stack of its own is no neighbour of itself."""
    problems = []
    modelled = {stack.service.name: stack for stack in imported.stacks}
    for name in sorted(set(busy) & set(modelled)):
        kind = modelled[name].known.kind
        problems.append(Problem(Place(project.source), f"{name} is modelled as {kind}; expected services for --busy that are not."))
    if not imported.stacks:
        services = [one.service.name for one in imported.neighbours] or [name for name, _, _ in imported.unmodelled]
        whose = f"no service is a program that Cutaway has ({', '.join(services)})"
        expected = f"expected the image of nginx, PostgreSQL or Redis, or a Python web server's command; or --as with {choices(services)}"
        problems.append(Problem(Place(project.source), f"{whose}; {expected}."))
    if problems:
        raise ScenarioError(problems)
