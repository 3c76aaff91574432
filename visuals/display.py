"""The window system: opened without sound, and one sentence when there is none or it goes away."""

from __future__ import annotations

import ctypes
import os
import sys

import pygame

NO_DISPLAY = 69
WITHOUT_SCREEN = ("dummy", "offscreen", "evdev")
INSTEAD = "cutaway show ... --record FILE"
NOWHERE = "No display: neither DISPLAY nor WAYLAND_DISPLAY leads to a screen. Without one, write a film or a picture: {}."

_kept: list[object] = []
"""Callbacks that the window system holds on to."""


class NoDisplayError(Exception):
    """There is no screen to open a window on."""


def open_display(instead: str = INSTEAD) -> None:
    """Connects to the window system. A driver without a screen counts only if it was asked for. `instead` is the way without one."""
    asked = os.environ.get("SDL_VIDEODRIVER", "")
    os.environ.setdefault("SDL_WINDOWS_DPI_AWARENESS", "permonitorv2")
    if sys.platform.startswith("linux") and not (asked or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise NoDisplayError(NOWHERE.format(instead))
    try:
        pygame.display.init()
    except pygame.error as error:
        raise NoDisplayError(f"No display: {error}. Without a screen, write a film or a picture: {instead}.") from None
    driver = pygame.display.get_driver()
    if driver in WITHOUT_SCREEN and asked != driver:
        pygame.display.quit()
        raise NoDisplayError(NOWHERE.format(instead))
    if driver == "x11":
        _end_cleanly_if_the_display_goes()


def _end_cleanly_if_the_display_goes() -> None:
    """Xlib ends the process when its server dies; before it does, say so in one sentence and with our exit code."""
    try:
        library = ctypes.CDLL("libX11.so.6")
    except OSError:
        return
    kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)

    def gone(_display: object) -> int:
        sys.stderr.write("The display has gone away; the view has ended.\n")
        sys.stderr.flush()
        os._exit(NO_DISPLAY)

    handler = kind(gone)
    _kept.append(handler)
    library.XSetIOErrorHandler(handler)


def open_window(size: tuple[int, int], title: str, *, full_screen: bool = False) -> pygame.Surface:
    """A window, or the whole screen."""
    try:
        surface = pygame.display.set_mode((0, 0) if full_screen else size, pygame.FULLSCREEN if full_screen else pygame.RESIZABLE)
    except pygame.error as error:
        raise NoDisplayError(f"No display: {error}.") from None
    pygame.display.set_caption(title)
    return surface


def close_display() -> None:
    pygame.display.quit()
