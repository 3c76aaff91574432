"""A trace on disk: it comes back as it was, and a damaged one is told in a sentence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cutaway.sim.machine import ClosedLoop, Cpu, Kernel, Machine, Plan, Thread, Work
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.trace import Trace, TraceError, load, save

TABLES = ("requests", "spans", "stints", "states")


@pytest.fixture(scope="module")
def trace() -> Trace:
    machine = Machine(
        "one server",
        ("client", "server"),
        (Kernel("kernel", "server", 3_000_000, 4_000_000, wake_latency_ns=500),),
        (Cpu("cpu0", "kernel"),),
        (Thread("server", ("cpu0",)),),
        (Plan("request", (Work("server", "serve", "server", 2_000),)),),
        (ClosedLoop("clients", "request", 3),),
    )
    made = simulate(machine, 1, Span(requests=20), trace_one_in=1).trace
    assert made is not None
    return made


@pytest.fixture
def folder(trace: Trace, tmp_path: Path) -> Path:
    save(trace, tmp_path)
    return tmp_path


def test_it_comes_back_as_it_was(trace: Trace, folder: Path) -> None:
    found = load(folder)
    assert found.meta == trace.meta
    assert all(np.array_equal(getattr(found, name), getattr(trace, name)) and len(getattr(found, name)) for name in TABLES)


@pytest.mark.parametrize(
    ("table", "column", "value", "sentence"),
    [
        ("requests", "outcome", 9, "outcome is 9; there are 5 outcomes"),
        ("requests", "ended", 0, "a row ends before it begins"),
        ("spans", "request", 10**9, "request is 1000000000, which is not in requests.npy"),
        ("spans", "step", 77, "step is 77; there are 2 steps"),
        ("spans", "thread", -2, "thread is -2; there are 3 threads"),
        ("spans", "layer", 2, "layer is 2; there are 2 layers"),
        ("spans", "kind", 8, "kind is 8; there are 8 kinds"),
        ("spans", "end", -1, "a row ends before it begins"),
        ("stints", "cpu", 1, "cpu is 1; there are 1 cpus"),
        ("states", "state", 6, "state is 6; there are 6 thread states"),
    ],
)
def test_a_row_that_names_nothing_is_told(table: str, column: str, value: int, sentence: str, folder: Path) -> None:
    rows = np.load(folder / f"{table}.npy")
    rows[column][-1] = value
    np.save(folder / f"{table}.npy", rows)
    with pytest.raises(TraceError, match=f"{table}.npy: {sentence}"):
        load(folder)


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("schema", 2, "schema is 2; this version reads 1"),
        ("layers", None, "'layers' is missing"),
        ("layers", 5, "'layers' is of type int; expected list"),
        ("start_ns", "0", "'start_ns' is of type str; expected int"),
        ("end_ns", True, "'end_ns' is of type bool; expected int"),
        ("cpus", [{"name": "cpu0"}], r"cpus\[0\] has no 'kernel'"),
        ("threads", ["server"], r"threads\[0\] has no 'name'"),
    ],
)
def test_a_head_that_is_wrong_is_told(key: str, value: Any, sentence: str, folder: Path) -> None:
    file = folder / "trace.json"
    meta = json.loads(file.read_text(encoding="utf-8"))
    meta = {name: found for name, found in {**meta, key: value}.items() if found is not None}
    file.write_text(json.dumps(meta), encoding="utf-8")
    with pytest.raises(TraceError, match=f"trace.json: {sentence}"):
        load(folder)


@pytest.mark.parametrize("content", [b"", b"not numpy", b"\x93NUMPY\x01\x00v\x00{"])
def test_a_table_that_is_no_table_is_told(content: bytes, folder: Path) -> None:
    (folder / "spans.npy").write_bytes(content)
    with pytest.raises(TraceError, match=r"spans\.npy: not a table of a trace"):
        load(folder)


def test_a_table_that_ends_too_early_is_told(folder: Path) -> None:
    whole = (folder / "spans.npy").read_bytes()
    (folder / "spans.npy").write_bytes(whole[:-8])
    with pytest.raises(TraceError, match=r"spans\.npy: not a table of a trace"):
        load(folder)
