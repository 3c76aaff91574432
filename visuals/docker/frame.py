"""The frame: the floors, what the command is called, the clock, the sentence to the step, the keys."""

from __future__ import annotations

from cutaway.visuals.docker.drawing import Scene, mebibytes
from cutaway.visuals.docker.refusals import refusal
from cutaway.visuals.docker.snapshot import Box
from cutaway.visuals.docker.steps import Told
from cutaway.visuals.docker.ways import gates
from cutaway.visuals.docker.words import word
from cutaway.visuals.figures import clock, times
from cutaway.visuals.frame import RULE, broken
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import CUT, GUTTER, MARGIN, RIGHT_MARGIN, TOP_BAR
from cutaway.visuals.section import draw_gate, draw_room
from cutaway.visuals.stage import Language

FLOORS = ("user space", "kernel", "hardware")


def draw_still_frame(scene: Scene) -> None:
    """What does not change while the command runs: rules, floors, their names, the gates."""
    palette, picture, layout = scene.palette, scene.picture, scene.layout
    picture.fill(layout.canvas, palette.paper)
    for y in (TOP_BAR, layout.caption.y, layout.strip.y - 6):
        picture.line(Point(0, y), Point(layout.canvas.width, y), palette.hair, RULE)
    for name, floor in zip(FLOORS, (layout.user, layout.kernel, layout.hardware), strict=True):
        draw_room(floor, palette.room, palette, picture)
        picture.line(Point(MARGIN, floor.y), Point(GUTTER - 10, floor.y), palette.hair, RULE)
        picture.shape([Point(MARGIN, floor.y + 4), Point(MARGIN + 16, floor.y + 4), Point(MARGIN + 8, floor.y + 12)], palette.line)
        host = scene.snapshot.host
        second = {"kernel": f"Linux {host.kernel}", "hardware": host.name}.get(name) or word("user space 2", scene.look.language)
        room, middle = GUTTER - MARGIN - 12, floor.middle.y
        picture.text(Point(MARGIN, middle - 14), word(name, scene.look.language), 30, palette.ink, bold=True, room=room)
        picture.text(Point(MARGIN, middle + 23), second, 24, palette.ink2, room=room)
    for floor in (layout.user, layout.kernel, layout.hardware):
        picture.frame(floor.inset(-CUT / 2, -CUT / 2, -CUT / 2, -CUT / 2), palette.ink, CUT)
    for x in gates(layout):
        draw_gate(x - 24, x + 24, layout.kernel.y, palette, picture)


def draw_top(scene: Scene) -> None:
    """The command, the host, the clock."""
    snapshot, palette, picture, language = scene.snapshot, scene.palette, scene.picture, scene.look.language
    y, right = TOP_BAR / 2, scene.layout.canvas.width - RIGHT_MARGIN
    picture.text(Point(MARGIN, y), _aside(scene), 30, palette.ink2, room=700)
    picture.text(Point(scene.layout.user.right - 240, y), snapshot.title, 40, palette.ink, bold=True, align="middle", room=440)
    said = speed_said(scene)
    picture.text(Point(right, y), said, 26, palette.ink2, align="right")
    x = right - picture.measure(said, 26) - 22
    if snapshot.steps:
        x = _clock(scene, x, y)
    if snapshot.is_holding:
        _held_badge(scene, x, y, word("held", language) if snapshot.held_count < 2 else
                    word("held more", language).format(snapshot.held_count))  # fmt: skip


def _clock(scene: Scene, right: float, y: float) -> float:
    """The sum of the steps; where it begins."""
    palette, picture = scene.palette, scene.picture
    total_ns = sum(step.took_ns for step in scene.snapshot.steps)
    digits, unit = clock(total_ns, max(total_ns, 10_000_000))
    picture.text(Point(right, y), unit, 32, palette.ink2, align="right")
    x = right - picture.measure(unit, 32) - 10
    picture.number(Point(x, y), digits, 44, palette.ink, align="right")
    x -= picture.measure(digits, 44, bold=True, number=True) + 12
    picture.text(Point(x, y), "t =", 32, palette.ink2, align="right")
    return x - picture.measure("t =", 32) - 22


def _aside(scene: Scene) -> str:
    """What another command asks meanwhile; else the host."""
    one = scene.snapshot.aside
    if one is None:
        return word("simulated host", scene.look.language)
    return f"{word('meanwhile', scene.look.language)} {one.method} {one.path}" + (f" → {one.status}" if one.status else "")


def _held_badge(scene: Scene, right: float, y: float, said: str) -> None:
    picture, palette = scene.picture, scene.palette
    width = picture.measure(said, 26, bold=True) + 48
    area = Area(right - width, y - 22, width, 44)
    picture.frame(area, scene.hue, 3.0, radius=5, ground=palette.room)
    for step in (0, 9):
        picture.fill(Area(area.x + 13 + step, y - 10, 5, 20), palette.ink)
    picture.text(Point(area.x + 36, y), said, 26, palette.ink, bold=True)


def speed_said(scene: Scene) -> str:
    """How fast simulated time runs."""
    language, speed = scene.look.language, scene.snapshot.speed
    if speed == float("inf"):
        return word("leaps", language)
    factor, unit = times(speed)
    return word("real time", language) if unit == "real time" else f"{factor} {word(unit, language)}"


def draw_caption(scene: Scene) -> None:
    """The sentence to the step that goes on or is to come; between commands, how things stand."""
    said, area, picture = caption_of(scene), scene.layout.caption, scene.picture
    lines = broken(said, 40, area.width, picture)
    while len(lines) > 2 and ": " in said:      # of a refusal in the daemon's words the last ones say why
        said = said.partition(": ")[2]
        lines = broken(said, 40, area.width, picture)
    lines = lines[:2]
    for number, line in enumerate(lines):
        y = area.middle.y + (number - (len(lines) - 1) / 2) * 48
        picture.text(Point(area.x, y), line, 40, scene.palette.ink, bold=True, room=area.width)


def caption_of(scene: Scene) -> str:
    """In the viewer's language."""
    snapshot, language, box = scene.snapshot, scene.look.language, scene.snapshot.box
    if snapshot.error:
        return refusal(snapshot.error, language)
    if scene.told is not None:
        said = _told(scene, scene.told)
        return f"{word('next', language)}{said}" if snapshot.held is not None else said
    if snapshot.pages > 1:
        return word("pages", language).format(snapshot.pages)
    if snapshot.is_page and box is not None:
        return word("page is back", language).format(program=box.program)
    if not snapshot.title:
        return word("waits for a command", language)
    return _standing(box, language) if box is not None else word("done", language)


def _told(scene: Scene, told: Told) -> str:
    """A step's sentence."""
    box = scene.snapshot.box or Box("", "")
    port, inner = box.ports[0] if box.ports else ("?", "?")
    said = told.sandboxed if told.sandboxed is not None and box.sandbox else told.caption
    return scene.say(said).format(address=box.address or "…", port=port, inner=inner, program=box.program, runtime=box.runtime,
                                  sandbox=box.sandbox, kernel=box.kernel)  # fmt: skip


def _standing(box: Box, language: Language) -> str:
    """How the container is while no step goes on."""
    if box.is_running:
        key = "is frozen" if box.is_paused else "is throttled" if box.throttled else "runs at" if box.ports else "runs"
    else:
        key = "done" if box.exit_code is None else "oom killed" if box.is_oom else "has ended"
    return word(key, language).format(
        name=box.name, port=box.ports[0][0] if box.ports else "", cpus=f"{box.cpus:g}", periods=box.periods, throttled=box.throttled,
        code=box.exit_code, limit=f" ({mebibytes(box.memory_limit)} MiB)" if box.memory_limit else "",
    )  # fmt: skip


def draw_hint(scene: Scene) -> None:
    area = scene.layout.hint
    said = scene.look.message or word("hint", scene.look.language)
    ink = scene.palette.ink if scene.look.message else scene.palette.ink2
    scene.picture.text(Point(area.x, area.middle.y), said, 18, ink, bold=bool(scene.look.message), room=area.width)
