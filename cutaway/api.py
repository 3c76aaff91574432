"""The Python door: `import cutaway`. Scenarios in, arrays and tables out, no file touched.

scenario = cutaway.load("lecture/three-stacks").set("clients.connections", 64)
cutaway.compare(scenario).to_pandas()
cutaway.capacity(scenario, "clients.connections", ["p99 < 1 ms"], stacks=["vm"]).stacks[0].found.last.value
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cutaway.building import build_stacks, span_of
from cutaway.comparison import Comparison
from cutaway.planning.capacity import Capacity
from cutaway.planning.capacity import capacity as searched
from cutaway.scenarios import Scenario, load, names
from cutaway.session import compared, traces_of
from cutaway.sim.experiments import seed_of
from cutaway.sim.machine import Machine
from cutaway.sim.results import Result
from cutaway.sim.simulate import simulate
from cutaway.sim.trace import Trace
from cutaway.whatif import WhatIf
from cutaway.whatif import what_if as both_sides

__all__ = [
    "Capacity",
    "Comparison",
    "Machine",
    "Result",
    "Scenario",
    "Trace",
    "WhatIf",
    "capacity",
    "compare",
    "load",
    "machine",
    "names",
    "run",
    "trace",
    "what_if",
]


def compare(scenario: Scenario | str, stacks: list[str] | None = None, *, workers: int = 1) -> Comparison:
    """Runs stacks of a scenario (all by default) with common random numbers, all replications. Raises ScenarioError and StackError."""
    loaded = _loaded(scenario)
    return compared(loaded, stacks or list(loaded.stacks), workers=workers)


def what_if(scenario: Scenario | str, changes: Mapping[str, Any], stacks: list[str] | None = None, *, workers: int = 1) -> WhatIf:
    """Runs stacks as they are and with other values, with the same draws. Raises ScenarioError and StackError."""
    loaded = _loaded(scenario)
    return both_sides(loaded, changes, stacks or list(loaded.stacks), workers=workers)


def capacity(
    scenario: Scenario | str,
    vary: str,
    goals: list[str],
    stacks: list[str] | None = None,
    *,
    first: str | None = None,
    last: str | None = None,
    within: str = "2 %",
    workers: int = 1,
) -> Capacity:
    """Looks for the value of the key `vary` at which goals (`p99 < 50 ms`) begin to be missed; `count` counts copies on one host.

    `first` and `last` are the smallest and largest value to try, as written in a file. Raises ScenarioError and StackError.
    """
    return searched(_loaded(scenario), goals, vary, stacks or (), first=first, last=last, within=within, workers=workers)


def run(scenario: Scenario | str, stack: str, *, replication: int = 0) -> Result:
    """One run of one stack: counts, ledger and histogram as integer arrays."""
    loaded = _loaded(scenario)
    (built,) = build_stacks(loaded, [stack])
    return simulate(built.machine, seed_of(loaded.run.seed, replication), span_of(loaded)).result


def trace(scenario: Scenario | str, stack: str, *, one_in: int = 1) -> Trace:
    """The trace of the first replication: tables of requests, spans, CPU stints and waiting threads.

    `one_in` k: one request in k, the same ones on every stack. Raises ScenarioError, StackError, and ValueError where it is below 1.
    """
    if one_in < 1:
        raise ValueError(f"one_in is {one_in}; expected 1 (every request) or more")
    loaded = _loaded(scenario)
    return traces_of(loaded, build_stacks(loaded, [stack]), one_in=one_in)[0]


def machine(scenario: Scenario | str, stack: str) -> Machine:
    """What the engine runs: CPUs, threads, links, and the compiled plan of a request."""
    return build_stacks(_loaded(scenario), [stack])[0].machine


def _loaded(scenario: Scenario | str | Any) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load(scenario)
