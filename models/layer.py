"""What all layers have in common: they lower operations, price their own steps, and furnish the machine with threads and the like.

A layer serves an operation (yields the `Step`s that it costs) or hands it down, changed or not; what is not its business passes through.
It knows models/operations.py and the cost profile, and no other layer.
Read first: models/operations.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from cutaway.models.costs import Profile
from cutaway.models.operations import Operation
from cutaway.sim.machine import FIXED, CostUse, Cpu, Disk, Group, Kernel, Link, Pool, Step, Thread, Work

PROGRAM_LAYERS = ("mysql", "nginx", "postgresql", "python", "redis")
"""Layers of server programs: their own instructions, no system calls."""
ORDER = (
    "client",
    "wire",
    "NIC",
    "hardware",
    "host kernel",
    "bridge and NAT",
    "vhost",
    "hypervisor",
    "halt polling",
    "guest kernel",
    *PROGRAM_LAYERS,
)
"""All layers that time is charged to, as the ledger lists them."""

Use = str | tuple[str, int | Fraction]
"""A cost by name, or a name and how many times it is paid."""


@dataclass(frozen=True)
class Fittings:
    """What a layer adds to the machine."""

    kernels: tuple[Kernel, ...] = ()
    cpus: tuple[Cpu, ...] = ()
    threads: tuple[Thread, ...] = ()
    groups: tuple[Group, ...] = ()
    links: tuple[Link, ...] = ()
    disks: tuple[Disk, ...] = ()
    pools: tuple[Pool, ...] = ()
    notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Held:
    """Memory that a layer's processes hold: so many times a cost of the profile."""

    what: str
    layer: str
    cost: str
    times: int = 1
    once_a_host: bool = False
    """However many of the same kind run on the host: the pages of their program."""


class Layer:
    """One layer of a stack, priced by a profile."""

    def __init__(self, profile: Profile, slower_by: str = "") -> None:
        """`slower_by` names a factor that all its CPU time is multiplied with (nested paging, in a guest)."""
        self.profile = profile
        self.slower_by = slower_by

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        """The steps that this layer does for the operation, and the operations that it asks of the layers beneath, in order."""
        yield operation

    def fittings(self) -> Fittings:
        """The threads, CPUs, links and so on that come with this layer."""
        return Fittings()

    def work(self, layer: str, operation: str, thread: str, *uses: Use, only_if_asleep: str = "", next_round: bool = False) -> Work:
        """CPU time of a thread, priced; its spread is that of the dearest cost in it."""
        pairs = [(use, Fraction(1)) if isinstance(use, str) else (use[0], Fraction(use[1])) for use in uses]
        pairs = [(name, times) for name, times in pairs if times]
        factor = self.profile[self.slower_by].value if self.slower_by else Fraction(1)
        total = sum((self.profile[name].value * times for name, times in pairs), Fraction(0)) * factor
        used = [CostUse(name, times_as_text(times)) for name, times in pairs]
        if self.slower_by:
            used.append(CostUse(self.slower_by))
        dearest = max(pairs, key=lambda pair: self.profile[pair[0]].value * pair[1], default=None)
        spread = self.profile[dearest[0]].spread if dearest else FIXED
        return Work(layer, operation, thread, round(total), spread, tuple(used), next_round, only_if_asleep)

    def ns(self, name: str) -> int:
        """A cost of this layer in whole nanoseconds, the factor included."""
        factor = self.profile[self.slower_by].value if self.slower_by else Fraction(1)
        return round(self.profile[name].value * factor)


def times_as_text(times: Fraction) -> str:
    """How often, in at most four decimals."""
    return f"{Decimal(times.numerator) / Decimal(times.denominator):.4f}".rstrip("0").rstrip(".")


def kib(size_bytes: int) -> Fraction:
    """Exactly, where a cost is paid by KiB."""
    return Fraction(size_bytes, 1024)
