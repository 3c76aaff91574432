"""A picture that remembers where text, ways and signs were put, so that tests can ask whether anything lies over anything."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import Any

import pygame

from cutaway.visuals import text
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import scale_and_canvas
from cutaway.visuals.palette import Colour
from cutaway.visuals.picture import Align, Picture
from cutaway.visuals.surface import SurfacePicture


class MeasuredPicture(SurfacePicture):
    """Paints as the screen does, and keeps tight rectangles in pixels. What is painted over is forgotten."""

    def __init__(self, size: tuple[int, int]) -> None:
        super().__init__(pygame.Surface(size, 0, 32), scale_and_canvas(*size)[0])
        self.texts: list[tuple[str, pygame.Rect]] = []
        self.ways: list[pygame.Rect] = []
        self.signs: list[tuple[str, Point, float, str]] = []
        self.sizes: dict[str, int] = {}
        """Of each line, the least height of its type in pixels."""

    def still(
        self, name: str, key: Hashable, area: Area, paint: Callable[[Picture], None], *, shown: Area | None = None, strength: float = 1
    ) -> None:
        paint(self)

    def _hide(self, rect: pygame.Rect) -> None:
        self.texts = [(string, place) for string, place in self.texts if not rect.contains(place)]

    def fill(self, area: Area, colour: Colour) -> None:
        super().fill(area, colour)
        self._hide(self._rect(area))

    def frame(self, area: Area, colour: Colour, width: float, *, ground: Colour | None = None, **options: Any) -> None:
        super().frame(area, colour, width, ground=ground, **options)
        if ground is not None:
            self._hide(self._rect(area))

    def way(self, points: Sequence[Point], colour: Colour, width: float, *, dotted: bool = False) -> None:
        super().way(points, colour, width, dotted=dotted)
        half = width * self.scale / 2
        for start, end in pairwise(points):
            left, right = sorted((start.x * self.scale, end.x * self.scale))
            top, bottom = sorted((start.y * self.scale, end.y * self.scale))
            self.ways.append(
                pygame.Rect(round(left - half), round(top - half), round(right - left + 2 * half), round(bottom - top + 2 * half))
            )

    def sign(self, kind: str, at: Point, radius: float, colour: Colour, *, ground: Colour, halo: bool = False, name: str = "") -> None:
        super().sign(kind, at, radius, colour, ground=ground, halo=halo, name=name)
        if name:
            self.signs.append((kind, at, radius, name))

    def dots(self, xs: Any, ys: Any, kind: str, radius: float, colour: Colour, ground: Colour) -> None:
        super().dots(xs, ys, kind, radius, colour, ground)
        self.signs += [(f"small {kind}", Point(x, y), radius, "") for x, y in zip(xs.tolist(), ys.tolist(), strict=True)]

    def _keep(self, string: str, picture: pygame.Surface, left: int, top: int) -> None:
        inked = picture.get_bounding_rect()
        if inked.width:
            self.texts.append((string, inked.move(left, top)))

    def text(
        self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = False, code: bool = False, align: Align = "left",
        room: float = 0,
    ) -> None:
        super().text(at, string, size, colour, bold=bold, code=code, align=align, room=room)
        pixels, face = self._size(size), text.face_of(bold, code)
        if room:
            string, pixels = self._fitted(string, pixels, face, int(room * self.scale))
        self.sizes[string] = min(pixels, self.sizes.get(string, pixels))
        picture = text.rendered(string, pixels, face, colour)
        left = at.x * self.scale - {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * picture.get_width()
        self._keep(string, picture, round(left), text.top_of_line(at.y * self.scale, pixels, face))

    def number(self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = True, align: Align = "left") -> None:
        super().number(at, string, size, colour, bold=bold, align=align)
        pixels, face = self._size(size), text.face_of(bold)
        self.sizes[string] = min(pixels, self.sizes.get(string, pixels))
        width = text.number_width(string, pixels, face)
        left = round(at.x * self.scale - {"left": 0.0, "middle": 0.5, "right": 1.0}[align] * width)
        height = text.rendered("0", pixels, face, colour).get_bounding_rect()
        self.texts.append((string, pygame.Rect(left, height.top + text.top_of_line(at.y * self.scale, pixels, face), width, height.height)))

    def collisions(self) -> list[str]:
        """Text over text, text over a way, text off the canvas, text that was cut."""
        canvas, found = self.surface.get_rect(), []
        in_signs = [
            self._rect(Area(at.x - radius, at.y - radius, 2 * radius, 2 * radius))
            for kind, at, radius, _ in self.signs
            if "several" in kind
        ]
        texts = [(string, rect) for string, rect in self.texts if not any(sign.collidepoint(rect.center) for sign in in_signs)]
        for number, (string, rect) in enumerate(texts):
            found += [f"'{string}' lies over '{other}'" for other, place in texts[:number] if rect.colliderect(place)]
            found += [f"'{string}' {rect} lies over a way {way}" for way in self.ways if rect.colliderect(way)]
            if not canvas.contains(rect):
                found.append(f"'{string}' leaves the canvas: {rect}")
            if string.endswith("…"):
                found.append(f"'{string}' is cut")
        return found
