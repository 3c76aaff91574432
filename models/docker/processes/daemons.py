"""The work of daemons and runtimes at a start: CPU time that they take from containers, and containers from them.

They are one cgroup beside those of the containers, as systemd puts docker.service beside a container's scope. A program of several threads
has a second one that runs beside its first. Read first: docs/models/docker/sharing.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from fractions import Fraction

from cutaway.models.contention import Locks
from cutaway.models.docker.processes.cpus import Cpus
from cutaway.models.docker.processes.groups import Burst, Thread
from cutaway.models.docker.processes.limits import Limits
from cutaway.sim.clock import Process as Steps


@dataclass
class _Worker:
    """Who wants it."""

    used_ns: int = 0
    bursts: set[Burst] = field(default_factory=set)
    is_frozen: bool = False


class Daemons(Locks):
    """What starts share with each other and with the containers of a host."""

    def __init__(self, cpus: Cpus) -> None:
        super().__init__(cpus.clock)
        self.cpus = cpus
        self.group = cpus.group(Limits())

    def work(self, duration_ns: int, threads: Fraction = Fraction(1)) -> Steps:
        """As `Shared` has it; up to two threads."""
        worker = _Worker()
        bursts = [Burst(worker, part_ns, self.clock.event()) for part_ns in (duration_ns, round(duration_ns * (threads - 1))) if part_ns]
        for burst in bursts:
            thread = Thread(group=self.group, waiting=deque())
            worker.bursts.add(burst)
            self.cpus.add(burst, thread.waiting, [thread])
        try:
            for burst in bursts:
                if not burst.ended.processed:
                    yield burst.ended
        finally:
            for burst in list(worker.bursts):       # given up half-way
                worker.bursts.remove(burst)
                self.cpus.drop(burst)
