"""The container: the host's kernel seen through namespaces, a cgroup, a seccomp filter and an overlay.

Serves: nothing by itself. Hands down: system calls with a filter before them, files on an overlay, messages over a longer way (bridge,
veth, and NAT or docker-proxy for a published port). There is no layer of its own in the ledger: all of it is the kernel's work.
Not modelled: user namespaces, what a cgroup costs beyond accounting for the memory of messages, IPv6.
Read first: docs/models/container.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Literal

from pydantic import Field

from cutaway.models.costs import Profile
from cutaway.models.layer import Fittings, Layer
from cutaway.models.operations import (
    CloseConnection,
    CloseFile,
    Compute,
    Connect,
    FlushFile,
    Handshake,
    Hop,
    OpenFile,
    Operation,
    ReadFile,
    Receive,
    Send,
    StatFile,
    SystemCall,
)
from cutaway.models.part import Part
from cutaway.models.placement import Site
from cutaway.models.units import MS, Cpus, Duration, Size
from cutaway.sim.machine import Group, Step, Thread

PROXY = "docker-proxy"


SANDBOXES = ("runsc", "kata-runtime")
"""Runtimes that put a kernel of their own between program and host."""


class DockerPart(Part):
    """A container that Docker runs."""

    kind: Literal["docker"] = "docker"
    network: Literal["bridge", "host"] = "bridge"
    """`bridge`: a namespace of its own behind a veth pair; `host`: the host's own namespace."""
    publish: Literal["nat", "proxy", "none"] = "nat"
    """How a port of the host leads to it: by NAT, by docker-proxy (the client is on the same machine), or not at all."""
    engine: Literal["docker", "containerd", "podman"] = "docker"
    """Whose command starts it: Docker's daemon, containerd without one above it, or Podman, which has none. It decides start and memory."""
    runtime: Literal["runc", "crun", "runsc", "kata-runtime"] | None = None
    """What makes the container and starts its program; none for the engine's own. What a sandbox costs a request is not known."""
    storage: Literal["overlay2", "volume"] = "overlay2"
    """Where the files lie that it serves: in the image, or on a volume of the host."""
    seccomp: Literal["default", "unconfined"] = "default"
    """Whether Docker's filter looks at every system call."""
    cpus: Cpus | None = Field(default=None, gt=0, description="CPU time a time that it may use, as `docker run --cpus`; none for no limit")
    cpu_period: Duration = Field(default=100 * MS, ge=1 * MS, le=1000 * MS, description="time in which the limit is counted")
    cpu_shares: int = Field(default=1024, ge=2, le=262_144, description="weight among containers that compete")
    memory: Size | None = None
    """Limit of its memory, which must be there; it is kept, not enforced. None for no limit."""


class Container(Layer):
    """What a program in a container asks for, as the kernel sees it."""

    def __init__(
        self,
        profile: Profile,
        part: DockerPart,
        site: Site,
        hops: tuple[Hop, ...],
        slower_by: str = "",
        outer_hops: tuple[Hop, ...] = ("loopback",),
    ) -> None:
        """`hops` lead from where the packets come in to the container's socket, `outer_hops` from the client to docker-proxy's."""
        super().__init__(profile, slower_by)
        self.part = part
        self.site = site
        self.hops = hops
        self.outer_hops = outer_hops
        self.proxied = part.network == "bridge" and part.publish == "proxy"

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        if not isinstance(operation, Receive):                                            # of a message that has yet to come, below
            yield from self._entered(operation)
        overlay = self.part.storage == "overlay2"
        if overlay and isinstance(operation, Send) and operation.from_file:
            yield self.work(self.site.layer, "overlay: read", operation.thread, "overlay read")
        match operation:
            case OpenFile() | StatFile() | ReadFile():
                yield replace(operation, overlay=overlay)
            case Receive(size_bytes=size, within=False) if self.proxied:
                yield Receive(PROXY, size, hops=self.outer_hops, spliced=True)
                yield Compute(PROXY, "bridge and NAT", "docker-proxy: copy the request", "docker-proxy message")
                yield Send(PROXY, size, from_file=True, local=True)
                yield replace(operation, sender=PROXY, hops=self.hops)
            case Send(size_bytes=size, within=False) if self.proxied:
                yield replace(operation, hops=self.hops, local=True)
                yield Receive(PROXY, size, sender=operation.thread, spliced=True)
                yield Compute(PROXY, "bridge and NAT", "docker-proxy: copy the answer", "docker-proxy message")
                yield Send(PROXY, size, from_file=True, hops=self.outer_hops)
            case Receive() | Send() | Connect() | CloseConnection() if operation.within:
                yield operation                                                           # stays in the container's own name space
            case Receive(hops=hops) | Send(hops=hops) | Handshake(hops=hops) | CloseConnection(hops=hops):
                yield replace(operation, hops=self.hops + hops)
            case _:
                yield operation
        if isinstance(operation, Receive):
            yield from self._entered(operation)

    def _entered(self, operation: Operation) -> Iterator[Step]:
        """What the container adds where its program enters the kernel."""
        yield from self._filter(operation)
        if isinstance(operation, Receive | Send):
            yield self.work(self.site.layer, "cgroup: charge the memory", operation.thread, "cgroup accounting")

    def _filter(self, operation: Operation) -> Iterator[Step]:
        """The seccomp filter is run at the entry of each system call (kernel/seccomp.c)."""
        match operation:
            case SystemCall(calls=calls) | Receive(calls=calls):
                pass
            case OpenFile() | StatFile() | CloseFile() | ReadFile() | CloseConnection():
                calls = 1
            case Connect() | FlushFile():
                calls = 2
            case Send(corked=corked):
                calls = 2 if corked else 1                                                # body and push; cork and header are system calls
            case _:
                return
        if self.part.seccomp == "default" and calls:
            yield self.work(self.site.layer, "seccomp filter", operation.thread, ("seccomp filter", calls))

    def group(self) -> Group:
        """Its cgroup: a weight among its siblings, and the quota when it has a limit."""
        quota_ns = round(self.part.cpus * Fraction(self.part.cpu_period)) if self.part.cpus else 0
        return Group("container", self.site.kernel, "", self.part.cpu_shares, quota_ns, self.part.cpu_period)

    def fittings(self) -> Fittings:
        return Fittings(groups=(self.group(),))

    def proxy(self, cpus: tuple[str, ...]) -> Fittings:
        """The process that copies between the published port and the container, one for each port."""
        if not self.proxied:
            return Fittings()
        poll_ns, sleep_ns = self.ns("event loop round"), self.ns("context switch")
        return Fittings(threads=(Thread(PROXY, cpus, layer="bridge and NAT", poll_ns=poll_ns, sleep_ns=sleep_ns),))
