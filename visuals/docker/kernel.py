"""The host's kernel: the published port's route, the name spaces, the cgroup, the overlay's layers."""

from __future__ import annotations

from cutaway.visuals.docker.drawing import NOW, Scene, draw_row, mebibytes, megabytes
from cutaway.visuals.docker.layout import CHIPS
from cutaway.visuals.docker.snapshot import Box, Layer
from cutaway.visuals.docker.words import word
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.palette import mixed
from cutaway.visuals.section import ABSENT, PART

SLANT, THICKEST, OWN, GAP, GLASS_FILL = 16.0, 30.0, 36.0, 6.0, 0.3
"""OWN: height of the container's own layer, which has its name on it."""
AFTER_LANE = 46.0
"""A page's way goes through a row at its left; what is written there begins behind it."""


SIGN, SIGN_ROOM = 11.0, 34.0


def draw_kernel(scene: Scene) -> None:
    _network(scene)
    _name_spaces(scene)
    _cgroup(scene)
    _overlay(scene)


def _heading(scene: Scene, area: Area, text: str, *, up: float = 22) -> None:
    scene.picture.text(Point(area.x, area.y - up), text, 26, scene.palette.ink, bold=True, room=area.width)


def _network(scene: Scene) -> None:
    box, places, language = scene.snapshot.box, scene.layout.places, scene.look.language
    _heading(scene, places["nat"].inset(AFTER_LANE, 0, 0, 0), word("network", language))
    ports = box.ports if box else ()
    nat = "NAT"
    if box is not None and ports:
        nat = f"{ports[0][0]} → {box.address or word('container', language)}:{ports[0][1]}"
        nat += f"  +{len(ports) - 1}" if len(ports) > 1 else ""
    passing = scene.is_at("page in", "page", "page back")
    state = "now" if passing and ports else scene.state("nat")
    draw_row(scene, places["nat"], nat, state, left=AFTER_LANE, strong=state != "absent")
    bridge = (box.bridge if box else "") or "docker0"
    draw_row(scene, places["bridge"], word("bridge", language).format(bridge), "now" if passing else "there", left=AFTER_LANE)
    veth = word("veth", language) if box is None or box.bridge else word("no network", language)
    if box is not None and box.address and scene.state("address") != "absent":
        veth = f"veth ↔ eth0 {box.address}" if scene.state("joined") == "there" else f"veth   {box.address}"
    state = "now" if scene.is_at("veth", "hook") or passing else scene.state("veth")
    draw_row(scene, places["veth"], veth, state, left=AFTER_LANE)


def _name_spaces(scene: Scene) -> None:
    palette, picture, box = scene.palette, scene.picture, scene.snapshot.box
    area, state = scene.layout.places["name spaces"], scene.state("name spaces")
    heading = word("name spaces in the guest" if box is not None and box.is_guest else "name spaces", scene.look.language)
    _heading(scene, Area(area.x + 104, area.y, area.width - 104, 0), heading)
    own = box.walls if box else CHIPS
    for number, name in enumerate(CHIPS):
        chip = scene.layout.chip(number)
        if name not in own or state == "absent":
            picture.frame(chip, palette.line, ABSENT, radius=5, dashed=True)
        else:
            filled = mixed(palette.glass, palette.room, GLASS_FILL)
            picture.frame(chip, scene.hue if state == "now" else palette.glass, NOW if state == "now" else PART, radius=5, ground=filled)
        is_there = state != "absent" and name in own
        picture.text(chip.middle, name, 26, palette.ink if is_there else palette.ink2, bold=is_there, align="middle", room=chip.width - 8)


def _cgroup(scene: Scene) -> None:
    """What it counts, and what it allows; a square where it has used its CPU time and waits, a cross where the kernel killed in it."""
    area, box, palette, picture = scene.layout.places["cgroup"], scene.snapshot.box, scene.palette, scene.picture
    state = "now" if scene.is_at("cgroup", "memory") else scene.state("cgroup")
    counts = box is not None and (state != "absent" or box.is_oom)
    draw_row(scene, area, "", state)
    ink, said, sign = palette.ink if counts else palette.ink2, "cgroup", ""
    if box is not None and counts:
        said = _counts(box)
        sign = "cross" if box.is_oom else "square" if box.throttled and not box.is_paused else ""
        if box.memory_limit:
            share = min(box.memory / box.memory_limit, 1.0)
            fill = mixed(palette.glass, palette.room, GLASS_FILL)
            picture.fill(Area(area.x + 3, area.y + 3, (area.width - 6) * share, area.height - 6), fill)
    picture.text(Point(area.x + 14, area.middle.y), said, 26, ink, bold=counts, room=area.width - 24 - (SIGN_ROOM if sign else 0))
    if sign:
        picture.sign(sign, Point(area.right - SIGN_ROOM / 2, area.middle.y), SIGN, scene.hue, ground=palette.room, name=f"cgroup, {sign}")


def _counts(box: Box) -> str:
    """Of the cgroup: 11 MiB, or 11 / 64 MiB; and its CPUs."""
    limit = f" / {mebibytes(box.memory_limit)}" if box.memory_limit else ""
    cpus = f"   {box.cpus:g} CPU" if box.cpus else ""
    return f"cgroup   {mebibytes(box.memory)}{limit} MiB{cpus}"


# --- layers --------------------------------------------------------------------------------------------------------------------------


def _overlay(scene: Scene) -> None:
    """The image's layers from the bottom up, and the container's own on top."""
    area, palette, picture, layers = scene.layout.places["overlay"], scene.palette, scene.picture, scene.snapshot.layers
    state = scene.state("overlay")
    _heading(scene, area, word("layers", scene.look.language), up=22)
    if layers:
        count = f"{len(layers)} + 1" if scene.snapshot.is_writable else f"{len(layers)}"
        picture.text(Point(area.right, area.y - 22), count, 26, palette.ink2, align="right")
    step = min(THICKEST + 6, (area.height - OWN - GAP) / max(len(layers), 2))
    for number, layer in enumerate(layers):
        _layer(scene, _slot(area, number, step), layer, bound=state != "absent")
    if layers or scene.snapshot.is_writable:
        top = area.bottom - len(layers) * step
        _writable(scene, Area(area.x, top - OWN - GAP, area.width, OWN))


def _slot(area: Area, number: int, step: float) -> Area:
    return Area(area.x, area.bottom - (number + 1) * step, area.width, step - min(GAP, step * 0.2))


def _outline(scene: Scene, area: Area, colour: tuple[int, int, int], width: float, *, dashed: bool = False) -> None:
    corners = _corners(area)
    scene.picture.curve([*corners, corners[0]], colour, width, dashed=dashed)


def _corners(area: Area) -> list[Point]:
    return [Point(area.x + SLANT, area.y), Point(area.right, area.y), Point(area.right - SLANT, area.bottom), Point(area.x, area.bottom)]


def _layer(scene: Scene, area: Area, layer: Layer, *, bound: bool) -> None:
    palette, picture = scene.palette, scene.picture
    if layer.state == "to come":
        _outline(scene, area, palette.line, ABSENT, dashed=True)
    elif layer.state == "there":
        picture.shape(_corners(area), mixed(palette.glass, palette.room, GLASS_FILL) if bound else palette.side)
        _outline(scene, area, palette.ink, PART)
    else:
        # loaded bytes are grey, as they are still packed; what is unpacked has the layer's own colour
        ground = palette.side if layer.state == "unpacking" else palette.hair
        share = 1.0 if layer.state == "loaded" else layer.share
        done = Area(area.x, area.y, max(SLANT + 1, area.width * share), area.height)
        picture.shape(_corners(done), ground)
        _outline(scene, area, scene.hue if layer.state != "loaded" else palette.line, PART)
    if layer.state in ("loading", "unpacking") and area.height >= 24:
        picture.text(area.middle, f"{megabytes(layer.size)} MB", 22, palette.ink, align="middle")


def _writable(scene: Scene, area: Area) -> None:
    state = scene.state("writable")
    palette = scene.palette
    if state == "absent":
        _outline(scene, area, palette.line, ABSENT, dashed=True)
    else:
        scene.picture.shape(_corners(area), palette.room)
        _outline(scene, area, scene.hue if state == "now" else palette.ink, NOW if state == "now" else PART)
    said = word("writable", scene.look.language)
    ink = palette.ink if state != "absent" else palette.ink2
    scene.picture.text(Point(area.middle.x, area.middle.y + 1), said, 24, ink, align="middle")
