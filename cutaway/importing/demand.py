"""Measured demand: rows of `cutaway measure app` in the places that the models have for it.

The CPU time of a request goes into a Python application's loop: what the model's own gunicorn and kernel take is taken off, and the rest is
as many turns of the loop as take that long in the profile. The size of an answer is nginx's page. Memory and spread have no place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cutaway.building import build_stacks
from cutaway.importing.service import Service
from cutaway.models import costs
from cutaway.models.costs import row as rows
from cutaway.models.servers.python_app import WORKER
from cutaway.scenarios.loader import load_text
from cutaway.scenarios.problems import printable
from cutaway.sim.machine import Detach, Fork, Step, Work

MOST_LOOPS = 10_000_000
_TURNS = 1_000_000
_BARE = """
cutaway: 1
title: a request without the application's own work
clients: {kind: closed loop}
stacks: {app: {layers: [hardware, linux, docker, {kind: python app, loops: 0}]}}
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """One kind of request of one application."""

    application: str
    path: str
    cpu_ns: int
    response_bytes: int

    @property
    def source(self) -> str:
        return printable(f"{self.application}, GET {self.path}", 120)


@dataclass
class Demand:
    """What was measured, by application; and which of it found a service."""

    measured: Sequence[Measured] = ()
    used: set[Measured] = field(default_factory=set)

    def of(self, service: Service, project: str) -> Measured | None:
        """The service's own: `/` where that was asked for, else what was measured first."""
        names = set(_names(service, project))
        found = [one for one in self.measured if one.application in names]
        chosen = next((one for one in found if one.path == "/"), found[0] if found else None)
        if chosen:
            self.used.add(chosen)
        return chosen

    def loops(self, measured: Measured, profile: str) -> int:
        """Turns of the loop that take what is left of the measured time."""
        left_ns = max(0, measured.cpu_ns - _bare_ns(profile))
        return min(MOST_LOOPS, round(left_ns * _TURNS / costs.load(profile).ns("python loop", _TURNS)))

    def unused(self) -> Iterator[Measured]:
        yield from (one for one in self.measured if one not in self.used)


def read(file: Path) -> Demand:
    """Raises MeasurementError where the file has no rows of an application."""
    by_request: dict[tuple[str, str], dict[str, float]] = {}
    for row in rows.read(file):
        if row.group == "app" and "path" in row.params:
            request = (str(row.params.get("application", "")), str(row.params["path"]))
            by_request.setdefault(request, {})[row.metric] = row.median
    whole = {request: found for request, found in by_request.items() if {"cpu_per_request", "response_bytes"} <= set(found)}
    if not whole:
        raise rows.MeasurementError(f"{file}: has no row of an application's demand; expected the rows of `cutaway measure app`.")
    return Demand([
        Measured(*request, round(found["cpu_per_request"] * 1000), round(found["response_bytes"])) for request, found in whole.items()
    ])


def _names(service: Service, project: str) -> Iterator[str]:
    """How rows call it: by the address that was asked, or by its container."""
    for port in service.ports:
        yield from (f"{host}:{port.host}" for host in ("127.0.0.1", "localhost", "[::1]"))
    if service.container:
        yield f"container {service.container}"
    yield from (f"container {project}{dash}{service.name}{dash}1" for dash in "-_")


def _bare_ns(profile: str) -> int:
    """CPU time of a worker for a request without the application's own work, on the stack of a container."""
    scenario = load_text(_BARE).with_({"profile": profile})
    (built,) = build_stacks(scenario, ["app"])
    steps = (step for plan in built.machine.plans for step in _all(plan.steps))
    return sum(step.cost_ns for step in steps if isinstance(step, Work) and step.thread == WORKER)


def _all(steps: Sequence[Step]) -> Iterator[Step]:
    for step in steps:
        if isinstance(step, Detach):
            yield from _all(step.steps)
        elif isinstance(step, Fork):
            for branch in step.branches:
                yield from _all(branch)
        else:
            yield step
