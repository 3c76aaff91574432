"""The real docker command, word for word: what it prints here is kept."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.cutaway.engine.conftest import Served
from tests.cutaway.engine.transcripts import COMMANDS, KEPT, transcript

VERSION = "28.2"
"""Of the command that was recorded; others word some things otherwise."""


def version() -> str:
    if shutil.which("docker") is None:
        return ""
    return subprocess.run(["docker", "--version"], capture_output=True, text=True, timeout=30).stdout


@pytest.mark.slow
@pytest.mark.skipif(f" {VERSION}." not in version(), reason=f"the docker command {VERSION} is not installed")
def test_the_docker_command_prints_what_is_kept(fresh: Served) -> None:
    assert transcript(fresh.host) == KEPT.read_text(encoding="utf-8")


def test_the_kept_transcript_has_every_command() -> None:
    kept = KEPT.read_text(encoding="utf-8")
    assert [line[2:] for line in kept.splitlines() if line.startswith("$ ")] == list(COMMANDS)
