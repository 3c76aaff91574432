"""Which program, machine and load a measured row of the applications is about, and how its load generator reports.

Clients on CPU 0, every part of the server on CPU 1, as with nginx. To add a program, add a rule to `_RULES`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from cutaway.models.clients import ClosedLoopPart
from cutaway.models.costs.row import Row
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.part import Part
from cutaway.models.parts import PROGRAMS, ProgramPart
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.postgresql import PostgresqlPart
from cutaway.models.servers.python_app import PythonAppPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import MS, S
from cutaway.validating.ways import WAYS

Reports = Literal["as it is", "as wrk", "as redis-benchmark"]
"""The instrument that a latency was read off."""


@dataclass(frozen=True, slots=True)
class App:
    """A server program and its load generator, on two CPUs."""

    stack: str
    program: ProgramPart
    connections: int
    reports: Reports
    calibrated: tuple[str, str]
    """What was done, and what was asked for: of the row that the constant factor begins with."""
    duration_s: int = 0
    requests: int = 0
    """How many were measured, where not for a time."""

    @property
    def parts(self) -> list[Part]:
        """The stack, bottom to top."""
        docker = WAYS[self.stack][1]
        return [HardwarePart(cpus=2), LinuxPart(), *([docker] if docker else []), self.program]

    @property
    def clients(self) -> ClosedLoopPart:
        """The load generator, alone on the first CPU."""
        return ClosedLoopPart(where=WAYS[self.stack][0], cpus=(0,), connections=self.connections)

    @property
    def roles(self) -> tuple[str, ...]:
        """The threads whose CPU time is the server's."""
        return PROGRAMS[type(self.program)].program.roles(self.program)

    @property
    def span_ns(self) -> int:
        """How long it was measured; 0 where it was a number of requests."""
        return self.duration_s * S

    @property
    def warm_up_ns(self) -> int:
        """Left out before."""
        return 100 * MS


def asked(row: Row) -> str:
    """What a row's clients ask for, where its program can be asked for several things."""
    return str(row.params.get("operation") or row.params.get("mode") or row.params.get("path") or "")


def _redis(row: Row) -> App:
    operation = str(row.params["operation"])
    return App(
        stack=row.stack,
        program=RedisPart.model_validate({"operation": operation, "value": int(row.number("value_bytes", 3)), "cpus": (1,)}),
        connections=int(row.number("connections")),
        reports="as redis-benchmark",
        calibrated=(row.what, asked(row)),
        requests=int(row.number("requests", 80_000)),
    )


def _python(row: Row) -> App:
    return App(
        stack=row.stack,
        program=PythonAppPart(loops=int(row.number("loops")), workers=int(row.number("workers", 1)), cpus=(1,)),
        connections=int(row.number("connections")),
        reports="as wrk",
        calibrated=(row.what, asked(row)),
        duration_s=max(round(row.number("duration_s", 1)), 1),
    )


def _behind_nginx(row: Row) -> App:
    """nginx and the application on one CPU; without a calibration row of its own, the plain model begins with the application's."""
    alone = _python(row)
    assert isinstance(alone.program, PythonAppPart)
    calibrated = alone.calibrated if row.what.endswith("without work") else ("python web application", asked(row))
    return replace(alone, program=NginxPart(upstream=alone.program, cpus=(1,)), calibrated=calibrated)


def _postgresql(row: Row) -> App:
    return App(
        stack=row.stack,
        program=PostgresqlPart.model_validate({"script": row.params["mode"], "cpus": (1,)}),
        connections=int(row.number("connections")),
        reports="as it is",
        calibrated=(row.what, asked(row)),
        duration_s=max(round(row.number("duration_s", 1)), 1),
    )


_RULES: dict[str, Callable[[Row], App]] = {
    "PostgreSQL": _postgresql,
    "nginx -> python": _behind_nginx,
    "python web application": _python,
    "redis": _redis,
}
"""By how `what` begins."""


def app_of(row: Row) -> App | str | None:
    """The set-up of a row; why there is none; None where the row is about no application."""
    rule = next((rule for beginning, rule in _RULES.items() if row.what.startswith(beginning)), None)
    if rule is None:
        return None
    if row.what.endswith("-> PostgreSQL"):
        return "a program that asks a database is not modelled"
    if row.stack not in WAYS:
        return f"no rule for stack '{row.stack}'"
    if (row.number("client_cpu"), row.number("server_cpu", 1)) != (0, 1):
        return "only a client on CPU 0 and a server on CPU 1"
    if row.params.get("pipeline", 1) != 1:
        return "pipelines are not modelled"
    if row.params.get("scale", 1) != 1:
        return "a pgbench database of another scale is not modelled"
    return rule(row)
