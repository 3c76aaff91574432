"""From a scenario to what can be run: the machine of each stack, its memory and start-up, and the costs that it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cutaway.models import costs
from cutaway.models.costs import Cost, Profile
from cutaway.models.memory import Resident
from cutaway.models.stack import StackError, build, memory_of, start_up_phases
from cutaway.models.startup import Phase
from cutaway.scenarios import Scenario
from cutaway.scenarios.problems import choices, nearest
from cutaway.sim.machine import Machine
from cutaway.sim.simulate import Span


@dataclass(frozen=True)
class BuiltStack:
    """One stack of a scenario, ready to run."""

    name: str
    machine: Machine
    memory: tuple[Resident, ...]
    start_up: tuple[Phase, ...]
    costs: tuple[Cost, ...]
    """Every cost that was asked for while it was built."""

    @property
    def assumed(self) -> list[Cost]:
        """What its figures rest on without having been measured."""
        return [cost for cost in self.costs if cost.assumed]

    @property
    def start_up_ns(self) -> int:
        return max((phase.end_ns for phase in self.start_up), default=0)


class _Watched(dict[str, Cost]):
    """The costs of a profile, with a note of which were asked for."""

    def __init__(self, costs_: dict[str, Cost]) -> None:
        super().__init__(costs_)
        self.asked: dict[str, Cost] = {}

    def __getitem__(self, name: str) -> Cost:
        self.asked[name] = super().__getitem__(name)
        return self.asked[name]


def watched(profile: Profile) -> tuple[Profile, _Watched]:
    """A profile that notes which of its costs are used."""
    book = _Watched(profile.costs)
    return replace(profile, costs=book), book


def build_stacks(scenario: Scenario, stacks: Iterable[str]) -> list[BuiltStack]:
    """The stacks of a scenario by name. Raises StackError and CostError, one sentence each."""
    profile = costs.load(scenario.profile)
    asked = list(stacks)
    for name in asked:
        if name not in scenario.stacks:
            expected = f"expected {choices(scenario.stacks)}.{nearest(name, scenario.stacks)}"
            raise StackError(f"'{name}' is not a stack of the scenario; {expected}")
    return [_build_stack(scenario, name, profile) for name in asked]


def _build_stack(scenario: Scenario, name: str, profile: Profile) -> BuiltStack:
    noting, book = watched(profile)
    layers = scenario.layers_of(name)
    machine = build(name, layers, scenario.clients, noting, scenario.neighbours)
    memory = memory_of(layers, noting)
    phases = tuple(start_up_phases(layers, noting))
    return BuiltStack(name, machine, memory, phases, tuple(book.asked.values()))


def span_of(scenario: Scenario) -> Span:
    """How long each of its runs counts."""
    run = scenario.run
    return Span(run.warm_up, run.requests, run.duration)
