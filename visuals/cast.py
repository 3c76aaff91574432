"""Who is who in a trace's tables: the host's CPUs, the virtual ones, the server's threads, the cgroups and their members."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway.sim.trace import RUNNING, Trace

CLIENT_LAYERS = ("client", "wire")


@dataclass(frozen=True)
class Cast:
    """Indices into the trace's `cpus` and `threads`."""

    cpu_names: tuple[str, ...]
    thread_names: tuple[str, ...]
    thread_roles: tuple[str, ...]
    host_cpus: tuple[int, ...]
    vcpus: tuple[int, ...]
    vcpu_threads: dict[int, int]
    """Of each virtual CPU, the host's thread that it is."""
    vcpu_of: dict[int, int]
    """The other way round."""
    host_threads: frozenset[int]
    """Threads that the host's kernel schedules, vCPUs among them."""
    groups: dict[str, tuple[int, ...]]
    quotas: dict[str, tuple[int, int]]
    """Of each group with a quota: quota_ns and period_ns."""

    layers_of: dict[int, frozenset[str]]
    """Of each thread, the layers that it has worked for."""

    def servers(self, layers: tuple[str, ...]) -> list[int]:
        """The threads of the server program: all in the roles of those that did its layers' work."""
        roles = {self.thread_roles[thread] for thread, done in self.layers_of.items() if done & set(layers)}
        return [thread for thread, role in enumerate(self.thread_roles) if role in roles]


def _places(names: list[str]) -> dict[object, int]:
    """The index of each name; a trace may also refer by number."""
    return {number: number for number in range(len(names))} | {name: number for number, name in reversed(list(enumerate(names)))}


def _kernels_of_the_host(trace: Trace, cpus: list[dict[str, Any]], places: dict[object, int]) -> set[str]:
    """Kernels of real CPUs on which more happens than the client's own work."""
    layers = [str(name) for name in trace.meta["layers"]]
    running = trace.spans[(trace.spans["kind"] == RUNNING) & (trace.spans["cpu"] >= 0)]
    clients = [layers.index(name) for name in CLIENT_LAYERS if name in layers]
    serving = np.unique(running["cpu"][~np.isin(running["layer"], clients)])
    vcpu_owners = {thread["name"]: thread for thread in trace.meta["threads"] if thread["kind"] == "vcpu"}
    kernels = {cpus[cpu]["kernel"] for cpu in serving.tolist() if not cpus[cpu].get("vcpu")}
    for owner in vcpu_owners.values():
        first = places.get((owner["cpus"] or [None])[0])
        kernels |= {cpus[first]["kernel"]} if first is not None else set()
    return kernels or {cpu["kernel"] for cpu in cpus if not cpu.get("vcpu")}


def _cpu_labels(names: list[str], host: tuple[int, ...], virtual: tuple[int, ...]) -> tuple[str, ...]:
    """CPU 0, vCPU 0: counted in each kernel."""
    labels = dict(enumerate(names)) | {cpu: f"CPU {number}" for number, cpu in enumerate(host)}
    labels |= {cpu: f"vCPU {number}" for number, cpu in enumerate(virtual)}
    return tuple(labels[cpu] for cpu in range(len(names)))


def _role_labels(threads: list[dict[str, Any]], roles: list[str], owners: dict[int, int]) -> tuple[str, ...]:
    """What a thread is called where there is little room: its role, a vCPU by its number, a CPU's tick by that word."""
    labels = [role if entry.get("role") else role.split()[-1] for entry, role in zip(threads, roles, strict=True)]
    for number, thread in enumerate(owners.values()):
        labels[thread] = f"vCPU {number}"
    return tuple(labels)


def _layers_of_threads(trace: Trace) -> dict[int, frozenset[str]]:
    names = [str(name) for name in trace.meta["layers"]]
    at_work = trace.spans[(trace.spans["kind"] == RUNNING) & (trace.spans["thread"] >= 0)]
    pairs = np.unique(at_work["thread"].astype(np.int64) * len(names) + at_work["layer"])
    found: dict[int, set[str]] = {}
    for pair in pairs.tolist():
        found.setdefault(pair // len(names), set()).add(names[pair % len(names)])
    return {thread: frozenset(layers) for thread, layers in found.items()}


def cast_of(trace: Trace) -> Cast:
    """Reads the vocabulary of a trace."""
    cpus, threads = list(trace.meta["cpus"]), list(trace.meta["threads"])
    cpu_names, thread_names = [str(cpu["name"]) for cpu in cpus], [str(thread["name"]) for thread in threads]
    roles = [str(thread.get("role") or thread["name"]) for thread in threads]
    place_of_cpu, place_of_thread = _places(cpu_names), _places(thread_names)
    kernels = _kernels_of_the_host(trace, cpus, place_of_cpu)
    owners: dict[int, int] = {}
    for number, cpu in enumerate(cpus):
        owner = cpu.get("vcpu")
        if owner not in (None, "", -1):
            found = place_of_thread.get(owner)
            owners[number] = found if found is not None else roles.index(str(owner))
    host = tuple(number for number, cpu in enumerate(cpus) if number not in owners and cpu["kernel"] in kernels)
    of_the_host = {*host, *(cpu_names[place] for place in host)}
    on_host = frozenset(number for number, thread in enumerate(threads) if not of_the_host.isdisjoint(thread["cpus"]))
    named = {str(group["name"]): group for group in trace.meta.get("groups", ())}
    members = {
        name: tuple(number for number, thread in enumerate(threads) if thread.get("group") in (name, list(named).index(name)))
        for name in named
    }
    quotas = {name: (int(group["quota_ns"]), int(group["period_ns"])) for name, group in named.items() if group.get("quota_ns")}
    return Cast(
        _cpu_labels(cpu_names, host, tuple(owners)),
        tuple(thread_names),
        _role_labels(threads, roles, owners),
        host,
        tuple(owners),
        owners,
        {thread: cpu for cpu, thread in owners.items()},
        on_host,
        members,
        quotas,
        _layers_of_threads(trace),
    )
