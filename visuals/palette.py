"""The colours, in three themes. Hue means whom you follow (bare metal, VM, container); everything else is ink, paper and grey.

Text is only ever ink or ink 2 (on frost: on_frost), at 7:1 or more; discs reach 3:1 on paper, room, floor and frost. The tests count it.
Hues lean on Okabe and Ito's, darkened or lightened until they pass.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

Colour = tuple[int, int, int]


def hexed(code: str) -> Colour:
    """A colour from `#RRGGBB`."""
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


@dataclass(frozen=True, slots=True)
class Palette:
    """One theme. `line` and `hair` never carry text."""

    name: str
    paper: Colour
    room: Colour
    floor: Colour
    side: Colour
    frost: Colour
    hair: Colour
    line: Colour
    ink: Colour
    ink2: Colour
    bare: Colour
    vm: Colour
    container: Colour
    other: Colour
    glass: Colour
    on_frost: Colour

    def hue(self, stack: str) -> Colour:
        """The colour of what is followed: `bare`, `vm`, `container` or `other`."""
        colour: Colour = getattr(self, stack)
        return colour


def _palette(name: str, codes: str) -> Palette:
    colours = dict(zip((field.name for field in fields(Palette)[1:]), map(hexed, codes.split()), strict=True))
    return Palette(name, **colours)


LIGHT = _palette(
    "light", "#F3F0E9 #FFFFFF #DDD7C9 #EBE7DE #E2E4E6 #C9C5BB #8C9299 #14171B #454B53 #008A64 #004F8F #C84E00 #6B727B #2F7F9E #42484F"
)
DARK = _palette(
    "dark", "#0E1115 #1B2027 #333B46 #13171C #262A2F #343B44 #727C87 #F4F2EC #BCC3CB #6FE0B6 #45A3E6 #FF8F4A #8D96A0 #7CC4DE #B6BCC3"
)
CONTRAST = _palette(
    "high contrast",
    "#FFFFFF #FFFFFF #E8E8E8 #F4F4F4 #E8E8E8 #8A8A8A #4A4A4A #000000 #1E1E1E #00573F #003C78 #8E3500 #44494F #0B4F6B #1E1E1E",
)

PALETTES = {palette.name: palette for palette in (LIGHT, DARK, CONTRAST)}
ORDER = tuple(PALETTES)


def luminance(colour: Colour) -> float:
    """Relative luminance [WCAG 2.2]."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (channel / 255 for channel in colour)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """Contrast ratio of two colours, 1 to 21 [WCAG 2.2]."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mixed(colour: Colour, ground: Colour, share: float) -> Colour:
    """`share` of the colour laid over the ground."""
    red, green, blue = (round(part * share + under * (1 - share)) for part, under in zip(colour, ground, strict=True))
    return red, green, blue
