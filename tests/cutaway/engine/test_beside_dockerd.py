"""The same commands to a real dockerd and to the simulated Engine: the same output and exit codes, but for a table of differences."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from tests.cutaway.engine.beside import COMMANDS, DIFFERENT
from tests.cutaway.engine.conftest import serving
from tests.cutaway.engine.real import missing, real_engine
from tests.cutaway.engine.test_transcripts import VERSION, version
from tests.cutaway.engine.transcripts import answers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(f" {VERSION}." not in version(), reason=f"the docker command {VERSION} is not installed"),
    pytest.mark.skipif(bool(missing()), reason=f"a real dockerd cannot be started here: there is no {missing()}"),
]


def test_a_real_dockerd_answers_the_same(tmp_path: Path) -> None:
    # A folder with a short name: the path of containerd's socket may have 107 bytes.
    with tempfile.TemporaryDirectory() as folder, real_engine(Path(folder)) as host:
        real = list(answers(host, COMMANDS))
    with serving(tmp_path / "s", speed=1.0, epoch_ns=time.time_ns()) as served:
        subprocess.run(["docker", "-H", served.host, "pull", "-q", "alpine"], check=True, capture_output=True)
        simulated = list(answers(served.host, COMMANDS))
    found = {command: (one, other) for command, one, other in zip(COMMANDS, real, simulated, strict=True) if one != other}
    assert {command: both for command, both in found.items() if command not in DIFFERENT} == {}
    assert [command for command in DIFFERENT if command not in found] == [], "no longer different"


def test_the_table_is_of_commands_that_are_given() -> None:
    assert [command for command in DIFFERENT if command not in COMMANDS] == []
