"""Where the two clocks meet: SimPy runs what is rare, the traffic engine what is frequent, on one line of integer nanoseconds.

A `World` lets the traffic run up to the next rare event, lets that happen, and goes on. At one instant the rare event comes first: a
change of load at 1 s holds for requests of that very instant. Rare things are SimPy processes: a warm-up, a boot, a neighbour that
starts, a change of rate. They may read and change the traffic; nothing runs beside them.
"""

from __future__ import annotations

import math

import simpy

from cutaway.sim.clock import LATEST_NS, Clock, Process
from cutaway.sim.machine import Machine
from cutaway.sim.traffic.engine import LogSink, Traffic


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
