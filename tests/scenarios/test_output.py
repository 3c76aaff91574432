"""Output is whole or absent, and an error names the place that was asked for."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from cutaway.places import AlreadyThere, new_folder, write_whole
from cutaway.scenarios import beginning


def test_of_two_runs_to_one_folder_the_slower_says_so(tmp_path: Path) -> None:
    with pytest.raises(AlreadyThere, match="something already"), new_folder(tmp_path / "results") as slower:
        (slower / "mine").touch()
        with new_folder(tmp_path / "results") as quicker:
            (quicker / "theirs").touch()
    assert [one.name for one in tmp_path.iterdir()] == ["results"]
    assert [one.name for one in (tmp_path / "results").iterdir()] == ["theirs"]


def test_a_place_that_is_not_there_is_told_by_its_own_name(tmp_path: Path) -> None:
    with pytest.raises(OSError) as told:
        write_whole(tmp_path / "none" / "file", b"")
    assert told.value.filename == str(tmp_path / "none" / "file")


def test_written_over_only_when_asked(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_whole(file, b"1")
    with pytest.raises(AlreadyThere):
        write_whole(file, b"2")
    write_whole(file, b"3", over=True)
    assert file.read_bytes() == b"3"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_new_scenario_that_does_not_fit_leaves_no_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def __enter__(self) -> Full:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def write(self, _: str) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(beginning.os, "fdopen", lambda *_, **__: Full())
    with pytest.raises(OSError, match="No space"):
        beginning._create(tmp_path / "mine.yaml", "cutaway: 1")
    assert not list(tmp_path.iterdir())
