"""Type: Pretendard in two weights, a font of equal widths for terminals, every line rendered once, digits of equal width.

Strings are brought to Unicode's composed form first: a decomposed Hangul syllable would show as boxes.
Numbers are set digit by digit from cached glyphs, so that a running clock renders nothing and does not shiver.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Literal

import pygame

from cutaway.visuals.palette import Colour

FOLDER = Path(__file__).parent / "fonts"
Face = Literal["regular", "bold", "code"]
"""`code` has characters of equal width, Hangul twice as wide."""
FILES: dict[Face, Path] = {
    "regular": FOLDER / "Pretendard-Regular.otf", "bold": FOLDER / "Pretendard-SemiBold.otf", "code": FOLDER / "NanumGothicCodingBold.ttf",
}  # fmt: skip
UNKNOWN = "\ufffd"
CAP_HEIGHT: dict[Face, float] = {"regular": 0.71, "bold": 0.71, "code": 0.695}
"""Height of a capital letter over the size: a line is placed by the middle of its capitals."""


def face_of(bold: bool, code: bool = False) -> Face:
    """The face by what is asked for; code has one weight."""
    return "code" if code else "bold" if bold else "regular"


@lru_cache(maxsize=128)
def font(size: int, face: Face) -> pygame.font.Font:
    """The font of one size in pixels."""
    if not pygame.font.get_init():
        pygame.font.init()
    return pygame.font.Font(FILES[face], size)


def forget() -> None:
    """Drop what belongs to a closed display."""
    font.cache_clear()
    rendered.cache_clear()
    width.cache_clear()


@lru_cache(maxsize=4096)
def rendered(string: str, size: int, face: Face, colour: Colour) -> pygame.Surface:
    """A line of text as a picture."""
    return font(size, face).render(_drawable(string), True, colour)


@lru_cache(maxsize=8192)
def width(string: str, size: int, face: Face) -> int:
    """Width of a line in pixels."""
    return int(font(size, face).size(_drawable(string))[0])


def _drawable(string: str) -> str:
    """Composed; what no font can draw, as a NUL or half of a pair, is shown as unknown."""
    composed = unicodedata.normalize("NFC", string)
    if composed.isprintable():
        return composed
    return "".join(UNKNOWN if unicodedata.category(each) in ("Cc", "Cs") else each for each in composed)


@lru_cache(maxsize=128)
def digit_width(size: int, face: Face) -> int:
    """The cell that every digit is set in: the widest one's."""
    return max(width(digit, size, face) for digit in "0123456789")


def number_width(string: str, size: int, face: Face) -> int:
    """Width of a number in pixels; it depends on how many digits it has, never on which."""
    cell = digit_width(size, face)
    return sum(cell if character.isdigit() else width(character, size, face) for character in string)


def glyphs(string: str, size: int, face: Face, colour: Colour) -> list[tuple[pygame.Surface, int]]:
    """The glyphs of a number and where each starts."""
    cell, at, placed = digit_width(size, face), 0, []
    for character in string:
        own = width(character, size, face)
        step = cell if character.isdigit() else own
        placed.append((rendered(character, size, face, colour), at + (step - own) // 2))
        at += step
    return placed


def top_of_line(middle: float, size: int, face: Face) -> int:
    """Where a line's picture starts so that its capitals stand around `middle`."""
    return round(middle + size * CAP_HEIGHT[face] / 2) - font(size, face).get_ascent()
