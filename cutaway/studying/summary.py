"""What the runs of a study come to: of each point and stack the figures with their intervals, and differences of stacks, pair by pair."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from cutaway.printing import relative
from cutaway.scenarios.study_axes import Point
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.sim.results import BESIDE_THE_SERVER
from cutaway.sim.statistics import Estimate, estimate, paired_difference
from cutaway.studying.batches import Batch
from cutaway.studying.columns import BY_NAME, METRICS, Figure
from cutaway.studying.folder import StudyFolder
from cutaway.studying.index import Index
from cutaway.studying.progression import confidence
from cutaway.studying.reading import tables


@dataclass
class Cell:
    """One stack at one point: its runs in the order of their replications."""

    replications: list[int] = field(default_factory=list)
    values: dict[str, list[float]] = field(default_factory=lambda: {metric.key: [] for metric in METRICS})
    warnings: list[str] = field(default_factory=list)
    """Of each kind the first."""
    served: int = 0
    layers_ns: dict[str, int] = field(default_factory=dict)
    """CPU time by layer over all runs; the client's and the neighbours' own left out."""
    ledger_ns: dict[tuple[str, str], int] = field(default_factory=dict)
    """By layer and kind, over all served requests."""


@dataclass(frozen=True)
class Summary:
    """A study with what is known so far; a point without any run is left out."""

    study: LoadedStudy
    cells: dict[tuple[int, str], Cell]
    failed: dict[Batch, str]

    @property
    def base(self) -> str:
        """The stack that the others are compared with."""
        return self.study.study.compare_with or self.study.stacks[0]

    @property
    def confidence(self) -> float:
        """Of each interval."""
        return confidence(self.study)

    def points(self) -> Iterator[Point]:
        """The points that have runs."""
        for point in self.study.points:
            if any((point.number, stack) in self.cells for stack in self.study.stacks):
                yield point

    def figure(self, point: Point, stack: str, metric: Figure) -> Estimate | None:
        """Mean over the replications, with its interval; None without runs."""
        cell = self.cells.get((point.number, stack))
        return estimate(cell.values[metric.key], self.confidence) if cell else None

    def difference(self, point: Point, stack: str, metric: Figure) -> Estimate | None:
        """The stack less the base, over the replications that both have; None where they have none."""
        cell, base = (self.cells.get((point.number, name)) for name in (stack, self.base))
        if cell is None or base is None:
            return None
        there = dict(zip(base.replications, base.values[metric.key], strict=True))
        pairs = [(value, there[k]) for k, value in zip(cell.replications, cell.values[metric.key], strict=True) if k in there]
        return paired_difference([pair[0] for pair in pairs], [pair[1] for pair in pairs], self.confidence) if pairs else None

    def shown(self, point: Point, stack: str, metric: Figure, kind: str) -> Estimate | None:
        """The metric `itself`, its `difference` from the base, or that in `per cent` of the base; None where there is none."""
        if kind == "itself":
            return self.figure(point, stack, metric)
        found, base = self.difference(point, stack, metric), self.figure(point, self.base, metric)
        if stack == self.base or found is None or base is None or (kind == "per cent" and not base.mean):
            return None
        share = 100 / base.mean if kind == "per cent" else 1.0
        return replace(found, mean=share * found.mean, half_width=share * found.half_width)

    def beside_base(self, point: Point, stack: str, metric: Figure) -> tuple[Estimate, str] | None:
        """The difference from the base, and the same in per cent; None for the base itself, and where there is none."""
        found, base = self.difference(point, stack, metric), self.figure(point, self.base, metric)
        return (found, relative(found, base.mean)) if stack != self.base and found and base else None

    def cpu_by_layer_us(self, point: Point, stack: str) -> dict[str, float]:
        """CPU time of a request by layer, µs."""
        cell = self.cells[point.number, stack]
        return {layer: ns / 1e3 / max(cell.served, 1) for layer, ns in cell.layers_ns.items() if ns}

    def labels(self, point: Point) -> list[str]:
        """Where the point stands on each axis, in words."""
        return [axis.text(index) for axis, index in zip(self.study.axes, point.at, strict=True)]

    def runs(self) -> int:
        return sum(len(cell.replications) for cell in self.cells.values())

    def warnings(self) -> list[str]:
        """What a reader must know before trusting the figures, with the number of points and stacks that it is said of."""
        counts: dict[str, int] = {}
        for cell in self.cells.values():
            for text in cell.warnings:
                counts[text.partition(": ")[0]] = counts.get(text.partition(": ")[0], 0) + 1
        found = []
        for stack, count in counts.items():
            first = next(text for cell in self.cells.values() for text in cell.warnings if text.startswith(f"{stack}: "))
            found.append(first if count == 1 else f"{first} (The same at {count - 1} more points.)")
        return found


PLAIN = ("replication", "served", "warnings", *(metric.key for metric in METRICS))
WHERE_IT_GOES = ("layers", "ledger")
"""Columns that say where the time of a run went, which only a report needs."""


def summary_of(study: LoadedStudy, folder: StudyFolder, index: Index, *, in_full: bool = False) -> Summary:
    """Reads the columns of all batches; those that say where the time went only if `in_full`. Raises StudyError, OSError."""
    cells: dict[tuple[int, str], Cell] = {}
    wanted = [*PLAIN, *(WHERE_IT_GOES if in_full else ())]
    for batch, table in tables(folder, study, index, wanted):
        cell = cells.setdefault((batch.point, study.stacks[batch.stack]), Cell())
        _take(cell, {name: table[name].to_pylist() for name in wanted})
    return Summary(study, cells, dict(index.failed))


def _take(cell: Cell, columns: dict[str, list[Any]]) -> None:
    cell.replications += columns["replication"]
    cell.served += sum(columns["served"])
    for metric in METRICS:
        cell.values[metric.key] += columns[metric.key]
    if not cell.warnings:
        cell.warnings = next((texts for texts in columns["warnings"] if texts), [])
    for row in columns.get("layers", ()):
        for one in row:
            if one["layer"] not in BESIDE_THE_SERVER:
                cell.layers_ns[one["layer"]] = cell.layers_ns.get(one["layer"], 0) + one["cpu_ns"]
    for row in columns.get("ledger", ()):
        for one in row:
            key = (one["layer"], one["kind"])
            cell.ledger_ns[key] = cell.ledger_ns.get(key, 0) + one["ns"]


def shown_metrics(study: LoadedStudy) -> list[Figure]:
    """The metrics that the study's figures are of, each once."""
    return [BY_NAME[name] for name in dict.fromkeys([figure.y for figure in study.figures])]
