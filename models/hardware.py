"""The hardware: cores, memory, network card and disk of one machine, and the wire to the next.

Serves: deliver and transmit (what comes to it has reached the wire). Hands down: nothing. Not modelled: caches and memory bandwidth,
clock frequency (costs are times on the profile's machine), several cards, interrupt moderation.
Read first: docs/models/hardware.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from cutaway.models.costs import Profile
from cutaway.models.layer import Fittings, Layer
from cutaway.models.operations import Deliver, Operation, Transmit
from cutaway.models.part import Part
from cutaway.models.placement import HOST
from cutaway.models.units import GIB, BitRate, ByteRate, Count, Size
from cutaway.sim.machine import Cpu, Disk, Link, Step, Transfer

ETHERNET_BYTES = 14 + 4 + 20 + 20 + 32
"""A segment's company on the wire: Ethernet header and check sum, preamble and gap, IP, TCP with time stamps."""
SEGMENT_BYTES = 1448
"""Data of a segment at an MTU of 1500, time stamps on (net/ipv4/tcp_output.c, tcp_current_mss)."""
WIRE_IN, WIRE_OUT = "wire to the server", "wire to the client"


class HardwarePart(Part):
    """A machine: its cores, memory, network card and disk."""

    kind: Literal["hardware"] = "hardware"
    cpus: int = Field(default=2, ge=1, le=4096, description="cores; one hardware thread each")
    memory: Size = 16 * GIB
    """Memory in all."""
    nic: BitRate = Field(default=10_000_000_000, ge=1_000_000, description="rate of the network card and of the wire")
    disk_depth: Count = 32
    """Accesses that the disk serves at once."""
    disk_rate: ByteRate = Field(default=2_000_000_000, ge=1_000_000, description="bytes a second that the disk moves")


class Hardware(Layer):
    """Packets become bits on the wire, and the other way round."""

    def __init__(self, profile: Profile, part: HardwarePart, wired: bool) -> None:
        super().__init__(profile)
        self.part = part
        self.wired = wired
        """Whether anybody is at the other end of the wire."""

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Deliver(packets=packets):
                yield Transfer("wire", "request on the wire", WIRE_IN, on_the_wire_bytes(packets.size_bytes))
                yield self.work("NIC", "take from the receive ring", HOST.softirq, ("NIC receive", packets.data + packets.acks))
            case Transmit(thread=thread, packets=packets):
                yield self.work("NIC", "put in the transmit ring", thread, ("NIC transmit", packets.data + packets.acks))
                yield Transfer("wire", "answer on the wire", WIRE_OUT, on_the_wire_bytes(packets.size_bytes))
            case _:
                yield operation

    def fittings(self) -> Fittings:
        numbers = tuple(range(self.part.cpus))
        between, lost = self.profile["time between stalls"], self.profile["stall"]
        cpus = tuple(Cpu(name, HOST.kernel, "", between.ns, lost.ns, lost.spread) for name in HOST.cpus(numbers))
        latency_ns = self.profile.ns("wire and card latency")
        wires = tuple(Link(name, self.part.nic, latency_ns) for name in (WIRE_IN, WIRE_OUT)) if self.wired else ()
        disk = Disk("disk", self.part.disk_depth, self.profile.ns("disk access"), self.part.disk_rate, self.profile["disk access"].spread)
        return Fittings(cpus=cpus, links=wires, disks=(disk,))


def on_the_wire_bytes(size_bytes: int) -> int:
    """A message with the headers of all its segments."""
    segments = max(1, -(-size_bytes // SEGMENT_BYTES))
    return size_bytes + segments * ETHERNET_BYTES
