"""What a request costs, against the plan of its stack."""

import pytest

from cutaway.engine.demands import Demands, demand_of
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.servers.nginx import WORKER, NginxPart
from cutaway.models.stack import build
from cutaway.sim.machine import Work
from cutaway.sim.simulate import Span, simulate
from tests.models.docker.host import MACHINE


def test_the_demand_is_what_the_traffic_engine_charges(profile: Profile) -> None:
    """One client, no waiting: the ledger of a run, layer by layer; what the kernel adds by waking threads is in the run only."""
    machine = build("published", [HardwarePart(cpus=2), LinuxPart(), DockerPart(), NginxPart(page=615)],
                    ClosedLoopPart(where="loopback", connections=1, cpus=(1,)), profile)  # fmt: skip
    result = simulate(machine, 1, Span(requests=500)).result
    running = dict(zip(result.layers, result.ledger_ns[:, 0] / result.served, strict=True))
    for layer in ("nginx", "bridge and NAT"):
        part = demand_of([step for step in machine.plans[0].steps if isinstance(step, Work) and step.layer == layer], WORKER)
        assert part.cpu_ns + part.way_ns == pytest.approx(running[layer], rel=0.005)
    demand = Demands(MACHINE, profile)("nginx", 615)
    assert demand is not None and running["nginx"] < demand.cpu_ns < demand.cpu_ns + demand.way_ns < result.mean_ns


def test_more_bytes_cost_more_and_what_has_no_plan_has_no_demand(profile: Profile) -> None:
    demands = Demands(MACHINE, profile)
    small, large = demands("nginx", 100), demands("nginx", 1_000_000)
    assert small is not None and large is not None and large.cpu_ns > 2 * small.cpu_ns
    assert demands("tomcat", 100) is None
