"""The Python door: `import cutaway`. Scenarios, studies and measurements in, arrays and tables out.

No file is touched, apart from the folder of a study.

scenario = cutaway.load("lecture/three-stacks").set("clients.connections", 64)
cutaway.compare(scenario).to_pandas()
cutaway.capacity(scenario, "clients.connections", ["p99 < 1 ms"], stacks=["vm"]).stacks[0].found.last.value
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cutaway import __version__
from cutaway.building import build_stacks, span_of
from cutaway.comparison import Comparison
from cutaway.models.costs import Profile
from cutaway.models.costs import load as profile_by_name
from cutaway.models.costs.calibration import Calibration
from cutaway.models.costs.calibration import calibrate as calibrated
from cutaway.planning.capacity import Capacity
from cutaway.planning.capacity import capacity as searched
from cutaway.scenarios import Scenario, load, names
from cutaway.scenarios.study_loader import LoadedStudy, load_study
from cutaway.session import compared, traces_of
from cutaway.sim.experiments import seed_of
from cutaway.sim.machine import Machine
from cutaway.sim.results import Result
from cutaway.sim.simulate import simulate
from cutaway.sim.trace import Trace
from cutaway.studying.results import StudyResults
from cutaway.studying.session import Means, fill
from cutaway.validating.session import validated
from cutaway.validating.validation import Validation
from cutaway.whatif import WhatIf
from cutaway.whatif import what_if as both_sides

__all__ = [
    "Calibration",
    "Capacity",
    "Comparison",
    "LoadedStudy",
    "Machine",
    "Profile",
    "Result",
    "Scenario",
    "StudyResults",
    "Trace",
    "Validation",
    "WhatIf",
    "__version__",
    "calibrate",
    "capacity",
    "compare",
    "load",
    "load_profile",
    "load_study",
    "machine",
    "names",
    "open_study",
    "run",
    "run_study",
    "trace",
    "validate",
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


# --- studies ---------------------------------------------------------------------------------------------------------------------------


def run_study(study: LoadedStudy | str | Path, folder: str | Path, *, workers: int = 1) -> StudyResults:
    """Runs a study (a shipped one by name, or a file) into a folder, or goes on in the one that has it.

    Runs that fail are told by `failed`. Raises ScenarioError, StudyError, StudyBusy, AlreadyThere, OSError.
    """
    loaded = study if isinstance(study, LoadedStudy) else load_study(study)
    fill(loaded, Path(folder), Means(workers))
    return open_study(folder)


def open_study(folder: str | Path) -> StudyResults:
    """What lies in a study's folder, complete or not. Raises StudyError, ScenarioError."""
    return StudyResults.of(folder)


# --- costs -----------------------------------------------------------------------------------------------------------------------------


def load_profile(name_or_path: str | Path) -> Profile:
    """The costs of one machine: a shipped profile by name, or a .toml file. Raises CostError."""
    return profile_by_name(str(name_or_path))


def calibrate(measurements: str | Path, base: str | Path = "two-core-vm", *, workers: int = 1) -> Calibration:
    """A profile made of the rows of a file that are marked `calibrate`; what they do not give is the base's.

    `text` of the answer is the profile as a file. A file with loads needs scipy (the `study` extra). Raises MeasurementError, CostError.
    """
    return calibrated(Path(measurements), load_profile(base), workers=workers)


def validate(measurements: str | Path, profile: str | Path = "", *, only: Sequence[str] = (), workers: int = 1) -> Validation:
    """Predicts the rows of a file that are marked `validate`, or those of some groups.

    With the costs of a profile; without one, of that named after the measured machine. Raises MeasurementError, CostError.
    """
    return validated(Path(measurements), str(profile), only=only, workers=workers)


def _loaded(scenario: Scenario | str | Any) -> Scenario:
    return scenario if isinstance(scenario, Scenario) else load(scenario)
