"""How many copies of a stack a host's memory and CPU time hold, counted from one copy: the account beside the simulation of the copies.

Memory is that of models/memory.py: what a host has once, and what each copy takes. CPU time is what the server's layers of one copy take a
second at the scenario's load, against all CPUs of the host up to a ceiling. The account knows neither waiting nor what a request saves on a
busy host, where fewer threads must be woken: it says what binds, and about where.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from cutaway.building import BuiltStack
from cutaway.models.memory import total_bytes
from cutaway.planning.goals import Goal
from cutaway.planning.points import Point, Points


@dataclass(frozen=True, slots=True)
class Fit:
    """The account of one stack's copies."""

    host_cpus: int
    host_bytes: int
    once_bytes: int
    each_bytes: int
    promised_bytes: int
    """What a copy may come to hold: its guest's memory or its container's limit; 0 where nothing limits it."""
    cpus_each: float
    ceiling: Fraction
    """The share of the host's CPUs that may be used: a goal's on utilization, or all."""
    by_memory: int
    by_promise: int | None
    by_cpu: int

    @property
    def binds(self) -> str:
        """Which of memory and CPU time allows fewer."""
        return "memory" if self.by_memory <= self.by_cpu else "CPU time"


def fit(points: Points, one: Point, goals: Sequence[Goal]) -> Fit:
    """From the point of a single copy."""
    host, built = points.hardware, points.built(1)
    each = points.memory_bytes(built, 2) - points.memory_bytes(built, 1)
    once = points.memory_bytes(built, 1) - each
    promised = _promised(points)
    room = host.memory
    ceiling = min((goal.bound for goal in goals if goal.measure.name == "utilization" and "<" in goal.sense), default=Fraction(1))
    cpus_each = one.cpus.mean if one.cpus else 0.0
    hold = float(host.cpus * ceiling)
    return Fit(
        host_cpus=host.cpus,
        host_bytes=room,
        once_bytes=once,
        each_bytes=each,
        promised_bytes=promised,
        cpus_each=cpus_each,
        ceiling=ceiling,
        by_memory=max((room - once) // each, 0),
        by_promise=max((room - once) // (promised + _beside_guest(built)), 0) if promised else None,
        by_cpu=int(hold / cpus_each) if cpus_each else 0,
    )


def _promised(points: Points) -> int:
    """The outermost limit on what a copy may hold."""
    layers = points.scenario.layers_of(points.stack)
    return next((layer.memory or 0 for layer in layers if layer.kind in ("kvm", "docker")), 0)


def _beside_guest(built: BuiltStack) -> int:
    """What a copy's hypervisor holds beside its guest's memory."""
    return total_bytes(part for part in built.memory if part.layer == "hypervisor")
