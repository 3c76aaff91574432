"""What a request costs that comes in by a published port: the steps of the plan of its stack, the client's own program left out.

The stack is a container of this host behind Docker's bridge, and a client on the same machine, as whoever asks at 127.0.0.1 is. Its plan is
the one that `cutaway explain` shows. Programs that no stack can have yet give None, and say themselves what they assume.
Read first: docs/models/docker/servers.md, and models/blueprint.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.processes.station import Demand
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.servers.nginx import WORKER, NginxPart
from cutaway.models.stack import build
from cutaway.sim.machine import Detach, Pause, Step, Transfer, Work

LEFT_OUT = "client"
"""Layer whose steps the real client takes itself."""


class Demands:
    """Of one host."""

    def __init__(self, machine: Machine, profile: Profile) -> None:
        self.machine = machine
        self.profile = profile
        self._of_nginx = lru_cache(256)(self._demand_of_nginx)

    def __call__(self, program: str, size: int) -> Demand | None:
        """For an answer of so many bytes; None for a program that has no plan."""
        return self._of_nginx(size) if program == "nginx" else None

    def _demand_of_nginx(self, size: int) -> Demand:
        stack = [HardwarePart(cpus=self.machine.cpus), LinuxPart(), DockerPart(network="bridge", publish="nat"), NginxPart(page=size)]
        load = ClosedLoopPart(where="loopback", connections=1, cpus=(self.machine.cpus - 1,))
        return demand_of(build("published port", stack, load, self.profile).plans[0].steps, WORKER)


def demand_of(steps: Sequence[Step], thread: str) -> Demand:
    """What a thread computes in a plan, also after the answer has left, and what the others take meanwhile."""
    cpu_ns = way_ns = 0
    for step in steps:
        match step:
            case Work() if step.thread == thread:
                cpu_ns += step.cost_ns
            case Work() if step.layer != LEFT_OUT:
                way_ns += step.cost_ns
            case Pause():
                way_ns += step.duration_ns
            case Detach():
                cpu_ns += demand_of(step.steps, thread).cpu_ns
            case Transfer():
                raise AssertionError(f"{step.operation}: a client of the same machine crosses no link")
    return Demand(cpu_ns, way_ns)
