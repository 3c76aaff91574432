"""The same commands to a real dockerd and to the simulated Engine: the same output and exit codes, but for a table of differences."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.cutaway.engine.beside import COMMANDS, DIFFERENT, FORMS, GONE
from tests.cutaway.engine.conftest import serving
from tests.cutaway.engine.real import missing, real_engine
from tests.cutaway.engine.test_transcripts import VERSION, version
from tests.cutaway.engine.transcripts import answers

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(f" {VERSION}." not in version(), reason=f"the docker command {VERSION} is not installed"),
    pytest.mark.skipif(bool(missing()), reason=f"a real dockerd cannot be started here: there is no {missing()}"),
]


@pytest.fixture(scope="module")
def real() -> Iterator[str]:
    # A folder with a short name: the path of containerd's socket may have 107 bytes.
    with tempfile.TemporaryDirectory() as folder, real_engine(Path(folder)) as host:
        yield host


@pytest.fixture(scope="module")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("simulated") / "s", speed=10.0, epoch_ns=time.time_ns()) as served:
        subprocess.run(["docker", "-H", served.host, "pull", "-q", "alpine"], check=True, capture_output=True)
        yield served.host


def test_a_real_dockerd_answers_the_same(real: str, simulated: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda host: list(answers(host, COMMANDS)), (real, simulated))
        found = {command: (one, other) for command, one, other in zip(COMMANDS, *both, strict=True) if one != other}
    assert {command: each for command, each in found.items() if command not in DIFFERENT} == {}
    assert [command for command in DIFFERENT if command not in found] == [], "no longer different"


def test_its_forms_have_nothing_that_is_not_here(real: str, simulated: str) -> None:
    """The keys of what is inspected, at every depth; a few of 20.10 are gone in 28.2."""
    for made in ("docker network create forms", "docker run -d --name formed --network forms -v formed:/x -p 8087:80 --health-cmd true "
                 "alpine sleep 1000000"):  # fmt: skip
        assert [one[-3:] for host in (real, simulated) for one in answers(host, (made,))] == ["[0]", "[0]"]
    lacking = {}
    for command in FORMS:
        one, other = (_keys(json.loads(_printed(host, command))) for host in (real, simulated))
        lacking[command] = one - other - GONE
    assert {command: keys for command, keys in lacking.items() if keys} == {}


def _printed(host: str, command: str) -> str:
    return subprocess.run(["docker", "-H", host, *shlex.split(command)[1:]], check=True, capture_output=True, text=True).stdout


def _keys(value: Any, above: str = "") -> set[str]:
    if isinstance(value, list):
        return set().union(*(_keys(one, above) for one in value))
    if not isinstance(value, dict):
        return set()
    names = {name: f"{above}.{name if len(name) < 40 else 'ID'}" for name in value}
    return {*names.values()}.union(*(_keys(inner, names[name]) for name, inner in value.items()))


def test_the_table_is_of_commands_that_are_given() -> None:
    assert [command for command in DIFFERENT if command not in COMMANDS] == []
