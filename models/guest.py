"""The guest's operating system: a second kernel, with devices that are made of memory shared with the host.

Serves: its side of the virtio network card. Hands down: deliver, transmit. Its system calls, scheduler, network and files are those of
models/kernel.py, network.py and storage.py with the guest's name and the price of nested paging.
Not modelled: ballooning, paravirtual spin locks, more than one queue of a card.
Read first: docs/models/guest.md, and drivers/net/virtio_net.c of Linux.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from cutaway.models.layer import Layer
from cutaway.models.operations import Deliver, Operation, Transmit
from cutaway.models.part import Part
from cutaway.models.placement import GUEST
from cutaway.models.units import MS, Duration
from cutaway.sim.machine import Step

NESTED_PAGING = "nested paging"
"""The factor on CPU time of a guest that touches memory."""


class GuestLinuxPart(Part):
    """The operating system in a virtual machine."""

    kind: Literal["guest linux"] = "guest linux"
    tick: Duration = Field(default=4 * MS, ge=1 * MS, le=10 * MS, description="time between two ticks of the guest")
    slice: Duration = Field(default=0, le=100 * MS, description="EEVDF's base slice in the guest; 0 for Linux's own")


class VirtioNet(Layer):
    """The guest's driver of its network card: takes and gives buffers through a ring in shared memory."""

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Deliver(packets=packets):
                yield operation
                yield self.work(GUEST.layer, "virtio: take from the ring", GUEST.softirq, ("virtio receive", packets.data + packets.acks))
            case Transmit(thread=thread, packets=packets):
                yield self.work(GUEST.layer, "virtio: put in the ring", thread, ("virtio transmit", packets.data + packets.acks))
                yield operation
            case _:
                yield operation
