"""Where everything stands on the canvas: pure geometry, at least 1920 by 1080; what a canvas has more goes to the floors and the ledger."""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.visuals.geometry import Area, Point
from cutaway.visuals.layout import CEILING, FLOOR_PLANE, GUTTER, HINT, MARGIN, RIGHT_MARGIN, SIDE, TOP_BAR

PANEL, PANEL_GAP = 560.0, 30.0
CAPTION, STRIP = 112.0, 150.0
HARDWARE, KERNEL_SHARE = 100.0, 0.44
BOX, PROCESS = 78.0, 110.0
"""Heights of a process, and of the one in the container."""
TERMINAL_SHARE = 0.385
CHIP_GAP, CHIP_HEIGHT = 10.0, 44.0
WALL_STEP, WALL_TOP = 7.0, 25.0
CHIPS = ("mnt", "uts", "ipc", "pid", "net", "cgroup")


@dataclass(frozen=True)
class Layout:
    """Areas by name: processes, parts of the kernel, of the hardware; and the regions of the screen."""

    canvas: Area
    user: Area
    kernel: Area
    hardware: Area
    places: dict[str, Area]
    terminal: Area
    ledger: Area
    caption: Area
    strip: Area
    hint: Area
    label: Point
    """Where the request's line begins."""

    def chip(self, number: int) -> Area:
        """A name space's, three a row."""
        area = self.places["name spaces"]
        width = (area.width - 2 * CHIP_GAP) / 3
        row, column = divmod(number, 3)
        return Area(area.x + column * (width + CHIP_GAP), area.y + row * (CHIP_HEIGHT + CHIP_GAP), width, CHIP_HEIGHT)


def layout_for(width: float, height: float) -> Layout:
    """On a canvas of this size."""
    section_right = width - RIGHT_MARGIN - PANEL - PANEL_GAP
    foot = height - HINT - STRIP - CAPTION - 20
    top = TOP_BAR + 22
    standing = foot - top - HARDWARE
    user = Area(GUTTER, top, section_right - GUTTER, standing * (1 - KERNEL_SHARE))
    kernel = Area(GUTTER, user.bottom, user.width, standing * KERNEL_SHARE)
    hardware = Area(GUTTER, kernel.bottom, user.width, HARDWARE)
    panel = Area(width - RIGHT_MARGIN - PANEL, top, PANEL, foot - top)
    terminal = Area(panel.x, panel.y, panel.width, panel.height * TERMINAL_SHARE)
    ledger = Area(panel.x, terminal.bottom + 14, panel.width, panel.bottom - terminal.bottom - 14)
    places = {**_people(user), **_parts(kernel), **_hardware(hardware)}
    return Layout(
        Area(0, 0, width, height), user, kernel, hardware, places, terminal, ledger,
        Area(MARGIN, foot + 6, width - MARGIN - RIGHT_MARGIN, CAPTION),
        Area(MARGIN, foot + 12 + CAPTION, width - MARGIN - RIGHT_MARGIN, STRIP),
        Area(MARGIN, height - HINT - 3, width - 2 * MARGIN, HINT), Point(user.x + SIDE + 14, user.y + CEILING + 24),
    )  # fmt: skip


def back(floor: Area) -> Area:
    """A floor's back wall."""
    return floor.inset(SIDE, CEILING, SIDE, FLOOR_PLANE)


def _columns(floor: Area) -> tuple[float, float, float]:
    """Where the left, the middle and the right third of a floor's parts begin."""
    wall = back(floor)
    return wall.x + 14, wall.x + wall.width * 0.37, wall.right - 252


def _people(user: Area) -> dict[str, Area]:
    """The processes of user space."""
    wall = back(user)
    left, middle, right = _columns(user)
    first = wall.y + 46 + max(0.0, (wall.height - 286) * 0.2)
    second = wall.bottom - BOX - 14 - max(0.0, (wall.height - 286) * 0.2)
    end = right - 26
    return {
        "client": Area(left, first, 168, BOX),
        "dockerd": Area(middle, first, 150, BOX),
        "containerd": Area(end - 180, first, 180, BOX),
        "iptables": Area(middle - 186, second, 150, BOX),
        "runtime": Area(middle, second, 150, BOX),
        "shim": Area(end - 180, second, 180, BOX),
        "container": Area(right, wall.y + 40, wall.right - 12 - right, wall.height - 40),
    }


def _parts(kernel: Area) -> dict[str, Area]:
    """The parts of the kernel that a container is made of."""
    wall = back(kernel)
    left, middle, right = _columns(kernel)
    top = wall.y + 62
    row = min(54.0, (wall.bottom - 8 - top) / 3 - 10)
    step = (wall.bottom - 8 - top - row) / 2
    width = middle - 26 - left
    chips = Area(middle, top, right - 30 - middle, 2 * CHIP_HEIGHT + CHIP_GAP)
    return {
        "nat": Area(left, top, width, row),
        "bridge": Area(left, top + step, width, row),
        "veth": Area(left, top + 2 * step, width, row),
        "name spaces": chips,
        "cgroup": Area(middle, wall.bottom - 8 - row, chips.width, row),
        "overlay": Area(right, top, wall.right - 12 - right, wall.bottom - 8 - top),
    }


def _hardware(hardware: Area) -> dict[str, Area]:
    wall = back(hardware).inset(0, 2, 0, 2)
    left, middle, right = _columns(hardware)
    return {
        "nic": Area(left, wall.y, 250, wall.height),
        "cpus": Area(middle, wall.y, right - 30 - middle, wall.height),
        "disk": Area(right, wall.y, wall.right - 12 - right, wall.height),
    }
