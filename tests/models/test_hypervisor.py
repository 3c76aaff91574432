"""Exits, doorbells and the thread that moves the packets."""

from cutaway.models.costs import Profile
from cutaway.models.hypervisor import Kvm, KvmPart
from cutaway.models.network import SEGMENT_BYTES, packets_of
from cutaway.models.operations import Deliver, Operation, Transmit
from cutaway.models.units import US
from cutaway.sim.machine import Step, Work

PACKETS = packets_of(850, SEGMENT_BYTES, corked=True)


def lowered(profile: Profile, operation: Operation, **part: object) -> list[Step | Operation]:
    return list(Kvm(profile, KvmPart(**part), (0, 1)).lower(operation))  # type: ignore[arg-type]


def test_a_guest_s_answer_rings_the_doorbell_only_of_a_sleeper_and_leaves_by_the_host(profile: Profile) -> None:
    doorbell, copy, down = lowered(profile, Transmit("nginx", PACKETS))
    assert isinstance(doorbell, Work) and (doorbell.thread, doorbell.layer, doorbell.only_if_asleep) == ("nginx", "hypervisor", "vhost")
    assert isinstance(copy, Work) and (copy.thread, copy.layer) == ("vhost", "vhost")
    assert down == Transmit("vhost", PACKETS)


def test_what_comes_in_is_copied_and_interrupts_a_driver_that_sleeps(profile: Profile) -> None:
    up, copy, signal = lowered(profile, Deliver("nginx", PACKETS))
    assert isinstance(up, Deliver)
    assert isinstance(copy, Work) and copy.thread == "vhost"
    assert isinstance(signal, Work) and signal.only_if_asleep == "guest softirq"


def test_without_posted_interrupts_the_guest_exits_for_each(profile: Profile) -> None:
    last = lowered(profile, Deliver("nginx", PACKETS), posted_interrupts=False)[-1]
    assert isinstance(last, Work) and last.thread == "guest softirq" and last.layer == "hypervisor"


def test_qemu_in_user_space_is_dearer_than_vhost_and_charged_to_the_hypervisor(profile: Profile) -> None:
    vhost, qemu = (lowered(profile, Transmit("nginx", PACKETS), network=network)[1] for network in ("vhost", "qemu"))
    assert isinstance(vhost, Work) and isinstance(qemu, Work)
    assert qemu.cost_ns > vhost.cost_ns and (qemu.thread, qemu.layer) == ("QEMU", "hypervisor")


def test_a_vcpu_is_a_thread_of_the_host_and_a_cpu_of_the_guest(profile: Profile) -> None:
    fittings = Kvm(profile, KvmPart(vcpus=2, halt_polling=50 * US, cpus=(1,)), (0, 1)).fittings()
    vcpus = [thread for thread in fittings.threads if thread.kind == "vcpu"]
    assert [thread.name for thread in vcpus] == ["vcpu0", "vcpu1"]
    assert {thread.cpus for thread in vcpus} == {("cpu1",)} and {thread.spin_ns for thread in vcpus} == {50_000}
    assert [(cpu.name, cpu.vcpu) for cpu in fittings.cpus] == [("guest cpu0", "vcpu0"), ("guest cpu1", "vcpu1")]
    assert {cpu.kernel for cpu in fittings.cpus} == {"guest"}
