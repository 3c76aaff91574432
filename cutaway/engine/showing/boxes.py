"""The container that a command is about, as the view shows it: one that there is, or one that is yet to be made."""

from __future__ import annotations

from typing import NamedTuple

from cutaway.engine.showing.command_line import UNREADABLE
from cutaway.engine.showing.commands import Command
from cutaway.models.docker.container import Container
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.platforms.runtimes import DEFAULT, runtime_of
from cutaway.models.docker.preparing import limits_of
from cutaway.models.docker.processes.groups import Group
from cutaway.models.docker.specification import port_of
from cutaway.visuals.docker.snapshot import Box

WALLS = ("mnt", "uts", "ipc", "pid", "net", "cgroup")
LONGEST = 40


def box_of(daemon: Daemon, container: Container) -> Box:
    """As it is now."""
    space = container.space if container.has_process else None
    start = next((act for act in daemon.record.going.values() if act.kind == "start" and act.subject == container.id), None)
    endpoint = next((one for one in container.endpoints.values() if one.address is not None), None)
    host, own = container.host, _sandbox_of(container.host.runtime)
    memory, group = _counted(container)
    return Box(
        container.name, _program(container.argv), _shown(host.runtime), is_running=space is not None, is_paused=container.paused,
        exit_code=container.exit_code if container.status == "exited" else None, is_oom=container.oom_killed,
        starting=tuple(f"{step.who}: {step.what}" for step in start.steps if step.ended_ns is not None) if start else (),
        walls=walls_of(container), pid=container.pid, kernel=own.kernel, sandbox=own.process, is_guest=own.is_guest,
        memory=memory, memory_limit=host.memory or 0, cpus=float(limits_of(host).cpus or 0), periods=group.periods if group else 0,
        throttled=group.throttled_periods if group else 0, bridge=_bridge(daemon, next(iter(container.endpoints or container.wanted), "")),
        address=str(endpoint.address) if endpoint is not None else "", ports=_ports(container),
    )  # fmt: skip


def _counted(container: Container) -> tuple[int, Group | None]:
    """Bytes of its memory, and the CPU side of its cgroup while that is there."""
    space = container.space
    if space is None:
        return 0, None
    if container.has_process:
        return min(space.memory.usage, space.memory.limit), space.group
    return space.memory.peak if container.oom_killed else 0, None


def _shown(runtime: str) -> str:
    """What people call a runtime, be it given by its shim's name."""
    found = runtime_of(runtime)
    return found.name.removesuffix("-runtime") if found is not None else runtime.rpartition(".v")[0].rpartition(".")[2] or runtime


class Sandbox(NamedTuple):
    """What a container has for itself besides name spaces."""

    kernel: str = ""
    """Its release."""
    process: str = ""
    """Of the host, that the kernel is in."""
    is_guest: bool = False
    """A virtual machine's."""


def _sandbox_of(runtime: str) -> Sandbox:
    """By this runtime."""
    found = runtime_of(runtime)
    if found is None or found.kernel is None:
        return Sandbox()
    return Sandbox(found.kernel.release, found.holds[0].what, not found.in_its_cgroup)


def wanted_box(daemon: Daemon, command: Command | None) -> Box | None:
    """That a `docker run` has asked for."""
    if command is None or command.kind != "run" or not command.is_going:
        return None
    try:
        return _wanted(daemon, command)
    except UNREADABLE:
        return None


def _wanted(daemon: Daemon, command: Command) -> Box:
    """Raises one of UNREADABLE."""
    body = command.asked[0].request.document
    image, host = daemon.images.find(str(body.get("Image") or "")), body.get("HostConfig") or {}
    argv = [*(image.config.entrypoint or []), *(body.get("Cmd") or image.config.cmd or [])] if image is not None else []
    places = ((inside, one) for inside, found in (host.get("PortBindings") or {}).items() for one in found or [])
    ports = tuple((_port(one), port_of(inside)[0]) for inside, one in places)
    program = _program(argv) if argv else str(body.get("Image") or "").rpartition("/")[2].partition(":")[0]
    mode, runtime = host.get("NetworkMode") or "default", str(host.get("Runtime") or DEFAULT)
    bridge = _bridge(daemon, "bridge" if mode == "default" else mode)
    return Box(command.asked[0].request.get("name"), program, _shown(runtime), bridge=bridge, ports=ports)


def walls_of(container: Container) -> tuple[str, ...]:
    """The name spaces that it has for itself."""
    host = container.host
    shared = {
        "net": host.network_mode == "host" or host.network_mode.startswith("container:"), "pid": bool(host.pid_mode),
        "ipc": host.ipc_mode == "host" or host.ipc_mode.startswith("container:"), "cgroup": host.cgroupns_mode == "host",
        "uts": host.uts_mode == "host",
    }  # fmt: skip
    return tuple(name for name in WALLS if not shared.get(name))


def _program(argv: list[str]) -> str:
    """That a command comes to run: what an entry point's script executes in the end."""
    names = [word.rpartition("/")[2] for word in argv]
    found = names[1] if len(names) > 1 and names[0].endswith(".sh") else names[0] if names else ""
    return found[:LONGEST]


def _ports(container: Container) -> tuple[tuple[int, int], ...]:
    published = {name: [port for _, port in places] for name, places in container.ports.items()}
    wanted = {name: [_port(place) for place in places or []] for name, places in container.host.port_bindings.items()}
    return tuple((port, port_of(name)[0]) for name, ports in (published or wanted).items() for port in ports)


def _port(place: dict[str, str]) -> int:
    """Of the host, the first of a range; 0 where the daemon chooses."""
    return int((place.get("HostPort") or "0").partition("-")[0])


def _bridge(daemon: Daemon, name: str) -> str:
    """The host's interface of a network; "" where it has none."""
    network = next((one for one in daemon.networks if one.name == name), None)
    return network.bridge if network is not None and network.driver == "bridge" else ""
