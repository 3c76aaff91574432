"""Where requests wait for a server: its threads work on so many at once, the others wait in the order in which they came.

Whether such a thread has a CPU is decided where all containers compete, in `cpus`. Not modelled: the cost of switches and wake-ups, several
ready requests at one wake-up; the traffic engine has those.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from cutaway.models.docker.processes.groups import Burst
from cutaway.models.docker.processes.process import Process
from cutaway.sim.clock import Process as Steps


@dataclass(frozen=True, slots=True)
class Demand:
    """What one request costs."""

    cpu_ns: int
    """In a process of the container, which its cgroup is charged for."""
    way_ns: int = 0
    """In the host's kernel on the way to the container and back, for which nobody waits in line."""


class Station:
    """One server's place to compute."""

    def __init__(self, process: Process, at_once: int) -> None:
        waiting: deque[Burst] = deque()
        self.threads = [process.space.thread(waiting) for _ in range(max(1, at_once))]

    def serve(self, worker: Process, cpu_ns: int) -> Steps:
        """One request in a worker. Raises ConnectionResetError if the worker ends meanwhile."""
        yield from worker.thawed()
        if worker.code is None and cpu_ns:
            yield worker.burst(cpu_ns, self.threads)
        yield from worker.thawed()
        if worker.code is not None:
            raise ConnectionResetError
