"""Which machine and which load a measured row is about: by rule from its stack, what and parameters, so that new rows need no new code.

A row that no rule reaches gets a reason, never silence. Rows of one set-up share one simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.complaints import complaint
from cutaway.models.container import DockerPart
from cutaway.models.costs.row import Row
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.neighbours import HogPart
from cutaway.models.part import Part
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.units import MS, S
from cutaway.validating.apps import App, app_of
from cutaway.validating.hogs import WHATS as HOG_WHATS
from cutaway.validating.hogs import Hogs, hogs_of
from cutaway.validating.limits import WHATS as LIMIT_WHATS
from cutaway.validating.limits import Limit, limit_of
from cutaway.validating.ways import WAYS

LEAD_NS = 60_000
"""The open-loop client of the measurements wakes that long before an arrival is due, and spins until then."""
CLOSED, OPEN = "closed loop", "open loop"


@dataclass(frozen=True, slots=True)
class Load:
    """nginx, one static page, and what is beside it: clients on the first CPU, all else on the second, or on so many from there on."""

    stack: str
    page_bytes: int
    connections: int
    rate_per_s: int
    """0 for a closed loop."""
    hogs: int
    grouping: str
    """Of the hogs: `a container each` or `one cgroup`."""
    quota_percent: int
    """Of one CPU; 0 for no limit, and 100 as well: these were measured with `--cpu-quota -1`."""
    period_us: int
    duration_s: int
    workers: int
    server_cpus: int

    @property
    def parts(self) -> list[Part]:
        """The stack, bottom to top."""
        docker = WAYS[self.stack][1]
        if docker and 0 < self.quota_percent < 100:
            limit = {"cpus": f"{self.quota_percent / 100:g}", "cpu_period": self.period_us * 1000}
            docker = DockerPart.model_validate({**docker.model_dump(exclude_unset=True), **limit})
        nginx = NginxPart(page=self.page_bytes, cpus=tuple(range(1, 1 + self.server_cpus)), workers=self.workers)
        return [HardwarePart(cpus=1 + self.server_cpus), LinuxPart(), *([docker] if docker else []), nginx]

    @property
    def clients(self) -> ClosedLoopPart | OpenLoopPart:
        """The load generator, alone on the first CPU."""
        where = WAYS[self.stack][0]
        if self.rate_per_s:
            return OpenLoopPart(where=where, cpus=(0,), connections=self.connections, rate=Fraction(self.rate_per_s), lead=LEAD_NS)
        return ClosedLoopPart(where=where, cpus=(0,), connections=self.connections)

    @property
    def neighbours(self) -> list[HogPart]:
        """The busy loops on the server's CPU."""
        if not self.hogs:
            return []
        return [HogPart(count=self.hogs, cpus=(1,), group="own" if self.grouping == "a container each" else "none")]

    @property
    def span_ns(self) -> int:
        """How long it was measured."""
        return self.duration_s * S

    @property
    def warm_up_ns(self) -> int:
        """Left out before: nothing of an open loop, whose client counts from its first arrival."""
        return 0 if self.rate_per_s else 100 * MS

    @property
    def drain_ns(self) -> int:
        """After the last arrival, for answers that are still to come: open_loop.c."""
        return 1 * S if self.rate_per_s else 0


@dataclass(frozen=True, slots=True)
class Start:
    """A start-up or memory figure: what of, with how many containers running, how many started at once, and by which runtime."""

    what: str
    network: str = "bridge"
    running: int = 0
    at_once: int = 1
    runtime: str = "runc"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a row cannot be predicted: the mechanism that the model lacks."""

    why: str


Setup = Load | App | Start | Hogs | Limit
_TWO_CPUS = frozenset({"app", "client_cpu", "connections", "duration_s", "server_cpu", "workers"})
_PARAMS: dict[type[Setup], frozenset[str]] = {
    Load: _TWO_CPUS | {
        "body_bytes", "grouping", "hogs", "percent_of_guest_capacity", "percent_of_native_capacity", "period_us", "quota_percent",
        "rate_per_s", "server_cpus",
    },
    App: _TWO_CPUS | {"loops", "mode", "operation", "path", "pipeline", "requests", "scale", "value_bytes"},
    Start: frozenset({"at_once", "network_namespace", "running", "running_before"}),
    Hogs: frozenset({"hogs", "period_us", "quota_percent", "shares", "window_s"}),
    Limit: frozenset({"limit_bytes", "pids_limit"}),
}  # fmt: skip
"""The params that a row of such a set-up may have: those that a rule reads, and those that say once more what others say (`app`, a rate in
per cent of the capacity). A start takes in the model as long whatever runs already (`running_before`)."""
_NGINX = {
    "nginx static, closed loop": CLOSED,
    "nginx static, closed loop (control beside QEMU)": CLOSED,
    "nginx static, host network, taken apart": CLOSED,
    "nginx static, open loop (Poisson)": OPEN,
    "nginx beside CPU hogs on its core, closed loop": CLOSED,
    "nginx beside CPU hogs on its core, open loop": OPEN,
    "nginx under CFS quota, closed loop": CLOSED,
    "nginx under CFS quota, open loop": OPEN,
}
_STARTS = (
    "docker run -d -p 18080:80 nginx, by phase",
    "docker run -d -p against containers already running",
    "docker run variants and small commands",
    "docker run -d -p, N started at once",
    "OCI runtime create / start / delete",
    "docker commands one by one (port published)",
    "nginx as a plain process, fork to first 200",
    "memory of dockerd, one process",
    "memory of containerd, one process",
    "memory of containerd-shim, one process",
    "memory of docker-proxy, one process",
    "memory of nginx-master, one process",
    "memory of nginx-worker, one process",
    "memory cgroup of one nginx container",
)
_NOT_REACHED = {
    "nginx static, closed loop, BBR congestion control": "pacing timers of BBR are not modelled",
    "TCP stream": "bulk transfer is not modelled",
    "QEMU boot": "a guest of translated code (TCG) is not modelled",
    "memory of the QEMU": "a guest of translated code (TCG) is not modelled",
    "machine memory": "memory of the machine's other programs is not modelled",
    "docker run -d -p, first 200 seen": "the ARP retry of a client that polls from the start is not modelled",
}


def setup_of(row: Row) -> Setup | Missing:
    """The set-up of a row, or why there is none."""
    try:
        found = _by_rule(row)
        if isinstance(found, Load | App):
            _ = found.parts, found.clients                                  # what they cannot be is told here, before anything runs
    except KeyError as missing:
        return Missing(f"its params have no {missing}")
    except ValueError as wrong:
        return Missing(f"its params are nothing that the model has: {complaint(wrong)}")
    if not isinstance(found, Missing) and (unknown := sorted(row.params.keys() - _PARAMS[type(found)])):
        return Missing(f"param {unknown[0]} is not modelled")
    return found


def _by_rule(row: Row) -> Setup | Missing:
    if row.what in _NGINX:
        return _load_of(row, _NGINX[row.what])
    app = app_of(row)
    if app is not None:
        return Missing(app) if isinstance(app, str) else app
    if row.what in HOG_WHATS:
        return hogs_of(row)
    if row.what in LIMIT_WHATS:
        return limit_of(row)
    if row.what in _STARTS:
        runtime = "crun" if row.stack == "crun" else "runc"
        network = str(row.params.get("network_namespace", "bridge"))
        return Start(row.what, network, int(row.number("running")), int(row.number("at_once", 1)), runtime)
    for beginning, why in _NOT_REACHED.items():
        if row.what.startswith(beginning):
            return Missing(why)
    return Missing(f"no rule for '{row.what}'")


def _load_of(row: Row, kind: str) -> Setup | Missing:
    if row.stack not in WAYS:
        return Missing(_NOT_REACHED["QEMU boot"] if row.stack == "qemu-tcg" else f"no rule for stack '{row.stack}'")
    if (row.number("client_cpu"), row.number("server_cpu", 1)) != (0, 1):
        return Missing("only a client on CPU 0 and a server on CPU 1")
    return Load(
        stack=row.stack,
        page_bytes=int(row.number("body_bytes", 612)),
        connections=int(row.number("connections", 128)),
        rate_per_s=round(row.number("rate_per_s")) if kind == OPEN else 0,
        hogs=int(row.number("hogs")),
        grouping=str(row.params.get("grouping", "")),
        quota_percent=int(row.number("quota_percent")),
        period_us=int(row.number("period_us", 100_000)),
        duration_s=max(round(row.number("duration_s", 1)), 1),
        workers=int(row.number("workers", 1)),
        server_cpus=int(row.number("server_cpus", 1)),
    )
