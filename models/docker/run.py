"""`docker run -d -p`: from the command to the container's first instruction.

Serves: `docker_run`, a process. The parts that the kernel does (name spaces, cgroups, mounts, veth, address translation) are priced by
their own measurements; the rest of each phase is Go programs starting and talking to each other.
Not modelled: pulling an image, logging, restart policies, locks of dockerd and the kernel that starts at once wait for.
Read first: docs/models/docker/run.md.
"""

from __future__ import annotations

from cutaway.models.startup import Start
from cutaway.sim.clock import Process

IPTABLES_RULES = 6
"""Calls of iptables for one published port, as dockerd's log shows."""


def docker_run(start: Start, bridged: bool, published: bool, overlay: bool, seccomp: bool, runtime: str = "runc") -> Process:
    """The command line, the daemon, the runtime (runc, crun); ends where the server program is executed."""
    yield from start.phase("docker", "the command starts and finds the daemon", "docker command")
    yield from docker_create(start)
    yield from docker_start(start, bridged, published, overlay, seccomp, runtime)


def docker_create(start: Start) -> Process:
    """POST /containers/create."""
    yield from start.phase("dockerd", "create: configuration, layers", "docker create")


def docker_start(start: Start, bridged: bool, published: bool, overlay: bool, seccomp: bool, runtime: str = "runc") -> Process:
    """POST /containers/ID/start."""
    if overlay:
        yield from start.phase("kernel", "mount the overlay", "overlay mount")
    if bridged:
        yield from start.phase("kernel", "veth pair, bridge port, interfaces up", "veth pair", "bridge port", "interface up")
        yield from start.phase("dockerd", "addresses, endpoint", "docker network")
    if bridged and published:
        yield from start.phase("iptables", "rules for the published port", ("iptables rule", IPTABLES_RULES))
    yield from start.phase("containerd", "bundle, task", "containerd task")
    yield from start.phase("containerd-shim", "start", "shim start")
    yield from start.phase(runtime, "create: starts itself again inside", f"{runtime} create")
    yield from start.phase("kernel", "name spaces", "name spaces")
    yield from start.phase("kernel", "cgroups, one a controller", "cgroups")
    if bridged:
        yield from start.phase("dockerd", "started again as a hook, to hand the interface over", "network hook")
        yield from start.phase("kernel", "move the veth end into the name space", "veth move", waits=True)
    if seccomp:
        yield from start.phase(runtime, "build and load the seccomp filter", "seccomp load")
    yield from start.phase(runtime, "start", f"{runtime} start")
