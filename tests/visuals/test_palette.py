"""Legible for everyone: text at 7:1, discs at 3:1, in every theme."""

from __future__ import annotations

import pytest

from cutaway.visuals.palette import CONTRAST, DARK, LIGHT, PALETTES, Palette, contrast, hexed, mixed

THEMES = pytest.mark.parametrize("theme", PALETTES.values(), ids=list(PALETTES))


@THEMES
def test_text_is_legible_on_what_it_stands_on(theme: Palette) -> None:
    for ground in (theme.paper, theme.room):
        assert contrast(theme.ink, ground) >= 7 and contrast(theme.ink2, ground) >= 7
    assert contrast(theme.on_frost, theme.frost) >= 7
    for walls in (1, 2, 3):
        assert contrast(theme.ink, mixed(theme.glass, theme.room, 0.045 * walls)) >= 7


@THEMES
@pytest.mark.parametrize("hue", ["bare", "vm", "container", "other"])
def test_discs_stand_out(theme: Palette, hue: str) -> None:
    for ground in (theme.paper, theme.room, theme.floor, theme.frost):
        assert contrast(theme.hue(hue), ground) >= 3


def test_the_hues_are_those_of_the_look() -> None:
    assert (LIGHT.bare, LIGHT.vm, LIGHT.container) == tuple(map(hexed, ("#008A64", "#004F8F", "#C84E00")))
    assert (DARK.bare, DARK.vm, DARK.container) == tuple(map(hexed, ("#6FE0B6", "#45A3E6", "#FF8F4A")))
    assert contrast(CONTRAST.ink, CONTRAST.paper) == pytest.approx(21)
