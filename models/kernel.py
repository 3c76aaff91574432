"""The kernel: system calls, and the scheduler's constants. A container's kernel is the host's; a guest has one of its own.

Serves: system call, compute. Hands down: the rest. Not modelled: NUMA, real-time classes, core scheduling, memory reclaim.
Read first: docs/models/kernel.md, and kernel/sched/fair.c of Linux for the slice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from cutaway.models.costs import Profile
from cutaway.models.layer import Fittings, Layer, Use
from cutaway.models.operations import Compute, Operation, SystemCall
from cutaway.models.part import Part
from cutaway.models.placement import GUEST, CpuNumbers, Site
from cutaway.models.units import MS, US, Duration
from cutaway.sim.machine import Kernel, Step, Thread

BASE_SLICE_NS = 700 * US
"""sysctl_sched_base_slice of kernel/sched/fair.c, before it is scaled by the number of CPUs."""
LONGEST_SLICE_NS = 100 * MS
"""The longest slice that a thread may ask for (kernel/sched/fair.c, __setparam_fair)."""
SCALED_CPUS_MAX = 8
"""get_update_sysctl_factor() of kernel/sched/fair.c counts no more CPUs than these."""
NAPI_BUDGET = 64
"""Packets that a device may hand up in one poll (include/linux/netdevice.h, NAPI_POLL_WEIGHT)."""


class LinuxPart(Part):
    """The host's operating system."""

    kind: Literal["linux"] = "linux"
    tick: Duration = Field(default=4 * MS, ge=1 * MS, le=10 * MS, description="time between two ticks; 4 ms is CONFIG_HZ=250")
    slice: Duration = Field(
        default=0, le=LONGEST_SLICE_NS, description="EEVDF's base slice; 0 for Linux's own, 0.7 ms times 1 + log2 of the CPUs"
    )
    interrupt_cpus: CpuNumbers = ()
    """CPUs that take the network card's interrupts; empty for those that the server program runs on."""


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
        """The scheduler, with the prices of its wake-ups."""
        kernel = Kernel(
            name=self.site.kernel,
            layer=self.site.layer,
            slice_ns=self.part.slice or base_slice_ns(self.cpus),
            tick_ns=self.part.tick,
            tick_cost_ns=self.ns("tick"),
            switch_ns=self.ns("context switch"),
        )
        return self._on_virtual_cpus(kernel) if self.virtual else self._on_cores(kernel)

    def _on_virtual_cpus(self, kernel: Kernel) -> Kernel:
        """An idle vCPU is asleep in the host: waking it is an exit here, and the way back is the hypervisor's business."""
        exit_ns = self.profile["exit handled in KVM"].ns
        return replace(kernel, waker_ns=exit_ns, kick_ns=exit_ns, tick_exit_ns=self.ns("timer exit"))

    def _on_cores(self, kernel: Kernel) -> Kernel:
        latency, back = self.profile["wake-up latency"], self.profile["turning back from idle"]
        return replace(
            kernel,
            waker_ns=self.ns("waking an idle CPU, waker"),
            wake_latency_ns=latency.ns,
            wake_latency_spread=latency.spread,
            wakee_ns=self.ns("waking an idle CPU, woken thread"),
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
