"""The guest's driver, and the price of nested paging."""

from cutaway.models.costs import Profile
from cutaway.models.guest import NESTED_PAGING, VirtioNet
from cutaway.models.kernel import LinuxKernel, LinuxPart
from cutaway.models.network import SEGMENT_BYTES, packets_of
from cutaway.models.operations import Deliver, SystemCall, Transmit
from cutaway.models.placement import GUEST
from cutaway.sim.machine import Work

PACKETS = packets_of(850, SEGMENT_BYTES, corked=True)


def test_packets_come_up_from_below_and_go_down_last(profile: Profile) -> None:
    driver = VirtioNet(profile, NESTED_PAGING)
    up, take = list(driver.lower(Deliver("nginx", PACKETS)))
    put, down = list(driver.lower(Transmit("nginx", PACKETS)))
    assert isinstance(up, Deliver) and isinstance(down, Transmit)
    assert isinstance(take, Work) and take.thread == "guest softirq"
    assert isinstance(put, Work) and put.thread == "nginx"


def test_a_guest_s_work_takes_the_factor_and_says_so(profile: Profile) -> None:
    [step] = list(LinuxKernel(profile, GUEST, LinuxPart(), 1, (0,), NESTED_PAGING).lower(SystemCall("nginx", "fstat")))
    assert isinstance(step, Work) and step.layer == "guest kernel"
    assert step.cost_ns == round(profile["null system call"].value * profile[NESTED_PAGING].value)
    assert step.costs[-1].name == NESTED_PAGING
