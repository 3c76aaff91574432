"""Results on disk: JSON for the whole, Parquet for tables, the traces beside them.

docs/results.md explains every column. `run.json` alone holds what may differ from machine to machine.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from cutaway import __version__
from cutaway.comparison import METRICS, Comparison
from cutaway.sim import trace
from cutaway.sim.trace import Trace, save
from cutaway.sim.traffic import books
from cutaway.whatif import WhatIf


def keep(folder: Path, comparison: Comparison, traces: Sequence[Trace]) -> None:
    """Fills a folder with everything that is known of a comparison."""
    _write_json(folder / "results.json", comparison.document())
    _write_json(folder / "scenario.json", comparison.scenario.model_dump(mode="json"))
    _write_json(folder / "runs.json", {name: [one.as_document() for one in results] for name, results in comparison.results.items()})
    _write_json(
        folder / "run.json",
        {"cutaway": __version__, "python": platform.python_version(), "numpy": np.__version__, "system": platform.platform()},
    )
    pq.write_table(runs_table(comparison), folder / "runs.parquet", compression="zstd")
    pq.write_table(ledger_table(comparison), folder / "ledger.parquet", compression="zstd")
    pq.write_table(latency_table(comparison), folder / "latency.parquet", compression="zstd")
    for number, one in enumerate(traces):
        save(one, folder / "traces" / f"{number:02d}")


def _write_json(file: Path, document: Any) -> None:
    file.write_text(
        json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False, default=str) + "\n", encoding="utf-8"
    )


def runs_table(comparison: Comparison) -> pa.Table:
    """One row a stack and replication: figures and outcomes."""
    rows = []
    for stack, results in comparison.results.items():
        for number, result in enumerate(results):
            figures = {metric.key: metric.of(result) for metric in METRICS}
            outcomes = {name.replace(" ", "_"): count for name, count in result.outcomes.items()}
            rows.append(
                {
                    "stack": stack,
                    "replication": number,
                    "seed": result.seed,
                    "fingerprint": result.fingerprint,
                    "counted_ns": result.counted_ns,
                    "events": result.events,
                    **outcomes,
                    **figures,
                }
            )
    return pa.Table.from_pylist(rows)


def ledger_table(comparison: Comparison) -> pa.Table:
    """One row a stack, replication, layer and kind: nanoseconds over all served requests."""
    rows = []
    for stack, results in comparison.results.items():
        for number, result in enumerate(results):
            for layer, name in enumerate(result.layers):
                for kind, kind_name in enumerate(trace.KINDS):
                    rows.append(
                        {"stack": stack, "replication": number, "layer": name, "kind": kind_name, "ns": int(result.ledger_ns[layer, kind])}
                    )
    return pa.Table.from_pylist(rows)


def latency_table(comparison: Comparison) -> pa.Table:
    """One row a stack, replication and bucket that is not empty: served requests with a latency from `from_ns` to `to_ns`."""
    rows = []
    for stack, results in comparison.results.items():
        for number, result in enumerate(results):
            for bucket in np.nonzero(result.histogram)[0]:
                low, high = books.bucket_bounds(int(bucket))
                rows.append(
                    {"stack": stack, "replication": number, "from_ns": low, "to_ns": high, "requests": int(result.histogram[bucket])}
                )
    return pa.Table.from_pylist(rows)


_SIDES = ("before", "after", "difference")
_WHAT_IF = pa.schema([
    ("stack", pa.string()), ("figure", pa.string()), ("layer", pa.string()), ("unit", pa.string()),
    *((name, pa.float64()) for side in _SIDES for name in (side, f"{side}_half_width")), ("within_noise", pa.bool_()),
])  # fmt: skip


def what_if_table(found: WhatIf) -> pa.Table:
    """One row a stack and figure, with no `layer`; then of the CPU time of a request one a layer. With one run no half width is known."""
    rows = []
    for stack in found.asked:
        figures = [(pair, pair.name, None) for pair in found.pairs(stack)]
        layers = [(pair, METRICS[-1].name, pair.name) for pair in found.layers(stack)]
        for pair, figure, layer in figures + layers:
            told = pair.document()
            row = {"stack": stack, "figure": figure, "layer": layer, "unit": pair.unit, "within_noise": told["within_noise"]}
            for side in _SIDES:
                row |= {side: told[side]["mean"], f"{side}_half_width": told[side]["half_width"]}
            rows.append(row)
    return pa.Table.from_pylist(rows, _WHAT_IF)
