"""A batch as a job for any worker: what all batches have in common is its brief, and what came of it goes out or into the folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cutaway.building import build_stacks, last_up_ns, machine_of_copies, span_of
from cutaway.comparison import unsettled
from cutaway.models.hardware import HardwarePart
from cutaway.scenarios import Scenario
from cutaway.sim.experiments import seed_of
from cutaway.sim.machine import Machine
from cutaway.sim.simulate import Span, simulate
from cutaway.studying.batches import Batch
from cutaway.studying.columns import AxisColumn, constants_of, parquet, row
from cutaway.studying.folder import StudyFolder, digest_of
from cutaway.studying.pilot import settled_ns


@dataclass(frozen=True)
class Brief:
    """What all batches of a study have in common."""

    study: str
    """The study's digest, by which a worker knows what it has built already."""
    base: Scenario
    axes: tuple[AxisColumn, ...]
    pilot_warm_up: bool
    """Whether counting begins where a pilot's MSER-5 says, if that is later than the scenario's warm-up."""
    watched: tuple[str, ...]
    """Keys of the metrics that are looked at while the study runs."""


@dataclass(frozen=True)
class Job:
    """A batch, and what is its own."""

    batch: Batch
    stack: str
    changes: Mapping[str, Any]
    """The point's keys of the scenario."""
    at: tuple[float | str, ...]
    """Where the point stands on each axis."""
    copies: int = 1
    """Of the stack on its machine."""


Figures = Mapping[str, tuple[float, ...]]
"""By metric, a value a replication."""


@dataclass(frozen=True)
class Outcome:
    """What came of a batch."""

    batch: Batch
    figures: Figures | None
    """Of the metrics that are watched; None where there are too many to be sent."""
    content: bytes | None
    """A Parquet file; None where the worker has put it in its place."""
    digest: str


class RunFailed(Exception):  # noqa: N818
    """A batch without results, and why: one sentence."""


MOST_SENT = 200
"""Numbers of an outcome. A result that fits into one write to a pipe (4,096 bytes) is there whole or not at all; of a worker that is
killed in the middle of a longer one the pool would wait for the rest.
"""

_EXPECTED = ("ScenarioError", "StackError", "CostError", "TooLarge", "Overloaded")
"""Errors that say in one sentence why a scenario cannot be run; every other one is a defect and is told by its name."""


@dataclass(frozen=True)
class Sent:
    """Runs batches and hands their files over: for workers that may be anywhere."""

    brief: Brief

    def __call__(self, job: Job) -> Outcome:
        """Simulates the replications of a batch. Raises RunFailed."""
        content, figures = run(self.brief, job)
        return Outcome(job.batch, figures, content, digest_of(content))


@dataclass(frozen=True)
class Kept:
    """Runs batches and puts their files into the study's folder: for workers of the same machine."""

    brief: Brief
    folder: StudyFolder

    def __call__(self, job: Job) -> Outcome:
        """Simulates the replications of a batch. Raises RunFailed, OSError."""
        content, figures = run(self.brief, job)
        self.folder.keep(job.batch, content)
        few = len(job.batch) * len(figures) <= MOST_SENT
        return Outcome(job.batch, figures if few else None, None, digest_of(content))


def run(brief: Brief, job: Job) -> tuple[bytes, Figures]:
    """The file of a batch and its watched figures. Raises RunFailed."""
    try:
        return _run(brief, job)
    except Exception as error:
        kind = type(error).__name__
        text = " ".join(str(error).split())
        # Not every error survives being sent to another process; a sentence does.
        raise RunFailed(text if kind in _EXPECTED else f"internal error: {kind}: {text}") from None


def _run(brief: Brief, job: Job) -> tuple[bytes, Figures]:
    ready = _Ready.of(brief, job)
    results = [simulate(ready.machine, seed_of(ready.seed, k), ready.span).result for k in job.batch.replications]
    of_all = unsettled(results, ready.span.warm_up_ns)
    at = dict(zip(brief.axes, job.at, strict=True))
    rows = []
    for replication, result in zip(job.batch.replications, results, strict=True):
        beginning = {"point": job.batch.point, "stack": job.stack, "replication": replication}
        rows.append(row(beginning, at, ready.constants, ready.span.warm_up_ns, result, result.warnings() or of_all))
    return parquet(rows, brief.axes), {key: tuple(one[key] for one in rows) for key in brief.watched}


@dataclass(frozen=True)
class _Ready:
    """A stack at a point, built."""

    machine: Machine
    constants: dict[str, float]
    """By metric, what all runs of it have in common."""
    span: Span
    seed: int

    @staticmethod
    def of(brief: Brief, job: Job) -> _Ready:
        """The last ones are kept: a point's batches follow each other, and a pilot costs as much as a run."""
        key = (brief.study, job.batch.point, job.stack)
        if key not in _READY:
            if len(_READY) >= _MOST_READY:
                _READY.pop(next(iter(_READY)))
            _READY[key] = _Ready._made(brief, job)
        return _READY[key]

    @staticmethod
    def _made(brief: Brief, job: Job) -> _Ready:
        scenario = brief.base.with_(job.changes) if job.changes else brief.base
        (built,) = build_stacks(scenario, [job.stack])
        hardware = next(layer for layer in scenario.layers_of(job.stack) if isinstance(layer, HardwarePart))
        machine = machine_of_copies(built, job.copies, hardware.memory)
        constants = constants_of(built, job.copies, last_up_ns(scenario, job.stack, job.copies))
        span, seed = span_of(scenario), scenario.run.seed
        if brief.pilot_warm_up:
            span = replace(span, warm_up_ns=max(span.warm_up_ns, settled_ns(machine, span, seed)))
        return _Ready(machine, constants, span, seed)


_MOST_READY = 64
_READY: dict[tuple[str, int, str], _Ready] = {}
