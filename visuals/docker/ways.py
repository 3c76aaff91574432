"""The ways on which a command, or a page's request, goes through the host: by the place of a step, from the client to it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from cutaway.visuals.docker.layout import PROCESS, Layout
from cutaway.visuals.geometry import Area, Point

Way = list[Point]
GATE_NET, GATE_DAEMON, GATE_RUNTIME = "net", "daemon", "runtime"


def lane(layout: Layout) -> float:
    """Where a page's way goes through NAT, bridge and veth, beside what is written there."""
    return layout.places["nat"].x + 24


def _right(area: Area) -> Point:
    return Point(area.right, area.middle.y)


def _left(area: Area) -> Point:
    return Point(area.x, area.middle.y)


def _down(area: Area) -> Point:
    return Point(area.middle.x, area.bottom)


def gates(layout: Layout) -> dict[str, tuple[float, float]]:
    """Openings in the border between user space and the kernel, by name: where each is, on which line."""
    places = layout.places
    border = layout.kernel.y
    return {
        GATE_NET: (lane(layout), border),
        "rules": (places["iptables"].middle.x, border),
        GATE_DAEMON: (places["dockerd"].right + 22, border),
        GATE_RUNTIME: (places["runtime"].middle.x, border),
        "inside": (places["container"].middle.x, border),
    }


def _to_dockerd(layout: Layout) -> Way:
    return [_right(layout.places["client"]), _left(layout.places["dockerd"])]


def _to_containerd(layout: Layout) -> Way:
    return [*_to_dockerd(layout), _right(layout.places["dockerd"]), _left(layout.places["containerd"])]


def _to_shim(layout: Layout) -> Way:
    return [*_to_containerd(layout), _down(layout.places["containerd"]), Point(layout.places["shim"].middle.x, layout.places["shim"].y)]


def _to_runtime(layout: Layout) -> Way:
    return [*_to_shim(layout), _left(layout.places["shim"]), _right(layout.places["runtime"])]


def _to_program(layout: Layout) -> Way:
    return [*_to_shim(layout), _right(layout.places["shim"]), Point(layout.places["container"].x, layout.places["shim"].middle.y)]


def _to_iptables(layout: Layout) -> Way:
    dockerd, box = layout.places["dockerd"], layout.places["iptables"]
    x, level = dockerd.x + 30, (dockerd.bottom + box.y) / 2
    down = [Point(x, dockerd.bottom), Point(x, level), Point(box.middle.x, level), Point(box.middle.x, box.y)]
    nat = layout.places["nat"]
    return [*_to_dockerd(layout), *down, _down(box), Point(box.middle.x, nat.y)]


def _of_daemon(layout: Layout, target: Callable[[Layout], Way]) -> Way:
    """Out of dockerd's right side and down into the kernel."""
    dockerd = layout.places["dockerd"]
    x = gates(layout)[GATE_DAEMON][0]
    y = dockerd.bottom - 18
    return [*_to_dockerd(layout), Point(dockerd.right, y), Point(x, y), *target(layout)]


def _level(layout: Layout) -> float:
    """The height in the kernel at which ways go sideways: under its ceiling."""
    return layout.kernel.y + 24


def _onto_overlay(layout: Layout) -> Way:
    x, overlay = gates(layout)[GATE_DAEMON][0], layout.places["overlay"]
    return [Point(x, _level(layout)), Point(overlay.x - 16, _level(layout)), Point(overlay.x - 16, overlay.middle.y),
            Point(overlay.x, overlay.middle.y)]  # fmt: skip


def _onto_veth(layout: Layout) -> Way:
    x, veth = gates(layout)[GATE_DAEMON][0], layout.places["veth"]
    beside = layout.places["name spaces"].x - 13
    return [Point(x, _level(layout)), Point(beside, _level(layout)), Point(beside, veth.middle.y), _right(veth)]


def _onto_disk(layout: Layout) -> Way:
    x, disk = gates(layout)[GATE_DAEMON][0], layout.places["disk"]
    beside = layout.places["overlay"].x - 16
    return [Point(x, _level(layout)), Point(beside, _level(layout)), Point(beside, disk.middle.y), _left(disk)]


def _onto_nic(layout: Layout) -> Way:
    x, nic = gates(layout)[GATE_DAEMON][0], layout.places["nic"]
    beside = layout.places["name spaces"].x - 13
    return [Point(x, _level(layout)), Point(beside, _level(layout)), Point(beside, nic.middle.y), _right(nic)]


def _to_name_spaces(layout: Layout) -> Way:
    x = gates(layout)[GATE_RUNTIME][0]
    return [*_to_runtime(layout), _down(layout.places["runtime"]), Point(x, layout.places["name spaces"].y)]


def _to_cgroup(layout: Layout) -> Way:
    """Beside the name spaces' chips."""
    x, chips, cgroup = gates(layout)[GATE_RUNTIME][0], layout.places["name spaces"], layout.places["cgroup"]
    beside = chips.right + 12
    return [*_to_runtime(layout), _down(layout.places["runtime"]), Point(x, _level(layout)), Point(beside, _level(layout)),
            Point(beside, cgroup.middle.y), _right(cgroup)]  # fmt: skip


def _of_page(layout: Layout) -> Way:
    """From the client into the kernel, through NAT, bridge and veth, and up into the container."""
    client, box = layout.places["client"], layout.places["container"]
    nat, bridge, veth = (layout.places[name] for name in ("nat", "bridge", "veth"))
    x, up = lane(layout), box.middle.x
    between, beside = layout.places["name spaces"].x - 13, layout.places["overlay"].x - 16
    return [Point(x, client.bottom), Point(x, nat.y), Point(x, nat.bottom), Point(x, bridge.y), Point(x, bridge.bottom), Point(x, veth.y),
            Point(x, veth.middle.y), Point(between, veth.middle.y), Point(between, _level(layout)), Point(beside, _level(layout)),
            Point(up, _level(layout)), Point(up, box.bottom - PROCESS)]  # fmt: skip


WAYS: dict[str, Callable[[Layout], Way]] = {
    "dockerd": _to_dockerd,
    "containerd": _to_containerd,
    "shim": _to_shim,
    "runtime": _to_runtime,
    "program": _to_program,
    "signal": _to_program,
    "iptables": _to_iptables,
    "overlay": lambda layout: _of_daemon(layout, _onto_overlay),
    "veth": lambda layout: _of_daemon(layout, _onto_veth),
    "hook": lambda layout: _of_daemon(layout, _onto_veth),
    "registry": lambda layout: _of_daemon(layout, _onto_nic),
    "disk": lambda layout: _of_daemon(layout, _onto_disk),
    "name spaces": _to_name_spaces,
    "exec": _to_name_spaces,
    "cgroup": _to_cgroup,
    "page in": _of_page,
    "page": _of_page,
    "page back": _of_page,
}


def way_to(layout: Layout, place: str) -> Way:
    """From the client to a step's place."""
    return WAYS[place](layout)


def along(way: Way, share: float) -> Point:
    """The point at a share of the way's length."""
    lengths = [abs(after.x - before.x) + abs(after.y - before.y) for before, after in pairwise(way)]
    left = min(max(share, 0.0), 1.0) * sum(lengths)
    for (start, end), length in zip(pairwise(way), lengths, strict=True):
        if left <= length and length:
            part = left / length
            return Point(start.x + (end.x - start.x) * part, start.y + (end.y - start.y) * part)
        left -= length
    return way[-1]
