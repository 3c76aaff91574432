"""Where the two clocks meet: SimPy runs what is rare, the traffic engine what is frequent, on one line of integer nanoseconds.

A `World` lets the traffic run up to the next rare event, lets that happen, and goes on. At one instant the rare event comes first: a
change of load at 1 s holds for requests of that very instant. Rare things are SimPy processes: a warm-up, a boot, a neighbour that
starts, a change of rate. They may read and change the traffic; nothing runs beside them.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any

import simpy

from cutaway.sim.machine import Machine
from cutaway.sim.traffic.engine import LogSink, Traffic

Process = Generator[simpy.Event, Any, Any]
LATEST_NS = 1 << 62
"""Times and durations above 146 years are refused: 64-bit integers would wrap at twice that."""


class Clock(simpy.Environment):
    """SimPy's environment on whole nanoseconds: the one place where delays come in, and where a wrong one is refused.

    SimPy itself takes a delay of nan, fires it first, and keeps nan as the time.
    """

    def timeout(self, delay: float = 0, value: Any = None) -> simpy.events.Timeout:
        """An event after `delay` ns, a whole number from 0 on. Raises ValueError."""
        if isinstance(delay, bool) or not isinstance(delay, int):
            raise ValueError(f"a delay of {delay!r} is not a whole number of nanoseconds")
        if delay < 0 or self.now + delay > LATEST_NS:
            raise ValueError(f"a delay of {delay} ns at {self.now} ns leads out of the simulated time, 0 to {LATEST_NS} ns")
        return super().timeout(delay, value)


class World:
    """One machine, its traffic, and what happens to it."""

    def __init__(self, machine: Machine, seed: int, *, log_every: int = 0, sink: LogSink | None = None) -> None:
        self.clock = Clock(initial_time=0)
        self.traffic = Traffic(machine, seed, log_every=log_every, sink=sink)
        self._goal: int | None = None
        self._stopped = False

    def happen(self, process: Process) -> simpy.Process:
        """Starts a rare process."""
        return self.clock.process(process)

    def stop_after(self, requests: int) -> None:
        """The run ends when so many requests have been served, counted from `traffic.start_counting`."""
        self._goal = requests

    def stop(self) -> None:
        """The run ends now."""
        self._stopped = True

    def run(self, until_ns: int = LATEST_NS) -> None:
        """Runs until stopped, to the goal, or to `until_ns`."""
        while not self._stopped:
            rare = self.clock.peek()
            at = until_ns if rare == math.inf else min(int(rare), until_ns)
            if self.traffic.advance(at, self._goal) or rare > until_ns:
                break
            self.clock.step()
        self.traffic.settle()
