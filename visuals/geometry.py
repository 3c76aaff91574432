"""Rectangles and points of the logical canvas; nothing here knows a screen or a trace."""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """A place on the canvas, in logical units (a screen 1080 high has one pixel a unit)."""

    x: float
    y: float


class Area(NamedTuple):
    """A rectangle, by its left upper corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return Point(self.x + self.width / 2, self.y + self.height / 2)

    def inset(self, left: float, top: float, right: float, bottom: float) -> Area:
        """The area without a border."""
        return Area(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)

    def contains(self, point: Point) -> bool:
        return self.x <= point.x < self.right and self.y <= point.y < self.bottom

    def overlaps(self, other: Area) -> bool:
        """Whether the two share more than an edge."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom


def between(top: float, bottom: float, x: float, width: float) -> Area:
    """The area from one height to another."""
    return Area(x, top, width, bottom - top)
