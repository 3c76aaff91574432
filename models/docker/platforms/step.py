"""One step of a start, as an entry states it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cutaway.models.startup import Start
from cutaway.sim.clock import Process

BRIDGED, PUBLISHED, OVERLAY, SECCOMP = "bridged", "published", "overlay", "seccomp"
"""What a container may have, and a step may be done for."""
WHOLE = frozenset({BRIDGED, PUBLISHED, OVERLAY, SECCOMP})
"""All of it: what `docker run -d -p` starts."""
RTNL = "rtnl"
"""The kernel's lock of network configuration, held over its grace periods (net/core/rtnetlink.c)."""


@dataclass(frozen=True, slots=True)
class Step:
    """Who does what, and the costs that price it: names, or names with a number."""

    who: str
    what: str
    costs: tuple[str | tuple[str, int], ...]
    only: frozenset[str] = frozenset()
    """Of a container that has all of these."""
    waits: str = ""
    """The cost that says how much of it is waiting and keeps no CPU; nothing by default."""
    holds: str = ""
    """The lock that it is done under."""
    several_threads: bool = False
    """A Go program, whose runtime works beside it."""


def played(start: Start, steps: Iterable[Step], has: frozenset[str]) -> Process:
    """The steps one after the other, without those that are for other containers."""
    for step in steps:
        if step.only <= has:
            yield from start.phase(step.who, step.what, *step.costs, waits=step.waits, holds=step.holds,
                                   several_threads=step.several_threads)  # fmt: skip
