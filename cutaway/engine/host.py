"""The machine that a simulated Engine runs on, out of a scenario: the host, or the guest where Docker stands in a virtual machine."""

from __future__ import annotations

from cutaway.models.docker.processes.facts import Machine
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart, base_slice_ns
from cutaway.scenarios import Scenario

HOST_KERNEL = ("6.18.0", "#1 SMP PREEMPT_DYNAMIC")
"""Of the machine that the shipped costs were measured on."""
GUEST_KERNEL = ("6.1.0-26-cloud-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1")
"""Of Debian's image for clouds, which a guest runs."""
SYSTEM = "Debian GNU/Linux 12 (bookworm)"


def machine_of(scenario: Scenario, stack: str) -> Machine:
    """What Docker runs on in a stack of a scenario."""
    parts = scenario.stacks[stack].layers
    hardware = scenario.machine
    guest = any(isinstance(part, GuestLinuxPart) for part in parts)
    kvm = next((part for part in parts if isinstance(part, KvmPart)), None)
    release, version = GUEST_KERNEL if guest else HOST_KERNEL
    cpus, memory = (kvm.vcpus, kvm.memory) if kvm is not None else (hardware.cpus, hardware.memory)
    kernel = next((part for part in parts if isinstance(part, GuestLinuxPart if guest else LinuxPart)), LinuxPart())
    slice_ns = kernel.slice or base_slice_ns(cpus)
    return Machine("guest" if guest else "host", cpus, memory, release, version, SYSTEM, slice_ns=slice_ns, tick_ns=kernel.tick)


def stack_with_docker(scenario: Scenario) -> str | None:
    """The first stack in which there are containers."""
    return next((name for name, stack in scenario.stacks.items() if any(part.kind == "docker" for part in stack.layers)), None)
