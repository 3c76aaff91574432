"""Type: both scripts are there, digits have one width, nothing is decomposed."""

from __future__ import annotations

import unicodedata

import pygame
import pytest

from cutaway.visuals import text
from cutaway.visuals.default_stage import FLOORS, ONE, PARTS, SEVERAL
from cutaway.visuals.words import HELP, WORDS

BLACK = (0, 0, 0)


def test_numbers_keep_their_width_whatever_the_digits() -> None:
    for size in (18, 30, 44):
        assert len({text.number_width(number, size, "bold") for number in ("1.11", "7.40", "0.88")}) == 1
        assert text.number_width("74.0", size, "bold") == sum(step for step in [text.glyphs("74.0 ", size, "bold", BLACK)[-1][1]])


def test_decomposed_hangul_is_composed() -> None:
    decomposed = unicodedata.normalize("NFD", "호스트 커널")
    assert text.width(decomposed, 30, "regular") == text.width("호스트 커널", 30, "regular")
    assert pygame.image.tobytes(text.rendered(decomposed, 30, "regular", BLACK), "RGBA") == pygame.image.tobytes(
        text.rendered("호스트 커널", 30, "regular", BLACK), "RGBA"
    )


@pytest.mark.parametrize("face", ["regular", "bold"])
def test_the_font_has_every_character_that_the_view_uses(face: text.Face) -> None:
    said = [
        *WORDS.values(),
        *(phrase for _, phrase in HELP),
        *(floor.name for floor in FLOORS),
        *(part.name for part in PARTS),
        ONE,
        SEVERAL,
    ]
    characters = {character for phrase in said for character in phrase.ko + phrase.en} | set("×−–…µ=#%·+0123456789\u2009←→↑↓")
    missing = [
        character
        for character, found in zip(sorted(characters), text.font(30, face).metrics("".join(sorted(characters))), strict=True)
        if not found
    ]
    assert missing == []


def test_the_fonts_come_with_their_licence() -> None:
    for name in ("NanumGothicCoding", "Pretendard"):
        licence = (text.FOLDER / f"{name}-LICENSE.txt").read_text()
        assert "SIL OPEN FONT LICENSE Version 1.1" in licence and f"Reserved Font Name {name}" in licence
    assert {file.name.partition("-")[0].removesuffix("Bold.ttf") for file in text.FILES.values()} == {"NanumGothicCoding", "Pretendard"}


def test_code_stands_in_columns() -> None:
    """As in a terminal: Latin letters and signs one cell wide, Hangul two."""
    for size in (16, 24, 36):
        cell = text.width("0", size, "code")
        assert {text.width(character, size, "code") for character in "aWi.$|'-_/\\"} == {cell}
        assert text.width("가나", size, "code") == 4 * cell
