"""Traces for the view's tests, made without the engine: every duration is invented, the contract of `sim.trace` is kept.

Requests walk bursts of steps; a burst waits for its thread, then for the thread's CPU, first come first served. In set windows a
neighbour takes the vCPU's core (steal), or a cgroup has used its quota (throttled).
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import numpy as np

from cutaway.sim import trace as tr

LAYERS = ["client", "wire", "NIC", "hardware", "host kernel", "bridge and NAT", "vhost", "hypervisor", "guest kernel", "nginx"]
PERIOD_NS, TAKEN_NS = 2_000_000, 300_000
"""A window begins each period."""

# (layer, operation, role, nanoseconds); role "" is a device. After "|" the way leads back.
HEAD = [("client", "write the request", "wrk", 3000), ("wire", "request", "", 6000), ("NIC", "take from the receive ring", "softirq", 2000)]
TAIL = [("NIC", "put in the transmit ring", "", 1500), ("wire", "answer", "", 8000), ("client", "read the answer", "wrk", 4000)]


def _server(kernel: str, serve: str) -> list[Any]:
    return [
        (kernel, "receive: IP, TCP, into the socket", serve, 5000),
        (kernel, "epoll_wait", "nginx", 1500),
        (kernel, "recv: copy to the program", "nginx", 1200),
        ("nginx", "parse the request", "nginx", 4000),
        (kernel, "open: walk the path", "nginx", 2000),
        (kernel, "read from the page cache", "nginx", 2500),
        ("nginx", "write the head", "nginx", 3000),
        "|",
        (kernel, "send: TCP, IP", "nginx", 6000),
    ]


PLANS: dict[str, list[Any]] = {
    "bare": [*HEAD, *_server("host kernel", "softirq"), *TAIL],
    "container": [
        *HEAD,
        ("bridge and NAT", "DNAT in PREROUTING", "softirq", 1500),
        ("bridge and NAT", "bridge", "softirq", 1200),
        ("bridge and NAT", "veth", "softirq", 1000),
        *_server("host kernel", "softirq"),
        ("bridge and NAT", "veth", "nginx", 1000),
        ("bridge and NAT", "bridge", "nginx", 1200),
        ("bridge and NAT", "DNAT in PREROUTING", "nginx", 1500),
        *TAIL,
    ],
    "vm": [
        *HEAD,
        ("bridge and NAT", "bridge", "softirq", 1200),
        ("bridge and NAT", "tap", "softirq", 1000),
        ("vhost", "copy in", "vhost", 3500),
        ("hypervisor", "signal the interrupt", "vhost", 1000),
        ("guest kernel", "virtio: take from the ring", "guest softirq", 1500),
        *_server("guest kernel", "guest softirq"),
        ("guest kernel", "virtio: put in the ring", "nginx", 1500),
        ("hypervisor", "doorbell exit", "nginx", 2000),
        ("vhost", "copy out", "vhost", 3500),
        ("bridge and NAT", "tap", "vhost", 1000),
        ("bridge and NAT", "bridge", "vhost", 1200),
        *TAIL,
    ],
}
STACKS = {"bare": "bare metal", "container": "container", "vm": "VM"}


@dataclass
class _Making:
    """The tables while they grow."""

    stack: str
    steps: list[dict[str, Any]] = field(default_factory=list)
    spans: list[tuple[Any, ...]] = field(default_factory=list)
    stints: list[tuple[Any, ...]] = field(default_factory=list)
    states: list[tuple[Any, ...]] = field(default_factory=list)
    free: dict[Any, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        guest = self.stack == "vm"
        self.cpus = [
            {"name": "CPU 0", "kernel": "host", "vcpu": ""},
            {"name": "CPU 1", "kernel": "host", "vcpu": ""},
            {"name": "client CPU 0", "kernel": "client", "vcpu": ""},
        ]
        self.where = {"softirq": 0, "vhost": 1, "nginx": 3 if guest else 1, "guest softirq": 3, "wrk": 2, "vCPU 0": 0, "batch": 0}
        layer_of = {
            "softirq": "host kernel",
            "vhost": "vhost",
            "nginx": "nginx",
            "guest softirq": "guest kernel",
            "wrk": "client",
            "vCPU 0": "hypervisor",
            "batch": "host kernel",
        }
        if guest:
            self.cpus.append({"name": "vCPU 0", "kernel": "guest", "vcpu": "vCPU 0"})
        else:
            self.where = {role: cpu for role, cpu in self.where.items() if role not in ("vhost", "guest softirq", "vCPU 0")}
        self.roles = list(self.where)
        group = {"nginx": "web"} if self.stack == "container" else {}
        self.threads = [
            {
                "name": role,
                "role": role,
                "kind": "vcpu" if role == "vCPU 0" else "loop",
                "cpus": [self.cpus[self.where[role]]["name"]],
                "layer": layer_of[role],
                "group": group.get(role, ""),
            }
            for role in self.roles
        ]
        answering = False
        for step in PLANS[self.stack]:
            if step == "|":
                answering = True
                continue
            layer, operation, role, cost = step
            self.steps.append(
                {
                    "plan": "get",
                    "kind": "work" if role else "transfer",
                    "layer": layer,
                    "operation": operation,
                    "thread": role,
                    "cost_ns": cost,
                    "costs": [{"name": operation, "times": "1"}],
                    "answering": answering,
                    "size_bytes": 0,
                    "spread": "fixed",
                }
            )

    def windows(self, role: str) -> bool:
        """Whether the role loses its CPU in the windows."""
        return (self.stack == "vm" and self.where[role] == 3) or (self.stack == "container" and role == "nginx")


def _span(making: _Making, start: int, end: int, request: int, step: int, role: str, kind: int) -> None:
    if end > start:
        cpu = making.where[role] if role and kind == tr.RUNNING else -1
        making.spans.append(
            (
                start,
                end,
                request,
                step,
                making.roles.index(role) if role else -1,
                cpu,
                LAYERS.index(making.steps[step]["layer"]),
                kind,
                0,
                (0, 0, 0),
            )
        )


def _run(making: _Making, request: int, burst: list[tuple[int, int]], role: str, now: int) -> int:
    """One burst of steps on its thread; gives its end."""
    cpu, thread, first = making.where[role], making.roles.index(role), burst[0][0]
    core = 0 if cpu == 3 else cpu
    turn = max(now, making.free.get(role, 0))
    _span(making, now, turn, request, first, role, tr.TURN)
    start = max(turn, making.free.get(core, 0))
    _span(making, turn, start, request, first, role, tr.RUN_QUEUE)
    if start > turn:
        making.states.append((turn, start, thread, cpu, tr.T_RUNNABLE, 0))
    at = start
    for step, cost in burst:
        left = cost
        while left:
            into = at % PERIOD_NS
            if making.windows(role) and into < TAKEN_NS and at > PERIOD_NS:
                back = at - into + TAKEN_NS
                stolen = making.stack == "vm"
                _span(making, at, back, request, step, role, tr.STOLEN if stolen else tr.THROTTLED)
                making.states.append((at, back, thread, cpu, tr.T_STOLEN if stolen else tr.T_THROTTLED, 0))
                if stolen:
                    making.states.append((at, back, making.roles.index("vCPU 0"), 0, tr.T_RUNNABLE, 0))
                    making.stints.append((at, back, -1, making.roles.index("batch"), 0, 0))
                at = back
                continue
            work = min(left, PERIOD_NS - into) if making.windows(role) else left
            _span(making, at, at + work, request, step, role, tr.RUNNING)
            making.stints.append((at, at + work, request, thread, cpu, 0))
            if cpu == 3:
                making.stints.append((at, at + work, request, making.roles.index("vCPU 0"), 0, 0))
            at, left = at + work, left - work
    making.free[role] = making.free[core] = at
    return at


def made_up(stack: str = "bare", requests: int = 200, interval_ns: int = 60_000, seed: int = 1) -> tr.Trace:
    """A trace of `requests` arrivals on one of the three stacks."""
    making, chance = _Making(stack), np.random.default_rng(seed)
    bursts = [(role, list(run)) for role, run in groupby(range(len(making.steps)), key=lambda step: making.steps[step]["thread"])]
    births = np.cumsum(chance.integers(interval_ns // 3, 2 * interval_ns, requests)).tolist()
    waiting = [(born, request, 0) for request, born in enumerate(births)]
    heapq.heapify(waiting)
    ended = [0] * requests
    while waiting:
        now, request, number = heapq.heappop(waiting)
        role, steps = bursts[number]
        costs = [(step, int(making.steps[step]["cost_ns"] * chance.uniform(0.7, 1.5))) for step in steps]
        if role:
            end = _run(making, request, costs, role, now)
        else:
            end = now
            for step, cost in costs:
                _span(making, end, end + cost, request, step, "", tr.DEVICE)
                end += cost
        if number + 1 < len(bursts):
            heapq.heappush(waiting, (end, request, number + 1))
        else:
            ended[request] = end
    rows = [(request, born, ended[request], request // 8, request % 8, 0, tr.SERVED, 0) for request, born in enumerate(births)]
    meta = {
        "schema": tr.SCHEMA,
        "stack": STACKS[stack],
        "title": "One request, three ways",
        "seed": seed,
        "digest": "",
        "layers": LAYERS,
        "cpus": making.cpus,
        "threads": making.threads,
        "steps": making.steps,
        "sampled": 1,
        "complete": True,
        "start_ns": 0,
        "end_ns": max(ended) + 1000,
        "groups": [{"name": "web", "weight": 1024, "quota_ns": 1_700_000, "period_ns": PERIOD_NS}] if stack == "container" else [],
    }
    return tr.Trace(
        meta,
        np.array(rows, tr.REQUEST),
        *(_sorted(rows, dtype) for rows, dtype in ((making.spans, tr.SPAN), (making.stints, tr.STINT), (making.states, tr.STATE))),
    )


def _sorted(rows: list[tuple[Any, ...]], dtype: np.dtype[Any]) -> tr.Table:
    table = np.array(rows, dtype)
    return table[np.argsort(table["start"], kind="stable")]
