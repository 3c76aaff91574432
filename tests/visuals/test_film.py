"""Recording: without a screen, the same bytes twice, whole files or none."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pygame
import pytest

import cutaway.visuals
from cutaway.sim.trace import Trace
from cutaway.visuals import film
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.view import view_of

SIZE = 640, 360


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("suffix", ["mp4", "webp", "gif"])
def test_a_film_is_the_same_bytes_twice(traces: list[Trace], tmp_path: Path, suffix: str) -> None:
    pytest.importorskip("av" if suffix == "mp4" else "PIL")
    for name in ("one", "two"):
        cutaway.visuals.record(traces[:1], None, tmp_path / f"{name}.{suffix}", start_ns=0, end_ns=4_000, speed=2e-5, size=SIZE, fps=20)
    assert digest(tmp_path / f"one.{suffix}") == digest(tmp_path / f"two.{suffix}")
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"one.{suffix}", f"two.{suffix}"]


def test_a_picture_at_a_time(traces: list[Trace], tmp_path: Path) -> None:
    for lang, theme in (("ko", "light"), ("en", "dark"), ("en", "contrast")):
        path = tmp_path / f"{lang}-{theme}.png"
        cutaway.visuals.record(traces, None, path, at_ns=30_000, size=(1280, 720), lang=lang, theme=theme)  # type: ignore[arg-type]
        assert pygame.image.load(path).get_size() == (1280, 720)


def test_a_picture_that_does_not_fit_leaves_no_piece(traces: list[Trace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: object) -> None:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        film.take_picture(view_of(traces, stage_for(traces)), tmp_path / "x.png", SIZE)
    assert not list(tmp_path.iterdir())


def test_the_last_picture_stands_long_enough_to_be_read(traces: list[Trace]) -> None:
    view = view_of(traces, stage_for(traces))
    view.move_to(view.range_ns()[1])
    assert len(list(film.frames(view, SIZE, view.range_ns()[1], 10, False, 3))) == 31


def test_frame_n_shows_the_films_time(traces: list[Trace]) -> None:
    view = view_of(traces, stage_for(traces))
    view.time_ns, view.speed = 0, 1e-5
    seen = [view.time_ns for _ in film.frames(view, SIZE, 2_000, 25, keep_speed=True)]
    assert seen == [0, 400, 800, 1200, 1600, 2000]


def test_an_interrupted_film_leaves_nothing_under_its_name(traces: list[Trace], tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with pytest.raises(KeyboardInterrupt), film.whole(path) as part:
        part.write_bytes(b"half")
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said(traces: list[Trace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(film.RecordingError, match=r"film.avi ends with '.avi'; a film is one of .gif, .mp4, .webp"):
        cutaway.visuals.record(traces, None, tmp_path / "film.avi")
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(film.RecordingError, match=r"needs av, which is not installed: pip install 'cutaway\[video\]'"):
        cutaway.visuals.record(traces, None, tmp_path / "film.mp4")


def test_a_folder_that_is_not_there_is_an_os_error(traces: list[Trace], tmp_path: Path) -> None:
    for name, times in (("a.png", {"at_ns": 0}), ("a.gif", {"end_ns": 1_000})):
        with pytest.raises(FileNotFoundError, match="no such folder"):
            cutaway.visuals.record(traces[:1], None, tmp_path / "absent" / name, size=SIZE, **times)  # type: ignore[arg-type]


def test_importing_the_view_loads_no_pygame() -> None:
    code = "import sys, cutaway.visuals, cutaway.visuals.stage_data; sys.exit('pygame' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_a_display_the_view_ends_with_one_sentence() -> None:
    code = "from tests.visuals.made_up import made_up; import cutaway.visuals, sys; sys.exit(cutaway.visuals.show([made_up('bare', 20)]))"
    bare = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
    ended = subprocess.run(
        [sys.executable, "-c", code], env=bare, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    if sys.platform.startswith("linux"):
        assert ended.returncode == 69 and ended.stdout == "" and ended.stderr.count("\n") == 1 and ended.stderr.startswith("No display: ")


def test_a_closed_window_ends_well(traces: list[Trace]) -> None:
    """Keys, the mouse and a new size go through the real window loop, on a driver without a screen."""
    pygame.display.init()
    pygame.display.set_mode((640, 360))
    for event in (
        pygame.event.Event(pygame.KEYDOWN, key=pygame.K_SPACE, mod=0, unicode=" "),
        pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(300, 345)),
        pygame.event.Event(pygame.MOUSEMOTION, pos=(320, 345), rel=(20, 0), buttons=(1, 0, 0)),
        pygame.event.Event(pygame.MOUSEBUTTONUP, button=1, pos=(320, 345)),
        pygame.event.Event(pygame.MOUSEWHEEL, y=1),
        pygame.event.Event(pygame.VIDEORESIZE, size=(640, 360), w=640, h=360),
        pygame.event.Event(pygame.QUIT),
    ):
        pygame.event.post(event)
    assert cutaway.visuals.show(traces, size=(640, 360)) == 0
