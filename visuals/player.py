"""The window: it lets time pass, hands keys and mouse to `controls`, and shows what `scene` draws."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pygame

from cutaway.visuals import display, sliders, text
from cutaway.visuals.controls import Controls
from cutaway.visuals.film import write_png
from cutaway.visuals.geometry import Point
from cutaway.visuals.layout import scale_and_canvas
from cutaway.visuals.scene import Scene
from cutaway.visuals.surface import SurfacePicture
from cutaway.visuals.view import View
from cutaway.visuals.words import word

FRAMES_A_SECOND = 60
LONGEST_STEP_S = 0.1
"""A frame counts as no more: after the laptop has slept, the show goes on from where it was."""
HINT_S = LEAVING_S = 3.0
SMALLEST = (640, 360)


class Player:
    """One window on a view."""

    def __init__(self, view: View, size: tuple[int, int]) -> None:
        self.view, self.size = view, size
        self.controls, self.scene = Controls(view), Scene()
        self.full_screen = self.dragging = False
        self.leaving_until = 0.0
        self.picture = self._open()

    def _open(self) -> SurfacePicture:
        surface = display.open_window(
            self.size, f"Cutaway · {self.view.stage.title.told(self.view.language)}", full_screen=self.full_screen
        )
        return SurfacePicture(surface, scale_and_canvas(*surface.get_size())[0])

    def run(self) -> int:
        """Until the window is closed."""
        clock, began = pygame.time.Clock(), time.monotonic()
        sliders.ask(self.view)
        pygame.key.set_repeat(350, 60)
        while not self.controls.quit:
            seconds = min(clock.tick(FRAMES_A_SECOND) / 1000, LONGEST_STEP_S)
            for event in pygame.event.get():
                self._handle(event)
            if self.view.hint and self.view.time_ns and time.monotonic() - began > HINT_S and self.view.playing:
                self.view.hint = False
            sliders.hear(self.view)
            self.controls.advance(seconds)
            self.view.numbers = bool(pygame.key.get_mods() & pygame.KMOD_ALT)
            self._do_what_only_a_window_can()
            self.scene.draw(self.view, self.picture)
            pygame.display.flip()
        return 0

    def _handle(self, event: pygame.event.Event) -> None:
        match event.type:
            case pygame.QUIT:
                self.controls.quit = True
            case pygame.KEYDOWN:
                shift = bool(event.mod & pygame.KMOD_SHIFT)
                self.controls.press(pygame.key.name(event.key), shift, event.unicode)
            case pygame.MOUSEBUTTONDOWN if event.button == 1:
                layout, _ = self.scene.geometry(self.view, self.picture.width, self.picture.height)
                self.dragging = self.controls.grab(self._point(event.pos), layout)
                if not self.dragging:
                    self.controls.click(self._point(event.pos))
            case pygame.MOUSEMOTION if self.dragging:
                layout, _ = self.scene.geometry(self.view, self.picture.width, self.picture.height)
                self.controls.drag(self._point(event.pos), layout)
            case pygame.MOUSEBUTTONUP if event.button == 1:
                self.dragging = False
            case pygame.MOUSEWHEEL:
                self.controls.wheel(event.y)
            case pygame.VIDEORESIZE:
                self._resized()
            case _:
                pass

    def _point(self, position: tuple[int, int]) -> Point:
        return Point(position[0] / self.picture.scale, position[1] / self.picture.scale)

    def _resized(self) -> None:
        surface = pygame.display.get_surface()
        if surface is not None:
            if not self.full_screen:
                self.size = max(surface.get_width(), SMALLEST[0]), max(surface.get_height(), SMALLEST[1])
            self.picture = SurfacePicture(surface, scale_and_canvas(*surface.get_size())[0])

    def _do_what_only_a_window_can(self) -> None:
        want, self.controls.want = self.controls.want, ""
        if want == "full screen" or (want == "leave" and self.full_screen):
            self.full_screen = not self.full_screen
            self.picture = self._open()
        elif want == "leave":
            # A slip of the finger does not end a lecture.
            self.controls.quit = time.monotonic() < self.leaving_until
            self.leaving_until = time.monotonic() + LEAVING_S
            self.view.message = word("leave", self.view.language)
        elif want == "picture":
            self._save()

    def _save(self) -> None:
        """The picture as it stands, beside where the command was given; nothing is written over."""
        number = next(number for number in range(1, 10_000) if not Path(f"cutaway-{number:03}.png").exists())
        name = f"cutaway-{number:03}.png"
        try:
            write_png(self.picture.surface, Path(name))
        except OSError as error:
            self.view.message = f"{name}: {error.strerror or error}"
            return
        self.view.message = f"{word('written', self.view.language)}: {name}"


def play(view: View, size: tuple[int, int]) -> int:
    """Opens a window on a view and stays until it is closed: 0, or 69 where there is no display."""
    try:
        display.open_display()
        return Player(view, size).run()
    except display.NoDisplayError as error:
        sys.stderr.write(f"{error}\n")
        return display.NO_DISPLAY
    except KeyboardInterrupt:
        return 0
    finally:
        text.forget()
        display.close_display()
