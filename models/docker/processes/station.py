"""Where requests wait for a server's CPU time: so many are worked on at once, the others wait in the order in which they came.

The quota of the container's cgroup is kept as Linux keeps it: so much CPU time in each period of 100 ms, and who needs more goes on in the
next. Not modelled: shares of several containers on the same CPUs, switches, one request's place in a batch; the traffic engine has those.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import simpy

from cutaway.models.docker.processes.process import Process
from cutaway.sim.clock import Process as Steps

PERIOD_NS = 100_000_000
"""Of the quota; Docker's default."""


@dataclass(frozen=True, slots=True)
class Demand:
    """What one request costs."""

    cpu_ns: int
    """In a process of the container, which its cgroup is charged for."""
    way_ns: int = 0
    """In the host's kernel on the way to the container and back, for which nobody waits in line."""


@dataclass
class Bandwidth:
    """What is left of a cgroup's quota."""

    period: int = 0
    """Number of the period that is being used."""
    used_ns: int = 0
    """CPU time in it."""
    throttled_ns: int = 0
    """Time that somebody has waited for the next period, in all."""

    def end_of(self, now_ns: int, cpu_ns: int, cpus: Fraction | None) -> int:
        """When work is done that begins now; `cpus` is the CPU time a time that is allowed, None for no limit."""
        if cpus is None:
            return now_ns + cpu_ns
        quota_ns = max(1, int(cpus * PERIOD_NS))
        if now_ns // PERIOD_NS > self.period:
            self.period, self.used_ns = now_ns // PERIOD_NS, 0
        at, left = max(now_ns, self.period * PERIOD_NS), cpu_ns
        while self.used_ns + left > quota_ns:
            left -= max(0, quota_ns - self.used_ns)
            self.period, self.used_ns = self.period + 1, 0
            at = self.period * PERIOD_NS
        self.used_ns += left
        self.throttled_ns += max(0, at + left - now_ns - cpu_ns)
        return at + left


class Station:
    """One server's place to compute."""

    def __init__(self, process: Process, at_once: int) -> None:
        self.process = process
        """Whose container it is."""
        self.places = simpy.Resource(process.clock, capacity=max(1, at_once))

    def serve(self, worker: Process, cpu_ns: int) -> Steps:
        """One request in a worker. Raises ConnectionResetError if the worker ends meanwhile."""
        clock, space = self.process.clock, self.process.space
        with self.places.request() as turn:
            yield turn
            yield from worker.thawed()
            ready_ns = space.bandwidth.end_of(int(clock.now), cpu_ns, space.limits.cpus)
            yield clock.timeout(ready_ns - int(clock.now))
            yield from worker.thawed()
            if worker.code is not None:
                raise ConnectionResetError
            worker.cpu_ns += cpu_ns
