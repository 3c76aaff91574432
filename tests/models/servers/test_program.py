"""What holds of every server program, on every kind of stack: copied programs are tested by being entered in PROGRAMS."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart
from cutaway.models.lowering import flat
from cutaway.models.part import Part
from cutaway.models.parts import PROGRAMS, kind_of
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.postgresql import PostgresqlPart
from cutaway.models.servers.python_app import PythonAppPart
from cutaway.models.servers.redis import RedisPart
from cutaway.sim.laws import check, check_trace
from cutaway.sim.machine import DiskAccess, Machine, Work
from cutaway.sim.tracing import Recorder
from cutaway.sim.traffic.engine import Traffic
from tests.plans import cpu_ns

MS = 1_000_000
ABOVE: dict[str, tuple[tuple[Part, ...], str]] = {
    "native": ((), "loopback"),
    "native, far": ((), "another machine"),
    "docker-nat": ((DockerPart(),), "veth"),
    "docker-host": ((DockerPart(network="host"),), "loopback"),
    "docker-proxy": ((DockerPart(publish="proxy"),), "loopback"),
    "vm": ((KvmPart(), GuestLinuxPart()), "another machine"),
    "docker in vm": ((KvmPart(), GuestLinuxPart(), DockerPart()), "another machine"),
}
OTHERWISE: tuple[Part, ...] = (
    NginxPart(upstream=PythonAppPart(loops=100)),
    PostgresqlPart(script="simple-update"),
    PythonAppPart(workers=3, loops=0),
    RedisPart(operation="set", value=100_000),
)
PARTS = [*(part() for part in PROGRAMS), *OTHERWISE]


def named(part: Part) -> str:
    said = ", ".join(f"{key} {getattr(part, key)}" for key in sorted(part.model_fields_set))
    return f"{kind_of(type(part))} {said}".strip()


def built(part: Part, name: str, profile: Profile, connections: int = 3) -> Machine:
    above, where = ABOVE[name]
    load = ClosedLoopPart(where=where, connections=connections)  # type: ignore[arg-type]
    return stack.build(name, [HardwarePart(), LinuxPart(), *above, part], load, profile)


@pytest.mark.parametrize("name", ABOVE)
@pytest.mark.parametrize("part", PARTS, ids=named)
def test_every_step_has_its_thread_its_layer_and_the_costs_that_make_it(part: Part, name: str, profile: Profile) -> None:
    machine = built(part, name, profile)
    threads, disks = {thread.name for thread in machine.threads}, {disk.name for disk in machine.disks}
    for step in flat(machine.plans[0].steps):
        if isinstance(step, DiskAccess):
            assert step.disk in disks
        if isinstance(step, Work):
            assert step.thread in threads and step.layer in machine.layers and step.operation and step.costs
            uses = [(profile[use.name], Fraction(use.times)) for use in step.costs]
            total = sum((cost.value * times for cost, times in uses if cost.unit == "ns"), Fraction(0))
            for cost, _ in uses:
                total *= cost.value if cost.unit == "1" else 1
            assert abs(total - step.cost_ns) <= 1 + len(step.costs)
    plan = machine.plans[0]
    assert sum(cpu_ns(plan, layer=layer) for layer in machine.layers) == cpu_ns(plan) > 0


@pytest.mark.parametrize("name", ABOVE)
@pytest.mark.parametrize("part", PARTS, ids=named)
def test_the_laws_hold_and_every_request_is_tiled_by_its_spans(part: Part, name: str, profile: Profile) -> None:
    machine = built(part, name, profile)
    recorder = Recorder(machine, 7, 1)
    traffic = Traffic(machine, 7, log_every=1, sink=recorder.take)
    traffic.advance(2 * MS)
    traffic.start_counting()
    traffic.advance(24 * MS)
    traffic.settle()
    traffic.flush_log()
    assert traffic.served > 3
    assert check(traffic) == []
    assert check_trace(recorder.whole(traffic)) == []


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_a_container_costs_more_and_changes_nothing_else_of_the_request(part: Part, profile: Profile) -> None:
    native, docker = (built(part, name, profile).plans[0] for name in ("native", "docker-host"))
    assert cpu_ns(native) < cpu_ns(docker)
    program = PROGRAMS[type(part)].program
    assert cpu_ns(native, layer=program.thread) == cpu_ns(docker, layer=program.thread)


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_memory_and_start_up_name_the_program(part: Part, profile: Profile) -> None:
    parts = [HardwarePart(), LinuxPart(), part]
    program = PROGRAMS[type(part)].program
    held = stack.memory_of(parts, profile)
    assert {one.layer for one in held} == set(program.roles(part)) and all(one.size_bytes > 0 for one in held)
    phases = stack.start_up_phases(parts, profile)
    assert set(program.roles(part)) <= {phase.who for phase in phases} and phases[-1].end_ns > 0


@pytest.mark.parametrize("part", PARTS, ids=named)
def test_an_open_loop_may_ask_it(part: Part, profile: Profile) -> None:
    load = OpenLoopPart(where="loopback", rate=Fraction(500), connections=4)
    traffic = Traffic(stack.build("open", [HardwarePart(), LinuxPart(), part], load, profile), 1)
    traffic.advance(100 * MS)
    traffic.settle()
    assert traffic.served > 20 and check(traffic) == []
