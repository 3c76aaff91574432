"""One load on one machine, simulated; and the factor with which the model meets a published figure of the bare system."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart
from cutaway.models.part import Part
from cutaway.models.parts import ProgramPart
from cutaway.models.units import MS
from cutaway.sim.experiments import seed_of
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate
from cutaway.validating.published.machines import Published

RUNS = 3
"""Each figure is the median of as many, where a load does not say another number."""
REQUESTS = 10_000
STEPS = 12
"""At most, until the model meets a published figure."""
CLOSE = 0.002
"""And how near is near enough."""
HOST_NETWORK = DockerPart(network="host", publish="none", storage="volume")


@dataclass(frozen=True, slots=True)
class Load:
    """A stack and who asks it."""

    program: ProgramPart
    clients: ClosedLoopPart
    hardware: HardwarePart = field(default_factory=lambda: HardwarePart(cpus=4))
    docker: DockerPart | None = None
    kvm: KvmPart | None = None
    requests: int = REQUESTS
    warm_up_ns: int = 20 * MS
    """Beside three times the clients' think time."""
    runs: int = RUNS

    @property
    def parts(self) -> list[Part]:
        guest = [self.kvm, GuestLinuxPart()] if self.kvm else []
        return [self.hardware, LinuxPart(), *guest, *([self.docker] if self.docker else []), self.program]


@dataclass(frozen=True, slots=True)
class Figures:
    """What came of it; times in microseconds, rates a second."""

    throughput: float
    mean: float
    p50: float
    p95: float
    p99: float
    mover: float
    """How much of a CPU the thread takes that moves a virtual machine's packets."""


def simulated(load: Load, on: Published) -> Figures:
    """The median of some runs."""
    machine = stack.build("published", load.parts, load.clients, on.profile)
    warm_up = load.warm_up_ns + 3 * load.clients.think
    runs = [_figures(simulate(machine, seed_of(0, run), Span(warm_up, load.requests)).result) for run in range(load.runs)]
    return Figures(*(median(getattr(run, name) for run in runs) for name in Figures.__dataclass_fields__))


def _figures(result: Result) -> Figures:
    p50, p95, p99 = (result.percentile_ns(share) / 1e3 for share in (0.5, 0.95, 0.99))
    moved = sum(counts["running_ns"] for name, counts in result.threads.items() if name in ("vhost", "QEMU"))
    return Figures(result.throughput, result.mean_ns / 1e3, p50, p95, p99, moved / result.counted_ns)


def met(figure: Callable[[float], float], published: float, *, rises: bool, first: float = 1.0, lowest: float = 0.02) -> float:
    """The number x at which `figure(x)` is the published one; `rises` says whether the figure grows with x."""
    low, high, x = lowest, 50.0 * max(first, 1.0), first
    for _ in range(STEPS):
        found = figure(x)
        if abs(found / published - 1) < CLOSE:
            break
        if (found < published) == rises:
            low = x
        else:
            high = x
        ratio = published / found if rises else found / published
        x = x * ratio if low < x * ratio < high else (low * high) ** 0.5
    return x
