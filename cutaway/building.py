"""From a scenario to what can be run: the machine of each stack, its memory and start-up, and the costs that it rests on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from cutaway.models import costs
from cutaway.models.copies import copied, memory_of_copies
from cutaway.models.costs import Cost, Profile
from cutaway.models.memory import Resident
from cutaway.models.stack import StackError, build, memory_of, start_up_phases, starts_at_once
from cutaway.models.startup import Phase
from cutaway.models.units import GIB
from cutaway.scenarios import Scenario
from cutaway.scenarios.limits import ENTITIES
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
    in_guest: bool
    """Whether each copy of it has a kernel of its own."""

    @property
    def assumed(self) -> list[Cost]:
        """What its figures rest on without having been measured."""
        return [cost for cost in self.costs if cost.assumed]

    @property
    def start_up_ns(self) -> int:
        return max((phase.end_ns for phase in self.start_up), default=0)

    def memory_bytes(self, copies: int = 1) -> int:
        """What copies of it hold on one host."""
        return memory_of_copies(self.memory, copies, self.in_guest)


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
    machine = build(name, layers, scenario.clients, noting, scenario.neighbours_of(name))
    memory = memory_of(layers, noting)
    phases = tuple(start_up_phases(layers, noting))
    in_guest = any(layer.kind == "kvm" for layer in layers)
    return BuiltStack(name, machine, memory, phases, tuple(book.asked.values()), in_guest)


def machine_of_copies(built: BuiltStack, copies: int, there_are_bytes: int) -> Machine:
    """Copies of a stack on one host with so much memory. Raises StackError where they have no room."""
    held = built.memory_bytes(copies)
    if copies > 1 and held > there_are_bytes:
        raise StackError(f"{copies} copies hold {held / GIB:.1f} GiB; the machine has {there_are_bytes / GIB:.1f} GiB.")
    if (many := copies * sum(thread.count for thread in built.machine.threads)) > ENTITIES.value:
        raise StackError(f"{copies} copies have {many:,} threads; expected at most {ENTITIES.value:,}.")
    return copied(built.machine, copies)


def last_up_ns(scenario: Scenario, name: str, copies: int) -> int:
    """From the commands, given at the same moment, until the last copy of a stack answers."""
    starts = starts_at_once(scenario.layers_of(name), costs.load(scenario.profile), copies)
    return max(phase.end_ns for start in starts for phase in start.phases)


def span_of(scenario: Scenario) -> Span:
    """How long each of its runs counts."""
    run = scenario.run
    return Span(run.warm_up, run.requests, run.duration)
