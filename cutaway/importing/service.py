"""What is known of one service, whoever told it: a Compose file or the Docker host that runs it.

No value of its environment is kept, except the few that say how many workers a program starts: the rest may hold secrets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cutaway.models.units import MS
from cutaway.scenarios.problems import Place

ENVIRONMENT = ("WEB_CONCURRENCY", "GUNICORN_CMD_ARGS")
"""Variables that say how many workers there are (gunicorn/config.py; uvicorn reads the first, too)."""


@dataclass(frozen=True, slots=True)
class Port:
    """A port of the container, and where the host publishes it; 0 for a port that the host chooses."""

    container: int
    host: int = 0
    address: str = ""

    @property
    def on_loopback(self) -> bool:
        """Whether only programs of the host itself reach it."""
        return self.address.startswith("127.") or self.address in ("::1", "localhost")


@dataclass(frozen=True, slots=True)
class Remark:
    """Something that the source says and the scenario does not: where, and why."""

    key: str
    why: str
    line: int = 0


@dataclass(slots=True)
class Service:
    """One service: one container, or several alike."""

    name: str
    place: Place
    image: str = ""
    command: tuple[str, ...] = ()
    """Entry point and arguments, as far as they are said."""
    environment: Mapping[str, str] = field(default_factory=dict)
    cpus: Fraction | None = None
    cpu_period: int = 100 * MS
    cpu_shares: int | None = None
    cpuset: tuple[int, ...] = ()
    memory: int | None = None
    network: str = "bridge"
    """bridge, host or none."""
    ports: tuple[Port, ...] = ()
    exposed: tuple[int, ...] = ()
    mounts: tuple[str, ...] = ()
    """Where volumes lie in the container."""
    unconfined: bool = False
    replicas: int = 1
    needs: tuple[str, ...] = ()
    """Services that it depends on or is linked to."""
    container: str = ""
    """The container's name."""
    remarks: list[Remark] = field(default_factory=list)

    def leaves_out(self, key: str, why: str, line: int = 0) -> None:
        self.remarks.append(Remark(key, why, line))


@dataclass(slots=True)
class Machine:
    """The host, as far as it is known."""

    cpus: int = 0
    memory: int = 0


@dataclass(slots=True)
class Project:
    """All services of one source."""

    name: str
    source: str
    """How the source is called in sentences."""
    services: list[Service]
    remarks: list[Remark] = field(default_factory=list)
    """About the source as a whole."""
    machine: Machine = field(default_factory=Machine)
