"""Files that somebody names: what is read, and the sentence about what is not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cutaway.models import costs
from cutaway.models.costs.row import MeasurementError, read
from cutaway.models.files import FileRefused, text_of


def test_a_text_is_read_without_its_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"\xef\xbb\xbf\xea\xb0\x80")
    assert text_of(file, 100, "a text") == "가"


@pytest.mark.parametrize(
    ("content", "told", "line"),
    [(b"12345", "is 5 bytes long; expected at most 4.", 0), (b"a\n\xff", "the byte 0xFF is not UTF-8; expected a UTF-8 text.", 2)],
)
def test_what_is_too_long_or_no_text_is_told(tmp_path: Path, content: bytes, told: str, line: int) -> None:
    file = tmp_path / "a"
    file.write_bytes(content)
    with pytest.raises(FileRefused) as found:
        text_of(file, 4, "a text")
    assert (str(found.value), found.value.line) == (told, line)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_devices_pipes_and_folders_are_not_read(tmp_path: Path) -> None:
    """Each of them would be read, or waited for, for ever."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    refused = {"pipe": "is a named pipe", "zero": "is a device", ".": "is a folder", "none": "cannot be read: no such file"}
    for name, told in refused.items():
        with pytest.raises(FileRefused, match=told):
            text_of(tmp_path / name, 100, "a text")
        with pytest.raises(MeasurementError, match=told):
            read(tmp_path / name)
    (tmp_path / "zero.toml").symlink_to("/dev/zero")
    with pytest.raises(costs.CostError, match="is a device; expected a cost profile"):
        costs.read(tmp_path / "zero.toml")


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "x = " + "1" * 10_000])
def test_a_profile_that_no_parser_takes_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "deep.toml"
    file.write_text(text)
    with pytest.raises(costs.CostError, match="nested too deep or holds a number that is too long"):
        costs.read(file)
