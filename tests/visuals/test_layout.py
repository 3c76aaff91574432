"""Geometry: one grid for columns and ledger, and all of it inside the canvas, whatever the window's shape."""

from __future__ import annotations

import pytest

from cutaway.visuals.layout import layout_for, scale_and_canvas
from cutaway.visuals.view import View

WINDOWS = ((1280, 720), (1920, 1080), (3840, 2160), (1024, 768), (1600, 1200), (2560, 1080), (640, 360))


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("shown", [[0], [0, 1], [0, 1, 2]])
def test_everything_stands_inside_and_apart(view: View, window: tuple[int, int], shown: list[int]) -> None:
    view.shown = shown
    scale, width, height = scale_and_canvas(*window)
    layout = layout_for(view.stage, view.columns, width, height)
    assert width >= 1920 - 1e-6 and height >= 1080 - 1e-6 and scale * width == pytest.approx(window[0])
    regions = [
        *(plan.area for plan in layout.columns),
        layout.ledger,
        layout.caption._replace(height=layout.caption.height - 52),
        *layout.strips,
        layout.timeline,
    ]
    for number, region in enumerate(regions):
        assert region.x >= 0 and region.right <= width + 1e-6 and region.y >= 0 and region.bottom <= height + 1e-6
        assert not any(region.overlaps(other) for other in regions[:number])


@pytest.mark.parametrize("window", WINDOWS)
def test_floors_stand_on_one_level_in_all_columns(view: View, window: tuple[int, int]) -> None:
    _, width, height = scale_and_canvas(*window)
    layout = layout_for(view.stage, view.columns, width, height)
    for plan in layout.columns:
        for key, floor in plan.floors.items():
            assert (floor.y, floor.height) == (layout.rows[key].y, layout.rows[key].height)
            assert floor.height >= 90
    assert "guest" not in layout.columns[0].floors and "guest" in layout.columns[1].floors


@pytest.mark.parametrize("window", WINDOWS)
def test_parts_stay_on_their_floor_and_off_each_other(view: View, window: tuple[int, int]) -> None:
    _, width, height = scale_and_canvas(*window)
    for plan in layout_for(view.stage, view.columns, width, height).columns:
        floor_of = {part.key: part for part in view.stage.parts}
        placed = list(plan.parts.items())
        for number, (key, area) in enumerate(placed):
            floor = plan.floors[floor_of[key].floor]
            assert area.x >= floor.x and area.right <= floor.right and area.y >= floor.y, key
            assert area.bottom <= floor.bottom or floor_of[key].kind == "slab", key
            assert not [other for other, place in placed[:number] if area.overlaps(place)], key
