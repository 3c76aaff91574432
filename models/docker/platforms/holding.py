"""What a container holds in memory beside its programs, by the engine that started it and the runtime that made it.

For each container its cgroup in the kernel, who holds its ends (shim or conmon), docker-proxy, and the sandbox; once a host the daemons,
and the pages of programs that run from the same files. Read first: docs/models/memory.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.models.docker.platforms.engines import DOCKER, ENGINES
from cutaway.models.docker.platforms.runtimes import RUNTIMES, Runtime
from cutaway.models.layer import Held

PROXIES = 2
"""docker-proxy processes of a published port, one for IPv4 and one for IPv6; also where NAT leaves them nothing to do."""

IN_KERNEL = Held("cgroup in the kernel", "host kernel", "container kernel memory")


def held(engine: str, runtime: str, published: bool) -> Iterator[Held]:
    """Of one container."""
    by = ENGINES[engine]
    yield Held(by.holder.who, "host kernel", by.holder.memory)
    yield Held(f"{by.holder.who}: program", "host kernel", by.holder.program, once_a_host=True)
    if by is DOCKER and published:
        yield Held("docker-proxy", "bridge and NAT", "docker-proxy memory", PROXIES)
        yield Held("docker-proxy: program", "bridge and NAT", "docker-proxy shared memory", once_a_host=True)
    yield IN_KERNEL
    yield from RUNTIMES[runtime or by.runtime].holds
    for daemon in by.daemons:
        yield Held(daemon, "host kernel", f"{daemon} memory", once_a_host=True)


def is_charged(one: Held, runtime: Runtime) -> bool:
    """Whether it counts in the container's cgroup: the kernel's for it, and a sandbox that is no machine beside it."""
    return one is IN_KERNEL or (one in runtime.holds and runtime.in_its_cgroup)
