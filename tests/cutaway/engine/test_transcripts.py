"""The real docker command, word for word: what it prints here is kept, and was compared with what a real daemon makes it print."""

from __future__ import annotations

import shutil

import pytest

from tests.cutaway.engine.conftest import Served
from tests.cutaway.engine.transcripts import COMMANDS, KEPT, transcript


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("docker") is None, reason="the docker command is not installed")
def test_the_docker_command_prints_what_is_kept(fresh: Served) -> None:
    assert transcript(fresh.host) == KEPT.read_text(encoding="utf-8")


def test_the_kept_transcript_has_every_command() -> None:
    kept = KEPT.read_text(encoding="utf-8")
    assert [line[2:] for line in kept.splitlines() if line.startswith("$ ")] == list(COMMANDS)
