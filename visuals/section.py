"""The machine in section, at rest: floors in one-point perspective, gates in the borders, parts, glass walls. Nothing here moves.

What is cut is drawn heavy, what stands behind it thin. A floor that is not there is a dashed void. Requests and states are drawn over
this by `live`.
"""

from __future__ import annotations

from cutaway.visuals.geometry import Area, Point, between
from cutaway.visuals.layout import CEILING, CUT, EXIT_FALL, FLOOR_PLANE, GATE, LANE_DOWN, SIDE, ColumnLayout, Layout
from cutaway.visuals.palette import Colour, Palette, mixed
from cutaway.visuals.picture import Picture
from cutaway.visuals.stage import Language, Part, Stage
from cutaway.visuals.words import word

PART, WALL, ABSENT, LEVEL = 2.2, 1.8, 1.6, 1.2
WALL_STEP, WALL_TOP, GLASS = 6.0, 13.0, 0.045
JAMB = 6.0
SQUARES = 8
PINS = 5


def draw_column(stage: Stage, layout: Layout, plan: ColumnLayout, language: Language, palette: Palette, picture: Picture) -> None:
    """One stack's section, its name above it."""
    _head(plan, language, palette, picture)
    for key, row in layout.rows.items():
        if key in plan.floors:
            draw_room(plan.floors[key], palette.room, palette, picture)
        elif row.y < layout.foot:
            _void(Area(plan.area.x, row.y, plan.area.width, row.height), language, palette, picture)
    _frames_and_gates(plan, palette, picture)
    _walls(plan, palette.room, palette, picture)
    for part in stage.parts_of(plan.column):
        if part.key in plan.parts:
            draw_part(part, plan.parts[part.key], plan, language, palette, palette.ink, picture)


def _head(plan: ColumnLayout, language: Language, palette: Palette, picture: Picture) -> None:
    x, y = plan.area.x, plan.area.y - 31
    picture.sign("disc", Point(x + 14, y), 10, palette.hue(plan.column.hue), ground=palette.paper)
    name = plan.column.name.told(language)
    room = plan.area.width - 190 if plan.area.width < 600 else plan.area.width - 320
    picture.text(Point(x + 32, y), name, 36, palette.ink, bold=True, room=room)
    after = x + 32 + picture.measure(name, 36, bold=True) + 10
    if plan.column.second and after + picture.measure(plan.column.second, 26) < plan.area.right - 142:
        picture.text(Point(after, y + 2), plan.column.second, 26, palette.ink2)


def draw_room(area: Area, wall: Colour, palette: Palette, picture: Picture) -> None:
    """A floor's room: ceiling and side walls, the plane that things stand on, the back wall."""
    back = area.inset(SIDE, CEILING, SIDE, FLOOR_PLANE)
    picture.fill(area, palette.side)
    picture.shape(
        [Point(back.x, back.bottom), Point(back.right, back.bottom), Point(area.right, area.bottom), Point(area.x, area.bottom)],
        palette.floor,
    )
    picture.fill(back, wall)
    picture.frame(back, palette.hair, LEVEL)


def draw_frost(stage: Stage, plan: ColumnLayout, language: Language, palette: Palette, picture: Picture) -> None:
    """The guest's floors while the host has its core: grey, and everything in them too."""
    guest = [key for key in ("server", "guest") if key in plan.floors]
    for key in guest:
        draw_room(plan.floors[key], palette.frost, palette, picture)
    _frames_and_gates(plan, palette, picture)
    # its first line says that the host took the CPU, where the walls' names stand else
    _walls(plan, palette.frost, palette, picture, named=False)
    for part in stage.parts_of(plan.column):
        if part.kind == "exit" and part.key in plan.parts:  # its gate lies in the border that the frost covers
            _exit_gate(plan.parts[part.key], palette, palette.ink, picture)
        elif part.floor in guest and part.key in plan.parts:
            draw_part(part, plan.parts[part.key], plan, language, palette, palette.on_frost, picture, frozen=True)


def frost_area(plan: ColumnLayout) -> Area:
    """What the frost covers."""
    guest = [plan.floors[key] for key in ("server", "guest") if key in plan.floors]
    return between(guest[0].y - CUT, guest[-1].bottom + 16, plan.area.x - CUT, plan.area.width + 2 * CUT)


def _void(area: Area, language: Language, palette: Palette, picture: Picture) -> None:
    for x in (area.x, area.right):
        picture.line(Point(x, area.y + 4), Point(x, area.bottom - 4), palette.line, ABSENT, dashed=True)
    picture.line(Point(area.x, area.bottom), Point(area.right, area.bottom), palette.line, ABSENT, dashed=True)
    middle = (area.x + LANE_DOWN + 24 + area.right) / 2
    picture.text(Point(middle, area.middle.y), word("not there", language), 26, palette.ink2, align="middle")


def _frames_and_gates(plan: ColumnLayout, palette: Palette, picture: Picture) -> None:
    half = CUT / 2
    for area in plan.floors.values():
        picture.frame(area.inset(-half, -half, -half, -half), palette.ink, CUT)
    floors = list(plan.floors.values())
    for above in floors:
        draw_gate(plan.area.x + GATE[0], plan.area.x + GATE[1], above.bottom, palette, picture)
    for below, upper in zip(floors[1:], floors, strict=False):
        if below.y - upper.bottom > 1:  # the way falls through floors that are not there
            draw_gate(plan.area.x + GATE[0], plan.area.x + GATE[1], below.y, palette, picture)


def draw_gate(left: float, right: float, y: float, palette: Palette, picture: Picture) -> None:
    """An opening in a border, between two jambs: to cross costs something."""
    picture.fill(Area(left, y - CUT, right - left, 2 * CUT), palette.floor)
    for x in (left, right):
        picture.line(Point(x, y - JAMB - 1), Point(x, y + JAMB + 1), palette.ink, 3)


def wall_area(plan: ColumnLayout, number: int) -> Area:
    """A glass wall, from the outermost in; it stands on the floor plane."""
    area = plan.floors["server"]
    inset = SIDE + number * WALL_STEP
    return between(area.y + WALL_TOP + number * WALL_STEP, area.bottom - 6, area.x + inset, area.width - 2 * inset)


def _walls(plan: ColumnLayout, wall: Colour, palette: Palette, picture: Picture, *, named: bool = True) -> None:
    """Namespaces around the server's processes: nested panes, open at the foot, each with its name on its upper edge."""
    if not plan.column.walls or "server" not in plan.floors:
        return
    for number in range(len(plan.column.walls)):
        pane = wall_area(plan, number)
        picture.fill(pane, mixed(palette.glass, wall, GLASS * (number + 1)))
        picture.line(Point(pane.x, pane.y), Point(pane.right, pane.y), palette.glass, WALL)
        for x in (pane.x, pane.right):
            picture.line(Point(x, pane.y), Point(x, pane.bottom), palette.glass, WALL)
    if not named:
        return
    first = wall_area(plan, 0)
    at = first.right - 22
    for number, name in reversed(list(enumerate(plan.column.walls))):
        pane, width = wall_area(plan, number), picture.measure(name, 24, bold=True)
        picture.fill(Area(at - width - 5, pane.y - 9, width + 10, 18), wall)
        picture.text(Point(at, pane.y), name, 24, palette.ink, bold=True, align="right")
        at -= width + 28


def draw_part(
    part: Part, area: Area, plan: ColumnLayout, language: Language, palette: Palette, ink: Colour, picture: Picture, *, frozen: bool = False
) -> None:
    """A part at rest."""
    wall = palette.frost if frozen else palette.room
    name = part.name.told(language)
    match part.kind:
        case "lane":
            _lane_part(part, area, name, wall, palette, ink, picture)
        case "slab":
            _ring(area, name, wall, palette, ink, picture)
        case "queue":
            _run_queue(area, name, palette, ink, picture)
        case "cache":
            _page_cache(area, name, palette, ink, picture)
        case "nic":
            picture.frame(area, palette.ink, PART, radius=3, ground=wall)
            picture.text(Point(area.right - 6, area.middle.y), name, 26, ink, bold=True, align="right")
        case "exit":
            _exit_gate(area, palette, ink, picture)
            picture.text(Point(area.x + 74, area.y - 14), word("VM exit", language), 24, ink)
            picture.frame(area, palette.ink, PART + 0.6, radius=5, ground=wall)
            picture.text(area.middle, name, 26, ink, bold=True, align="middle", room=area.width - 5)
        case "box":
            picture.frame(area, palette.line, PART, radius=5, ground=wall)
            picture.text(area.middle, name, 26, ink, align="middle", room=area.width - 5)
        case _:
            pass  # processes and CPUs say what they do: `live` draws them


def _lane_part(part: Part, area: Area, name: str, wall: Colour, palette: Palette, ink: Colour, picture: Picture) -> None:
    size = min(26.0, area.height * 0.96)
    if part.mark == "rails":
        picture.fill(area, wall)
        for y in (area.y + 1, area.bottom - 1):
            picture.line(Point(area.x, y), Point(area.right, y), palette.ink, 2.6)
    else:
        picture.frame(area, palette.line, WALL, radius=3, ground=wall)
    picture.text(Point(area.right - 10, area.middle.y), name, size, ink, align="right", room=area.width - (LANE_DOWN - 16) - 26)
    at = Point(area.x + LANE_DOWN - 16 + 34, area.middle.y)
    if part.mark == "pair":
        for sign in (-1, 1):
            picture.line(Point(at.x + sign * 3, at.y - 6), Point(at.x + sign * 3, at.y + 6), ink, 2)
            picture.line(Point(at.x + sign * 3, at.y), Point(at.x + sign * 14, at.y), ink, 2)
    elif part.mark == "arrows":
        for sign in (-1, 1):
            y = at.y + sign * 4
            picture.line(Point(at.x - 14, y), Point(at.x + 14, y), ink, 2)
            tip = at.x - sign * 16
            picture.shape([Point(tip, y), Point(tip + sign * 7, y - 4), Point(tip + sign * 7, y + 4)], ink)


def _ring(area: Area, name: str, wall: Colour, palette: Palette, ink: Colour, picture: Picture) -> None:
    """A ring of descriptors in shared memory, which lies in the border itself."""
    picture.frame(area, palette.line, WALL, radius=3, ground=wall)
    for number in range(5):
        x = area.x + 7 + number * 14
        picture.line(Point(x, area.y + 2), Point(x, area.y + 8), palette.line, WALL)
        picture.line(Point(x, area.bottom - 8), Point(x, area.bottom - 2), palette.line, WALL)
    picture.text(Point(area.right - 10, area.middle.y), name, 26, ink, align="right", room=area.width - (LANE_DOWN - 16) - 26)


def _run_queue(area: Area, name: str, palette: Palette, ink: Colour, picture: Picture) -> None:
    picture.text(Point(area.x, area.y + 12), name, 26, ink, room=area.width)
    rails = queue_area(area)
    for y in (rails.y, rails.bottom):
        picture.line(Point(rails.x, y), Point(rails.right, y), palette.ink, WALL)
    picture.shape(
        [Point(rails.x - 13, rails.middle.y), Point(rails.x - 4, rails.middle.y - 7), Point(rails.x - 4, rails.middle.y + 7)], ink
    )


def queue_area(area: Area) -> Area:
    """Where waiting threads stand, the next one at the left."""
    return Area(area.x, area.y + 29, area.width, 27)


def _page_cache(area: Area, name: str, palette: Palette, ink: Colour, picture: Picture) -> None:
    picture.text(Point(area.x, area.y + 12), name, 26, ink, room=area.width)
    for square in cache_squares(area):
        picture.frame(square, palette.line, WALL)


def cache_squares(area: Area) -> list[Area]:
    side = 18.0
    step = min((area.width - side) / (SQUARES - 1), 24.0)
    return [Area(area.x + number * step, area.y + 30, side, side) for number in range(SQUARES)]


def _exit_gate(area: Area, palette: Palette, ink: Colour, picture: Picture) -> None:
    """The VM's border above the box, with the fall out of the guest and the way back in."""
    border = area.y - EXIT_FALL
    left, right = area.x + 12, area.x + 62
    draw_gate(left, right, border, palette, picture)
    for x, down in ((area.x + 30, True), (area.x + 44, False)):
        picture.line(Point(x, border - 14), Point(x, area.y - 6), ink, 1.6, dashed=True)
        tip = area.y - 3 if down else border - 18
        back = -8 if down else 8
        picture.shape([Point(x, tip), Point(x - 4.5, tip + back), Point(x + 4.5, tip + back)], ink)
