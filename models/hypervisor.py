"""The hypervisor: turns what a guest does to its virtual hardware into exits of its vCPUs and work of threads on the host.

Serves: the host's side of deliver and transmit, and the halt of an idle vCPU. Hands down: deliver, transmit, with bridge and tap.
A doorbell rings only if the thread behind it sleeps, and an interrupt is sent only if the guest's driver sleeps (event index of virtio).
Not modelled: live migration, emulated timers beyond the tick, several queues, AVX state, SMM.
Read first: docs/models/hypervisor.md; drivers/vhost/net.c and virt/kvm/kvm_main.c of Linux.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from cutaway.models.costs import Profile
from cutaway.models.layer import Fittings, Layer, kib
from cutaway.models.operations import Deliver, Operation, Transmit
from cutaway.models.part import Part
from cutaway.models.placement import GUEST, HOST, CpuNumbers
from cutaway.models.units import MIB, MS, US, Duration, Size
from cutaway.sim.machine import Cpu, Step, Thread

VHOST_PACKETS = 256
"""Packets that the worker takes before it looks at other rings (drivers/vhost/net.c, VHOST_NET_PKT_WEIGHT)."""


class KvmPart(Part):
    """A virtual machine run by KVM."""

    kind: Literal["kvm"] = "kvm"
    vcpus: int = Field(default=1, ge=1, le=1024, description="virtual CPUs; each is a thread of the host")
    memory: Size = Field(default=512 * MIB, ge=16 * MIB, description="memory that the guest sees")
    network: Literal["vhost", "qemu"] = "vhost"
    """Who moves the packets: a worker of the host's kernel, or QEMU in user space."""
    halt_polling: Duration = Field(default=200 * US, le=10 * MS, description="how long a halted vCPU is polled before its thread sleeps")
    posted_interrupts: bool = True
    """Whether a running guest takes interrupts without an exit (APICv, AVIC)."""
    cpus: CpuNumbers = ()
    """The host's CPUs that the vCPUs may run on; empty for all that are free."""
    io_cpus: CpuNumbers = ()
    """The host's CPUs that the packet-moving thread may run on; empty for all that are free."""


class Kvm(Layer):
    """KVM and the thread that moves the packets."""

    def __init__(self, profile: Profile, part: KvmPart, free_cpus: tuple[int, ...]) -> None:
        super().__init__(profile)
        self.part = part
        self.free_cpus = free_cpus
        self.mover = "vhost" if part.network == "vhost" else "QEMU"
        self.layer = "vhost" if part.network == "vhost" else "hypervisor"

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Deliver(packets=packets):
                yield replace(operation, thread=self.mover)                               # the host's bridge and tap bring them
                yield self._move("from tap to guest", packets.data + packets.acks, packets.size_bytes)
                yield self.work("hypervisor", "signal the interrupt", self.mover, "interrupt signal", only_if_asleep=GUEST.softirq)
                if not self.part.posted_interrupts:
                    yield self.work("hypervisor", "exit to take the interrupt", GUEST.softirq, "exit handled in KVM")
            case Transmit(thread=thread, packets=packets):
                yield self.work("hypervisor", "doorbell exit", thread, "doorbell exit", only_if_asleep=self.mover)
                yield self._move("from guest to tap", packets.data + packets.acks, packets.size_bytes)
                yield replace(operation, thread=self.mover)                               # and the host's bridge and card send them
            case _:
                yield operation

    def _move(self, what: str, packets: int, size_bytes: int) -> Step:
        cost = "vhost packet" if self.part.network == "vhost" else "QEMU packet"
        return self.work(self.layer, f"copy {what}", self.mover, (cost, packets), ("copy per KiB", kib(size_bytes)))

    def fittings(self) -> Fittings:
        numbers = tuple(range(self.part.vcpus))
        on, io_on = HOST.cpus(self.part.cpus or self.free_cpus), HOST.cpus(self.part.io_cpus or self.free_cpus)
        vcpus = tuple(
            Thread(
                name=f"vcpu{number}",
                cpus=on,
                kind="vcpu",
                layer="hypervisor",
                spin_layer="halt polling",
                spin_ns=self.part.halt_polling,
                halt_ns=self.ns("halt exit"),
                resume_ns=self.ns("resume with an interrupt"),
            )
            for number in numbers
        )
        mover = Thread(
            name=self.mover,
            cpus=io_on,
            layer=self.layer,
            poll_ns=self.ns("vhost round" if self.part.network == "vhost" else "event loop round"),
            batch=VHOST_PACKETS,
            sleep_ns=self.ns("context switch"),
        )
        cpus = tuple(Cpu(name, GUEST.kernel, vcpu.name) for name, vcpu in zip(GUEST.cpus(numbers), vcpus, strict=True))
        return Fittings(cpus=cpus, threads=(*vcpus, mover))
