"""User space: the client, the daemons, the runtime, and the container's walls with the process in them."""

from __future__ import annotations

from cutaway.visuals.docker.drawing import NOW, Scene, State, draw_box, mebibytes
from cutaway.visuals.docker.layout import PROCESS, WALL_STEP, WALL_TOP
from cutaway.visuals.docker.snapshot import Box
from cutaway.visuals.docker.words import word
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.palette import mixed
from cutaway.visuals.section import ABSENT, GLASS, PART, WALL

KILLED = 13.0
"""Radius of the sign on who was killed."""
DAEMONS = ("dockerd", "containerd")


def draw_people(scene: Scene) -> None:
    """All of user space, the ways left out."""
    _client(scene)
    memory = {meter.name: meter for meter in scene.snapshot.meters}
    for name in DAEMONS:
        size = memory[name].memory if name in memory else None
        state: State = "now" if scene.is_at(name, "hook") and _does(scene, name) else "there"
        draw_box(scene, scene.layout.places[name], name, f"{mebibytes(size)} MiB" if size else "", state)
    _shim(scene, memory["shim"].memory if "shim" in memory else None)
    _runtime(scene)
    _helper(scene, "iptables", "iptables", scene.is_at("iptables"))
    _container(scene)


def _helper(scene: Scene, place: str, name: str, works: bool) -> None:
    """A process that is there only while it works."""
    second = word("short" if works else "not running", scene.look.language)
    draw_box(scene, scene.layout.places[place], name, second, "now" if works else "absent")


def _runtime(scene: Scene) -> None:
    """The runtime, which is there only while it works; or what it leaves behind: the process that a container's own kernel is in."""
    box = scene.snapshot.box
    name = box.runtime if box else "runc"
    works = scene.is_at("runtime", "name spaces", "cgroup", "exec") or _does(scene, name)
    if box is None or scene.state("sandbox") == "absent":
        _helper(scene, "runtime", name, works)
        return
    draw_box(scene, scene.layout.places["runtime"], box.sandbox, word("stays", scene.look.language), "now" if works else "there")


def _does(scene: Scene, who: str) -> bool:
    return scene.step is not None and scene.step.who == who


def _client(scene: Scene) -> None:
    snapshot, language, palette = scene.snapshot, scene.look.language, scene.palette
    area = scene.layout.places["client"]
    draw_box(scene, area, snapshot.client, "CLI" if snapshot.client == "docker" else word("client", language), "there")
    asked = snapshot.request
    if asked is not None:
        arrow = f" → {asked.status}" if asked.status else ""
        room = scene.layout.places["container"].x - 30 - scene.layout.label.x
        scene.picture.text(scene.layout.label, f"{asked.method} {asked.path}{arrow}", 28, palette.ink, bold=True, room=room)
    below = Point((area.right + scene.layout.places["dockerd"].x) / 2, area.middle.y + 24)
    if not snapshot.is_page:
        scene.picture.text(below, word("unix socket", language), 24, palette.ink2, align="middle",
                           room=scene.layout.places["dockerd"].x - area.right - 16)  # fmt: skip


def _shim(scene: Scene, size: int | None) -> None:
    area, state = scene.layout.places["shim"], scene.state("shim")
    if state != "now" and scene.is_at("signal"):
        state = "now"
    second = word("not running", scene.look.language) if state == "absent" else f"{mebibytes(size)} MiB" if size else ""
    draw_box(scene, area, "shim", second, state)


# --- the container -------------------------------------------------------------------------------------------------------------------


def _container(scene: Scene) -> None:
    box, palette, picture = scene.snapshot.box, scene.palette, scene.picture
    area, language = scene.layout.places["container"], scene.look.language
    title = (box.name or word("container", language)) if box else word("no container", language)
    made = scene.snapshot.is_writable
    others = f"+{scene.snapshot.others}" if scene.snapshot.others else ""
    room = area.width - picture.measure(others, 26) - 12
    picture.text(Point(area.x, area.y - 20), title, 28, palette.ink if made else palette.ink2, bold=made, room=room)
    picture.text(Point(area.right, area.y - 20), others, 26, palette.ink2, align="right")
    if box is None:
        return
    state = scene.state("name spaces")
    walls = box.walls
    if state != "absent":
        _walls(scene, area, walls, state == "now")
    inside = _inside(area, len(walls))
    if scene.state("process") == "absent":
        picture.frame(inside, palette.line, ABSENT, radius=9, dashed=True)
        picture.text(inside.middle, box.program, 28, palette.ink2, align="middle", room=inside.width - 10)
        if box.is_oom:
            picture.sign("cross", Point(inside.middle.x, inside.y), KILLED, scene.hue, ground=palette.room, name="killed")
        return
    _process(scene, box, inside)


def _process(scene: Scene, box: Box, inside: Area) -> None:
    """The container's first process, and its number inside and outside; grey while it is frozen."""
    palette, picture, language = scene.palette, scene.picture, scene.look.language
    now = scene.state("process") == "now" or scene.is_at("program", "page", "signal")
    ground, ink = (palette.frost, palette.on_frost) if box.is_paused else (palette.room, palette.ink)
    picture.frame(inside, scene.hue if now else palette.ink, NOW if now else PART, radius=9, ground=ground)
    picture.text(Point(inside.middle.x, inside.y + 24), box.program, 28, ink, bold=True, align="middle", room=inside.width - 12)
    if box.is_paused:
        picture.text(Point(inside.middle.x, inside.y + 62), word("paused", language), 24, ink, align="middle", room=inside.width - 12)
        return
    picture.text(Point(inside.middle.x, inside.y + 54), "PID 1", 24, palette.ink2, align="middle", room=inside.width - 12)
    if box.pid:
        said = word("own kernel", language).format(box.kernel) if box.kernel else word("on the host", language).format(box.pid)
        picture.text(Point(inside.middle.x, inside.y + 82), said, 24, palette.ink2, align="middle", room=inside.width - 8)


def _inside(area: Area, walls: int) -> Area:
    """Where the process stands, inside of all walls."""
    side = max(walls, 4) * WALL_STEP + 5
    return Area(area.x + side, area.bottom - PROCESS, area.width - 2 * side, PROCESS - 10)


NAME_STEP = 8.0
"""By which a wall's name is further in than that of the next; the last still ends on its own wall."""


def _walls(scene: Scene, area: Area, walls: tuple[str, ...], now: bool) -> None:
    """Name spaces: nested panes, open at the foot, each with its name on its upper edge."""
    palette, picture = scene.palette, scene.picture
    colour = scene.hue if now else palette.glass
    drop = min(WALL_TOP, (area.height - PROCESS - 12) / max(len(walls), 1))
    for number in range(len(walls)):
        pane = Area(area.x + number * WALL_STEP, area.y + 10 + number * drop, area.width - 2 * number * WALL_STEP, 0)
        foot = area.bottom
        picture.fill(Area(pane.x, pane.y, pane.width, foot - pane.y), mixed(palette.glass, palette.room, GLASS * (number + 1)))
        picture.line(Point(pane.x, pane.y), Point(pane.right, pane.y), colour, WALL)
        for x in (pane.x, pane.right):
            picture.line(Point(x, pane.y), Point(x, foot), colour, WALL)
    for number, name in enumerate(walls):
        x, y = area.x + number * (WALL_STEP + NAME_STEP) + 16, area.y + 10 + number * drop
        width = picture.measure(name, 24, bold=True)
        picture.fill(Area(x - 4, y - 10, width + 8, 20), palette.room)
        picture.text(Point(x, y), name, 24, palette.ink, bold=True)
