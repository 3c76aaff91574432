"""A measured row: medians and quartiles of what the calm runs gave, with the command that gave it.

Samples of single events are pooled over the runs; their quantile table has 1001 equal steps (the last is the maximum) and a tail.
"""
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cutaway.models.costs.measuring.calm import Calm

SAMPLES_KEPT, RUNS_WANTED = 30, 3
TAIL = (0.9995, 0.9999, 0.99995, 0.99999)
BITS_KEPT = 11
Value = str | int | float | bool
Counts = Mapping[int, int]
"""How often a value was seen."""


class Unit(dict[str, str]):
    """Every metric of a subject is in the same unit."""

    def __init__(self, unit: str) -> None:
        self.unit = unit

    def __missing__(self, metric: str) -> str:
        return self.unit


@dataclass
class Run:
    """One run: a value, or several, by metric; single events by metric; and how calm it was."""
    values: Mapping[str, Sequence[float]]
    calm: Calm
    events: Mapping[str, Counts] = field(default_factory=dict)


@dataclass(frozen=True)
class Subject:
    """What a row is about; `units` gives the unit of a metric, `fixed` the parameters that are the same in the whole group."""
    group: str
    what: str
    stack: str
    params: Mapping[str, Value]
    command: str
    units: Mapping[str, str]
    use: str = "calibrate"
    fixed: Mapping[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        params = [f"{key}={value}" for key, value in self.params.items()]
        return ".".join([self.group, re.sub(r"[^a-z0-9]+", "-", self.what.lower()).strip("-"), self.stack, *params])


def counted(events: NDArray[np.int64]) -> dict[int, int]:
    """Single events as counts, each value to 11 significant bits: within 0.05 %, and nanoseconds up to 2 us exactly."""
    size = np.abs(events)
    shift = np.maximum(0, np.frexp(size.astype(float))[1] - BITS_KEPT).astype(np.int64)
    kept = np.sign(events) * (((size >> shift) << shift) + ((1 << shift) >> 1))
    values, counts = np.unique(kept, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


def calmest(runs: Sequence[Run]) -> list[Run]:
    """All calm runs; where there are fewer than three, the three calmest."""
    calm = [run for run in runs if run.calm.enough]
    return calm if len(calm) >= RUNS_WANTED else sorted(runs, key=lambda run: run.calm.disorder)[:RUNS_WANTED]


def rows(subject: Subject, runs: Sequence[Run]) -> Iterable[dict[str, Any]]:
    """One row a metric."""
    kept = calmest(runs)
    for metric in dict.fromkeys(name for run in kept for name in (*run.values, *run.events)):
        single = [run.events[metric] for run in kept if run.events.get(metric)]
        samples = np.sort(np.concatenate([_expanded(counts) for counts in single])) if single else np.array(
            [value for run in kept for value in run.values.get(metric, ())], float)
        if not len(samples):
            continue
        median, q1, q3 = np.quantile(samples, (0.5, 0.25, 0.75))
        some = samples[np.linspace(0, len(samples) - 1, min(SAMPLES_KEPT, len(samples))).astype(int)]
        row: dict[str, Any] = {
            "id": f"{subject.name}.{metric}", "group": subject.group, "what": subject.what, "stack": subject.stack,
            "params": {**subject.params, **subject.fixed}, "metric": metric, "unit": subject.units[metric],
            "median": _short(median), "q1": _short(q1), "q3": _short(q3), "n": len(samples), "samples": [_short(value) for value in some],
            "command": subject.command, "steal": round(max(run.calm.steal for run in kept), 4), "runs": len(kept),
            "runs_left_out": len(runs) - len(kept), "use": subject.use,
        }
        if single:
            row["quantiles"] = [int(v) for v in np.quantile(samples, np.linspace(0, 1, 1001))]
            row["tail"] = {str(p): int(np.quantile(samples, p)) for p in TAIL if len(samples) * (1 - p) >= 3}
            row["mean"] = _short(samples.mean())
        yield row


def _expanded(counts: Counts) -> NDArray[np.int64]:
    return np.repeat(np.fromiter(counts.keys(), np.int64), np.fromiter(counts.values(), np.int64))


def _short(value: float) -> float:
    return float(f"{value:.6g}")
