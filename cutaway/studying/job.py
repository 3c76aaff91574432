"""A batch as a job for any worker: everything that it needs goes in, everything that came of it goes out, and no file is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cutaway.building import BuiltStack, build_stacks, span_of
from cutaway.scenarios import Scenario
from cutaway.sim.experiments import seed_of
from cutaway.sim.simulate import Span, simulate
from cutaway.studying.batches import Batch
from cutaway.studying.columns import METRICS, AxisColumn, parquet, row
from cutaway.studying.pilot import settled_ns


@dataclass(frozen=True)
class Job:
    """A batch, and what it is a batch of."""

    study: str
    """The study's digest, by which a worker knows what it has built already."""
    batch: Batch
    base: Scenario
    stack: str
    changes: Mapping[str, Any]
    """The point's keys of the scenario."""
    axes: tuple[AxisColumn, ...]
    at: tuple[float | str, ...]
    """Where the point stands on each axis."""
    pilot_warm_up: bool
    """Whether counting begins where a pilot's MSER-5 says, if that is later than the scenario's warm-up."""


@dataclass(frozen=True)
class Outcome:
    """What came of a batch."""

    batch: Batch
    content: bytes
    """A Parquet file."""
    figures: Mapping[str, tuple[float, ...]]
    """By metric, a value a replication."""


class RunFailed(Exception):  # noqa: N818
    """A batch without results, and why: one sentence."""


_EXPECTED = ("ScenarioError", "StackError", "CostError", "TooLarge", "Overloaded")
"""Errors that say in one sentence why a scenario cannot be run; every other one is a defect and is told by its name."""


def run(job: Job) -> Outcome:
    """Simulates the replications of a batch. Raises RunFailed."""
    try:
        return _run(job)
    except Exception as error:
        kind = type(error).__name__
        text = " ".join(str(error).split())
        # Not every error survives being sent to another process; a sentence does.
        raise RunFailed(text if kind in _EXPECTED else f"internal error: {kind}: {text}") from None


def _run(job: Job) -> Outcome:
    ready = _Ready.of(job)
    rows = []
    for replication in job.batch.replications:
        result = simulate(ready.built.machine, seed_of(ready.seed, replication), ready.span).result
        beginning = {"point": job.batch.point, "stack": job.stack, "replication": replication}
        rows.append(row(beginning, dict(zip(job.axes, job.at, strict=True)), ready.span.warm_up_ns, ready.built, result))
    return Outcome(job.batch, parquet(rows, job.axes), {metric.key: tuple(one[metric.key] for one in rows) for metric in METRICS})


@dataclass(frozen=True)
class _Ready:
    """A stack at a point, built."""

    built: BuiltStack
    span: Span
    seed: int

    @staticmethod
    def of(job: Job) -> _Ready:
        """The last ones are kept: a point's batches follow each other, and a pilot costs as much as a run."""
        key = (job.study, job.batch.point, job.stack)
        if key not in _READY:
            if len(_READY) >= _MOST_READY:
                _READY.pop(next(iter(_READY)))
            _READY[key] = _Ready._made(job)
        return _READY[key]

    @staticmethod
    def _made(job: Job) -> _Ready:
        scenario = job.base.with_(job.changes) if job.changes else job.base
        (built,) = build_stacks(scenario, [job.stack])
        span, seed = span_of(scenario), scenario.run.seed
        if job.pilot_warm_up:
            span = replace(span, warm_up_ns=max(span.warm_up_ns, settled_ns(built.machine, span, seed)))
        return _Ready(built, span, seed)


_MOST_READY = 64
_READY: dict[tuple[str, int, str], _Ready] = {}
