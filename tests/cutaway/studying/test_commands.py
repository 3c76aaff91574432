"""`cutaway study` as its user meets it: exit codes, what is told, what lies there afterwards."""

from __future__ import annotations

import csv
import io
import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

import cutaway as cutaway_package
from cutaway.commands import study as study_command
from cutaway.studying import session
from cutaway.studying.folder import StudyFolder
from cutaway.studying.report import content_of
from cutaway.studying.session import Means
from cutaway.studying.shard import Shard
from tests.cutaway.studying.studies import PRECISE, SMALL, study
from tests.cutaway.test_cli import cutaway

FOREGROUND = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); signal.signal(signal.SIGHUP, signal.SIG_DFL); "


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small study that is complete."""
    folder = tmp_path_factory.mktemp("done")
    assert session.run(study(folder), folder / "out", Means()) == 0
    return folder / "out"


def test_run_ends_with_the_answer(tmp_path: Path) -> None:
    study(tmp_path)
    told = cutaway("study", "run", "small.yaml", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    assert "Does a container cost anything?" in told.stdout
    assert "16 runs: 4 replications; intervals of 95 %" in told.stdout
    assert (tmp_path / "small.study/manifest.json").is_file()
    assert max(map(len, told.stdout.splitlines())) <= 80
    again = cutaway("study", "run", "small.yaml", cwd=tmp_path)
    assert again.returncode == 0
    assert "0 runs made, 16 were there already" in again.stdout


def test_another_study_is_refused_and_the_difference_named(tmp_path: Path, done: Path) -> None:
    study(tmp_path, SMALL.replace("replications: 4", "replications: 5"))
    told = cutaway("study", "run", "small.yaml", "--out", str(done), cwd=tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr == f"{done}: holds another study: its replications is 4, here it is 5; name a new folder.\n"


def test_a_changed_profile_is_another_study(tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    shipped = (Path(__file__).parents[3] / "models/costs/profiles/two-core-vm.toml").read_text(encoding="utf-8")
    profile.write_text(shipped, encoding="utf-8")
    (tmp_path / "small.yaml").write_text(SMALL.replace("run.warm up: 1 ms", "run.warm up: 1 ms, profile: mine.toml"), encoding="utf-8")
    assert cutaway("study", "run", "small.yaml", cwd=tmp_path).returncode == 0
    profile.write_text(shipped + "\n# one comment more\n", encoding="utf-8")
    told = cutaway("study", "resume", "small.study", cwd=tmp_path)
    assert told.returncode == 2
    assert "holds another study: its scenario is" in told.stderr


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    study(tmp_path)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/love.txt").write_text("x")
    told = cutaway("study", "run", "small.yaml", "--out", "letters", cwd=tmp_path)
    assert told.returncode == 2
    assert told.stderr == "letters: holds love.txt and no study; results are not put among others, name a new folder.\n"
    for command in ("resume", "status", "table", "report"):
        assert cutaway("study", command, "letters", cwd=tmp_path).returncode == 2
    assert [one.name for one in (tmp_path / "letters").iterdir()] == ["love.txt"]


def test_a_busy_folder(tmp_path: Path) -> None:
    study(tmp_path)
    with StudyFolder(tmp_path / "out").locked(Shard()):
        told = cutaway("study", "run", "small.yaml", "--out", "out", cwd=tmp_path)
    assert told.returncode == 75
    assert told.stderr == "out: another cutaway study writes there (it holds .lock); wait for its end, or stop it.\n"


@pytest.mark.parametrize("each", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_keeps_what_is_finished_and_says_how_to_go_on(tmp_path: Path, each: signal.Signals, workers: str) -> None:
    study(tmp_path, SMALL.replace("run.requests: 200", "run.requests: 60000").replace("replications: 4", "replications: 400"))
    code = FOREGROUND + "from cutaway.cli import main; main()"
    command = [sys.executable, "-c", code, "study", "run", "small.yaml", "--out", "out", "--workers", workers]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    runs = tmp_path / "out/runs"
    while not (runs.is_dir() and any(file.suffix == ".parquet" and file.name[0] != "." for file in runs.iterdir())):
        assert running.poll() is None, running.stderr
        time.sleep(0.05)
    running.send_signal(each)
    began = time.monotonic()
    _, told = running.communicate(timeout=30)
    assert running.returncode == 128 + each
    assert time.monotonic() - began < 10, "2 s are promised; this machine may be busy"
    assert "runs are kept. To go on: cutaway study resume out" in told
    assert "Traceback" not in told
    assert not list(runs.glob(".*"))
    assert not subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True).stdout


def test_status(done: Path) -> None:
    told = cutaway("study", "status", str(done))
    assert told.stdout == f"{done}: Small\n16 of 16 runs are done; nobody works on it now.\n"
    document = json.loads(cutaway("study", "status", str(done), "--json").stdout)
    assert (document["runs"], document["runs_at_most"], document["failed"], document["busy"]) == (16, 16, {}, False)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    study(tmp_path, PRECISE)
    told = cutaway("study", "run", "small.yaml", "--dry-run", cwd=tmp_path)
    assert told.returncode == 0
    assert "at least 12 runs: about" in told.stdout
    assert "at most 48 runs: about" in told.stdout
    assert [one.name for one in tmp_path.iterdir()] == ["small.yaml"]


MANY = SMALL.replace("[1, 8]", "[1, 2, 3, 4, 5, 6]").replace("replications: 4", "replications: 10000")


def test_more_than_100_000_runs_are_asked_for(tmp_path: Path) -> None:
    study(tmp_path, MANY)
    told = cutaway("study", "run", "small.yaml", cwd=tmp_path)
    assert (told.returncode, told.stdout) == (2, "")
    sentence = "It may take 120,000 runs (--dry-run says how long). Above 100,000 they are asked for with --yes."
    assert sentence in " ".join(told.stderr.replace("│", " ").split())
    assert not (tmp_path / "small.study").exists()


class Terminal:
    """Where a person may be asked."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer, begun", [("n", False), ("y", True)])
def test_a_person_is_asked(tmp_path: Path, answer: str, begun: bool, monkeypatch: Any) -> None:
    study(tmp_path, MANY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(study_command, "sys", SimpleNamespace(stdin=Terminal(), stderr=Terminal()))
    run: list[object] = []
    monkeypatch.setattr(session, "run", lambda *asked: run.append(asked) or 0)
    ended = CliRunner().invoke(study_command.study, ["run", "small.yaml"], input=f"{answer}\n")
    assert ended.exit_code == 0, ended.output
    assert "It may take 120,000 runs (--dry-run says how long). Go on? [y/N]" in ended.output
    assert bool(run) == begun


def test_tables(done: Path) -> None:
    rows = list(csv.reader(io.StringIO(cutaway("study", "table", str(done), "--format", "csv", "--metric", "p99").stdout)))
    assert rows[0] == ["clients.connections", "stack", "runs", "p99 latency [µs]", "half width", "less bare metal", "half width"]
    assert [row[:3] for row in rows[1:]] == [[n, stack, "4"] for n in ("1", "8") for stack in ("bare metal", "container")]
    base, container = float(rows[1][3]), float(rows[2][3])
    assert float(rows[2][5]) == pytest.approx(container - base, abs=0.01)
    assert cutaway("study", "table", str(done), "--format", "latex").stdout.startswith("\\begin{tabular}")
    assert cutaway("study", "table", str(done)).stdout.startswith("| clients.connections ")
    wrong = cutaway("study", "table", str(done), "--metric", "p90 latncy")
    assert wrong.returncode == 2
    assert "Did you mean 'p90 latency'?" in wrong.stderr


def test_an_export_has_all_runs(done: Path, tmp_path: Path) -> None:
    assert cutaway("study", "export", str(done), "--out", "all.parquet", cwd=tmp_path).stdout == "wrote 16 runs to all.parquet\n"
    table = pq.read_table(tmp_path / "all.parquet")
    assert table.num_rows == 16
    assert sum(one["requests"] for one in table["histogram"][0].as_py()) == table["served"][0].as_py() == 200
    assert table.schema.field("mean_latency").metadata[b"unit"] == "µs".encode()
    taken = cutaway("study", "export", str(done), "--out", "all.parquet", cwd=tmp_path)
    assert (taken.returncode, taken.stderr) == (2, "all.parquet: the file is there already; name a new one.\n")
    assert cutaway("study", "export", str(done), "--out", "all.csv", cwd=tmp_path).returncode == 0
    assert len((tmp_path / "all.csv").read_text().splitlines()) == 17
    assert cutaway("study", "export", str(done), "--out", "all.xlsx", cwd=tmp_path).returncode == 2


def test_the_table_of_a_run_is_what_the_engine_says(done: Path) -> None:
    """Each figure is that of a run by itself, and the ledger sums to the latency."""
    table = pq.read_table(sorted((done / "runs").iterdir())[0]).to_pylist()
    for row in table:
        assert sum(one["ns"] for one in row["ledger"]) == row["latency_sum_ns"]
        assert row["mean_latency"] == pytest.approx(row["latency_sum_ns"] / row["served"] / 1e3)
        assert row["issued"] + row["in_flight_before"] == row["served"] + row["in_flight_after"]


@pytest.mark.parametrize("ending", ["html", "pdf"])
def test_a_report(done: Path, tmp_path: Path, ending: str) -> None:
    told = cutaway("study", "report", str(done), "--out", f"report.{ending}", cwd=tmp_path)
    assert told.returncode == 0, told.stderr
    content = (tmp_path / f"report.{ending}").read_bytes()
    if ending == "pdf":
        assert content.startswith(b"%PDF")
        return
    text = content.decode()
    assert "Does a container cost anything?" in text
    assert text.count("<svg") == 4
    assert "http://" not in text.replace("http://www.w3.org", "").replace("http://creativecommons", "").replace("http://purl.org", "")
    assert "assumed; not measured" in text
    assert cutaway("study", "report", str(done), "--out", "report.txt", cwd=tmp_path).returncode == 2


def test_a_report_has_the_costs_of_every_name_on_an_axis(tmp_path: Path) -> None:
    """Those of a bridge in the middle of the axis, too."""
    docker = "stacks.container.layers.docker"
    axis = f"key: {docker}.network\n    values: [host, bridge, host]\n    with: {{{docker}.publish: [none, nat, none]}}"
    text = SMALL.replace("replications: 4", "replications: 1").replace("key: clients.connections\n    values: [1, 8]", axis)
    session.run(study(tmp_path, text), tmp_path / "out", Means())
    content = content_of(cutaway_package.StudyResults.of(tmp_path / "out").summary(in_full=True), tmp_path / "out")
    assert "bridge" in [name for name, *_ in content.costs]


def test_a_hostile_value_fills_its_cell(tmp_path: Path) -> None:
    """No formula for a spreadsheet, no more columns, no other reading direction."""
    axis = 'name: "@SUM(1)|x"\n    values: ["=cmd()", "a|b\\u202ec"]'
    text = SMALL.replace("replications: 4", "replications: 1").replace("clients.connections", "title").replace("values: [1, 8]", axis)
    session.run(study(tmp_path, text), tmp_path / "out", Means())
    found = cutaway_package.StudyResults.of(tmp_path / "out")
    heads, first, _, third, _ = csv.reader(io.StringIO(found.means("csv", ["p99"])))
    assert (heads[0], first[0], third[0]) == ("'@SUM(1)|x", "'=cmd()", "a|b\\u{202e}c")
    heads, _, first, *_ = (re.split(r"(?<!\\)\|", line) for line in found.means("markdown", ["p99"]).splitlines())
    assert len(heads) == len(first) == 9
    found.export(tmp_path / "all.csv")
    assert {row["title"] for row in csv.DictReader((tmp_path / "all.csv").open(encoding="utf-8"))} == {"'=cmd()", "a|b\u202ec"}
    assert "'" not in "".join(pq.read_table(tmp_path / "out/runs/000000-00-00000-00000.parquet")["title"].to_pylist())


def test_a_hostile_title_is_text(tmp_path: Path) -> None:
    study(tmp_path, SMALL.replace("title: Small", 'title: "<script>alert(1)</script>"'))
    assert cutaway("study", "run", "small.yaml", "--out", "out", cwd=tmp_path).returncode == 0
    assert cutaway("study", "report", "out", cwd=tmp_path).returncode == 0
    assert "<script>alert" not in (tmp_path / "out/report.html").read_text(encoding="utf-8")


def test_more_replications_until_it_is_precise(tmp_path: Path) -> None:
    session.run(study(tmp_path, PRECISE), tmp_path / "out", Means())
    table = [pq.read_table(file, columns=["point", "stack", "replication"]).to_pylist() for file in (tmp_path / "out/runs").iterdir()]
    counts: dict[tuple[int, str], int] = {}
    for row in (row for rows in table for row in rows):
        counts[row["point"], row["stack"]] = counts.get((row["point"], row["stack"]), 0) + 1
    assert {counts[0, "bare metal"], counts[1, "bare metal"]} != {3}
    assert all(counts[point, "bare metal"] == counts[point, "container"] for point in (0, 1)), "stacks are compared pair by pair"


def test_a_point_that_cannot_be_run_is_named_and_the_rest_goes_on(tmp_path: Path) -> None:
    """Each value is in order by itself; two of them are not together."""
    text = SMALL.replace("stacks: [bare metal, container]", "stacks: [vm]").replace(
        "values: [1, 8]", "values: [1]\n  - {key: machine.memory, values: [24 GiB, 2 GiB]}\n"
        "  - {key: stacks.vm.layers.kvm.memory, values: [1 GiB, 8 GiB]}"
    )  # fmt: skip
    study(tmp_path, text)
    told = cutaway("study", "run", "small.yaml", "--out", "out", cwd=tmp_path)
    assert told.returncode == 1
    words = " ".join(told.stdout.split())
    assert "Failed: point 3, stack vm, replications 0 to 1: " in words
    assert "12 runs made" in words
    assert "memory" in words.partition("Failed: point 3")[2]
    status = json.loads(cutaway("study", "status", "out", "--json", cwd=tmp_path).stdout)
    assert list(status["failed"]) == ["000003-00-00000-00001", "000003-00-00002-00003"]


def test_a_study_may_have_a_length_instead_of_a_number_of_requests(tmp_path: Path) -> None:
    text = SMALL.replace("run.requests: 200", "run.requests: ~, run.duration: 30 ms")
    session.run(study(tmp_path, text), tmp_path / "out", Means())
    row = pq.read_table(next((tmp_path / "out/runs").iterdir())).to_pylist()[0]
    assert row["counted_ns"] == 30_000_000
