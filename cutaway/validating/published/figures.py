"""The figures that are drawn of published sources: which points stand in them, and along what.

A panel is one metric of one thing: curves along a parameter, or a bar for each set-up. To draw another source, enter it in `FIGURES`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Params = dict[str, str | int | float]


@dataclass(frozen=True)
class Panel:
    """One metric of one thing."""

    title: str
    what: str
    metric: str
    unit: str
    params: Params = field(default_factory=dict)
    """What points and curves have in common."""
    turn: bool = False
    """Shown as microseconds from one request of a connection to its next, in place of a rate: connections over throughput."""


@dataclass(frozen=True)
class SetUp:
    """A stack, and what else tells it from others."""

    label: str
    stack: str
    params: Params = field(default_factory=dict)


@dataclass(frozen=True)
class Figure:
    """Panels of the same set-ups: curves `along` a parameter, simulated `at` some values of it; without one, a bar a set-up."""

    title: str
    panels: tuple[Panel, ...]
    set_ups: tuple[SetUp, ...]
    along: str = ""
    at: tuple[int, ...] = ()
    log: bool = False
    """The parameter's axis."""


MYSQL = "mysql sysbench oltp read-only"
NGINX = "nginx static 612 B page, keep-alive"


def _redis(command: str) -> tuple[Panel, Panel]:
    what, params = f"redis-benchmark {command}", Params(command=command)
    return (
        Panel(f"{command}: throughput", what, "throughput", "requests/s", params),
        Panel(f"{command}: connections over throughput", what, "throughput", "us", params, turn=True),
    )


def _pipelined(command: str) -> Panel:
    params: Params = {"command": command, "mitigations": "off"}
    return Panel(f"Redis {command}, 16 in a pipeline", f"redis-benchmark {command}, pipeline 16", "throughput", "requests/s", params)


def _guests(stack: str, vmm: str, *guests: str) -> tuple[SetUp, ...]:
    return tuple(SetUp(f"{vmm}, {guest}", stack, {"vmm": vmm, "guest": guest}) for guest in guests)


FIGURES: dict[str, Figure] = {
    "felter-mysql": Figure(
        "MySQL, sysbench OLTP read-only, by threads and stack",
        (
            Panel("Throughput", MYSQL, "throughput", "transactions/s"),
            Panel("Mean latency", MYSQL, "latency mean", "ms"),
            Panel("95th percentile of latency", MYSQL, "latency p95", "ms"),
        ),
        (
            SetUp("native", "native"),
            SetUp("Docker, host network", "docker-host"),
            SetUp("Docker, host network, AUFS", "docker-host-aufs"),
            SetUp("Docker, NAT, AUFS", "docker-nat-aufs"),
        ),
        "threads",
        (10, 30, 50, 70, 90, 110, 150, 210, 290),
    ),
    "felter-redis": Figure(
        "Redis, redis-benchmark, by connections and stack",
        (*_redis("GET"), *_redis("SET")),
        (
            SetUp("native", "native"),
            SetUp("Docker, host network", "docker-host"),
            SetUp("Docker, NAT", "docker-nat"),
            SetUp("KVM", "kvm"),
        ),
        "connections",
        (1, 2, 3, 4, 5, 10, 20, 50, 80, 120),
        log=True,
    ),
    "unikraft-nginx-redis": Figure(
        "nginx and Redis on one core, by virtual machine monitor and guest",
        (
            Panel("nginx, 612 B, mitigations on", NGINX, "throughput", "requests/s", {"mitigations": "on"}),
            _pipelined("GET"),
            _pipelined("SET"),
        ),
        (
            SetUp("native", "native"),
            SetUp("Docker, host network", "docker-host"),
            *_guests("kvm", "qemu", "linux", "lupine (small linux)"),
            *_guests("firecracker", "firecracker", "linux", "lupine (small linux)"),
            *_guests("unikernel-kvm", "qemu", "unikraft", "osv"),
        ),
    ),
}
"""By source."""
