"""The signs as small pictures: each shape is a distance to its edge, so that edges are smooth at any size and at a quarter of a pixel.

Shape tells state: disc = under way, ring = the answer, clock = waits for its turn, bar = blocked on I/O, square = throttled, cross = lost.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pygame

from cutaway.visuals.palette import Colour

Mask = npt.NDArray[np.float64]
HALO_REACH, HALO_SHARE = 1.75, 0.26


def _cover(distance: Mask) -> Mask:
    """How much of each pixel is inside: `distance` is negative inside the shape."""
    return np.clip(0.5 - distance, 0.0, 1.0)


def _stroke(x: Mask, y: Mask, start: tuple[float, float], end: tuple[float, float], width: float) -> Mask:
    """A line with round ends."""
    along_x, along_y = end[0] - start[0], end[1] - start[1]
    length = along_x * along_x + along_y * along_y or 1.0
    share = np.clip(((x - start[0]) * along_x + (y - start[1]) * along_y) / length, 0.0, 1.0)
    return _cover(np.hypot(x - start[0] - share * along_x, y - start[1] - share * along_y) - width / 2)


def _ring(x: Mask, y: Mask, radius: float, width: float) -> Mask:
    return _cover(np.abs(np.hypot(x, y) - radius + width / 2) - width / 2)


def _round(x: Mask, y: Mask, radius: float) -> Mask:
    return _cover(np.hypot(x, y) - radius)


def _square(x: Mask, y: Mask, half: float) -> Mask:
    return _cover(np.maximum(np.abs(x), np.abs(y)) - half)


def _disc(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    body = _round(x, y, radius)
    return body, body


def _answer(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    return _ring(x, y, radius, max(radius * 0.36, 1.6)), _round(x, y, radius)


def _clock(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    width = max(radius * 0.22, 1.4)
    hands = np.maximum(_stroke(x, y, (0, 0), (0, -radius * 0.56), width), _stroke(x, y, (0, 0), (radius * 0.42, 0), width))
    return np.maximum(_ring(x, y, radius, width), hands), _round(x, y, radius)


def _bar(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    width = max(radius * 0.22, 1.4)
    return np.maximum(_ring(x, y, radius, width), _stroke(x, y, (-radius * 0.42, 0), (radius * 0.42, 0), width)), _round(x, y, radius)


def _throttled(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    width, half = max(radius * 0.22, 1.4), radius * 0.94
    edge = np.clip(_square(x, y, half) - _square(x, y, half - width), 0, 1)
    bars = [_stroke(x, y, (at * radius, -radius * 0.32), (at * radius, radius * 0.32), width) for at in (-0.25, 0.25)]
    return np.maximum.reduce([edge, *bars]), _square(x, y, half)


def _hollow(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    return _ring(x, y, radius, max(radius * 0.14, 1.4)), _round(x, y, radius)


def _hollow_square(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    width = max(radius * 0.14, 1.4)
    return np.clip(_square(x, y, radius * 0.94) - _square(x, y, radius * 0.94 - width), 0, 1), _square(x, y, radius * 0.94)


def _cross(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    reach, width = radius * 0.85, max(radius * 0.26, 1.6)
    strokes = (_stroke(x, y, (-reach, -reach), (reach, reach), width), _stroke(x, y, (-reach, reach), (reach, -reach), width))
    body = np.maximum(*strokes)
    return body, body


def _check(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    width = max(radius * 0.24, 1.6)
    tip = (-radius * 0.3, radius * 0.6)
    body = np.maximum(_stroke(x, y, (-radius * 0.9, 0), tip, width), _stroke(x, y, tip, (radius * 0.9, -radius * 0.7), width))
    return body, body


def _polling(x: Mask, y: Mask, radius: float) -> tuple[Mask, Mask]:
    """Dots in a circle, as who paces round and round: it takes a core and does no work."""
    dot = max(radius * 0.2, 1.2)
    places = [(np.cos(at * np.pi / 3) * radius * 0.76, np.sin(at * np.pi / 3) * radius * 0.76) for at in range(6)]
    return np.maximum.reduce([_round(x - across, y - down, dot) for across, down in places]), _round(x, y, radius)


SIGNS: dict[str, Callable[[Mask, Mask, float], tuple[Mask, Mask]]] = {
    "disc": _disc,
    "ring": _answer,
    "clock": _clock,
    "bar": _bar,
    "square": _throttled,
    "cross": _cross,
    "check": _check,
    "polling": _polling,
    "several": _hollow,
    "several throttled": _hollow_square,
}


def _grid(half: int, shift_x: float, shift_y: float) -> tuple[Mask, Mask]:
    """Distances of the pixels' middles from the shape's middle, [x, y] as surfaces count them."""
    steps = np.arange(2 * half, dtype=np.float64) + 0.5 - half
    return np.broadcast_to((steps - shift_x)[:, None], (2 * half, 2 * half)), np.broadcast_to(
        (steps - shift_y)[None, :], (2 * half, 2 * half)
    )


def _surface(alpha: Mask, colours: npt.NDArray[np.float64]) -> pygame.Surface:
    surface = pygame.Surface(alpha.shape, pygame.SRCALPHA, 32)
    pygame.surfarray.pixels3d(surface)[:] = np.clip(np.rint(colours), 0, 255).astype(np.uint8)
    pygame.surfarray.pixels_alpha(surface)[:] = np.rint(alpha * 255).astype(np.uint8)
    return surface


@lru_cache(maxsize=8192)
def sign(
    kind: str, radius: float, colour: Colour, ground: Colour, halo: bool, quarter_x: int, quarter_y: int
) -> tuple[pygame.Surface, int]:
    """The picture of a sign and the distance from its left upper corner to its middle. Hollow signs hide what is behind with `ground`."""
    half = int(radius * (HALO_REACH if halo else 1.0)) + 3
    x, y = _grid(half, quarter_x / 4, quarter_y / 4)
    ink, body = SIGNS[kind](x, y, radius)
    glow = _round(x, y, radius * HALO_REACH) * HALO_SHARE if halo else np.zeros_like(ink)
    alpha = np.maximum(body, glow)
    share = np.divide(ink, body, out=np.zeros_like(ink), where=body > 0)[..., None]
    front = np.array(colour) * share + np.array(ground) * (1 - share)
    over = np.divide(body, alpha, out=np.zeros_like(alpha), where=alpha > 0)[..., None]
    return _surface(alpha, front * over + np.array(colour) * (1 - over)), half


@lru_cache(maxsize=4096)
def arc(radius: float, width: float, sixtyfourths: int, colour: Colour, track: Colour) -> tuple[pygame.Surface, int]:
    """A ring that is filled clockwise from the top, in 64 steps."""
    half = int(radius) + 2
    x, y = _grid(half, 0.0, 0.0)
    ring = _ring(x, y, radius, width)
    filled = (np.arctan2(x, -y) % (2 * np.pi)) < sixtyfourths / 64 * 2 * np.pi
    return _surface(ring, np.where(filled[..., None], np.array(colour), np.array(track))), half


@lru_cache(maxsize=1024)
def bend(radius: float, width: float, colour: Colour, right: bool, below: bool) -> pygame.Surface:
    """A quarter of a ring: the rounded corner of a way or a frame, lying right or left of, below or above the ring's middle."""
    size = int(np.ceil(radius + width / 2)) + 1
    steps = np.arange(size, dtype=np.float64) + 0.5
    across, down = steps if right else steps[::-1], steps if below else steps[::-1]
    ring = _cover(np.abs(np.hypot(across[:, None], down[None, :]) - radius) - width / 2)
    return _surface(ring, np.broadcast_to(np.array(colour, dtype=np.float64), (size, size, 3)))


@lru_cache(maxsize=512)
def corner(radius: float, colour: Colour, right: bool, below: bool) -> pygame.Surface:
    """A quarter of a disc, for the filled corner of a box."""
    size = int(np.ceil(radius))
    steps = np.arange(size, dtype=np.float64) + 0.5
    across, down = steps if right else steps[::-1], steps if below else steps[::-1]
    return _surface(
        _cover(np.hypot(across[:, None], down[None, :]) - radius), np.broadcast_to(np.array(colour, dtype=np.float64), (size, size, 3))
    )


@lru_cache(maxsize=256)
def hatch(width: int, height: int, gap: int, stroke: float, colour: Colour) -> pygame.Surface:
    """Slanted lines; they continue through neighbouring areas of one height."""
    x = np.arange(width, dtype=np.float64)[:, None] + 0.5
    y = np.arange(height, dtype=np.float64)[None, :] + 0.5
    phase = (x + y) % gap
    lines = _cover(np.abs(phase - gap / 2) / np.sqrt(2) - stroke / 2)
    return _surface(lines, np.broadcast_to(np.array(colour, dtype=np.float64), (width, height, 3)))
