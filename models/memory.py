"""What stays resident: the memory of a stack once it runs, part by part.

Serves: `Memory.of` a footprint. A part is what its processes hold for themselves; what a host has once, however many containers run on
it (the daemons, and the pages of programs that run from the same files), is marked so. Not modelled: growth under load, page cache.
Read first: docs/models/memory.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from cutaway.models.costs import Profile
from cutaway.models.layer import Held, times_as_text
from cutaway.sim.machine import CostUse

BYTES_A_TABLE_BYTE = 512
"""The hypervisor's page tables hold 8 bytes for each page of 4096 that it has given to the guest (arch/x86/kvm/mmu); without huge pages."""


@dataclass(frozen=True, slots=True)
class Resident:
    """Memory that one part of a stack holds."""

    what: str
    layer: str
    size_bytes: int
    once_a_host: bool
    costs: tuple[CostUse, ...]


@dataclass(frozen=True, slots=True)
class Footprint:
    """The numbers of a stack that memory depends on."""

    program: tuple[Held, ...] = ()
    """What the server program holds."""
    container: tuple[Held, ...] = ()
    """What its container holds beside it; nothing without one."""
    guest_memory_bytes: int = 0
    """Memory that the guest sees; 0 without a virtual machine."""


class Memory:
    """Prices a footprint."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile

    def of(self, footprint: Footprint) -> tuple[Resident, ...]:
        """The parts, from the server program down."""
        held = (*footprint.program, *footprint.container)
        parts = [self._part(one.what, one.layer, (one.cost, one.times), one.once_a_host) for one in held]
        if footprint.guest_memory_bytes:
            inside = sum(part.size_bytes for part in parts)
            system = min(self._bytes("guest system memory"), max(0, footprint.guest_memory_bytes - inside))
            tables = Fraction(footprint.guest_memory_bytes, BYTES_A_TABLE_BYTE)
            parts += [
                Resident("guest's operating system", "guest kernel", system, False, (CostUse("guest system memory"),)),
                self._part("QEMU", "hypervisor", ("QEMU memory", 1)),
                Resident("second page tables", "hypervisor", round(tables), False, ()),
            ]
        return tuple(part for part in parts if part.size_bytes)

    def _part(self, what: str, layer: str, use: tuple[str, int], once_a_host: bool = False) -> Resident:
        name, times = use
        return Resident(what, layer, self._bytes(name) * times, once_a_host, (CostUse(name, times_as_text(Fraction(times))),))

    def _bytes(self, name: str) -> int:
        return round(self.profile[name].value)


def total_bytes(parts: Iterable[Resident], with_what_a_host_has_once: bool = True) -> int:
    """The sum; without what a host has once, it is what one more server takes."""
    return sum(part.size_bytes for part in parts if with_what_a_host_has_once or not part.once_a_host)
