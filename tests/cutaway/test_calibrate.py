"""`cutaway calibrate` and `cutaway profiles diff` from outside: what they print and write, and how they end."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from cutaway.calibrating import report
from cutaway.commands.profiles import lines_of
from cutaway.models.costs import load
from cutaway.models.costs.calibration import SHIPPED, calibrate
from cutaway.models.costs.fit import Effort
from cutaway.places import AlreadyThere, nothing_at
from tests.cutaway.test_cli import cutaway

NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")
MEASURED = SHIPPED / "two-core-vm.jsonl"
ROW: dict[str, Any] = {
    "group": "micro", "stack": "native", "params": {}, "metric": "time_per_op", "unit": "ns", "n": 9, "use": "calibrate",
}  # fmt: skip


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """Two rows and a machine file."""
    file = tmp_path / "mine.jsonl"
    values = {"micro.ctxswitch-pipe-samecpu.native.time_per_op": 1000, "micro.pipe-write-read-noswitch.native.time_per_op": 300}
    rows = [ROW | {"id": name, "what": name, "median": value, "q1": value - 3, "q3": value + 3} for name, value in values.items()]
    file.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    file.with_suffix(".machine.json").write_text('{"name": "mine", "date": "2026-01-02"}', encoding="utf-8")
    return file


def test_a_profile_is_written_and_can_be_used_wherever_one_is_asked_for(mine: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    told = cutaway("calibrate", str(mine), "--out", str(out))
    assert told.returncode == 0, told.stderr
    assert told.stdout.endswith(f"wrote {out}\n")
    assert "\ncontext switch                                 700 ns" in told.stdout
    cost = cutaway("cost", "context switch", "--profile", str(out))
    assert cost.stdout.startswith("context switch\nvalue:  700 ns / switch\nerror:  2.6")
    assert "two-core-vm, then mine: " in cutaway("profiles", "diff", "two-core-vm", str(out)).stdout
    assert cutaway("profiles", "show", str(out)).stdout.startswith("mine: calibrated on mine.jsonl")
    again = cutaway("calibrate", str(mine), "--out", str(out))
    assert (again.returncode, again.stderr) == (2, f"{out}: the file is there already; name a new one.\n")


def test_without_out_nothing_is_written(mine: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.iterdir())
    told = cutaway("calibrate", str(mine))
    assert told.returncode == 0 and "Nothing is written; --out FILE.toml keeps the profile." in told.stdout
    assert sorted(tmp_path.iterdir()) == before


def test_json_is_json_alone(mine: Path, tmp_path: Path) -> None:
    found = json.loads(cutaway("calibrate", str(mine), "--json", "--out", str(tmp_path / "mine.toml")).stdout)
    costs = {cost["name"]: cost for cost in found["costs"]}
    assert costs["context switch"]["made"] == "rows" and costs["context switch"]["value"] == "700 ns"
    assert costs["veth"]["made"] == "base" and "native-veth" in costs["veth"]["why"]
    assert found["fits"] == {} and (tmp_path / "mine.toml").is_file()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["{mine}", "--out", "{folder}/mine.json"], "--out is '{folder}/mine.json'; expected a name that ends with .toml"),
        (["{mine}", "--base", "two-core"], "Did you mean 'two-core-vm'?"),
        (["{mine}", "--base", "gone.toml"], "gone.toml: cannot be read (no such file or directory)."),
        (["{folder}/gone.jsonl"], "{folder}/gone.jsonl: cannot be read: no such file or directory."),
        ([], "Missing argument 'MEASUREMENTS'"),
    ],
)
def test_a_mistake_gets_one_sentence(mine: Path, tmp_path: Path, arguments: list[str], sentence: str) -> None:
    told = cutaway("calibrate", *(one.format(mine=mine, folder=tmp_path) for one in arguments))
    assert told.returncode == 2
    assert sentence.format(folder=tmp_path) in told.stderr.replace("\n", " ").replace("  ", " ")
    assert "Traceback" not in told.stderr


def test_a_folder_that_is_not_there_is_told_before_the_work(tmp_path: Path) -> None:
    told = cutaway("calibrate", str(MEASURED), "--out", str(tmp_path / "gone" / "mine.toml"))
    assert told.returncode == 74 and told.stderr == f"{tmp_path}/gone/mine.toml: no such file or directory.\n"
    with pytest.raises(IsADirectoryError):
        nothing_at(tmp_path)
    (tmp_path / "there").touch()
    with pytest.raises(AlreadyThere):
        nothing_at(tmp_path / "there")


@pytest.mark.slow
def test_it_can_be_stopped_and_leaves_nothing(tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    # SIGINT as a shell leaves it in the foreground, whoever started the tests
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); from cutaway.cli import main; main()"
    command = [sys.executable, "-c", code, "calibrate", str(MEASURED), "--out", str(out), "--workers", "2"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(6)
    running.send_signal(signal.SIGINT)
    printed, told = running.communicate(timeout=30)
    assert running.returncode == 130 and "Traceback" not in told and printed == ""
    assert list(tmp_path.iterdir()) == []
    for _ in range(100):
        try:
            os.killpg(running.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("a process is left")


def test_a_report_fits_80_columns_and_names_what_is_open(tmp_path: Path) -> None:
    """The rows of one program, in short runs."""
    file = tmp_path / "two-core-vm.jsonl"
    lines = MEASURED.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join(line for line in lines if "cpu_per_request" not in line or '"redis"' in line), encoding="utf-8")
    file.with_suffix(".machine.json").write_bytes(MEASURED.with_suffix(".machine.json").read_bytes())
    made = calibrate(file, load("two-core-vm"), effort=Effort(requests=5000, runs=1))
    told = report(made)
    assert max(len(line) for text in told for line in text.splitlines()) <= 80
    narrow = report(made, 60)
    assert max(len(line) for text in narrow for line in text.splitlines()) <= 60
    assert NUMBER.findall("\n".join(narrow)) == NUMBER.findall("\n".join(told))
    whole = "\n".join(told)
    assert "5,517 for validation" not in whole and "for validation were left alone" in whole.replace("\n", " ")
    assert "redis-benchmark write and redis-benchmark read (correlation -" in whole
    assert "Still assumed, not measured" in whole and "doorbell exit (scaled)" in whole.replace("\n    ", " ")
    assert "client read: no load of nginx on the bare system to fit it on" in whole


# --- profiles diff -----------------------------------------------------------------------------------------------------------------


def test_a_profile_does_not_differ_from_itself() -> None:
    assert cutaway("profiles", "diff", "bare-metal", "bare-metal").stdout == (
        f"bare-metal, then bare-metal: 0 of {len(load('bare-metal').costs)} costs differ, {len(load('bare-metal').costs)} are the same\n"
    )


def test_what_is_the_same_in_both_is_not_repeated(tmp_path: Path) -> None:
    head = '[profile]\nwhat = "x"\nmachine = "x"\ndate = "x"\n'
    cost = '["a"]\nvalue = "{}"\nwhat = "x"\nkind = "measured"\nsource = ["row"]\n'
    for name, value in (("one", "1 us"), ("other", "2 us")):
        (tmp_path / f"{name}.toml").write_text(head + cost.format(value), encoding="utf-8")
    one, other = load(str(tmp_path / "one.toml")), load(str(tmp_path / "other.toml"))
    assert lines_of("a", one, other) == ["a: 1 us, 2 us (+100.0%)"]


def test_a_difference_tells_value_kind_and_source_of_both() -> None:
    told = cutaway("profiles", "diff", "two-core-vm", "bare-metal").stdout
    assert max(map(len, told.splitlines())) <= 80
    assert "\ntick: 34.4 us, 3 us (-91.3%)\n  measured    micro.gaps-of-a-busy-loop.native.busy_cpus=1.gap_share\n" in told
    assert "\n  assumption  no source at hand; 34 us in the guest, most of it exits\n" in told
    assert "null system call" not in told


def test_a_cost_that_only_one_has_is_told_with_its_place(tmp_path: Path) -> None:
    head = '[profile]\nwhat = "x"\nmachine = "x"\ndate = "x"\n'
    cost = '["{}"]\nvalue = "{}"\nwhat = "x"\nkind = "measured"\nsource = ["{}"]\n'
    (tmp_path / "one.toml").write_text(head + cost.format("a", "1 us", "row") + cost.format("b", "2", "row"), encoding="utf-8")
    (tmp_path / "other.toml").write_text(head + cost.format("a", "1 us", "another") + cost.format("c", "2 MiB", "row"), encoding="utf-8")
    one, other = load(str(tmp_path / "one.toml")), load(str(tmp_path / "other.toml"))
    assert lines_of("a", one, other) == ["a: 1 us in both", "  measured    row", "  measured    another"]
    assert lines_of("b", one, other) == ["b: 2 x, only in one", "  measured    row"]
    assert lines_of("c", one, other) == ["c: 2 MiB, only in other", "  measured    row"]
