"""Queues of theory behind the search: one server whose rate of arrivals is what is varied."""

from __future__ import annotations

from fractions import Fraction

import cutaway
from cutaway.models.units import RATE
from cutaway.planning.goals import Tried, read_goal
from cutaway.planning.points import Points
from cutaway.scenarios.keys import Number, NumberAt
from cutaway.sim.experiments import executor
from cutaway.sim.machine import Cpu, Kernel, Machine, OpenLoop, Plan, Spread, Thread, Work
from cutaway.sim.simulate import Span

MS = 1_000_000
S = 1000 * MS
SERVICE_NS = 2 * MS
"""Mean service; the server's rate is 500 /s."""
LAYERS = ("client", "hardware", "server")


class Queue(Points):
    """M/G/1, first come, first served: arrivals at the value, service of the spread."""

    def __init__(self, spread: Spread, goals: list[str], *, requests: int, replications: int) -> None:
        scenario = cutaway.load("lecture/three-stacks").set("run.replications", replications)
        number = NumberAt("clients.rate", Fraction(100), RATE)
        with executor(1) as here:
            super().__init__(scenario, "vm", number, [read_goal(goal) for goal in goals], here)
        self.spread = spread
        self.requests = requests

    def is_possible(self, value: Number) -> bool:
        return value > 0

    def setting(self, value: Number) -> tuple[Tried, Span]:
        machine = Machine(
            "queue",
            LAYERS,
            (Kernel("host", "server", 3 * MS, 4 * MS),),
            (Cpu("cpu0", "host"),),
            (Thread("server", ("cpu0",), layer="server"),),
            (Plan("plan", (Work("server", "serve", "server", SERVICE_NS, self.spread),)),),
            (OpenLoop("clients", "plan", round(S / value)),),
        )
        return Tried(machine, [], 0, 0), Span(5 * S, self.requests)
