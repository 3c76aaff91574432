"""The cues' flags: none hides another, each is as near to its moment as it can be, and their order is that of the cues."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from cutaway.visuals.geometry import Area
from cutaway.visuals.scene import Scene
from cutaway.visuals.stage import Cue, Said
from cutaway.visuals.strips import flags
from cutaway.visuals.view import View
from tests.visuals.measured_picture import MeasuredPicture

AREA = Area(206, 1000, 1230, 52)


@given(some.lists(some.floats(AREA.x, AREA.right), max_size=120).map(sorted))
def test_no_flag_hides_another_however_close_the_cues_are(poles: list[float]) -> None:
    placed = flags(tuple(poles), AREA)
    assert [number for flag in placed for number in range(flag.first, flag.last + 1)] == list(range(len(poles)))
    assert [pole for flag in placed for pole in flag.poles] == poles
    assert all(before.x + before.width <= after.x + 1e-6 for before, after in pairwise(placed))
    assert all(AREA.x - 1e-6 <= flag.x and flag.x + flag.width <= AREA.right + 1e-6 for flag in placed)


def test_a_flag_with_room_stands_at_its_pole_and_others_part_evenly() -> None:
    alone, *pair = flags((300.0, 700.0, 700.0), AREA)
    assert alone.x == 300 and [flag.x for flag in pair] == pytest.approx([683, 717])
    assert [flag.label for flag in flags(tuple(AREA.x + number for number in range(100)), AREA)][-1].endswith("100")


def test_every_number_can_be_read_on_the_screen(view: View) -> None:
    view.stage = replace(view.stage, cues=tuple(Cue(20_000 + 300 * number, Said("말", "word")) for number in range(12)))
    view.time_ns = 20_700
    picture = MeasuredPicture((1920, 1080))
    Scene().draw(view, picture)
    numbers = [(line, place) for line, place in picture.texts if place.y > 990 and line.isdigit()]
    assert {line for line, _ in numbers} >= {str(number) for number in range(1, 13)} and picture.collisions() == []
