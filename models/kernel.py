"""The kernel: system calls, and the scheduler's constants. A container's kernel is the host's; a guest has one of its own.

Serves: system call, compute. Hands down: the rest. Not modelled: NUMA, real-time classes, core scheduling, memory reclaim.
Read first: docs/models/kernel.md, and kernel/sched/fair.c of Linux for the slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from cutaway.models.costs import Profile
from cutaway.models.layer import Fittings, Layer, Use
from cutaway.models.operations import Compute, Operation, SystemCall
from cutaway.models.part import Part
from cutaway.models.placement import GUEST, CpuNumbers, Site
from cutaway.models.units import MS, US, Duration
from cutaway.sim.machine import FIXED, Kernel, Spread, Step, Thread

BASE_SLICE_NS = 700 * US
"""sysctl_sched_base_slice of kernel/sched/fair.c, before it is scaled by the number of CPUs."""
SCALED_CPUS_MAX = 8
"""get_update_sysctl_factor() of kernel/sched/fair.c counts no more CPUs than these."""
NAPI_BUDGET = 64
"""Packets that a device may hand up in one poll (include/linux/netdevice.h, NAPI_POLL_WEIGHT)."""


class LinuxPart(Part):
    """The host's operating system."""

    kind: Literal["linux"] = "linux"
    tick: Duration = Field(default=4 * MS, ge=1 * MS, le=10 * MS, description="time between two ticks; 4 ms is CONFIG_HZ=250")
    slice: Duration = Field(default=0, description="EEVDF's base slice; 0 for Linux's own, 0.7 ms times 1 + log2 of the CPUs")
    interrupt_cpus: CpuNumbers = ()
    """CPUs that take the network card's interrupts; empty for those that the server program runs on."""


@dataclass(frozen=True, slots=True)
class WakeUp:
    """Of a thread whose CPU is idle: for the waker, in time, for the woken; and for the waker when the CPU is busy."""

    waker_ns: int
    latency_ns: int
    latency_spread: Spread
    wakee_ns: int
    kick_ns: int
    kick_latency_ns: int = 0
    kicked_ns: int = 0
    going_idle_ns: int = 0
    turn_back_ns: int = 0
    turn_back_spread: Spread = FIXED
    nudge_ns: int = 0


class LinuxKernel(Layer):
    """Entries into one kernel, and how it shares its CPUs out."""

    def __init__(
        self, profile: Profile, site: Site, part: LinuxPart, cpus: int, interrupt_cpus: tuple[int, ...], slower_by: str = ""
    ) -> None:
        """`interrupt_cpus` take the interrupts of the kernel's network card; none when nothing comes by one."""
        super().__init__(profile, slower_by)
        self.site = site
        self.part = part
        self.cpus = cpus
        self.interrupt_cpus = interrupt_cpus
        self.virtual = site is GUEST

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case SystemCall(thread=thread, what=what, calls=calls, cost=cost):
                uses: list[Use] = [("null system call", calls)]
                yield self.work(self.site.layer, what, thread, *uses, *([cost] if cost else []))
            case Compute(thread=thread, layer=layer, what=what, cost=cost):
                yield self.work(layer, what, thread, cost)
            case _:
                yield operation

    def kernel(self) -> Kernel:
        wake_up = self.wake_up()
        return Kernel(
            name=self.site.kernel,
            layer=self.site.layer,
            slice_ns=self.part.slice or base_slice_ns(self.cpus),
            tick_ns=self.part.tick,
            tick_cost_ns=self.ns("tick") + (self.profile["timer exit"].ns if self.virtual else 0),
            switch_ns=self.ns("context switch"),
            waker_ns=wake_up.waker_ns,
            wake_latency_ns=wake_up.latency_ns,
            wake_latency_spread=wake_up.latency_spread,
            wakee_ns=wake_up.wakee_ns,
            kick_ns=wake_up.kick_ns,
            kick_latency_ns=wake_up.kick_latency_ns,
            kicked_ns=wake_up.kicked_ns,
            going_idle_ns=wake_up.going_idle_ns,
            turn_back_ns=wake_up.turn_back_ns,
            turn_back_spread=wake_up.turn_back_spread,
            nudge_ns=wake_up.nudge_ns,
        )

    def wake_up(self) -> WakeUp:
        """What waking a thread of an idle CPU costs. An idle vCPU is asleep in the host: its way back is the hypervisor's business."""
        if self.virtual:
            exit_ns = self.profile["exit handled in KVM"].ns
            return WakeUp(exit_ns, 0, FIXED, 0, exit_ns)
        latency = self.profile["wake-up latency"]
        waker, wakee = self.ns("waking an idle CPU, waker"), self.ns("waking an idle CPU, woken thread")
        back = self.profile["turning back from idle"]
        return WakeUp(
            waker_ns=waker,
            latency_ns=latency.ns,
            latency_spread=latency.spread,
            wakee_ns=wakee,
            kick_ns=self.ns("waking a thread of a busy CPU"),
            kick_latency_ns=self.ns("busy CPU notices"),
            kicked_ns=self.ns("waking a thread of a busy CPU, woken thread"),
            going_idle_ns=self.ns("going idle"),
            turn_back_ns=back.ns,
            turn_back_spread=back.spread,
            nudge_ns=self.ns("waking a CPU that goes idle"),
        )

    def fittings(self) -> Fittings:
        if not self.interrupt_cpus:
            return Fittings(kernels=(self.kernel(),))
        softirq = Thread(
            name=self.site.softirq,
            cpus=self.site.cpus(self.interrupt_cpus),
            kind="interrupt",
            count=len(self.interrupt_cpus),
            layer=self.site.layer,
            poll_ns=self.ns("interrupt"),
            batch=NAPI_BUDGET,
        )
        return Fittings(kernels=(self.kernel(),), threads=(softirq,))


def base_slice_ns(cpus: int) -> int:
    """The slice that EEVDF gives while threads compete, by the number of CPUs."""
    return BASE_SLICE_NS * min(cpus, SCALED_CPUS_MAX).bit_length()
