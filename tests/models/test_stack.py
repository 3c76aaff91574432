"""Stacks that stand, stacks that cannot, and what each comes to."""

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise

import pytest

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart
from cutaway.models.layer import ORDER, Layer
from cutaway.models.lowering import flat
from cutaway.models.neighbours import HogPart
from cutaway.models.operations import Serve
from cutaway.models.part import Part
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.redis import RedisPart
from cutaway.sim.machine import Detach, Machine, Pause, Step, Transfer, Work
from tests.plans import cpu_ns

from .conftest import parts

Build = Callable[..., Machine]

NATIVE: tuple[Part, ...] = ()
SAME_MACHINE = [
    ("native", (), "loopback"),
    ("native-veth", (), "veth"),
    ("docker-host", (DockerPart(network="host"),), "loopback"),
    ("docker-bridge", (DockerPart(publish="none"),), "loopback"),
    ("docker-nat-lo", (DockerPart(),), "loopback"),
    ("docker-nat", (DockerPart(),), "veth"),
    ("docker-proxy", (DockerPart(publish="proxy"),), "loopback"),
    ("kvm", (KvmPart(),), "loopback"),
]
OTHER_MACHINE = [
    ("native", (), "another machine"),
    ("docker", (DockerPart(),), "another machine"),
    ("docker, host network", (DockerPart(network="host"),), "another machine"),
    ("kvm", (KvmPart(),), "another machine"),
    ("kvm, QEMU moves packets", (KvmPart(network="qemu"),), "another machine"),
    ("kvm, no posted interrupts", (KvmPart(posted_interrupts=False, vcpus=2),), "another machine"),
    ("docker in kvm", (KvmPart(), DockerPart()), "another machine"),
]
EVERY = SAME_MACHINE + OTHER_MACHINE


@pytest.mark.parametrize(("name", "above", "where"), EVERY)
def test_every_reference_of_a_machine_names_something_that_is_there(name: str, above: tuple[Part, ...], where: str, machine: Build) -> None:
    built = machine(*above, where=where)
    kernels, cpus = {kernel.name for kernel in built.kernels}, {cpu.name for cpu in built.cpus}
    threads, links = {thread.name for thread in built.threads}, {link.name for link in built.links}
    for names in (built.kernels, built.cpus, built.threads, built.groups, built.links):
        assert len({each.name for each in names}) == len(names)
    for cpu in built.cpus:
        assert cpu.kernel in kernels and (not cpu.vcpu or cpu.vcpu in threads)
    for thread in built.threads:
        assert thread.cpus and set(thread.cpus) <= cpus
        assert not thread.group or thread.group in {group.name for group in built.groups}
        assert not thread.layer or thread.layer in built.layers
    for kernel in built.kernels:
        assert kernel.layer in built.layers
    for step in flat(built.plans[0].steps):
        if isinstance(step, Work):
            assert step.thread in threads and step.layer in built.layers and (not step.only_if_asleep or step.only_if_asleep in threads)
        if isinstance(step, Transfer):
            assert step.link in links
    assert built.clients[0].plan == built.plans[0].name
    assert list(built.layers) == [layer for layer in ORDER if layer in built.layers]


@pytest.mark.parametrize(("name", "above", "where"), EVERY)
def test_the_costs_of_a_work_make_its_duration(name: str, above: tuple[Part, ...], where: str, machine: Build, profile: Profile) -> None:
    """Goal: `explain` shows where each nanosecond comes from. Method: multiply the uses out again, factors last."""
    for step in flat(machine(*above, where=where, page=100_000).plans[0].steps):
        if isinstance(step, Work):
            assert step.costs and step.operation
            uses = [(profile[use.name], Fraction(use.times)) for use in step.costs]
            total = sum((cost.value * times for cost, times in uses if cost.unit == "ns"), Fraction(0))
            for cost, _ in uses:
                total *= cost.value if cost.unit == "1" else 1
            assert abs(total - step.cost_ns) <= 1 + len(uses)


@pytest.mark.parametrize(("name", "above", "where"), EVERY)
def test_layers_and_threads_sum_to_the_same_cpu_time(name: str, above: tuple[Part, ...], where: str, machine: Build) -> None:
    built = machine(*above, where=where)
    plan = built.plans[0]
    by_layer = sum(cpu_ns(plan, layer=layer) for layer in built.layers)
    by_thread = sum(cpu_ns(plan, thread=thread.name) for thread in built.threads)
    assert by_layer == by_thread == cpu_ns(plan) > 0


def test_the_lecture_s_stacks_show_all_layers_of_the_ledger(machine: Build) -> None:
    shown = [set(machine(*above).layers) for above in ((), (KvmPart(),), (DockerPart(),))]
    assert shown[0] == {"client", "wire", "NIC", "hardware", "host kernel", "nginx"}
    assert shown[1] == set(ORDER) - {"mysql", "postgresql", "python", "redis"}
    assert shown[2] == shown[0] | {"bridge and NAT"}


def test_each_layer_that_is_added_costs_something(machine: Build) -> None:
    """The order of the measured paths on one machine follows from their parts."""
    cpu = {name: cpu_ns(machine(*above, where=where).plans[0]) for name, above, where in SAME_MACHINE}
    order = ["native-veth", "native", "docker-host", "docker-bridge", "docker-nat-lo", "docker-nat", "docker-proxy"]
    assert all(cpu[less] < cpu[more] for less, more in pairwise(order))


def test_a_request_passes_a_virtual_machine_in_the_order_of_the_slide(machine: Build) -> None:
    steps = [step for step in flat(machine(KvmPart()).plans[0].steps) if isinstance(step, Work | Transfer)]
    layers = [layer for index, layer in enumerate(step.layer for step in steps) if index == 0 or steps[index - 1].layer != layer]
    way_in = ["client", "wire", "NIC", "bridge and NAT", "vhost", "hypervisor", "guest kernel", "nginx"]
    assert layers[: len(way_in)] == way_in
    way_out = ["nginx", "guest kernel", "hypervisor", "vhost", "bridge and NAT", "NIC", "wire"]
    after_work_apart = [layer for layer in layers[len(way_in) :] if layer != "client"]
    assert ",".join(way_out[1:3]) in ",".join(after_work_apart)
    assert ",".join(way_out[3:]) in ",".join(after_work_apart)


def test_after_work_begins_when_the_server_s_thread_is_done_and_not_across_the_wire(machine: Build) -> None:
    for above in ((), (DockerPart(),), (KvmPart(),)):
        steps = machine(*above).plans[0].steps
        place = next(index for index, step in enumerate(steps) if isinstance(step, Detach))
        before = steps[place - 1]
        assert isinstance(before, Work) and before.thread == "nginx"
        assert not any(isinstance(step, Work) and step.thread == "nginx" for step in steps[place + 1 :])


def test_without_nopush_the_file_is_closed_after_the_answer_has_left(machine: Build) -> None:
    def operations(steps: tuple[Step, ...]) -> list[str]:
        return [step.operation for step in steps if isinstance(step, Work)]

    corked, eager = machine(tcp_nopush=True).plans[0].steps, machine(tcp_nopush=False).plans[0].steps
    assert "close" in operations(corked) and "close" not in operations(eager)
    detached = next(step for step in eager if isinstance(step, Detach))
    assert operations(detached.steps)[0] == "close"


def test_an_operation_that_no_layer_serves_is_found_before_anything_runs(profile: Profile) -> None:
    class Shy(Layer):
        """Serves nothing."""

    with pytest.raises(stack.NotServed, match="Serve of thread 'nginx' is served by no layer of Shy"):
        stack.lower([Serve("nginx", 47, 850)], [Shy(profile)])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([LinuxPart(), HardwarePart(), NginxPart()], "written bottom to top: expected hardware, linux, nginx"),
        ([HardwarePart(), LinuxPart()], "has no server program; expected one of mysql, nginx, "),
        ([HardwarePart(), LinuxPart(), NginxPart(), RedisPart()], "the stack has nginx and redis; expected one server program"),
        ([HardwarePart(), LinuxPart(), NginxPart(), NginxPart()], "'nginx' stands in the stack 2 times"),
        ([HardwarePart(), LinuxPart(), KvmPart(), NginxPart()], "go together"),
        ([HardwarePart(), LinuxPart(), GuestLinuxPart(), NginxPart()], "go together"),
        ([HardwarePart(), LinuxPart(), HogPart(), NginxPart()], "'hog' is no layer of a stack"),
        ([HardwarePart(), LinuxPart(interrupt_cpus=(2,)), NginxPart()], "linux.interrupt cpus names CPU 2; there are 2"),
        ([HardwarePart(), LinuxPart(), DockerPart(publish="proxy"), NginxPart()], "expected 'nat'"),
        ([HardwarePart(), LinuxPart(), DockerPart(publish="none"), NginxPart()], "expected 'nat'"),
        ([HardwarePart(memory=2**26), LinuxPart(), KvmPart(memory=2**27), GuestLinuxPart(), NginxPart()], "more than hardware.memory"),
        ([HardwarePart(), LinuxPart(), KvmPart(vcpus=1), GuestLinuxPart(), NginxPart(cpus=(1,))], "nginx.cpus names CPU 1; there are 1"),
    ],
)
def test_a_stack_that_cannot_stand_gets_one_sentence(wrong: list[Part], sentence: str, profile: Profile) -> None:
    with pytest.raises(stack.StackError, match=sentence):
        stack.build("wrong", wrong, ClosedLoopPart(), profile)


def test_a_hog_in_a_guest_needs_a_guest(profile: Profile) -> None:
    with pytest.raises(stack.StackError, match="no virtual machine"):
        stack.build("wrong", parts(), ClosedLoopPart(), profile, [HogPart(place="guest")])
    built = stack.build("steal", parts(KvmPart()), ClosedLoopPart(), profile, [HogPart(count=2), HogPart(place="guest")])
    assert [thread.name for thread in built.threads if thread.kind == "hog"] == ["hog 0", "hog 1", "hog 2"]


def test_a_local_client_has_its_cpu_for_itself_where_there_are_enough(profile: Profile) -> None:
    built = stack.build("local", parts(), ClosedLoopPart(where="loopback", cpus=(1,)), profile)
    cpus = {thread.name: thread.cpus for thread in built.threads}
    assert cpus == {"nginx": ("cpu0",), "client": ("cpu1",)}
    one = stack.build("one", [HardwarePart(cpus=1), LinuxPart(), NginxPart()], ClosedLoopPart(where="loopback"), profile)
    assert {thread.cpus for thread in one.threads} == {("cpu0",)}


def test_an_open_loop_starts_its_clock_when_the_request_was_due(machine: Build) -> None:
    closed, due = machine(load=ClosedLoopPart()), machine(load=OpenLoopPart(rate=Fraction(1000)))
    first = closed.plans[0].steps[0], due.plans[0].steps[0]
    assert isinstance(first[0], Work) and first[0].next_round and first[0].stopwatch
    assert isinstance(first[1], Work) and not first[1].next_round and not first[1].stopwatch


def test_a_seccomp_filter_runs_only_where_the_data_have_arrived(machine: Build) -> None:
    """No work of nginx stands between the client and the wire: it would wake nginx for nothing."""
    steps = machine(DockerPart()).plans[0].steps
    wire = next(index for index, step in enumerate(steps) if isinstance(step, Transfer))
    assert {step.thread for step in steps[:wire] if isinstance(step, Work)} == {"client"}


def test_nothing_pauses_that_does_not_say_so(machine: Build) -> None:
    assert not [step for step in flat(machine(KvmPart()).plans[0].steps) if isinstance(step, Pause)]


def test_a_client_over_veth_reaches_docker_proxy_without_loopback(machine: Build) -> None:
    """Each way is crossed once in each direction: the client's pair to docker-proxy, bridge and container's pair behind it."""
    steps = machine(DockerPart(publish="proxy"), where="veth").plans[0].steps
    hops = [step.operation for step in steps if isinstance(step, Work) and step.operation in ("loopback", "veth", "bridge")]
    assert hops == ["veth", "bridge", "veth", "veth", "bridge", "veth"]
