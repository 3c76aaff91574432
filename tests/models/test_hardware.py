"""Packets on the wire, cores that lose time, and the disk."""

from cutaway.models.costs import Profile
from cutaway.models.hardware import WIRE_IN, WIRE_OUT, Hardware, HardwarePart, on_the_wire_bytes
from cutaway.models.network import SEGMENT_BYTES, packets_of
from cutaway.models.operations import Deliver, Transmit
from cutaway.sim.machine import Transfer, Work


def test_each_segment_takes_its_headers_along() -> None:
    assert on_the_wire_bytes(1) == 1 + 90
    assert on_the_wire_bytes(1448) == 1448 + 90
    assert on_the_wire_bytes(1449) == 1449 + 2 * 90


def test_a_message_comes_over_the_wire_to_the_interrupt_and_leaves_in_its_sender_s_time(profile: Profile) -> None:
    hardware, packets = Hardware(profile, HardwarePart(), wired=True), packets_of(850, SEGMENT_BYTES, corked=True)
    wire, ring = list(hardware.lower(Deliver("nginx", packets)))
    assert isinstance(wire, Transfer) and wire.link == WIRE_IN and isinstance(ring, Work) and ring.thread == "softirq"
    ring, wire = list(hardware.lower(Transmit("vhost", packets)))
    assert isinstance(ring, Work) and (ring.thread, ring.layer) == ("vhost", "NIC")
    assert isinstance(wire, Transfer) and wire.link == WIRE_OUT and wire.size_bytes == on_the_wire_bytes(850)


def test_cores_wires_and_disk_are_as_the_part_says(profile: Profile) -> None:
    fittings = Hardware(profile, HardwarePart(cpus=3, nic=1_000_000_000, disk_depth=8), wired=True).fittings()
    assert [cpu.name for cpu in fittings.cpus] == ["cpu0", "cpu1", "cpu2"] and all(cpu.stall_interval_ns > 0 for cpu in fittings.cpus)
    assert {link.bits_per_s for link in fittings.links} == {1_000_000_000}
    assert fittings.disks[0].depth == 8
    assert Hardware(profile, HardwarePart(), wired=False).fittings().links == ()
