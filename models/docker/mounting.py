"""What a container finds where: its layers, what the kernel makes up, what the daemon writes for it, its volumes, binds and tmpfs."""

from __future__ import annotations

import posixpath
import stat
from typing import Any

from cutaway.models.docker.cgroupfs import cgroup_files
from cutaway.models.docker.container import Container, MountPoint
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.filesystem.nodes import Attributes, Directory, Made, Special, file, link
from cutaway.models.docker.filesystem.tree import Tree, join
from cutaway.models.docker.filesystem.view import Mount, View
from cutaway.models.docker.processes.facts import Facts
from cutaway.models.docker.units import size_of_text
from cutaway.models.docker.volumes import Volume, Volumes

SHM_BYTES = 64 * 1024 * 1024
_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}


def asked_mounts(container: Container, volumes: Volumes, made: Any) -> list[MountPoint]:
    """The mounts that a client asks for; `made(name)` makes a volume, of a new name for None. Raises InvalidError."""
    points: dict[str, MountPoint] = {}
    host = container.host
    for text in host.binds or []:
        point = _bind(text, volumes, made)
        if point.destination in points:
            raise InvalidError(f"Duplicate mount point: {point.destination}")
        points[point.destination] = point
    for one in host.mounts or []:
        point = _mount(one, volumes, made)
        if point.destination in points:
            raise InvalidError(f"Duplicate mount point: {point.destination}")
        points[point.destination] = point
    for destination, text in (host.tmpfs or {}).items():
        points[destination] = MountPoint("tmpfs", "", "", destination, Tree(), limit=_tmpfs_size(text))
    for destination in container.config.volumes:
        place = posixpath.normpath(destination)
        if place not in points:
            points[place] = _of_volume(made(None), place, "", True)
    return list(points.values())


def _bind(text: str, volumes: Volumes, made: Any) -> MountPoint:
    """`source:destination[:options]`."""
    parts = text.split(":")
    if len(parts) > 3 or (len(parts) == 1 and not text.startswith("/")):
        raise InvalidError(f"invalid volume specification: '{text}'")
    source, destination = (parts[0], parts[1]) if len(parts) > 1 else ("", parts[0])
    mode = parts[2] if len(parts) > 2 else ""
    for word in filter(None, mode.split(",")):
        if word not in ("ro", "rw", "z", "Z", "nocopy", "cached", "delegated", "consistent", "shared", "rshared", "slave", "rslave",
                        "private", "rprivate"):
            raise InvalidError(f"invalid mode: {mode}")
    if not destination.startswith("/"):
        raise InvalidError(f"invalid volume specification: '{text}': invalid mount config for type \"volume\": invalid mount path: "
                           f"'{destination}' mount path must be absolute")  # fmt: skip
    place = posixpath.normpath(destination)
    if place == "/":
        raise InvalidError(f"invalid volume specification: '{text}': invalid mount config for type \"bind\": invalid specification: "
                           "destination can't be '/'")  # fmt: skip
    writable = "ro" not in mode.split(",")
    if source.startswith("/"):
        source = posixpath.normpath(source)
        return MountPoint("bind", "", source, place, volumes.folder(source), mode=mode, writable=writable)
    return _of_volume(made(source or None), place, mode, writable)


def _of_volume(volume: Volume, place: str, mode: str, writable: bool) -> MountPoint:
    return MountPoint("volume", volume.name, volume.place, place, volume.tree, volume.driver, mode or ("z" if writable else ""), writable)


def _mount(one: dict[str, Any], volumes: Volumes, made: Any) -> MountPoint:
    """An entry of HostConfig.Mounts."""
    kind, target, source = one.get("Type") or "", one.get("Target") or "", one.get("Source") or ""
    if not target:
        raise InvalidError(f"invalid mount config for type \"{kind}\": field Target must not be empty")
    if not target.startswith("/"):
        raise InvalidError(f"invalid mount config for type \"{kind}\": invalid mount path: '{target}' mount path must be absolute")
    place, writable = posixpath.normpath(target), not one.get("ReadOnly")
    match kind:
        case "bind":
            if not source:
                raise InvalidError("invalid mount config for type \"bind\": field Source must not be empty")
            if source not in volumes.host and not (one.get("BindOptions") or {}).get("CreateMountpoint"):
                raise InvalidError(f"invalid mount config for type \"bind\": bind source path does not exist: {source}")
            return MountPoint("bind", "", source, place, volumes.folder(source), writable=writable)
        case "volume":
            options = one.get("VolumeOptions") or {}
            point = _of_volume(made(source or None, options), place, "", writable)
            return point
        case "tmpfs":
            if source:
                raise InvalidError("invalid mount config for type \"tmpfs\": field Source must not be specified")
            return MountPoint("tmpfs", "", "", place, Tree(), writable=writable, limit=(one.get("TmpfsOptions") or {}).get("SizeBytes"))
    raise InvalidError(f"invalid mount config for type \"{kind}\": mount type unknown")


def _tmpfs_size(text: str) -> int | None:
    for word in text.split(","):
        if word.startswith("size="):
            return size_of_text(word.removeprefix("size="))
    return None


def copy_up(container: Container, point: MountPoint) -> None:
    """An empty volume gets what the image has at its place."""
    if point.kind != "volume" or point.tree.upper or "nocopy" in point.mode.split(","):
        return
    below = container.image.files
    for path, node in below.nodes.items():
        if path == point.destination or path.startswith(join(point.destination, "")):
            point.tree.put(path[len(point.destination):] or "/", node)


def mounted(container: Container, facts: Facts, hosts: str, resolver: str, now_ns: int) -> View:
    """The mount namespace of a container that starts."""
    view = View()
    view.mount(Mount("/", container.tree, read_only=container.host.readonly_rootfs))
    view.mount(Mount("/proc", _proc(container, facts), kind="proc", source="proc"))
    view.mount(Mount("/dev", _dev(), kind="tmpfs", source="tmpfs", limit=64 * 1024 * 1024))
    system = Tree()
    system.make_directories("/fs/cgroup")
    view.mount(Mount("/sys", system, kind="sysfs", source="sysfs", read_only=True))
    view.mount(Mount("/sys/fs/cgroup", cgroup_files(lambda: container.space), kind="cgroup2", source="cgroup", read_only=True))
    view.mount(Mount("/dev/shm", Tree(), kind="tmpfs", source="shm", limit=container.host.shm_size or SHM_BYTES))
    written = Tree()
    for name, text in (("hostname", f"{container.hostname}\n"), ("hosts", hosts), ("resolv.conf", resolver)):
        written.put(f"/{name}", file(text.encode()))
        view.mount(Mount(f"/etc/{name}", written, f"/{name}", "ext4", "/dev/vda1"))
    show_mounts(container, view, now_ns)
    return view


def show_mounts(container: Container, view: View, now_ns: int) -> None:
    """The mounts that were asked for, each at its place, which is made where the image has none."""
    for point in container.mounts:
        container.tree.make_directories(point.destination, now_ns)
        if point.kind == "tmpfs":
            point.tree = Tree()
        source = "tmpfs" if point.kind == "tmpfs" else "/dev/vda1"
        view.mount(Mount(point.destination, point.tree, point.inside, "tmpfs" if point.kind == "tmpfs" else "ext4", source,
                         not point.writable, point.limit))


def _dev() -> Tree:
    tree = Tree()
    for name, device in _DEVICES.items():
        tree.put(f"/{name}", Special(stat.S_IFCHR, Attributes(0o666), device))
    for name, target in (("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2"),
                         ("fd", "/proc/self/fd")):
        tree.put(f"/{name}", link(target))
    tree.put("/shm", Directory(Attributes(0o1777)))
    return tree


def _proc(container: Container, facts: Facts) -> Tree:
    tree, machine = Tree(), facts.machine

    def made(path: str, text: Any) -> None:
        tree.make_directories(path.rpartition("/")[0] or "/")
        tree.put(path, Made(lambda: text().encode(), Attributes(0o444)))

    def cgroup() -> str:
        return "0::/\n" if machine.cgroup == 2 else "".join(f"{k}:{name}:/docker/{container.id}\n" for k,
                                                            name in ((2, "cpu,cpuacct"), (1, "memory")))

    def status() -> str:
        return f"Name:\t{container.main.name if container.main else ''}\nPid:\t1\nSeccomp:\t2\n"
    made("/self/cgroup", cgroup)
    made("/1/cgroup", cgroup)
    made("/1/status", status)
    made("/version", lambda: f"Linux version {machine.kernel} {machine.kernel_version}\n")
    made("/cpuinfo", lambda: "".join(f"processor\t: {cpu}\n\n" for cpu in range(machine.cpus)))
    made("/meminfo", lambda: f"MemTotal:{machine.memory >> 10:15} kB\nMemFree:{(machine.memory - facts.memory_used()) >> 10:16} kB\n")
    made("/uptime", lambda: f"{int(container.clock.now) / 1e9:.2f} 0.00\n")
    made("/loadavg", facts.load)
    return tree


