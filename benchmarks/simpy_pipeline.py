"""The same pipeline as anyone would write it in SimPy: a process a request, a Resource a thread and a wire, a hop a step of the plan.

`benchmarks/engine.py` sets the engine's speed beside it. It reads the same machine: the plan's steps and costs, the clients and their
think time. It leaves out what the engine does beyond that: schedulers, wake-ups, interrupts, switches, the ledger of each request.
`merged` takes neighbouring steps of one thread in one hop, as a thrifty author would; it gives up the layers.
"""

from __future__ import annotations

import random
from collections.abc import Generator, Sequence
from typing import Any

import simpy

from cutaway.sim.machine import ClosedLoop, Detach, Link, Machine, Pause, Respond, Step, Transfer, Work

Process = Generator[simpy.Event, Any, Any]
_BITS, _SECOND = 8, 1_000_000_000


class Pipeline:
    """One machine as SimPy resources, and its closed loop of clients."""

    def __init__(self, machine: Machine, seed: int, *, merged: bool = False) -> None:
        self.env = simpy.Environment()
        self.random = random.Random(seed)
        self.links: dict[str, Link] = {link.name: link for link in machine.links}
        self.wires = {link.name: simpy.Resource(self.env, capacity=1) for link in machine.links}
        self.threads = {
            thread.name: [simpy.Resource(self.env, capacity=1) for _ in range(thread.count)]
            for thread in machine.threads
            if thread.kind in ("loop", "interrupt")
        }
        self.latencies: list[int] = []
        self.enough = self.env.event()
        self.goal = 0
        (client,) = machine.clients
        if not isinstance(client, ClosedLoop):
            raise ValueError("only a closed loop is written here")
        (plan,) = (plan for plan in machine.plans if plan.name == client.plan)
        steps = merge(plan.steps) if merged else plan.steps
        for connection in range(client.connections):
            self.env.process(self.client(connection, client.think_ns, steps))

    def run(self, requests: int) -> int:
        """Serves so many requests; returns their mean latency."""
        self.goal = requests
        self.env.run(until=self.enough)
        return sum(self.latencies) // len(self.latencies)

    def client(self, connection: int, think_ns: int, steps: Sequence[Step]) -> Process:
        while True:
            if think_ns:
                yield self.env.timeout(self.random.expovariate(1 / think_ns))
            begun = self.env.now
            yield self.env.process(self.request(connection, steps))
            self.latencies.append(int(self.env.now - begun))
            if len(self.latencies) == self.goal:
                self.enough.succeed()

    def request(self, connection: int, steps: Sequence[Step]) -> Process:
        for step in steps:
            if isinstance(step, Work):
                threads = self.threads[step.thread]
                with threads[connection % len(threads)].request() as turn:
                    yield turn
                    yield self.env.timeout(step.cost_ns)
            elif isinstance(step, Transfer):
                link = self.links[step.link]
                with self.wires[step.link].request() as turn:
                    yield turn
                    yield self.env.timeout(step.size_bytes * _BITS * _SECOND / link.bits_per_s)
                yield self.env.timeout(link.latency_ns)
            elif isinstance(step, Pause):
                yield self.env.timeout(step.duration_ns)
            elif isinstance(step, Detach):
                self.env.process(self.request(connection, step.steps))
            elif not isinstance(step, Respond):
                raise ValueError(f"{type(step).__name__} is not written here")


def merge(steps: Sequence[Step]) -> list[Step]:
    """Neighbouring works of one thread as one."""
    merged: list[Step] = []
    for step in steps:
        last = merged[-1] if merged else None
        if isinstance(step, Respond):
            continue
        if isinstance(step, Work) and isinstance(last, Work) and step.thread == last.thread:
            merged[-1] = Work(last.layer, last.operation, last.thread, last.cost_ns + step.cost_ns)
        else:
            merged.append(step)
    return merged
