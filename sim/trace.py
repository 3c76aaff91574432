"""The trace of a run: columns that say where every request was, what every CPU ran, and what every thread waited for.

The engine fills them, the view, the Perfetto export and the tests read them. Every nanosecond of a traced request between its birth and
its end lies in exactly one span, so its spans sum to its latency. A trace is a folder: one `.npy` a column table and `trace.json`.
Nothing is pickled; a file is checked before it is mapped.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SCHEMA = 1

# What a span of a request is. The order is part of the format.
RUNNING, RUN_QUEUE, WAKING, STOLEN, THROTTLED, TURN, DEVICE, PLACE = range(8)
KINDS = ("running", "run queue", "waking", "stolen", "throttled", "turn", "device", "place")
"""running: on a CPU. run queue: its thread is runnable and waits for a CPU. waking: an idle CPU is coming up for its thread.
stolen: its virtual CPU lost the core. throttled: its cgroup has used its quota. turn: its thread is busy with other requests.
device: on a wire, a disk or a timer. place: waits for a lock or a place in a pool."""

FOR_A_CPU = (RUN_QUEUE, WAKING, STOLEN, THROTTLED)
"""Kinds that count as waiting for a CPU; RUNNING is running; all others are waiting for something else."""

# What became of a request.
IN_FLIGHT, SERVED, TIMED_OUT, LOST, REFUSED = range(5)
OUTCOMES = ("in flight", "served", "timed out", "lost", "refused")

# What a thread is doing. Sleeping is not recorded: it is what is left.
THREAD_STATES = ("sleeping", "runnable", "running", "waking", "throttled", "stolen")
SLEEPING, T_RUNNABLE, T_RUNNING, T_WAKING, T_THROTTLED, T_STOLEN = range(6)

SPAN = np.dtype(
    [
        ("start", "<i8"),
        ("end", "<i8"),
        ("request", "<i8"),
        ("step", "<i4"),
        ("thread", "<i4"),
        ("cpu", "<i2"),
        ("layer", "<u1"),
        ("kind", "<u1"),
        ("branch", "<u1"),
        ("pad", "<u1", (3,)),
    ]
)
"""A stretch of one request. `step` indexes `steps` of the meta data (-1: overhead of a thread, such as a switch). `thread` and
`cpu` are -1 where there is none. `branch` 0 is the request itself; 1 and up are forked or detached parts, which do not count into the
latency."""

STINT = np.dtype([("start", "<i8"), ("end", "<i8"), ("request", "<i8"), ("thread", "<i4"), ("cpu", "<i2"), ("pad", "<i2")])
"""A thread had a CPU. `request` is the one it worked for when it got the CPU, -1 for none.
A vCPU thread's stint on a core is when its guest CPU turns."""

STATE = np.dtype([("start", "<i8"), ("end", "<i8"), ("thread", "<i4"), ("cpu", "<i2"), ("state", "<u1"), ("pad", "<u1")])
"""A thread was runnable, waking, throttled or stolen (see THREAD_STATES); running stretches are stints."""

REQUEST = np.dtype(
    [
        ("request", "<i8"),
        ("born", "<i8"),
        ("ended", "<i8"),
        ("number", "<i8"),
        ("connection", "<i4"),
        ("client", "<i2"),
        ("outcome", "<u1"),
        ("pad", "<u1"),
    ]
)
"""One row a traced request. (client, connection, number) is the same on every stack of a comparison; `request` counts births here."""

Table = npt.NDArray[np.void]


@dataclass(frozen=True)
class Trace:
    """One run, read only. Tables are sorted by `start` (`born`), then by order of creation."""

    meta: dict[str, Any]
    """schema, stack, title, seed, scenario digest, and the vocabulary: layers [name], cpus [{name, kernel, vcpu}],
    threads [{name, role, kind, cpus, layer, group}], groups [{name, weight, quota_ns, period_ns}],
    steps [{plan, kind, layer, operation, thread, cost_ns, costs: [{name, times}], answering, size_bytes, spread}],
    sampled (1: every request, k: one in k, the same on every stack), complete (false when the memory limit cut it), start_ns, end_ns."""
    requests: Table
    spans: Table
    stints: Table
    states: Table


class TraceError(Exception):
    """A folder that is no trace, or a damaged one: one sentence."""


_TABLES = {"requests": REQUEST, "spans": SPAN, "stints": STINT, "states": STATE}
_META_BYTES_MAX = 64 << 20
_META = {"stack": str, **dict.fromkeys(("layers", "cpus", "threads", "steps", "groups"), list), "start_ns": int, "end_ns": int}
"""What the meta data must have, and of which type."""
_ENTRIES = {
    "cpus": ("name", "kernel", "vcpu"),
    "threads": ("name", "role", "kind", "cpus", "layer", "group"),
    "steps": ("plan", "kind", "layer", "operation", "thread"),
    "groups": ("name",),
}
"""What each entry of these lists must have; the view and the exports read it without asking."""
_NUMBERS = (
    ("requests", "outcome", 0, "outcomes"),
    ("spans", "step", -1, "steps"),
    ("spans", "thread", -1, "threads"),
    ("spans", "cpu", -1, "cpus"),
    ("spans", "layer", 0, "layers"),
    ("spans", "kind", 0, "kinds"),
    ("stints", "thread", 0, "threads"),
    ("stints", "cpu", 0, "cpus"),
    ("states", "thread", 0, "threads"),
    ("states", "cpu", -1, "cpus"),
    ("states", "state", 0, "thread states"),
)
"""Columns that number something: the table, the column, its smallest number, and what it numbers."""


def save(trace: Trace, folder: Path) -> None:
    """Writes the trace into a folder, which is made when it is not there. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in _TABLES:
        np.save(folder / f"{name}.npy", getattr(trace, name), allow_pickle=False)
    (folder / "trace.json").write_text(json.dumps(trace.meta, ensure_ascii=False, sort_keys=True), encoding="utf-8")


def load(folder: Path) -> Trace:
    """Maps a saved trace into memory, after looking at its heads and at what its rows name. Raises TraceError."""
    meta = _read_meta(folder / "trace.json")
    tables = {name: _map_table(folder / f"{name}.npy", dtype) for name, dtype in _TABLES.items()}
    _refuse_unknown_numbers(folder, meta, tables)
    return Trace(meta, **tables)


def _read_meta(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > _META_BYTES_MAX:
            raise TraceError(f"{file}: larger than {_META_BYTES_MAX} bytes; no trace has so much to say about itself.")
        meta = json.loads(file.read_text(encoding="utf-8"))
    except OSError as wrong:
        raise TraceError(f"{file}: {wrong.strerror}; a trace is a folder that `cutaway run --out` has written.") from None
    except (ValueError, RecursionError) as wrong:
        raise TraceError(f"{file}: not JSON ({wrong}).") from None
    if not isinstance(meta, dict) or meta.get("schema") != SCHEMA:
        found = meta.get("schema") if isinstance(meta, dict) else type(meta).__name__
        raise TraceError(f"{file}: schema is {found!r}; this version reads {SCHEMA}.")
    for key, kind in _META.items():
        if key not in meta:
            raise TraceError(f"{file}: '{key}' is missing.")
        if type(meta[key]) is not kind:
            raise TraceError(f"{file}: '{key}' is of type {type(meta[key]).__name__}; expected {kind.__name__}.")
    for key, wanted in _ENTRIES.items():
        for index, entry in enumerate(meta[key]):
            if lacking := [name for name in wanted if not isinstance(entry, dict) or name not in entry]:
                raise TraceError(f"{file}: {key}[{index}] has no '{lacking[0]}'.")
    return meta


def _map_table(file: Path, dtype: np.dtype[Any]) -> Table:
    try:
        table = np.load(file, mmap_mode="r", allow_pickle=False)
    except OSError as wrong:
        raise TraceError(f"{file}: {wrong.strerror or wrong}.") from None
    except (ValueError, EOFError, SyntaxError) as wrong:
        raise TraceError(f"{file}: not a table of a trace ({wrong}).") from None
    if not isinstance(table, np.ndarray) or table.dtype != dtype or table.ndim != 1:
        raise TraceError(f"{file}: its columns are not those of this version.")
    return table


def _refuse_unknown_numbers(folder: Path, meta: dict[str, Any], tables: dict[str, Table]) -> None:
    """Every number in the rows stands for something, every span is of a request, and nothing ends before it begins."""
    sizes = {key: len(meta[key]) for key in ("steps", "threads", "cpus", "layers")}
    sizes |= {"kinds": len(KINDS), "outcomes": len(OUTCOMES), "thread states": len(THREAD_STATES)}
    for table, column, least, of in _NUMBERS:
        values = tables[table][column]
        beyond = values[(values < least) | (values >= sizes[of])]
        if len(beyond):
            raise TraceError(f"{folder / table}.npy: {column} is {beyond[0]}; there are {sizes[of]} {of}, numbered from 0.")
    for table, rows in tables.items():
        begin, end = ("born", "ended") if table == "requests" else ("start", "end")
        if (rows[end] < rows[begin]).any():
            raise TraceError(f"{folder / table}.npy: a row ends before it begins.")
    strays = tables["spans"]["request"][~np.isin(tables["spans"]["request"], tables["requests"]["request"])]
    if len(strays):
        raise TraceError(f"{folder / 'spans'}.npy: request is {strays[0]}, which is not in requests.npy.")
