"""Copies: one is the machine itself, several share the host and nothing else, and all laws hold for them."""

from __future__ import annotations

import pytest

import cutaway
from cutaway.building import build_stacks
from cutaway.models.copies import copied, memory_of_copies
from cutaway.models.memory import total_bytes
from cutaway.models.placement import HOST
from cutaway.scenarios import Scenario
from cutaway.sim.laws import check
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.world import World

STACKS = ("bare metal", "vm", "container")


@pytest.fixture(scope="module")
def roomy() -> Scenario:
    """Eight CPUs, and clients that ask seldom."""
    return cutaway.load("lecture/three-stacks").with_({"machine.cpus": 8, "clients.think": "10 ms", "clients.connections": 8})


@pytest.mark.parametrize("stack", STACKS)
def test_one_copy_is_the_machine_itself(stack: str, roomy: Scenario) -> None:
    machine = cutaway.machine(roomy, stack)
    assert copied(machine, 1) == machine


@pytest.mark.parametrize("stack", STACKS)
def test_the_host_is_there_once_and_the_rest_for_each_copy(stack: str, roomy: Scenario) -> None:
    one = cutaway.machine(roomy, stack)
    three = copied(one, 3)
    assert len(three.clients) == 3 and len({client.name for client in three.clients}) == 3
    for kind in ("links", "disks"):
        assert getattr(three, kind) == getattr(one, kind)
    host = [cpu for cpu in one.cpus if cpu.kernel == HOST.kernel]
    assert [cpu for cpu in three.cpus if cpu.kernel == HOST.kernel] == host
    assert len(three.cpus) - len(host) == 3 * (len(one.cpus) - len(host))
    softirqs = [thread.name for thread in three.threads if thread.name.startswith("softirq")]
    assert softirqs == ["softirq"]
    assert len(three.groups) == 3 * len(one.groups)


@pytest.mark.parametrize("stack", STACKS)
def test_all_laws_hold_for_copies(stack: str, roomy: Scenario) -> None:
    world = World(copied(cutaway.machine(roomy.set("neighbours", [{"count": 1}]), stack), 3), 7)
    world.run(500_000_000)
    world.traffic.settle()
    assert check(world.traffic) == [] and world.traffic.served > 500


@pytest.mark.parametrize("stack", STACKS)
def test_copies_with_room_serve_as_many_times_as_much(stack: str, roomy: Scenario) -> None:
    """Goal: each copy is asked and answers as one alone does, where there are CPUs enough; its draws are others, so not to the byte."""
    machine = cutaway.machine(roomy, stack)
    alone, three = (simulate(copied(machine, count), 5, Span(20_000_000, duration_ns=500_000_000)).result for count in (1, 3))
    assert three.throughput == pytest.approx(3 * alone.throughput, rel=0.03)
    assert three.mean_ns == pytest.approx(alone.mean_ns, rel=0.15)


def test_memory_that_a_host_has_once_is_counted_once_but_in_guests(roomy: Scenario) -> None:
    container, vm = (built.memory for built in build_stacks(roomy, ["container", "vm"]))
    once = total_bytes(container) - total_bytes(container, False)
    assert once > 0 and memory_of_copies(container, 4, in_guests=False) == 4 * total_bytes(container) - 3 * once
    assert memory_of_copies(vm, 4, in_guests=True) == 4 * total_bytes(vm)
