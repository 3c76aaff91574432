"""What a scene may ask for: shapes, ways, signs and text on a logical canvas. It never touches Pygame itself.

`surface.SurfacePicture` paints them with Pygame; `LinesPicture` here writes them down as lines of text, for tests and for reading aloud.
Coordinates are logical units with y downwards; text and signs are placed by their middle height.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.palette import Colour

Align = Literal["left", "middle", "right"]


class Picture(Protocol):
    """A canvas."""

    width: float
    height: float

    def still(
        self, name: str, key: Hashable, area: Area, paint: Callable[[Picture], None], *, shown: Area | None = None, strength: float = 1
    ) -> None:
        """What changes seldom: painted anew when `key` changes, else laid down whole, or only the part `shown`."""

    def fill(self, area: Area, colour: Colour) -> None:
        """A plain rectangle."""

    def frame(
        self, area: Area, colour: Colour, width: float, *, radius: float = 0, ground: Colour | None = None, dashed: bool = False
    ) -> None:
        """The border of a rectangle, inside of `area`; `ground` fills it."""

    def line(self, start: Point, end: Point, colour: Colour, width: float, *, dashed: bool = False) -> None:
        """A level or an upright line."""

    def way(self, points: Sequence[Point], colour: Colour, width: float, *, dotted: bool = False) -> None:
        """A way of level and upright stretches with rounded bends."""

    def curve(self, points: Sequence[Point], colour: Colour, width: float, *, dashed: bool = False) -> None:
        """A chart's line."""

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        """A filled polygon."""

    def hatch(self, area: Area, colour: Colour) -> None:
        """Slanted lines: waiting."""

    def sign(self, kind: str, at: Point, radius: float, colour: Colour, *, ground: Colour, halo: bool = False, name: str = "") -> None:
        """A request or a thread; the kinds are those of `sprites.SIGNS`. `name` says who it is and where."""

    def dots(
        self, xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], kind: str, radius: float, colour: Colour, ground: Colour
    ) -> None:
        """Many signs of one kind."""

    def arc(self, at: Point, radius: float, width: float, share: float, colour: Colour, track: Colour) -> None:
        """A ring, filled clockwise from the top."""

    def text(
        self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = False, code: bool = False, align: Align = "left",
        room: float = 0,
    ) -> None:
        """A line of text; with `room` it is set smaller, then cut, until it fits. `code` has characters of equal width."""

    def number(self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = True, align: Align = "left") -> None:
        """A line whose digits have equal width."""

    def measure(self, string: str, size: float, *, bold: bool = False, code: bool = False, number: bool = False) -> float:
        """The width of a line."""


class LinesPicture:
    """Writes what is drawn as lines: what stands where, and how it is."""

    def __init__(self, width: float = 1920, height: float = 1080) -> None:
        self.width, self.height = width, height
        self.lines: list[str] = []

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def _write(self, what: str, area: Area) -> None:
        self.lines.append(f"{what} {area.x:.0f},{area.y:.0f} {area.width:.0f}x{area.height:.0f}")

    def still(
        self, name: str, key: Hashable, area: Area, paint: Callable[[Picture], None], *, shown: Area | None = None, strength: float = 1
    ) -> None:
        paint(self)

    def fill(self, area: Area, colour: Colour) -> None:
        self._write("fill", area)

    def frame(
        self, area: Area, colour: Colour, width: float, *, radius: float = 0, ground: Colour | None = None, dashed: bool = False
    ) -> None:
        self._write("dashed frame" if dashed else "frame", area)

    def line(self, start: Point, end: Point, colour: Colour, width: float, *, dashed: bool = False) -> None:
        self.lines.append(f"line {start.x:.0f},{start.y:.0f} to {end.x:.0f},{end.y:.0f}")

    def way(self, points: Sequence[Point], colour: Colour, width: float, *, dotted: bool = False) -> None:
        self.lines.append(f"{'way to come' if dotted else 'way'} " + " ".join(f"{x:.0f},{y:.0f}" for x, y in points))

    def curve(self, points: Sequence[Point], colour: Colour, width: float, *, dashed: bool = False) -> None:
        self.lines.append(f"curve of {len(points)} points")

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        self.lines.append(f"shape of {len(points)} corners")

    def hatch(self, area: Area, colour: Colour) -> None:
        self._write("hatch", area)

    def sign(self, kind: str, at: Point, radius: float, colour: Colour, *, ground: Colour, halo: bool = False, name: str = "") -> None:
        self.lines.append(f"{kind} {name}".rstrip() if name else f"{kind} {at.x:.0f},{at.y:.0f}")

    def dots(
        self, xs: npt.NDArray[np.float64], ys: npt.NDArray[np.float64], kind: str, radius: float, colour: Colour, ground: Colour
    ) -> None:
        self.lines += [f"small {kind} {x:.0f},{y:.0f}" for x, y in zip(xs, ys, strict=True)]

    def arc(self, at: Point, radius: float, width: float, share: float, colour: Colour, track: Colour) -> None:
        self.lines.append(f"arc {share:.2f}")

    def text(
        self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = False, code: bool = False, align: Align = "left",
        room: float = 0,
    ) -> None:
        self.lines.append(f"text {string}")

    def number(self, at: Point, string: str, size: float, colour: Colour, *, bold: bool = True, align: Align = "left") -> None:
        self.lines.append(f"number {string}")

    def measure(self, string: str, size: float, *, bold: bool = False, code: bool = False, number: bool = False) -> float:
        return len(string) * size * 0.56
