"""What the daemons, the shims, the runtime and the containers use: memory now, and CPU time since the Engine began."""

from __future__ import annotations

from cutaway.visuals.docker.drawing import Scene, mebibytes
from cutaway.visuals.docker.snapshot import Meter
from cutaway.visuals.docker.words import word
from cutaway.visuals.figures import told
from cutaway.visuals.geometry import Area, Point

LABELS, BAR = 178.0, 20.0


def draw_meters(scene: Scene) -> None:
    area, palette, picture, language = scene.layout.strip, scene.palette, scene.picture, scene.look.language
    meters = scene.snapshot.meters
    names, memory, cpu = (area.y + area.height * share for share in (0.18, 0.5, 0.82))
    picture.text(Point(area.x, memory), word("memory", language), 26, palette.ink2, room=LABELS - 12)
    picture.text(Point(area.x, cpu), word("cpu time", language), 26, palette.ink2, room=LABELS - 12)
    if not meters:
        return
    width = (area.width - LABELS) / len(meters)
    most = max((meter.memory or 0 for meter in meters), default=0) or 1
    longest = max((meter.cpu_ns for meter in meters), default=0) or 1
    for number, meter in enumerate(meters):
        column = Area(area.x + LABELS + number * width, area.y, width - 26, area.height)
        picture.text(Point(column.x, names), _name(meter, scene), 28, palette.ink, bold=True, room=column.width)
        said = "–" if meter.memory is None else mebibytes(meter.memory)
        _bar(scene, column, memory, (meter.memory or 0) / most, said)
        _bar(scene, column, cpu, meter.cpu_ns / longest, told(meter.cpu_ns) if meter.cpu_ns else "0")


def _name(meter: Meter, scene: Scene) -> str:
    name = word("containers", scene.look.language) if meter.name == "containers" else meter.name
    return f"{name} × {meter.count}" if meter.count != 1 else name


def _bar(scene: Scene, column: Area, y: float, share: float, said: str) -> None:
    number = 118.0
    scene.picture.fill(Area(column.x, y - BAR / 2, max(2.0, (column.width - number) * share), BAR), scene.palette.other)
    scene.picture.number(Point(column.right, y), said, 26, scene.palette.ink, align="right")
