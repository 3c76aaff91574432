"""The whole picture of a snapshot: what rests is one still, over it what is there now, and the way of what happens."""

from __future__ import annotations

from cutaway.visuals.docker.drawing import Look, Scene
from cutaway.visuals.docker.frame import draw_caption, draw_hint, draw_still_frame, draw_top
from cutaway.visuals.docker.hardware import draw_hardware
from cutaway.visuals.docker.kernel import draw_kernel
from cutaway.visuals.docker.layout import layout_for
from cutaway.visuals.docker.meters import draw_meters
from cutaway.visuals.docker.people import draw_people
from cutaway.visuals.docker.snapshot import Snapshot
from cutaway.visuals.docker.stair import draw_stair
from cutaway.visuals.docker.terminal import draw_terminal
from cutaway.visuals.docker.ways import WAYS, Way, along
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.picture import Picture

WIDTH, FOLLOWED, LINK = 5.5, 11.0, 2.2
LINKS = (("client", "dockerd"), ("dockerd", "containerd"))


def draw(snapshot: Snapshot, look: Look, picture: Picture) -> None:
    """One picture."""
    if look.screen:
        picture.fill(Area(0, 0, picture.width, picture.height), (0, 0, 0))
        return
    layout = layout_for(picture.width, picture.height)
    scene = Scene(snapshot, layout, look, picture)
    key = (look.language, look.palette_name, snapshot.host.name, snapshot.host.kernel)
    picture.still("rest", key, layout.canvas, lambda canvas: draw_still_frame(Scene(snapshot, layout, look, canvas)))
    draw_top(scene)
    _links(scene)
    way = _way(scene)          # boxes stand before it
    draw_people(scene)
    draw_kernel(scene)
    draw_hardware(scene)
    _sign(scene, way)
    draw_terminal(scene)
    draw_stair(scene)
    draw_caption(scene)
    draw_meters(scene)
    draw_hint(scene)


def _links(scene: Scene) -> None:
    """Who talks to whom, at rest."""
    if scene.snapshot.is_page:
        return
    for left, right in LINKS:
        start, end = scene.layout.places[left], scene.layout.places[right]
        scene.picture.line(Point(start.right, start.middle.y), Point(end.x, end.middle.y), scene.palette.line, LINK)


def _way(scene: Scene) -> Way:
    """From the client to where the step happens; of a refusal, to who refuses."""
    if scene.told is None and not scene.snapshot.is_page and not scene.snapshot.error:
        return []
    place = "dockerd" if scene.snapshot.error else scene.told.place if scene.told else "page back"
    way = WAYS[place](scene.layout)
    for stretch in way:
        scene.picture.way(stretch, scene.hue, WIDTH)
    return way


def _sign(scene: Scene, way: Way) -> None:
    """Where the step happens; a page is as far on its way as the step is done. What stands at the gate waits."""
    if scene.snapshot.error:
        scene.picture.sign("cross", way[-1][-1], FOLLOWED, scene.hue, ground=scene.palette.room, halo=True, name="refused")
        return
    if scene.told is None or scene.step is None:
        if way:      # the answer is back with who asked
            scene.picture.sign("ring", way[0][0], FOLLOWED, scene.hue, ground=scene.palette.room, halo=True, name="page, over")
        return
    place, held = scene.told.place, scene.snapshot.held is not None
    share = 0.0 if held else scene.step.share
    if place == "page in":
        at, sign = along(way, share), "disc"
    elif place == "page back":
        at, sign = along(way, 1 - share), "ring"
    else:
        at, sign = way[-1][-1], "cross" if place == "memory" else "disc"
    scene.picture.sign("clock" if held else sign, at, FOLLOWED, scene.hue, ground=scene.palette.room, halo=True, name=scene.told.place)
