"""`cutaway import` from outside: what it writes and prints, and how it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent / "importing" / "examples"
FLASK = str(EXAMPLES / "nginx-flask-postgres" / "compose.yaml")


def cutaway(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cutaway", *arguments],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=cwd, timeout=120,
        env={**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_the_file_is_a_scenario_and_what_is_assumed_is_told(tmp_path: Path) -> None:
    told = cutaway("import", FLASK, "--out", "mine.yaml", cwd=tmp_path)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("wrote mine.yaml\nNext: cutaway compare mine.yaml\n")
    assert "stacks.web.layers.python app.loops: 18000" in told.stdout
    assert max(map(len, told.stdout.splitlines())) <= 80
    assert [one.name for one in tmp_path.iterdir()] == ["mine.yaml"]
    assert cutaway("check", "mine.yaml", cwd=tmp_path).stdout == "mine.yaml: in order\n"
    assert max(map(len, (tmp_path / "mine.yaml").read_text().splitlines())) <= 140


def test_without_a_file_the_scenario_alone_is_printed(tmp_path: Path) -> None:
    printed = cutaway("import", FLASK, cwd=tmp_path)
    cutaway("import", FLASK, "--out", "mine.yaml", cwd=tmp_path)
    assert printed.stdout == (tmp_path / "mine.yaml").read_text(encoding="utf-8")


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("mine")
    told = cutaway("import", FLASK, "--out", "mine.yaml", cwd=tmp_path)
    assert (told.returncode, told.stderr) == (2, "mine.yaml: the file is there already; name a new one.\n")
    assert (tmp_path / "mine.yaml").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        ([], 2, "expected a Compose file, or --running; one of them."),
        (["none.yaml"], 2, "none.yaml: cannot be read: no such file or directory."),
        ([FLASK, "--running"], 2, "one of them."),
        ([FLASK, "--project", "shop"], 2, "it goes with --running; leave it out."),
        (["--running", "--compose-profile", "x"], 2, "it goes with a Compose file; leave it out."),
        ([FLASK, "--as", "web=pyton"], 2, "Did you mean 'python app'?"),
        ([FLASK, "--as", "wbe=nginx"], 2, "Did you mean 'web'?"),
        ([FLASK, "--busy", "dp"], 2, "Did you mean 'db'?"),
        ([FLASK, "--compose-profile", "x"], 2, "'x' is not a profile of it; no service has one."),
        ([FLASK, "--profile", "two-core"], 2, "Did you mean 'two-core-vm'?"),
        ([FLASK, "--demand", "none.jsonl"], 2, "none.jsonl: cannot be read"),
        ([FLASK, "--env-file", "none"], 2, "none: cannot be read"),
        ([FLASK, "--out", "no/folder.yaml"], 74, "no/folder.yaml: no such file or directory."),
        (["--running", "--host", "unix:///nowhere/docker.sock"], 69, "there is no such socket; is Docker installed and running."),
        (["--running", "--host", "tcp://127.0.0.1:2375"], 69, "is no Unix socket"),
    ],
    ids=lambda value: " ".join(value).replace(FLASK, "FILE") if isinstance(value, list) else "",
)
def test_how_it_ends(arguments: list[str], code: int, sentence: str, tmp_path: Path) -> None:
    told = cutaway("import", *arguments, cwd=tmp_path)
    assert told.returncode == code, told.stderr
    assert sentence in " ".join(told.stderr.replace("│", " ").split())
    assert told.stdout == "" and list(tmp_path.iterdir()) == []
