"""A disk that is full, and a folder that may not be written to, are told with the file's name: before the work, and after it."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from cutaway.models.costs.measuring import journal
from cutaway.places import LEAST_BYTES, nothing_at, room_for, write_whole


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def test_a_full_disk_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 30, 1 << 30, LEAST_BYTES - 1))
    for ask in (nothing_at, room_for):
        with pytest.raises(OSError) as caught:
            ask(tmp_path / "mine.toml")
        assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "mine.toml"))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(1 << 30, 0, LEAST_BYTES))
    room_for(tmp_path / "mine.toml")


def test_a_folder_that_may_not_be_written_to_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda place, mode: False)
    with pytest.raises(PermissionError) as caught:
        room_for(tmp_path / "mine.toml")
    assert caught.value.filename == str(tmp_path / "mine.toml")


@pytest.mark.parametrize("write", [lambda file: write_whole(file, b"rows"), lambda file: journal.replace(file, "rows")])
def test_a_disk_that_gets_full_is_told_with_the_file(
    write: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError) as caught:
        write(tmp_path / "mine.jsonl")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(tmp_path / "mine.jsonl"))
    assert list(tmp_path.iterdir()) == []
