"""The live view on the screen, or recorded without one. Runs in a process of its own: it asks for a snapshot when it has drawn the last.

A window draws only what has changed. A film shows each frame at its own real time; pictures are taken of each step as it begins.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pygame

from cutaway.visuals import display, film
from cutaway.visuals.docker import scene
from cutaway.visuals.docker.controls import Controls
from cutaway.visuals.docker.drawing import Look
from cutaway.visuals.docker.process import Ended, Remote, Wanted
from cutaway.visuals.docker.snapshot import Box, Snapshot
from cutaway.visuals.docker.words import word
from cutaway.visuals.layout import scale_and_canvas
from cutaway.visuals.surface import SurfacePicture

FRAMES_A_SECOND, FILM_FRAMES_A_SECOND = 30, 15
LEAVING_S = 3.0
SMALLEST = (640, 360)
MOST_PICTURES = 999
INSTEAD = "cutaway up --view-record FILE"


def first_look(wanted: Wanted) -> Look:
    return Look("en" if wanted.language == "en" else "ko", wanted.look)


class Window:
    """One window."""

    def __init__(self, wanted: Wanted) -> None:
        """Raises display.NoDisplayError."""
        display.open_display(INSTEAD)
        self.look, self.size = first_look(wanted), wanted.size
        self.full_screen = False
        self.leaving_until = 0.0
        self.exposed = 0
        """How often the window system wanted it drawn anew."""
        self.picture = self._open()

    def _open(self) -> SurfacePicture:
        surface = display.open_window(self.size, "Cutaway · Docker", full_screen=self.full_screen)
        return SurfacePicture(surface, scale_and_canvas(*surface.get_size())[0])

    def run(self, source: Remote) -> None:
        """Until it is closed. Raises Ended."""
        controls, clock, shown = Controls(self.look, source.wish), pygame.time.Clock(), Snapshot()
        drawn: object = None
        while not controls.quit:
            clock.tick(FRAMES_A_SECOND)
            for event in pygame.event.get():
                self._handle(event, controls)
            shown = source.snapshot() or shown
            self._do_what_only_a_window_can(controls)
            state = (shown, replace(self.look), self.exposed)
            if state != drawn:
                scene.draw(shown, self.look, self.picture)
                pygame.display.flip()
                drawn = state

    def _handle(self, event: pygame.event.Event, controls: Controls) -> None:
        match event.type:
            case pygame.QUIT:
                controls.quit = True
            case pygame.KEYDOWN:
                controls.press(pygame.key.name(event.key))
            case pygame.VIDEOEXPOSE:
                self.exposed += 1
            case pygame.VIDEORESIZE:
                self.exposed += 1
                surface = pygame.display.get_surface()
                if surface is not None:
                    if not self.full_screen:
                        self.size = max(surface.get_width(), SMALLEST[0]), max(surface.get_height(), SMALLEST[1])
                    self.picture = SurfacePicture(surface, scale_and_canvas(*surface.get_size())[0])
            case _:
                pass

    def _do_what_only_a_window_can(self, controls: Controls) -> None:
        want, controls.want = controls.want, ""
        if want == "full screen" or (want == "leave" and self.full_screen):
            self.full_screen = not self.full_screen
            self.exposed += 1
            self.picture = self._open()
        elif want == "leave":
            # A slip of the finger does not end a lecture.
            controls.quit = time.monotonic() < self.leaving_until
            self.leaving_until = time.monotonic() + LEAVING_S
            self.look.message = word("leave", self.look.language)
        elif want == "picture":
            self._save()

    def _save(self) -> None:
        name = next(name for number in range(1, 10_000) if not Path(name := f"cutaway-{number:03}.png").exists())
        try:
            film.write_png(self.picture.surface, Path(name))
            self.look.message = f"{word('written', self.look.language)}: {name}"
        except OSError as error:
            self.look.message = f"{name}: {error.strerror or error}"


@dataclass
class Recorder:
    """Writes a film, or a picture of each step."""

    wanted: Wanted
    look: Look = field(init=False)
    surface: pygame.Surface = field(init=False)
    picture: SurfacePicture = field(init=False)
    shown: Snapshot = field(default_factory=Snapshot)

    def __post_init__(self) -> None:
        """Raises film.RecordingError."""
        assert self.wanted.record is not None
        if self.wanted.record.suffix.lower() != ".png":
            film.needed(self.wanted.record)
        self.look = first_look(self.wanted)
        self.surface = pygame.Surface(self.wanted.size, 0, 32)
        self.picture = SurfacePicture(self.surface, scale_and_canvas(*self.wanted.size)[0])

    def run(self, source: Remote) -> None:
        """Until the Engine ends. Raises OSError."""
        path = self.wanted.record
        assert path is not None
        if path.suffix.lower() == ".png":
            self._pictures(source, path)
        else:
            film.write_film(path, self._frames(source), self.wanted.size, FILM_FRAMES_A_SECOND)

    def _frames(self, source: Remote) -> Iterator[pygame.Surface]:
        began, count = time.monotonic(), 0
        while True:
            try:
                newest = source.snapshot()
            except Ended:
                return
            if (newest is not None and newest != self.shown) or count == 0:
                self.shown = newest or self.shown
                scene.draw(self.shown, self.look, self.picture)
            count += 1
            yield self.surface
            time.sleep(max(0.0, began + count / FILM_FRAMES_A_SECOND - time.monotonic()))

    def _pictures(self, source: Remote, path: Path) -> None:
        """name-001.png and so on."""
        seen: object = None
        count = 0
        while count < MOST_PICTURES:
            try:
                newest = source.snapshot()
            except Ended:
                return
            if newest is None:
                time.sleep(1 / FRAMES_A_SECOND)
            elif newest.title and (what := _what(newest)) != seen:
                seen, count = what, count + 1
                scene.draw(newest, self.look, self.picture)
                film.write_png(self.surface, path.with_name(f"{path.stem}-{count:03}{path.suffix}"))


def _what(snapshot: Snapshot) -> object:
    """What makes a picture another one than the last."""
    steps = tuple((step.who, step.what, step.going) for step in snapshot.steps)
    box = snapshot.box or Box("", "")
    state = box.is_running, box.is_paused, box.is_oom, box.throttled > 0
    return snapshot.title, snapshot.request, steps, snapshot.held, state
