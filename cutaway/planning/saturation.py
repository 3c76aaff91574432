"""Which resource is busiest: a CPU, a thread's own CPU time, a cgroup's quota, a wire, a disk; and which layer works on it.

A resource is busy for a share of the time that was counted. CPUs of a kernel count together, since threads go where there is room; a CPU
alone where it is clearly busier than all of them, as that of a thread which interrupts take time from. The threads of a guest's vCPUs are
busy with its exits, too. KVM's halt polling takes a core and serves nobody: it is left out, and as nobody knows which of the host's CPUs
polled, each counts as if all of it had been there. What the load generator uses is listed too: where it is full, the server is not what was
measured. Not known: locks and pools of places, whose time the engine does not count.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from cutaway.models.lowering import flat
from cutaway.models.placement import CLIENT, HOST
from cutaway.sim.machine import Machine, Work
from cutaway.sim.results import BESIDE_THE_SERVER, Result

POLLING = "halt polling"
CLEARLY = 1.1
"""A CPU so many times as busy as all CPUs of its kernel together stands alone."""


@dataclass(frozen=True, slots=True)
class Use:
    """How busy a resource was."""

    what: str
    share: float
    layer: str = ""
    """The layer that works on it most, by the plan of a request."""
    of_client: bool = False
    """Whether it belongs to the load generator."""
    threads: tuple[str, ...] = ()
    """Who works on it."""
    thread: str = ""
    """The thread that the resource is."""
    one_of: str = ""
    """Of a CPU among several: what all of them are called."""
    chiefly: str = ""
    """Of a CPU: the thread that may run on it and was busiest, if it can have made most of the work."""


def busiest(machine: Machine, results: Sequence[Result]) -> Use:
    """The resource with the highest mean share over the runs; of equal ones the first in the machine's order."""
    runs = [list(_uses(machine, result)) for result in results]
    means = [replace(same[0], share=sum(one.share for one in same) / len(same)) for same in zip(*runs, strict=True)]
    found: Use = max(_apart(means), key=lambda use: use.share)
    own = [use for use in means if found.one_of and use.thread in found.threads]
    chief = max(own, key=lambda use: use.share, default=None)
    if chief and 2 * chief.share > found.share:
        found = replace(found, chiefly=f"{chief.what} {chief.share:.0%}", threads=chief.threads)
    return found if found.layer else replace(found, layer=_layer_of(machine, found.threads))


def highest_use(machine: Machine, result: Result) -> float:
    """The share of the busiest resource of the server."""
    return max(use.share for use in _apart(list(_uses(machine, result))) if not use.of_client)


def _apart(found: Sequence[Use]) -> list[Use]:
    """Without the CPUs that are about as busy as all CPUs of their kernel together."""
    share_of = {use.what: use.share for use in found}
    return [use for use in found if not use.one_of or use.share > CLEARLY * share_of[use.one_of]]


def server_cpus(result: Result) -> float:
    """CPU time of the server's layers a second, in CPUs; without halt polling, which serves nobody."""
    return _cpus(result, [layer for layer in result.layers if layer not in (*BESIDE_THE_SERVER, POLLING)])


def polled_share(machine: Machine, result: Result) -> float:
    """The share of the host's CPU time in which KVM polls."""
    return _cpus(result, [POLLING]) / sum(cpu.kernel == HOST.kernel for cpu in machine.cpus)


def _cpus(result: Result, layers: Sequence[str]) -> float:
    return sum(int(ns) for layer, ns in zip(result.layers, result.layer_ns, strict=True) if layer in layers) / result.counted_ns


def _uses(machine: Machine, result: Result) -> Iterator[Use]:
    yield from _of_cpus(machine, result)
    yield from _of_vcpus(machine, result)
    yield from _of_threads(machine, result)
    time_ns = result.counted_ns
    for group in machine.groups:
        if group.quota_ns:
            threads = tuple(thread.name for thread in machine.threads if thread.group == group.name)
            share = result.groups[group.name]["ran_ns"] * group.period_ns / (group.quota_ns * time_ns)
            yield Use(f"quota of {group.name}", share, threads=threads)
    for link in machine.links:
        yield Use(link.name, result.devices[link.name]["busy_ns"] / time_ns, "wire")
    for disk in machine.disks:
        yield Use(disk.name, result.devices[disk.name]["busy_ns"] / (disk.depth * time_ns), "hardware")


def _of_cpus(machine: Machine, result: Result) -> Iterator[Use]:
    """The CPUs of each kernel together, and where there are several, each one."""
    on: dict[str, list[str]] = defaultdict(list)
    for thread in machine.threads:
        for name in thread.cpus:
            on[name].append(thread.name)
    every = tuple(thread.name for thread in machine.threads if thread.layer != "client")
    for kernel in machine.kernels:
        cpus = [cpu.name for cpu in machine.cpus if cpu.kernel == kernel.name]
        of_client = kernel.name.startswith(CLIENT.kernel)                                 # a copy's kernel is named after the first
        is_host, layer = kernel.name == HOST.kernel, "client" if of_client else ""
        # what a guest's threads do, its vCPUs' threads do on the host
        threads = every if is_host else tuple(name for cpu in cpus for name in on[cpu])
        together = f"CPU{'s' if len(cpus) > 1 else ''} of {kernel.name}"
        polled = _cpus(result, [POLLING]) if is_host else 0.0
        worked = sum(result.utilization(name) for name in cpus) - polled
        yield Use(together, worked / len(cpus), layer, of_client, threads)
        for name in cpus if len(cpus) > 1 else ():
            yield Use(f"CPU {name}", max(result.utilization(name) - polled, 0.0), layer, of_client, tuple(on[name]), one_of=together)


def _of_vcpus(machine: Machine, result: Result) -> Iterator[Use]:
    """The threads that a guest's CPUs are, on the host: the guest's work and its exits, without polling; of several guests not known."""
    guests = {cpu.kernel for cpu in machine.cpus if cpu.vcpu}
    vcpus = [cpu.vcpu for cpu in machine.cpus if cpu.vcpu]
    if len(guests) == 1:
        ran = sum(result.threads[name]["running_ns"] for name in vcpus) / result.counted_ns - _cpus(result, [POLLING])
        within = tuple(thread.name for thread in machine.threads if thread.layer != "client")
        what, thread = ("vCPU threads", "") if len(vcpus) > 1 else ("vCPU thread", vcpus[0])
        yield Use(what, ran / len(vcpus), threads=within, thread=thread)


def _of_threads(machine: Machine, result: Result) -> Iterator[Use]:
    """Event loops: one thread is on one CPU at a time, however many there are."""
    for thread in machine.threads:
        if thread.kind != "loop":
            continue
        of_client = thread.layer == "client"
        for name in [thread.name] if thread.count == 1 else [f"{thread.name}#{number}" for number in range(thread.count)]:
            share = result.threads[name]["running_ns"] / result.counted_ns
            yield Use(f"thread {name}", share, "client" if of_client else "", of_client, (thread.name,), thread=thread.name)


def _layer_of(machine: Machine, threads: Iterable[str]) -> str:
    """The layer that most of these threads' CPU time for a request is charged to; the client's own work left out."""
    of = set(threads)
    spent: Counter[str] = Counter()
    for plan in machine.plans:
        for step in flat(plan.steps):
            if isinstance(step, Work) and step.thread in of and step.layer != "client":
                spent[step.layer] += step.cost_ns
    return max(spent, key=lambda layer: spent[layer], default="")
