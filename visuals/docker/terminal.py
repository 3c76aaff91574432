"""The terminal: the commands as far as the API tells of them, and what they printed."""

from __future__ import annotations

from cutaway.visuals.docker.drawing import Scene
from cutaway.visuals.docker.snapshot import Line
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.palette import DARK

LINE, SIZE = 31.0, 24.0
PAD_X, PAD_Y = 20.0, 14.0


def draw_terminal(scene: Scene) -> None:
    """Dark in every theme; the last lines, long ones broken. The last command stays in sight, whatever it prints."""
    area, picture = scene.layout.terminal, scene.picture
    ground = DARK.room if scene.palette.name == "dark" else DARK.paper
    picture.frame(area, scene.palette.ink if scene.palette.name != "dark" else scene.palette.line, 1.6, radius=9, ground=ground)
    shown = int((area.height - 2 * PAD_Y) // LINE)
    rows = _rows(scene, area, shown)
    for number, (text, line) in enumerate(rows):
        y = area.y + PAD_Y + (number + 0.5) * LINE
        ink = DARK.ink if line.kind != "output" else DARK.ink2
        picture.text(Point(area.x + PAD_X, y), text, SIZE, ink, code=True)
    if len(rows) < shown:
        y = area.y + PAD_Y + len(rows) * LINE
        picture.fill(Area(area.x + PAD_X, y + 4, 12, LINE - 10), DARK.ink)


def _rows(scene: Scene, area: Area, shown: int) -> list[tuple[str, Line]]:
    """At most so many: of the last command its own lines and the end of what it printed; above it others, if there is room."""
    rows: list[tuple[str, Line]] = []
    for line in reversed(scene.snapshot.lines):
        parts = [(part, line) for part in _broken(scene, line, area)]
        if line.kind == "command" and len(parts) < shown < len(parts) + len(rows):
            return [*parts, *rows[len(parts) - shown :]]
        rows = [*parts, *rows]
        if len(rows) >= shown and any(line.kind == "command" for _, line in rows):
            break
    return rows[-shown:]


def _broken(scene: Scene, line: Line, area: Area) -> list[str]:
    """Lines that fit: a command goes on behind a backslash, an output where it ends."""
    is_command, room = line.kind == "command", area.width - 2 * PAD_X
    if scene.picture.measure(line.text, SIZE, code=True) <= room:
        return [line.text]
    parts, current, tail = [], "", " \\" if is_command else ""
    for each in line.text.split(" "):
        longer = f"{current} {each}" if current else each
        if current and scene.picture.measure(longer + tail, SIZE, code=True) > room:
            parts.append(current + tail)
            current = f"    {each}" if is_command else each
        else:
            current = longer
    parts.append(current)
    return [_cut(scene, part, room) for part in parts]


def _cut(scene: Scene, text: str, room: float) -> str:
    """A word that is too long by itself is shown as far as it fits."""
    if scene.picture.measure(text, SIZE, code=True) <= room:
        return text
    low, high = 0, len(text)
    while low < high:
        half = (low + high + 1) // 2
        if scene.picture.measure(text[:half] + "..", SIZE, code=True) <= room:
            low = half
        else:
            high = half - 1
    return text[:low] + ".."
