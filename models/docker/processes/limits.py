"""What a cgroup allows its processes: CPU time, memory, and how many they may be."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cutaway.models.docker.processes.fair import WEIGHT

PERIOD_NS = 100_000_000
"""Of a quota, unless another is asked for; Docker's and Linux's default."""


@dataclass
class Limits:
    """What a cgroup allows."""

    quota_ns: int | None = None
    """CPU time in a period; None for no limit."""
    period_ns: int = PERIOD_NS
    shares: int = WEIGHT
    memory: int | None = None
    """Bytes."""
    reservation: int = 0
    """Bytes below which its page cache is taken last, when the host has no memory left."""
    pids: int | None = None
    cpuset: tuple[int, ...] | None = None
    oom_score_adj: int = 0
    """How much sooner or later than its size says a process is killed for want of memory, in thousandths of what there is."""

    @property
    def cpus(self) -> Fraction | None:
        """CPU time a time; None for no limit."""
        return None if self.quota_ns is None else Fraction(self.quota_ns, self.period_ns)
