"""The picture on a Pygame surface: the window, a PNG and a frame of a film are painted by this one code.

Lines are laid on whole pixels so that they are sharp; whatever is round comes from `sprites` and is smooth.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from math import hypot

import numpy as np
import numpy.typing as npt
import pygame

from cutaway.visuals import sprites, text
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.palette import Colour
from cutaway.visuals.picture import Align, Picture
from cutaway.visuals.text import Face

BEND = 14.0
DASH, DASH_GAP = 8.0, 5.0
DOT_STEP = 9.0
SMALLEST_SHARE = 0.78
"""A line of text may be set this much smaller before it is cut."""


def _towards(start: Point, end: Point) -> Point:
    """The unit step of a level or upright stretch."""
    return Point(float(np.sign(end.x - start.x)), float(np.sign(end.y - start.y)))


class SurfacePicture:
    """Paints on `surface`; `scale` is pixels in a logical unit."""

    def __init__(self, surface: pygame.Surface, scale: float) -> None:
        self.surface, self.scale = surface, scale
        self.width, self.height = surface.get_width() / scale, surface.get_height() / scale
        self._stills: dict[str, tuple[Hashable, pygame.Surface]] = {}

    def still(
        self, name: str, key: Hashable, area: Area, paint: Callable[[Picture], None], *, shown: Area | None = None, strength: float = 1
    ) -> None:
        kept = self._stills.get(name)
        whole = self._rect(area).clip(self.surface.get_rect())
        if kept is None or kept[0] != key:
            canvas = type(self)(pygame.Surface(self.surface.get_size(), 0, self.surface), self.scale)
            canvas.surface.blit(self.surface, whole, whole)
            paint(canvas)
            kept = self._stills[name] = (key, canvas.surface.subsurface(whole).copy())
        part = self._rect(shown).clip(whole) if shown is not None else whole
        kept[1].set_alpha(None if strength >= 1 else round(strength * 255))
        self.surface.blit(kept[1], part.topleft, part.move(-whole.left, -whole.top))

    def _rect(self, area: Area) -> pygame.Rect:
        left, top = round(area.x * self.scale), round(area.y * self.scale)
        return pygame.Rect(left, top, round(area.right * self.scale) - left, round(area.bottom * self.scale) - top)

    def _thick(self, width: float) -> int:
        return max(1, round(width * self.scale))

    def fill(self, area: Area, colour: Colour) -> None:
        self.surface.fill(colour, self._rect(area))

    def frame(
        self, area: Area, colour: Colour, width: float, *, radius: float = 0, ground: Colour | None = None, dashed: bool = False
    ) -> None:
        rect, thick, round_px = self._rect(area), self._thick(width), round(radius * self.scale)
        round_px = min(round_px, rect.width // 2, rect.height // 2)
        if ground is not None:
            self._ground(rect, round_px, ground)
        for level in (rect.top, rect.bottom - thick):
            self._stretch(pygame.Rect(rect.left + round_px, level, rect.width - 2 * round_px, thick), colour, dashed)
        for upright in (rect.left, rect.right - thick):
            self._stretch(pygame.Rect(upright, rect.top + round_px, thick, rect.height - 2 * round_px), colour, dashed)
        if round_px:
            for right, below, x, y in self._corners(rect, round_px):
                self._quarter(sprites.bend(round_px - thick / 2, float(thick), colour, right, below), x, y, right, below)

    def _corners(self, rect: pygame.Rect, radius: int) -> list[tuple[bool, bool, int, int]]:
        return [
            (right, below, rect.right - radius if right else rect.left + radius, rect.bottom - radius if below else rect.top + radius)
            for right in (False, True)
            for below in (False, True)
        ]

    def _quarter(self, sprite: pygame.Surface, x: int, y: int, right: bool, below: bool) -> None:
        """A quarter whose ring has its middle at x, y."""
        size = sprite.get_width()
        self.surface.blit(sprite, (x if right else x - size, y if below else y - size))

    def _ground(self, rect: pygame.Rect, radius: int, ground: Colour) -> None:
        self.surface.fill(ground, rect.inflate(-2 * radius, 0))
        if radius:
            self.surface.fill(ground, rect.inflate(0, -2 * radius))
            for right, below, x, y in self._corners(rect, radius):
                self._quarter(sprites.corner(float(radius), ground, right, below), x, y, right, below)

    def _stretch(self, rect: pygame.Rect, colour: Colour, dashed: bool) -> None:
        if not dashed:
            self.surface.fill(colour, rect)
            return
        dash, step = round(DASH * self.scale), round((DASH + DASH_GAP) * self.scale)
        if rect.width >= rect.height:
            for left in range(rect.left, rect.right, step):
                self.surface.fill(colour, (left, rect.top, min(dash, rect.right - left), rect.height))
        else:
            for top in range(rect.top, rect.bottom, step):
                self.surface.fill(colour, (rect.left, top, rect.width, min(dash, rect.bottom - top)))

    def line(self, start: Point, end: Point, colour: Colour, width: float, *, dashed: bool = False) -> None:
        thick = self._thick(width)
        left, right = sorted((round(start.x * self.scale), round(end.x * self.scale)))
        top, bottom = sorted((round(start.y * self.scale), round(end.y * self.scale)))
        if abs(end.x - start.x) >= abs(end.y - start.y):
            self._stretch(pygame.Rect(left, round(start.y * self.scale - thick / 2), right - left, thick), colour, dashed)
        else:
            self._stretch(pygame.Rect(round(start.x * self.scale - thick / 2), top, thick, bottom - top), colour, dashed)

    def way(self, points: Sequence[Point], colour: Colour, width: float, *, dotted: bool = False) -> None:
        if dotted:
            self._dotted_way(points, colour, width)
            return
        thick = self._thick(width)
        half = thick / 2
        corners = [Point(round(x * self.scale - half) + half, round(y * self.scale - half) + half) for x, y in points]
        starts, ends = list(corners[:-1]), list(corners[1:])
        for at in range(1, len(corners) - 1):
            before, here, after = corners[at - 1 : at + 2]
            back, on = _towards(here, before), _towards(here, after)
            if back.x * on.x + back.y * on.y != 0 or back == on:
                continue
            reach = min(
                BEND * self.scale,
                (abs(before.x - here.x) + abs(before.y - here.y)) / (2 if at > 1 else 1),
                (abs(after.x - here.x) + abs(after.y - here.y)) / (2 if at < len(corners) - 2 else 1),
            )
            radius = int(reach - half % 1) + half % 1
            if radius < half:
                continue
            middle = Point(here.x + (back.x + on.x) * radius, here.y + (back.y + on.y) * radius)
            right, below = here.x > middle.x, here.y > middle.y
            self._quarter(sprites.bend(radius, float(thick), colour, right, below), round(middle.x), round(middle.y), right, below)
            ends[at - 1] = Point(here.x + back.x * radius, here.y + back.y * radius)
            starts[at] = Point(here.x + on.x * radius, here.y + on.y * radius)
        for start, end in zip(starts, ends, strict=True):
            left, right_px = sorted((start.x, end.x))
            top, bottom = sorted((start.y, end.y))
            if right_px - left >= bottom - top:
                self.surface.fill(colour, (round(left), round(top - half), round(right_px) - round(left), thick))
            else:
                self.surface.fill(colour, (round(left - half), round(top), thick, round(bottom) - round(top)))

    def _dotted_way(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        left_over = 0.0
        for start, end in pairwise(points):
            length = abs(end.x - start.x) + abs(end.y - start.y)
            on, at = _towards(start, end), left_over
            while at < length:
                self.sign("disc", Point(start.x + on.x * at, start.y + on.y * at), width * 0.66, colour, ground=colour)
                at += DOT_STEP
            left_over = at - length

    def curve(self, points: Sequence[Point], colour: Colour, width: float, *, dashed: bool = False) -> None:
        thick, dash, period = self._thick(width), DASH * self.scale, (DASH + DASH_GAP) * self.scale
        passed = 0.0
        for start, end in pairwise((x * self.scale, y * self.scale) for x, y in points):
            length = hypot(end[0] - start[0], end[1] - start[1]) or 1.0
            pieces = [(0.0, length)]
            if dashed:
                first = passed // period * period - passed
                pieces = [
                    (max(first + number * period, 0.0), min(first + number * period + dash, length))
                    for number in range(int(length / period) + 2)
                ]
            for begin, over in pieces:
                if over > begin:
                    ends = [
                        (start[0] + (end[0] - start[0]) * at / length, start[1] + (end[1] - start[1]) * at / length) for at in (begin, over)
                    ]
                    pygame.draw.aaline(self.surface, colour, ends[0], ends[1], thick)
            passed += length

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        pygame.draw.polygon(self.surface, colour, [(round(x * self.scale), round(y * self.scale)) for x, y in points])

    def hatch(self, area: Area, colour: Colour) -> None:
        rect = self._rect(area)
        if rect.width > 0 and rect.height > 0:
            gap = max(6, round(9 * self.scale))
            # One wide picture for all areas of a height: only its left part is laid down, so that growing bars do not make new pictures.
            wide = sprites.hatch(-(-rect.width // 256) * 256, rect.height, gap, 2.4 * self.scale, colour)
            self.surface.blit(wide, rect.topleft, (0, 0, rect.width, rect.height))

    def sign(self, kind: str, at: Point, radius: float, colour: Colour, *, ground: Colour, halo: bool = False, name: str = "") -> None:
        quarters_x, quarters_y = round(at.x * self.scale * 4), round(at.y * self.scale * 4)
        sprite, half = sprites.sign(kind, radius * self.scale, colour, ground, halo, quarters_x & 3, quarters_y & 3)
        self.surface.blit(sprite, ((quarters_x >> 2) - half, (quarters_y >> 2) - half))

    def dots(
        self, xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], kind: str, radius: float, colour: Colour, ground: Colour
    ) -> None:
        quarters_x, quarters_y = np.rint(xs * self.scale * 4).astype(int), np.rint(ys * self.scale * 4).astype(int)
        phases = ((quarters_x & 3) * 4 + (quarters_y & 3)).tolist()
        pictures = [sprites.sign(kind, radius * self.scale, colour, ground, False, phase >> 2, phase & 3) for phase in range(16)]
        half = pictures[0][1]
        places = zip(((quarters_x >> 2) - half).tolist(), ((quarters_y >> 2) - half).tolist(), strict=True)
        self.surface.fblits([(pictures[phase][0], place) for phase, place in zip(phases, places, strict=True)])

    def arc(self, at: Point, radius: float, width: float, share: float, colour: Colour, track: Colour) -> None:
        sprite, half = sprites.arc(radius * self.scale, width * self.scale, round(min(max(share, 0.0), 1.0) * 64), colour, track)
        self.surface.blit(sprite, (round(at.x * self.scale) - half, round(at.y * self.scale) - half))

    def _size(self, size: float) -> int:
        return max(8, round(size * self.scale))

    def text(
        self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = False, code: bool = False, align: Align = "left",
        room: float = 0,
    ) -> None:
        pixels, face = self._size(size), text.face_of(bold, code)
        if room:
            string, pixels = self._fitted(string, pixels, face, int(room * self.scale))
        picture = text.rendered(string, pixels, face, colour)
        left = at.x * self.scale - {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * picture.get_width()
        self.surface.blit(picture, (round(left), text.top_of_line(at.y * self.scale, pixels, face)))

    def _fitted(self, string: str, pixels: int, face: Face, room: int) -> tuple[str, int]:
        smallest = int(pixels * SMALLEST_SHARE)
        while text.width(string, pixels, face) > room and pixels > smallest:
            pixels -= 1
        if text.width(string, pixels, face) <= room:
            return string, pixels
        while string and text.width(string + "…", pixels, face) > room:
            string = string[:-1]
        return string.rstrip() + "…", pixels

    def number(self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = True, align: Align = "left") -> None:
        pixels, face = self._size(size), text.face_of(bold)
        left = round(at.x * self.scale - {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * text.number_width(string, pixels, face))
        top = text.top_of_line(at.y * self.scale, pixels, face)
        self.surface.fblits([(picture, (left + step, top)) for picture, step in text.glyphs(string, pixels, face, colour)])

    def measure(self, string: str, size: float, *, bold: bool = False, code: bool = False, number: bool = False) -> float:
        pixels, face = self._size(size), text.face_of(bold, code)
        return (text.number_width(string, pixels, face) if number else text.width(string, pixels, face)) / self.scale
