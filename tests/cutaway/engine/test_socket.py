"""The Unix socket: its owner's alone, never in the place of something else (reliability E1)."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from cutaway.engine.server import SocketBusy, SocketRefused, bound


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_socket_and_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "made" / "docker.sock"
    with bound(path):
        assert stat.S_ISSOCK(path.lstat().st_mode)
        assert (mode(path), mode(path.parent)) == (0o600, 0o700)


def test_a_socket_at_which_somebody_listens_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with bound(path), pytest.raises(SocketBusy, match="another Engine listens there"):
        bound(path)


def test_a_socket_that_was_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    bound(path).close()
    with bound(path), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.connect(str(path))


@pytest.mark.parametrize("kind", ["file", "folder", "link to a file"])
def test_what_is_no_socket_is_never_removed(kind: str, tmp_path: Path) -> None:
    path, other = tmp_path / "docker.sock", tmp_path / "other"
    other.write_text("mine")
    if kind == "file":
        path.write_text("mine")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(other)
    with pytest.raises(SocketRefused, match="is no socket"):
        bound(path)
    assert path.exists() and other.read_text() == "mine"


def test_a_path_that_is_too_long_is_told(tmp_path: Path) -> None:
    with pytest.raises(SocketRefused, match="expected at most 107 bytes"):
        bound(tmp_path / ("x" * 120))
