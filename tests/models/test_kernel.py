"""System calls, and the scheduler's constants."""

import pytest

from cutaway.models.costs import Profile
from cutaway.models.kernel import LinuxKernel, LinuxPart, base_slice_ns
from cutaway.models.operations import Compute, SystemCall
from cutaway.models.placement import GUEST, HOST
from cutaway.models.units import MS
from cutaway.sim.machine import Work


@pytest.mark.parametrize(("cpus", "slice_ns"), [(1, 700_000), (2, 1_400_000), (4, 2_100_000), (8, 2_800_000), (64, 2_800_000)])
def test_the_slice_grows_with_the_logarithm_of_the_cpus(cpus: int, slice_ns: int) -> None:
    assert base_slice_ns(cpus) == slice_ns


def test_a_system_call_costs_its_entries_and_its_own_work(profile: Profile) -> None:
    kernel = LinuxKernel(profile, HOST, LinuxPart(), 2, ())
    [step] = list(kernel.lower(SystemCall("nginx", "fstat and more", 3, "nginx other system calls")))
    assert isinstance(step, Work) and step.layer == "host kernel"
    assert step.cost_ns == round(3 * profile["null system call"].value + profile["nginx other system calls"].value)


def test_user_space_is_charged_to_the_program(profile: Profile) -> None:
    [step] = list(LinuxKernel(profile, HOST, LinuxPart(), 2, ()).lower(Compute("nginx", "nginx", "parse", "nginx request")))
    assert isinstance(step, Work) and step.layer == "nginx"


def test_waking_an_idle_vcpu_is_the_hypervisor_s_business(profile: Profile) -> None:
    host, guest = (LinuxKernel(profile, site, LinuxPart(), 1, ()).kernel() for site in (HOST, GUEST))
    assert host.wake_latency_ns > 0 and host.wakee_ns > 0
    assert guest.wake_latency_ns == guest.wakee_ns == 0 and guest.waker_ns == profile["exit handled in KVM"].ns


def test_interrupts_have_a_thread_on_each_of_their_cpus(profile: Profile) -> None:
    kernel = LinuxKernel(profile, HOST, LinuxPart(tick=10 * MS), 4, (0, 2))
    [softirq] = kernel.fittings().threads
    assert softirq.kind == "interrupt" and softirq.cpus == ("cpu0", "cpu2") and softirq.count == 2
    assert kernel.kernel().tick_ns == 10 * MS
    assert LinuxKernel(profile, HOST, LinuxPart(), 4, ()).fittings().threads == ()
