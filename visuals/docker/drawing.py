"""What all parts of this view are drawn with: what was chosen, what is there, and a box in its states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from cutaway.visuals.docker.layout import Layout
from cutaway.visuals.docker.snapshot import Box, Snapshot, Step
from cutaway.visuals.docker.steps import STEPS, Told, key_of, told
from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.palette import PALETTES, Palette
from cutaway.visuals.picture import Picture
from cutaway.visuals.section import ABSENT, PART
from cutaway.visuals.stage import Language, Said

State = Literal["absent", "there", "now"]
NOW = 3.0
MEGA, MEBI = 1_000_000, 1 << 20
ALL = ("overlay", "veth", "address", "nat", "shim", "sandbox", "name spaces", "cgroup", "joined", "process", "writable")


@dataclass
class Look:
    """What the viewer chose."""

    language: Language = "ko"
    palette_name: str = "light"
    screen: str = ""
    """`black`: nothing is shown."""
    message: str = ""


@dataclass
class Scene:
    """One picture: what there is, where it goes, and how it is to look."""

    snapshot: Snapshot
    layout: Layout
    look: Look
    picture: Picture
    there: frozenset[str] = frozenset()
    """Parts of the container that exist."""
    step: Step | None = None
    """The step that goes on, or stands at the gate."""
    told: Told | None = None
    palette: Palette = field(init=False)

    def __post_init__(self) -> None:
        self.palette = PALETTES[self.look.palette_name]
        self.step = step_now(self.snapshot)
        self.told = told(self.step) if self.step else None
        self.there = parts_of(self.snapshot)

    @property
    def hue(self) -> tuple[int, int, int]:
        return self.palette.container

    def say(self, said: Said) -> str:
        return said.told(self.look.language)

    def is_at(self, *places: str) -> bool:
        """Whether the step is at one of these places."""
        return self.told is not None and self.told.place in places

    def state(self, part: str) -> State:
        """Of a part of the container."""
        if self.step is not None and self.told is not None and part in self.told.makes:
            return "now"
        return "there" if part in self.there else "absent"


def step_now(snapshot: Snapshot) -> Step | None:
    """The step that the picture is about: at the gate, or going on; or the last if it took no time, so that it is seen."""
    if snapshot.held is not None:
        return snapshot.held
    steps = snapshot.steps
    return next((step for step in reversed(steps) if step.going), steps[-1] if steps and _stays(steps[-1], snapshot.box) else None)


def _stays(last: Step, box: Box | None) -> bool:
    """Whether a step is still to be seen when it is over: not the kill that a container's end tells of."""
    is_told = told(last).place == "memory" and box is not None and box.exit_code is not None
    return not last.took_ns and not is_told


def parts_of(snapshot: Snapshot) -> frozenset[str]:
    """What there is of the container."""
    box = snapshot.box
    if box is None:
        return frozenset()
    made = {"writable"} if snapshot.is_writable else set()
    if box.is_running:
        lacks = ("nat", box.ports), ("sandbox", box.sandbox), *((part, box.bridge) for part in ("veth", "address", "joined", "nat"))
        made |= set(ALL) - {part for part, there in lacks if not there}
    else:
        for each in box.starting:
            who, _, what = each.partition(": ")
            known = STEPS.get(key_of(who, what))
            made |= set(known.makes) if known else set()
    return frozenset(made)


def draw_box(scene: Scene, area: Area, name: str, second: str, state: State) -> None:
    """A process: its name, and a line of what it is or has."""
    palette, picture = scene.palette, scene.picture
    if state == "absent":
        picture.frame(area, palette.line, ABSENT, radius=9, dashed=True)
    else:
        picture.frame(area, scene.hue if state == "now" else palette.ink, NOW if state == "now" else PART, radius=9, ground=palette.room)
    ink = palette.ink2 if state == "absent" else palette.ink
    middle = area.middle
    rise = 15 if second else 0
    picture.text(Point(middle.x, middle.y - rise), name, 30, ink, bold=True, align="middle", room=area.width - 16)
    if second:
        picture.text(Point(middle.x, middle.y + 19), second, 24, palette.ink2, align="middle", room=area.width - 16)


def draw_row(scene: Scene, area: Area, text: str, state: State, *, left: float = 14, strong: bool = False) -> None:
    """A part of the kernel: a low box with a line of text."""
    palette, picture = scene.palette, scene.picture
    if state == "absent":
        picture.frame(area, palette.line, ABSENT, dashed=True)
    else:
        picture.frame(area, scene.hue if state == "now" else palette.ink, NOW if state == "now" else PART, ground=palette.room)
    ink = palette.ink2 if state == "absent" else palette.ink
    picture.text(Point(area.x + left, area.middle.y), text, 26, ink, bold=strong, room=area.width - left - 10)


def megabytes(size: float) -> str:
    """Of a disk or a layer, as `docker images` counts: 7.1, 83, 1 204."""
    return _short(size / MEGA)


def mebibytes(size: float) -> str:
    """Of memory, as `docker stats` counts."""
    return _short(size / MEBI)


def _short(amount: float) -> str:
    return f"{amount:.1f}" if amount < 10 else f"{amount:,.0f}".replace(",", "\u2009")
