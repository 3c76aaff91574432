"""Where everything is: pure geometry on a logical canvas of at least 1920 by 1080, whatever the window's size and shape.

The window's scale keeps the canvas whole; what a wider or higher window has more goes to the columns and the floors.
One grid: a row is a floor, in the columns and in the ledger; strips stand on the columns' own x. Reads no trace and draws nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.visuals.geometry import Area, between
from cutaway.visuals.stage import Column, Floor, Part, Stage

WIDTH, HEIGHT = 1920.0, 1080.0
MARGIN, GUTTER, COLUMN_GAP = 28.0, 206.0, 14.0
LEDGER_WIDTH, LEDGER_GAP, RIGHT_MARGIN = 432.0, 30.0, 24.0
TOP_BAR, HEADS = 72.0, 62.0
COLUMN_BESIDE_PANEL = 400.0
CLIENT_ROW, CAPTION, STRIP, TIMELINE, HINT = 46.0, 100.0, 82.0, 52.0, 20.0
CEILING, SIDE, FLOOR_PLANE, CUT = 8.0, 14.0, 17.0, 4.5
LANE_UP, LANE_DOWN = 34.0, 64.0
PARTS_LEFT, PARTS_SHARE, PARTS_WIDTH_MAX = 16.0, 0.455, 420.0
GATE = (22.0, 74.0)
"""Where the opening in a border begins and ends, from the column's left edge."""
SLOT_HEIGHT_MAX = 40.0
EXIT_FALL = 29.0
"""From the VM's border down to the box that takes its exits."""


def scale_and_canvas(width_px: int, height_px: int) -> tuple[float, float, float]:
    """Pixels in a unit, and the canvas that fills the window at that scale."""
    scale = min(width_px / WIDTH, height_px / HEIGHT)
    return scale, width_px / scale, height_px / scale


@dataclass(frozen=True)
class ColumnLayout:
    """One column: its floors' areas, and where each part stands in them."""

    column: Column
    area: Area
    floors: dict[str, Area]
    """Floors that stand; those that are not there are the rows without one."""
    parts: dict[str, Area]
    wire_y: float
    client_x: float

    @property
    def lane_up(self) -> float:
        return self.area.x + LANE_UP

    @property
    def lane_down(self) -> float:
        return self.area.x + LANE_DOWN

    @property
    def beside(self) -> float:
        """Where the room to the right of the way's parts begins."""
        return self.area.x + PARTS_LEFT + parts_width(self.area.width) + 22


@dataclass(frozen=True)
class Layout:
    """The whole screen."""

    canvas: Area
    rows: dict[str, Area]
    """Of each floor, its height across the stage."""
    columns: tuple[ColumnLayout, ...]
    ledger: Area
    caption: Area
    strips: tuple[Area, ...]
    timeline: Area
    hint: Area
    panel: Area | None = None
    """Where the sliders of a what-if stand, beside one column."""

    @property
    def foot(self) -> float:
        """The level where the lowest floor stands."""
        return list(self.rows.values())[-1].y

    def ledger_column(self, number: int) -> Area:
        """A stack's part of the ledger."""
        width = self.ledger.width / len(self.columns)
        return Area(self.ledger.x + number * width, self.ledger.y, width, self.ledger.height)


def parts_width(column_width: float) -> float:
    return min(column_width * PARTS_SHARE, PARTS_WIDTH_MAX)


def _rows(stage: Stage, top: float, foot: float) -> dict[str, Area]:
    floors, whole = stage.floors[:-1], sum(floor.height for floor in stage.floors[:-1])
    rows, at = {}, top
    for floor in floors:
        height = round((foot - top) * floor.height / whole)
        rows[floor.key] = Area(0, at, WIDTH, height)
        at += height
    rows[stage.floors[-1].key] = Area(0, foot, WIDTH, CLIENT_ROW)
    last = floors[-1].key
    rows[last] = between(rows[last].y, foot, 0, WIDTH)
    return rows


def slots_of(stage: Stage, columns: list[Column], floor: Floor) -> list[list[Part]]:
    """Rows for the parts that cross the way in a floor; parts that no column has both of share one, so that like stands beside like."""
    slots: list[list[Part]] = []
    for part in stage.parts:
        if part.floor != floor.key or part.kind != "lane" or not any(part.key in column.parts for column in columns):
            continue
        together = slots and not any(part.key in column.parts and other.key in column.parts for column in columns for other in slots[-1])
        if together:
            slots[-1].append(part)
        else:
            slots.append([part])
    return slots


def _floor_parts(stage: Stage, columns: list[Column], column: Column, floor: Floor, area: Area) -> dict[str, Area]:
    left, width = area.x + PARTS_LEFT, parts_width(area.width)
    slots = slots_of(stage, columns, floor)
    top, room = area.y + CEILING + 5, area.height - CEILING - FLOOR_PLANE - 7
    # A slab's ring reaches up into the room over the border.
    if any(part.kind == "slab" and part.floor == floor.key and part.key in column.parts for part in stage.parts):
        room -= 8
    pitch = min(SLOT_HEIGHT_MAX, room / max(len(slots), 1))
    placed = {part.key: Area(left, top + number * pitch, width, pitch - 3) for number, slot in enumerate(slots) for part in slot}
    beside, right = left + width + 22, area.right - 17
    if floor.key == "hypervisor":
        placed = {key: Area(place.x, area.y + (area.height - 31) / 2 + 8, place.width, 31) for key, place in placed.items()}
    boxes = [part for part in stage.parts_of(column) if part.floor == floor.key and part.kind in ("exit", "box")]
    for number, part in enumerate(boxes):
        each = (right - beside - 5 * (len(boxes) - 1)) / len(boxes)
        placed[part.key] = between(area.y + EXIT_FALL, area.bottom - FLOOR_PLANE - 2, beside + number * (each + 5), each)
    places = {
        "slab": Area(left, area.bottom - 15, width, 30),
        "process": between(
            area.y + area.height * (0.5 if column.walls else 0.345), area.bottom - 20, area.x + 26, max(142.0, min(0.25 * area.width, 230))
        ),
        "vcpus": between(area.y + 14, area.bottom - 26, beside, right - beside),
        "queue": Area(beside, area.y + 12, right - beside, 58),
        "cache": Area(beside, area.y + max(12 + (area.height - 31) / 2, 78), right - beside, 52),
        "nic": between(area.y + 20, area.bottom - 22, left, 112),
        "cpus": between(area.y + 20, area.bottom - 22, left + 121, right - left - 118),
    }
    for part in stage.parts_of(column):
        if part.floor == floor.key and part.kind in places:
            placed[part.key] = places[part.kind]
    return {key: place for key, place in placed.items() if key in column.parts}


def layout_for(stage: Stage, columns: list[Column], width: float = WIDTH, height: float = HEIGHT, *, panel: bool = False) -> Layout:
    """The layout of these columns of a stage on a canvas. With `panel` it is one column, with the sliders at its right."""
    bottom = height - HINT - 4 - TIMELINE - 8 - STRIP - 4 - CAPTION
    foot = bottom - CLIENT_ROW
    rows = _rows(stage, TOP_BAR + HEADS, foot)
    right = width - RIGHT_MARGIN - LEDGER_WIDTH - LEDGER_GAP
    each = COLUMN_BESIDE_PANEL if panel else (right - GUTTER - COLUMN_GAP * (len(columns) - 1)) / len(columns)
    plans = []
    for number, column in enumerate(columns):
        area = between(TOP_BAR + HEADS, foot, GUTTER + number * (each + COLUMN_GAP), each)
        standing = {part.floor for part in stage.parts_of(column)} & set(rows)
        floors = {key: Area(area.x, row.y, each, row.height) for key, row in rows.items() if key in standing and row.y < foot}
        parts: dict[str, Area] = {}
        for floor in stage.floors:
            if floor.key in floors:
                parts |= _floor_parts(stage, columns, column, floor, floors[floor.key])
        plans.append(ColumnLayout(column, area, floors, parts, foot + 15 + 8 * number, GUTTER - 8))
    strip_top = bottom + CAPTION + 4
    strips = [(GUTTER, right - GUTTER)] if panel else [(plan.area.x, plan.area.width) for plan in plans]
    panel_left = GUTTER + COLUMN_BESIDE_PANEL + LEDGER_GAP
    return Layout(
        Area(0, 0, width, height),
        rows,
        tuple(plans),
        between(TOP_BAR, bottom + 52, right + LEDGER_GAP, LEDGER_WIDTH),
        between(bottom, bottom + CAPTION, MARGIN, (width - RIGHT_MARGIN if panel else right) - MARGIN),
        tuple(Area(left, strip_top, wide, STRIP) for left, wide in strips),
        between(strip_top + STRIP + 8, strip_top + STRIP + 8 + TIMELINE, GUTTER, right - GUTTER),
        between(height - HINT, height, MARGIN, right),
        between(TOP_BAR + 12, bottom - 10, panel_left, width - RIGHT_MARGIN - panel_left) if panel else None,
    )
