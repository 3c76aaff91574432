"""Neighbours: programs beside the server that compute and never stop.

Serves and hands down nothing: a neighbour takes CPU time, from the host or from the guest that it runs in.
Not modelled: what a neighbour does to caches and memory bandwidth.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from pydantic import Field

from cutaway.models.layer import Fittings
from cutaway.models.part import Part
from cutaway.models.placement import GUEST, HOST, CpuNumbers
from cutaway.models.units import MS, Cpus, Duration
from cutaway.sim.machine import Group, Thread

LAYER = "neighbours"
"""What their CPU time is charged to: no request waits in it, so no ledger has it."""


class HogPart(Part):
    """Busy loops."""

    kind: Literal["hog"] = "hog"
    count: int = Field(default=1, ge=1, le=4096, description="how many")
    place: Literal["host", "guest"] = "host"
    """The kernel that runs them."""
    group: Literal["own", "none"] = "own"
    """Whether each is in a cgroup (a container) of its own."""
    cpu_shares: int = Field(default=1024, ge=2, le=262_144, description="weight of each one's cgroup")
    limit: Cpus | None = Field(default=None, gt=0, description="CPU time a time that each may use, as `docker run --cpus`")
    limit_period: Duration = Field(default=100 * MS, ge=1 * MS, le=1000 * MS, description="time in which the limit is counted")
    cpus: CpuNumbers = ()
    """CPUs that they may run on; empty for all of that kernel."""


def hogs(part: HogPart, free_cpus: tuple[int, ...], first: int) -> Fittings:
    """The threads and cgroups of one part; `first` numbers them on."""
    site = HOST if part.place == "host" else GUEST
    cpus = site.cpus(part.cpus or free_cpus)
    names = [f"hog {number}" for number in range(first, first + part.count)]
    quota_ns = round(part.limit * Fraction(part.limit_period)) if part.limit else 0
    groups = tuple(Group(f"{name} group", site.kernel, "", part.cpu_shares, quota_ns, part.limit_period) for name in names)
    groups = groups if part.group == "own" else ()
    threads = tuple(Thread(name, cpus, kind="hog", group=f"{name} group" if groups else "", layer=LAYER) for name in names)
    return Fittings(threads=threads, groups=groups)
