"""Machines of publications: a profile derived from one of a measured machine.

What a source states as a cost is taken over. Every other CPU time is that of the base times one factor, the machine's slowness: the median
ratio of the micro costs that both have, or the factor with which the model meets a figure of the bare system that may be used. What is no
CPU time (the wire, the disk, memory, what a host takes from its guest) stays as it is unless it is taken over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from statistics import median

from cutaway.models import costs
from cutaway.models.costs import Profile

NO_CPU_TIME = ("wire and card latency", "disk access", "time between stalls", "stall")
"""Costs in nanoseconds that no CPU works in."""
BELIEVABLE = (0.25, 4.0)
"""Beyond it one micro cost tells of itself (a mitigation, a hypervisor that intercepts), and not how fast a machine is."""
BARE, CLOUD = "bare-metal", "two-core-vm"
"""The bases: of machines of their own, and of virtual machines."""


@dataclass(frozen=True)
class Published:
    """A machine of a source, and how it was made."""

    profile: Profile
    made: str
    factor: float = 1.0

    def ns(self, *names: str) -> float:
        """The sum of some costs, in nanoseconds."""
        return float(sum((self.profile[name].value for name in names), Fraction(0)))

    def bytes(self, *names: str) -> float:
        """The sum of some sizes."""
        return self.ns(*names)


def machine(base: str, factor: float = 1.0, taken: Mapping[str, float] | None = None, why: str = "") -> Published:
    """`taken` costs in nanoseconds, by name; `why` says where the factor is from."""
    taken = taken or {}
    found = costs.load(base)
    scaled = {
        name: replace(cost, value=cost.value * Fraction(factor))
        for name, cost in found.costs.items()
        if cost.unit == "ns" and name not in NO_CPU_TIME
    }
    over = {name: replace(found[name], value=Fraction(value)) for name, value in taken.items()}
    made = f"{base}" + (f" x {factor:.3g}" if factor != 1 else "") + (f" ({why})" if why else "")
    for name, value in taken.items():
        made += f"; {name} {value:.4g} ns"
    return Published(replace(found, costs={**found.costs, **scaled, **over}), made, factor)


def slowness(base: str, micro: Sequence[tuple[float, tuple[str, ...]]]) -> float:
    """The median ratio of micro costs (ns, and what they are the sum of) that both have; 1 where it is not believable of a machine."""
    known = machine(base)
    found = median(value / known.ns(*names) for value, names in micro)
    return found if BELIEVABLE[0] <= found <= BELIEVABLE[1] else 1.0


def echo(of: Published) -> Published:
    """The same machine with a program that only reads and writes: netperf, qperf, ping."""
    nothing = ("redis command", "redis answer", "redis other kernel work", "redis-benchmark write", "redis-benchmark read")
    profile = of.profile.instead(**{name.replace(" ", "_"): Fraction(0) for name in nothing})
    return replace(of, profile=profile)
