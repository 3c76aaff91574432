"""Results on disk: the same bytes twice, whole or not at all, never over what is there; and the tables say what the runs say."""

from __future__ import annotations

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from cutaway import keeping, session
from cutaway.places import AlreadyThere, new_folder, write_whole
from cutaway.scenarios import Scenario
from cutaway.sim import trace
from cutaway.sim.trace import TraceError, load

MAY_DIFFER = "run.json"


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MAY_DIFFER
    }


@pytest.fixture(scope="module")
def short(quick: Scenario) -> Scenario:
    return quick.with_({"run.requests": 200, "run.replications": 2, "run.trace": "sampled 1/20"})


def kept(scenario: Scenario, folder: Path, workers: int = 1) -> Path:
    assert session.run(scenario, stacks=list(scenario.stacks), out=folder, workers=workers, check_laws=True, as_json=True) == 0
    return folder


@pytest.fixture(scope="module")
def folder(short: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kept(short, tmp_path_factory.mktemp("kept") / "results")


def test_the_same_scenario_writes_the_same_bytes(short: Scenario, folder: Path, tmp_path: Path) -> None:
    assert digests(kept(short, tmp_path / "again")) == digests(folder)


def test_it_does_not_depend_on_the_number_of_workers(short: Scenario, folder: Path, tmp_path: Path) -> None:
    assert digests(kept(short, tmp_path / "again", workers=2)) == digests(folder)


def test_all_files_are_there(folder: Path) -> None:
    names = {"results.json", "scenario.json", "runs.json", "run.json", "runs.parquet", "ledger.parquet", "latency.parquet", "traces"}
    assert {path.name for path in folder.iterdir()} == names
    assert [path.name for path in sorted((folder / "traces").iterdir())] == ["00", "01", "02"]


def test_the_printed_document_is_the_kept_one(short: Scenario, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.run(short, stacks=list(short.stacks), out=None, workers=1, check_laws=False, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == json.loads((folder / "results.json").read_text(encoding="utf-8"))


def test_the_tables_agree_with_each_other(folder: Path) -> None:
    document = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    runs = pq.read_table(folder / "runs.parquet").to_pandas()
    ledger = pq.read_table(folder / "ledger.parquet").to_pandas()
    latency = pq.read_table(folder / "latency.parquet").to_pandas()
    for name, stack in document["stacks"].items():
        assert int(ledger[ledger["stack"] == name]["ns"].sum()) == stack["latency_sum_ns"]
        assert int(latency[latency["stack"] == name]["requests"].sum()) == int(runs[runs["stack"] == name]["served"].sum())
    assert (latency["from_ns"] <= latency["to_ns"]).all()
    assert ((latency["to_ns"] - latency["from_ns"]) * 1024 <= latency["from_ns"] + 1024).all(), "a bucket is wider than 1/1024"
    assert set(ledger["kind"]) == set(trace.KINDS)


def test_a_figure_in_the_table_is_that_of_the_run(folder: Path) -> None:
    runs = pq.read_table(folder / "runs.parquet").to_pandas()
    documents = json.loads((folder / "runs.json").read_text(encoding="utf-8"))
    for row in runs.itertuples():
        run = documents[row.stack][row.replication]
        assert row.mean_latency == pytest.approx(run["latency_sum_ns"] / run["outcomes"]["served"] / 1e3)
        assert row.throughput == pytest.approx(run["outcomes"]["served"] / run["counted_ns"] * 1e9)
        assert row.fingerprint == run["fingerprint"]


def test_a_kept_trace_opens_and_tiles(folder: Path) -> None:
    for number in range(3):
        found = load(folder / "traces" / f"{number:02d}")
        own = found.spans[(found.spans["branch"] == 0)]
        sums = {int(request): 0 for request in found.requests["request"]}
        for span in own:
            sums[int(span["request"])] += int(span["end"] - span["start"])
        assert sums == {int(row["request"]): int(row["ended"] - row["born"]) for row in found.requests}


def test_nothing_is_written_over(short: Scenario, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(AlreadyThere, match="there is something already"):
        kept(short, tmp_path / "mine")
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "thesis.txt"]
    with pytest.raises(AlreadyThere):
        write_whole(tmp_path / "mine" / "thesis.txt", b"")


def test_an_empty_folder_is_taken(short: Scenario, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert (kept(short, tmp_path / "empty") / "results.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


@pytest.mark.parametrize("fails_at", range(8))
def test_after_a_failure_nothing_is_there(short: Scenario, tmp_path: Path, fails_at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full at the n-th file, for every n."""
    left = [fails_at]

    def counted(real: Any) -> Any:
        def write(*arguments: Any, **named: Any) -> Any:
            if left[0] == 0:
                raise OSError(errno.ENOSPC, "No space left on device")
            left[0] -= 1
            return real(*arguments, **named)

        return write

    monkeypatch.setattr(keeping, "_write_json", counted(keeping._write_json))
    monkeypatch.setattr(keeping.pq, "write_table", counted(keeping.pq.write_table))
    monkeypatch.setattr(keeping, "save", counted(keeping.save))
    with pytest.raises(OSError, match="No space left"):
        kept(short, tmp_path / "results")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), new_folder(tmp_path / "results") as part:
        (part / "half.json").write_text("{")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_a_trace_is_told(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="no trace is in it"):
        session.trace_folders(tmp_path)


def test_tables_hold_integers_and_nothing_pickled(folder: Path) -> None:
    for file in folder.rglob("*.npy"):
        assert np.load(file, allow_pickle=False).dtype.names
