"""`cutaway measure` from outside: the plan, what is left out, and one real run of the small costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("measuring needs Linux", allow_module_level=True)


def cutaway(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cutaway", "measure", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd, timeout=300,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", **environment},
    )  # fmt: skip


def test_the_plan_names_every_part_and_starts_nothing(tmp_path: Path) -> None:
    told = cutaway("--dry-run", cwd=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    for part in ("micro/system", "lifecycle/starts", "memory/by part", "nginx/closed loop", "control/limits", "micro/making"):
        assert part in told.stdout
    listed = json.loads(cutaway("--dry-run", "--json", "--quick", cwd=tmp_path).stdout)
    assert {"parts", "skipped", "changes", "rest"} == set(listed)
    assert listed["rest"]["runs"] == sum(part["points"] * part["rounds"] for part in listed["parts"])
    assert abs(listed["rest"]["seconds"] - sum(part["seconds"] for part in listed["parts"])) <= len(listed["parts"])
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    """With no program in reach; those of the system's own directories are found all the same, so the kernel stands for them."""
    told = cutaway("--dry-run", "--only", "lifecycle/guest", "--kernel", str(tmp_path), cwd=tmp_path)
    assert told.returncode == 0
    assert "lifecycle/guest on qemu-tcg" in told.stdout and "no kernel for a guest: --kernel FOLDER" in told.stdout
    told = cutaway("--only", "lifecycle/guest", "--kernel", str(tmp_path), cwd=tmp_path)
    assert told.returncode == 69
    assert told.stderr.endswith("Nothing of what was asked for can be measured here.\n")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--only", "mirco"], "Did you mean 'micro'?"),
        (["--only", "micro/sistem"], "Did you mean 'micro/system'?"),
        (["--stack", "dokcer"], "Did you mean 'docker'?"),
        (["app", "http://example.com/"], "example.com is not on this machine's loopback"),
        (["app"], "Missing argument"),
        (["--out", "rows.json"], "'rows.json' does not end with .jsonl"),
        (["--dry-run", "--out", "rows.json"], "'rows.json' does not end with .jsonl"),
        (["--kernel", "none"], "'none' is no folder; expected one with boot/vmlinuz-* and lib/modules."),
        (["--dry-run", "--kernel", "none"], "'none' is no folder; expected one with boot/vmlinuz-* and lib/modules."),
    ],
    ids=" ".join,
)
def test_bad_input_ends_with_2_and_a_sentence(arguments: list[str], sentence: str, tmp_path: Path) -> None:
    told = cutaway(*arguments, cwd=tmp_path)
    assert told.returncode == 2, told.stderr
    assert sentence in " ".join(told.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("dry_run", [["--dry-run"], []])
def test_the_plan_is_refused_where_the_measurement_would_be(dry_run: list[str], tmp_path: Path) -> None:
    """Goal: nobody waits for a plan that cannot be carried out. Method: rows without runs, and a folder that is not there."""
    (tmp_path / "rows.jsonl").write_text("{}")
    told = cutaway(*dry_run, "--only", "micro/wake-ups", "--out", "rows.jsonl", cwd=tmp_path)
    assert told.returncode == 2 and "rows.jsonl is there, but not the runs that it comes from" in told.stderr
    told = cutaway(*dry_run, "--only", "micro/wake-ups", "--out", "none/rows.jsonl", cwd=tmp_path)
    assert told.returncode == 74 and "none/rows.jsonl: no such file or directory." in told.stderr
    told = cutaway("app", "http://127.0.0.1:1/", "--out", "none/app.jsonl", cwd=tmp_path)
    assert told.returncode == 74 and "none/app.jsonl: no such file or directory." in told.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["rows.jsonl"]


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("gcc"), reason="no C compiler (gcc)")
def test_a_real_run_of_the_small_costs(tmp_path: Path) -> None:
    """Orders of magnitude only: others may be at work on this machine."""
    arguments = ("--quick", "--only", "micro/system", "--stack", "native", "--out", "rows.jsonl")
    told = cutaway(*arguments, cwd=tmp_path)
    if told.returncode == 75:
        pytest.skip("another cutaway measure is running on this machine")
    if told.returncode == 1 and "a static C library is needed" in told.stderr:
        pytest.skip("no static C library")
    assert told.returncode == 0, told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.jsonl", "rows.machine.json", "rows.runs.jsonl"]
    rows = {row["id"]: row for row in map(json.loads, (tmp_path / "rows.jsonl").read_text().splitlines())}
    call, fork = rows["micro.syscall-getppid.native.time_per_op"], rows["micro.fork-exit-wait.native.time_per_op"]
    assert 5 < call["median"] < 50_000 and call["unit"] == "ns" and call["use"] == "calibrate"
    assert fork["median"] > call["median"]
    assert json.loads((tmp_path / "rows.machine.json").read_text())["name"] == "rows"
    again = cutaway(*arguments, cwd=tmp_path)
    assert again.returncode == 0 and f"wrote rows.jsonl: {len(rows)} rows" in again.stdout
    assert len((tmp_path / "rows.runs.jsonl").read_text().splitlines()) == len(rows) + 1     # nothing ran twice
