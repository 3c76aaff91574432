"""The ways on which a command, or a page's request, goes through the host: by the place of a step, from the client to it.

A way is made of stretches, each from box to box: inside of a box nothing is drawn.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from cutaway.visuals.docker.layout import Layout
from cutaway.visuals.geometry import Area, Point

ABOVE = 6.0
"""A way to the name spaces ends so far above them: its sign covers no name."""
Stretch = list[Point]
Way = list[Stretch]


def lane(layout: Layout) -> float:
    """Where a page's way goes through NAT, bridge and veth, beside what is written there."""
    return layout.places["nat"].x + 16


def _level(layout: Layout) -> float:
    """The height in the kernel at which ways go sideways: under its ceiling."""
    return layout.kernel.y + 20


def _gate_of_daemon(layout: Layout) -> float:
    return layout.places["dockerd"].right + 22


def gates(layout: Layout) -> list[float]:
    """Openings in the border between user space and the kernel: system calls, and packets."""
    places = layout.places
    return [lane(layout), places["iptables"].middle.x, places["runtime"].middle.x, _gate_of_daemon(layout), places["container"].middle.x]


def _right(area: Area) -> Point:
    return Point(area.right, area.middle.y)


def _left(area: Area) -> Point:
    return Point(area.x, area.middle.y)


def _down(area: Area) -> Point:
    return Point(area.middle.x, area.bottom)


# --- from process to process ---------------------------------------------------------------------------------------------------------


def _to_dockerd(layout: Layout) -> Way:
    return [[_right(layout.places["client"]), _left(layout.places["dockerd"])]]


def _to_containerd(layout: Layout) -> Way:
    return [*_to_dockerd(layout), [_right(layout.places["dockerd"]), _left(layout.places["containerd"])]]


def _to_shim(layout: Layout) -> Way:
    shim = layout.places["shim"]
    return [*_to_containerd(layout), [_down(layout.places["containerd"]), Point(shim.middle.x, shim.y)]]


def _to_runtime(layout: Layout) -> Way:
    return [*_to_shim(layout), [_left(layout.places["shim"]), _right(layout.places["runtime"])]]


def _to_program(layout: Layout) -> Way:
    shim = layout.places["shim"]
    return [*_to_shim(layout), [_right(shim), Point(layout.places["container"].x, shim.middle.y)]]


# --- into the kernel -----------------------------------------------------------------------------------------------------------------


def _to_iptables(layout: Layout) -> Way:
    dockerd, box = layout.places["dockerd"], layout.places["iptables"]
    x, level = dockerd.x + 30, (dockerd.bottom + box.y) / 2
    started = [Point(x, dockerd.bottom), Point(x, level), Point(box.middle.x, level), Point(box.middle.x, box.y)]
    return [*_to_dockerd(layout), started, [_down(box), Point(box.middle.x, layout.places["nat"].y)]]


def _of_daemon(layout: Layout, *onward: Point) -> Way:
    """Out of dockerd's right side and down into the kernel."""
    dockerd, x = layout.places["dockerd"], _gate_of_daemon(layout)
    y = dockerd.bottom - 18
    return [*_to_dockerd(layout), [Point(dockerd.right, y), Point(x, y), Point(x, _level(layout)), *onward]]


def _left_of(layout: Layout, x: float, end: Point) -> Way:
    """Sideways at the level to x, then down to the height of the end."""
    return _of_daemon(layout, Point(x, _level(layout)), Point(x, end.y), end)


def _between(layout: Layout) -> float:
    """Between the network's parts and the name spaces."""
    return layout.places["name spaces"].x - 13


def _before_overlay(layout: Layout) -> float:
    return layout.places["overlay"].x - 16


def _to_name_spaces(layout: Layout) -> Way:
    runtime = layout.places["runtime"]
    return [*_to_runtime(layout), [_down(runtime), Point(runtime.middle.x, layout.places["name spaces"].y - ABOVE)]]


def _to_cgroup(layout: Layout) -> Way:
    """Beside the name spaces' chips."""
    runtime, cgroup = layout.places["runtime"], layout.places["cgroup"]
    beside = layout.places["name spaces"].right + 12
    down = [_down(runtime), Point(runtime.middle.x, _level(layout)), Point(beside, _level(layout)), Point(beside, cgroup.middle.y)]
    return [*_to_runtime(layout), [*down, _right(cgroup)]]


def _of_memory(layout: Layout) -> Way:
    """From the cgroup up into the container: nobody asks for it, the kernel does it by itself."""
    cgroup, box, level = layout.places["cgroup"], layout.places["container"], _level(layout)
    beside, up = layout.places["name spaces"].right + 12, box.middle.x
    return [[_right(cgroup), Point(beside, cgroup.middle.y), Point(beside, level), Point(up, level), Point(up, box.bottom + 3)]]


def _of_page(layout: Layout) -> Way:
    """From the client into the kernel, through NAT, bridge and veth, and up into the container."""
    client, box = layout.places["client"], layout.places["container"]
    nat, bridge, veth = (layout.places[name] for name in ("nat", "bridge", "veth"))
    x, up, level = lane(layout), box.middle.x, _level(layout)
    inside = [_right(veth), Point(_between(layout), veth.middle.y), Point(_between(layout), level), Point(up, level)]
    return [[Point(x, client.bottom), Point(x, nat.y)], [Point(x, nat.bottom), Point(x, bridge.y)],
            [Point(x, bridge.bottom), Point(x, veth.y)], [*inside, Point(up, box.bottom + 3)]]  # fmt: skip


WAYS: dict[str, Callable[[Layout], Way]] = {
    "dockerd": _to_dockerd,
    "containerd": _to_containerd,
    "shim": _to_shim,
    "runtime": _to_runtime,
    "program": _to_program,
    "signal": _to_program,
    "iptables": _to_iptables,
    "overlay": lambda layout: _left_of(layout, _before_overlay(layout), _left(layout.places["overlay"])),
    "disk": lambda layout: _left_of(layout, _before_overlay(layout), _left(layout.places["disk"])),
    "veth": lambda layout: _left_of(layout, _between(layout), _right(layout.places["veth"])),
    "hook": lambda layout: _left_of(layout, _between(layout), _right(layout.places["veth"])),
    "registry": lambda layout: _left_of(layout, _between(layout), _right(layout.places["nic"])),
    "name spaces": _to_name_spaces,
    "exec": _to_name_spaces,
    "cgroup": _to_cgroup,
    "memory": _of_memory,
    "page in": _of_page,
    "page": _of_page,
    "page back": _of_page,
}


def along(way: Way, share: float) -> Point:
    """The point at a share of the way's length; a box is passed at once."""
    pieces = [piece for stretch in way for piece in pairwise(stretch)]
    lengths = [abs(end.x - start.x) + abs(end.y - start.y) for start, end in pieces]
    left = min(max(share, 0.0), 1.0) * sum(lengths)
    for (start, end), length in zip(pieces, lengths, strict=True):
        if left <= length and length:
            part = left / length
            return Point(start.x + (end.x - start.x) * part, start.y + (end.y - start.y) * part)
        left -= length
    return way[-1][-1]
