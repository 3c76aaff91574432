"""The hardware: the network card, the processors and who has them, the disk."""

from __future__ import annotations

from cutaway.visuals.docker.drawing import NOW, Scene, megabytes
from cutaway.visuals.docker.words import word
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.section import PART

MOST_CHIPS, GAP = 2, 12.0


def draw_hardware(scene: Scene) -> None:
    places, language, snapshot = scene.layout.places, scene.look.language, scene.snapshot
    _part(scene, places["nic"], "NIC", scene.is_at("registry"))
    said = f"{word('disk', language)}  {megabytes(snapshot.host.disk_used)} MB"
    _part(scene, places["disk"], said, scene.is_at("disk", "registry"))
    _processors(scene, places["cpus"])


def _part(scene: Scene, area: Area, said: str, now: bool) -> None:
    scene.picture.frame(area, scene.hue if now else scene.palette.ink, NOW if now else PART, radius=5, ground=scene.palette.room)
    scene.picture.text(Point(area.middle.x, area.middle.y), said, 26, scene.palette.ink, bold=True, align="middle", room=area.width - 16)


def _processors(scene: Scene, area: Area) -> None:
    """One box each with who has it, or one for all where there are many."""
    host, language, palette, picture = scene.snapshot.host, scene.look.language, scene.palette, scene.picture
    count = min(host.cpus, MOST_CHIPS) if host.cpus <= MOST_CHIPS else 1
    width = (area.width - (count - 1) * GAP) / count
    for number in range(count):
        chip = Area(area.x + number * (width + GAP), area.y, width, area.height)
        busy = len(host.busy) > number
        picture.frame(chip, scene.hue if busy else palette.ink, NOW if busy else PART, radius=5, ground=palette.room)
        whole = count == host.cpus
        one = host.busy[number] if busy else word("idle", language)
        one = word("kernel at work", language) if one == "kernel" else one
        said = one if whole else word("busy", language).format(len(host.busy), host.cpus)
        picture.text(Point(chip.x + 14, chip.middle.y - 14), f"CPU {number}" if whole else "CPU", 24, palette.ink2)
        ink = palette.ink if busy else palette.ink2
        picture.text(Point(chip.x + 14, chip.middle.y + 13), said, 26, ink, bold=busy, room=chip.width - 22)
