"""A study from Python: run, read again, and read by others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.parquet as pq
import pytest

import cutaway
from cutaway.studying import session
from cutaway.studying.columns import METRICS
from cutaway.studying.folder import StudyError
from tests.cutaway.studying.studies import SMALL, results, study

KEYS = ["clients.connections", "stack", "replication"]
FIGURES = [metric.key for metric in METRICS]


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> cutaway.StudyResults:
    """A small study that is complete: 2 points, 2 stacks, 4 replications in two files each."""
    folder = tmp_path_factory.mktemp("done")
    return cutaway.run_study(study(folder), folder / "out")


def test_it_makes_what_the_command_makes(done: cutaway.StudyResults, tmp_path: Path) -> None:
    assert session.run(study(tmp_path), tmp_path / "out", session.Means()) == 0
    assert results(done.folder) == results(tmp_path / "out")


def test_a_run_goes_on_where_it_was(done: cutaway.StudyResults) -> None:
    before = {file: file.stat().st_mtime_ns for file in (done.folder / "runs").iterdir()}
    again = cutaway.run_study(done.study, done.folder)
    assert {file: file.stat().st_mtime_ns for file in (done.folder / "runs").iterdir()} == before
    assert again.table() == cutaway.open_study(str(done.folder)).table() == done.table()


def read_by_all(folder: Path) -> dict[str, pd.DataFrame]:
    """The figures of every run, by who read them, in one order."""
    files = f"{folder}/runs/*.parquet"
    columns = ", ".join(f'"{name}"' for name in KEYS + FIGURES)
    found: dict[str, Any] = {
        "pandas": pd.read_parquet(folder / "runs")[KEYS + FIGURES],
        "DuckDB": duckdb.sql(f"SELECT {columns} FROM '{files}'").df(),
        "Polars": pd.DataFrame(pl.read_parquet(files).select(KEYS + FIGURES).to_dict(as_series=False)),
    }
    return {name: frame.sort_values(KEYS).reset_index(drop=True) for name, frame in found.items()}


def test_pandas_duckdb_and_polars_read_the_same_numbers(done: cutaway.StudyResults) -> None:
    """As the engine had them: to the last bit, in every figure of every run."""
    ours = done.to_pandas()[KEYS + FIGURES].sort_values(KEYS).reset_index(drop=True)
    assert len(ours) == 16 and ours[FIGURES].notna().all().all()
    for name, frame in read_by_all(done.folder).items():
        assert frame[KEYS].astype(str).equals(ours[KEYS].astype(str)), name
        assert (frame[FIGURES].to_numpy() == ours[FIGURES].to_numpy()).all(), name


def test_lists_are_read_by_all(done: cutaway.StudyResults) -> None:
    """The ledger of each run sums to its latency, whoever adds it up."""
    files = f"{done.folder}/runs/*.parquet"
    expected = done.to_pandas()["latency_sum_ns"].sum()
    ((by_duckdb,),) = duckdb.sql(f"SELECT sum(part.ns)::BIGINT FROM (SELECT unnest(ledger) AS part FROM '{files}')").fetchall()
    by_polars = pl.read_parquet(files).explode("ledger").unnest("ledger")["ns"].sum()
    by_pandas = sum(part["ns"] for parts in pd.read_parquet(done.folder / "runs")["ledger"] for part in parts)
    assert by_duckdb == by_polars == by_pandas == expected


def test_means_pictures_report_and_export(done: cutaway.StudyResults, tmp_path: Path) -> None:
    assert done.failed == {}
    first = done.means("csv", ["p99"]).splitlines()[0]
    assert first == "clients.connections,stack,runs,p99 latency [µs],half width,less bare metal,half width"
    pictures = done.pictures("svg")
    assert [picture.title for picture in pictures][1] == "Mean latency by clients.connections"
    assert pictures[0]._repr_html_().startswith('<img alt="Throughput by clients.connections" src="data:image/svg+xml;base64,')
    done.report(tmp_path / "all.html")
    assert "Does a container cost anything?" in (tmp_path / "all.html").read_text(encoding="utf-8")
    assert done.export(tmp_path / "all.parquet") == 16
    assert pq.read_table(tmp_path / "all.parquet").select(done.table().column_names) == done.table()


def test_failed_runs_are_told(tmp_path: Path) -> None:
    """Each value is in order by itself; two of them are not together."""
    text = SMALL.replace("[bare metal, container]", "[vm]").replace(
        "values: [1, 8]", "values: [1]\n  - {key: machine.memory, values: [2 GiB]}\n  - {key: stacks.vm.layers.kvm.memory, values: [8 GiB]}"
    )
    found = cutaway.run_study(study(tmp_path, text), tmp_path / "out")
    assert list(found.failed) == ["000000-00-00000-00001", "000000-00-00002-00003"] and "memory" in found.failed["000000-00-00000-00001"]
    with pytest.raises(StudyError, match="no run is done yet"):
        found.table()


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_reading_starts_no_thread(done: cutaway.StudyResults) -> None:
    """Arrow's threads may abort a process when it ends."""
    script = f"""
import os, cutaway
found = cutaway.open_study({str(done.folder)!r})
before = len(os.listdir("/proc/self/task"))
assert found.table().num_rows == 16 and len(os.listdir("/proc/self/task")) == before
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_folder_without_a_study(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="no study is in it"):
        cutaway.open_study(tmp_path)
