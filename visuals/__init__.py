"""What to look at: the stage, the player, recording. Sees traces and nothing of how they were made.

Bottom to top: `geometry`, `palette`, `sprites`, `text` and the `picture` interface; `stage` (what stands where, as data) and `layout`,
`ways` (its geometry); `seek`, `moment`, `ledger`, `metrics` (the trace at an instant); `section`, `live`, `ledger_view`, `strips`,
`frame`, `details`, `what_if_panel` and `scene` (the drawing); `what_if`, `view`, `sliders` and `controls` (what the viewer chose); `player`
and `film` (a window, a file).
Importing this loads no Pygame: it is loaded when something is shown.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cutaway.sim.trace import Trace
    from cutaway.visuals.stage import Language, Stage
    from cutaway.visuals.view import View
    from cutaway.visuals.what_if import Panel

os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")

SIZE = 1920, 1080
THEMES = {"light": "light", "dark": "dark", "contrast": "high contrast", "high contrast": "high contrast"}


def _view(traces: Sequence[Trace], stage: Stage | None, lang: Language, theme: str, start_ns: int | None, speed: float | None) -> View:
    from cutaway.visuals.default_stage import stage_for
    from cutaway.visuals.view import view_of

    view = view_of(traces, stage or stage_for(traces))
    view.language, view.palette_name = lang, THEMES[theme]
    if start_ns is not None:
        view.move_to(start_ns)
    if speed is not None:
        view.speed = view.first_speed = speed
    return view


def show(
    traces: Sequence[Trace],
    stage: Stage | None = None,
    *,
    lang: Language = "ko",
    theme: str = "light",
    size: tuple[int, int] = SIZE,
    start_ns: int | None = None,
    speed: float | None = None,
    what_if: Panel | None = None,
) -> int:
    """Opens a window on the traces, one column each, and stays until it is closed. Gives the exit code: 0, or 69 without a display.

    `start_ns` is on the stage's clock (since the followed request's birth, or the run's own time); `speed` is simulated seconds a second.
    With `what_if` the view has its sliders.
    """
    from cutaway.visuals.player import play

    view = _view(traces, stage, lang, theme, start_ns, speed)
    view.what_if = what_if
    return play(view, size)


def record(
    traces: Sequence[Trace],
    stage: Stage | None,
    path: Path | str,
    *,
    at_ns: int | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
    speed: float | None = None,
    fps: int = 30,
    size: tuple[int, int] = SIZE,
    lang: Language = "ko",
    theme: str = "light",
    what_if: Panel | None = None,
) -> None:
    """Writes a film (.mp4, .webp, .gif) from `start_ns` to `end_ns`, or with `at_ns` a picture (.png). Needs no screen.

    Without `speed` the cues' speeds hold. With `what_if` its sliders are on it if they stand open, and its source must answer at once.
    Raises `film.RecordingError`, one sentence, when an extra is missing.
    """
    from cutaway.visuals.film import make_film, take_picture

    view = _view(traces, stage, lang, theme, at_ns if at_ns is not None else start_ns, speed)
    if what_if is not None:
        from cutaway.visuals.sliders import ask, hear

        view.what_if = what_if
        ask(view)
        hear(view)
    if at_ns is not None:
        view.hint, view.playing = False, True
        take_picture(view, Path(path), size)
        return
    make_film(view, Path(path), size, end_ns, fps, keep_speed=speed is not None)
