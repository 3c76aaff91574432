"""Where `cutaway up` listens if nobody says where."""

from __future__ import annotations

import warnings
from pathlib import Path

import platformdirs
import pytest

from cutaway.commands import up


def test_in_the_session_s_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platformdirs, "user_runtime_path", lambda name: tmp_path / name)
    assert up._default() == tmp_path / "cutaway" / "docker.sock"


def test_in_the_cache_where_the_session_has_none_and_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def shared(name: str) -> Path:
        warnings.warn("falling back", UserWarning, stacklevel=1)
        return Path("/tmp") / name
    monkeypatch.setattr(platformdirs, "user_runtime_path", shared)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert up._default() == platformdirs.user_cache_path("cutaway") / "docker.sock"
