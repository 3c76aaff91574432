"""The container that a command is about, as the view shows it: one that there is, or one that is yet to be made."""

from __future__ import annotations

from cutaway.engine.showing.commands import UNREADABLE, Command
from cutaway.models.docker.container import Container
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.specification import port_of
from cutaway.visuals.docker.snapshot import Box

WALLS = ("mnt", "uts", "ipc", "pid", "net", "cgroup")
CPU_NS, LONGEST = 1_000_000_000, 40


def box_of(daemon: Daemon, container: Container) -> Box:
    """As it is now."""
    space = container.space if container.has_process else None
    start = next((act for act in daemon.record.going.values() if act.kind == "start" and act.subject == container.id), None)
    endpoint = next((one for one in container.endpoints.values() if one.address is not None), None)
    host = container.host
    return Box(
        container.name, _program(container.argv), host.runtime, is_running=space is not None, is_paused=container.paused,
        starting=tuple(f"{step.who}: {step.what}" for step in start.steps if step.ended_ns is not None) if start else (),
        walls=walls_of(container), pid=container.pid, memory=space.memory.usage if space is not None else 0, memory_limit=host.memory or 0,
        cpus=(host.nano_cpus or 0) / CPU_NS, bridge=_bridge(daemon, next(iter(container.endpoints or container.wanted), "")),
        address=str(endpoint.address) if endpoint is not None else "", ports=_ports(container),
    )  # fmt: skip


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
    mode = host.get("NetworkMode") or "default"
    return Box(command.asked[0].request.get("name"), program, bridge=_bridge(daemon, "bridge" if mode == "default" else mode), ports=ports)


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
