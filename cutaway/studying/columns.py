"""The table of a batch: one row a replication, plain figures first, then what a run is made of as lists.

docs/cutaway/studying.md tells each column.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cutaway.building import BuiltStack
from cutaway.scenarios.study_axes import Values, written
from cutaway.sim import trace
from cutaway.sim.results import CPU_COLUMNS, DEVICE_COLUMNS, GROUP_COLUMNS, THREAD_COLUMNS, Result
from cutaway.sim.traffic import books
from cutaway.whatif import FIGURES

OUTCOMES = ("issued", *(name.replace(" ", "_") for code, name in enumerate(trace.OUTCOMES) if code != trace.IN_FLIGHT))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a run, as a column."""

    key: str
    name: str
    unit: str


MEMORY = Figure("memory_held", "memory held", "MiB")
START_UP = Figure("start_up", "start-up", "ms")
LAST_UP = Figure("last_up", "start-up of the last copy", "ms")
METRICS = (*(Figure(metric.key, metric.name, metric.unit) for metric in FIGURES), MEMORY, START_UP, LAST_UP)
"""What is known of a run; each is a column of numbers."""
BY_NAME = {metric.name: metric for metric in METRICS}
_FIXED = [
    ("point", pa.int32()), ("stack", pa.string()), ("replication", pa.int32()), ("seed", pa.int64()), ("fingerprint", pa.string()),
]  # fmt: skip
_COUNTS = [
    ("warm_up_ns", pa.int64()), ("counted_ns", pa.int64()), ("events", pa.int64()), *((name, pa.int64()) for name in OUTCOMES),
    ("in_flight_before", pa.int64()), ("in_flight_after", pa.int64()), ("latency_sum_ns", pa.int64()), ("latency_max_ns", pa.int64()),
]  # fmt: skip


def _listed(*columns: tuple[str, pa.DataType]) -> pa.DataType:
    return pa.list_(pa.struct([pa.field(name, kind) for name, kind in columns]))


def _accounts(columns: Sequence[str]) -> pa.DataType:
    return _listed(("name", pa.string()), *((column, pa.int64()) for column in columns))


MADE_OF = [
    ("layers", _listed(("layer", pa.string()), ("cpu_ns", pa.int64()))),
    ("ledger", _listed(("layer", pa.string()), ("kind", pa.string()), ("ns", pa.int64()))),
    ("histogram", _listed(("from_ns", pa.int64()), ("to_ns", pa.int64()), ("requests", pa.int64()))),
    ("cpus", _accounts(CPU_COLUMNS)),
    ("threads", _accounts(THREAD_COLUMNS)),
    ("groups", _accounts(GROUP_COLUMNS)),
    ("devices", _accounts(DEVICE_COLUMNS)),
    ("warnings", pa.list_(pa.string())),
]


@dataclass(frozen=True, slots=True)
class AxisColumn:
    """An axis as a column: of numbers where all of its values are numbers of one unit, else of text."""

    key: str
    unit: str | None
    """The unit of the numbers; None of text."""

    @staticmethod
    def of(axis: Values) -> tuple[AxisColumn, tuple[float | str, ...]]:
        """The column, and what it holds for each of the axis' values."""
        numbers = axis.numbers
        if numbers is None:
            return AxisColumn(axis.key, None), tuple(map(written, axis.values))
        return AxisColumn(axis.key, numbers[1]), tuple(numbers[0])


def schema(axes: Sequence[AxisColumn]) -> pa.Schema:
    """The columns of every file of a study; those of the axes carry their unit."""
    fields = [pa.field(name, kind) for name, kind in _FIXED]
    fields += [
        pa.field(axis.key, pa.string() if axis.unit is None else pa.float64(), metadata={"unit": axis.unit or ""}) for axis in axes
    ]
    fields += [pa.field(metric.key, pa.float64(), metadata={"unit": metric.unit}) for metric in METRICS]
    return pa.schema(fields + [pa.field(name, kind) for name, kind in [*_COUNTS, *MADE_OF]])


def parquet(rows: Sequence[Mapping[str, Any]], axes: Sequence[AxisColumn]) -> bytes:
    """The rows as the bytes of a Parquet file, equal for equal rows."""
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema(axes)), sink, compression="zstd")
    return sink.getvalue()


def constants_of(built: BuiltStack, copies: int, last_up_ns: int) -> dict[str, float]:
    """What all runs of a stack have in common: memory of all copies, and starts."""
    return {MEMORY.key: built.memory_bytes(copies) / 2**20, START_UP.key: built.start_up_ns / 1e6, LAST_UP.key: last_up_ns / 1e6}


def row(
    beginning: Mapping[str, Any],
    at: Mapping[AxisColumn, float | str],
    constants: Mapping[str, float],
    warm_up_ns: int,
    result: Result,
    warnings: Sequence[str],
) -> dict[str, Any]:
    """One run, after the columns that say which it is."""
    return {
        **beginning,
        "seed": result.seed,
        "fingerprint": result.fingerprint,
        **{axis.key: value for axis, value in at.items()},
        **{metric.key: metric.of(result) for metric in FIGURES},
        **constants,
        "warm_up_ns": warm_up_ns,
        "counted_ns": result.counted_ns,
        "events": result.events,
        **{name.replace(" ", "_"): count for name, count in result.outcomes.items()},
        "in_flight_before": result.in_flight[0],
        "in_flight_after": result.in_flight[1],
        "latency_sum_ns": result.latency_sum_ns,
        "latency_max_ns": result.latency_max_ns,
        **_made_of(result),
        "warnings": list(warnings),
    }


def _made_of(result: Result) -> dict[str, Any]:
    buckets = [(books.bucket_bounds(int(bucket)), int(result.histogram[bucket])) for bucket in np.nonzero(result.histogram)[0]]
    return {
        "layers": [{"layer": layer, "cpu_ns": int(ns)} for layer, ns in zip(result.layers, result.layer_ns, strict=True)],
        "ledger": [
            {"layer": layer, "kind": kind, "ns": int(ns)}
            for layer, spent in zip(result.layers, result.ledger_ns, strict=True)
            for kind, ns in zip(trace.KINDS, spent, strict=True)
        ],
        "histogram": [{"from_ns": low, "to_ns": high, "requests": count} for (low, high), count in buckets],
        "cpus": [{"name": name, **counts} for name, counts in result.cpus.items()],
        "threads": [{"name": name, **counts} for name, counts in result.threads.items()],
        "groups": [{"name": name, **counts} for name, counts in result.groups.items()],
        "devices": [{"name": name, **counts} for name, counts in result.devices.items()],
    }
