"""Several copies of a stack on one machine: each with its own threads, guest, cgroup and clients; the host is there once.

Serves: `copied`, from the machine of one stack to that of several, and `memory_of_copies`. What copies share is what a host has: its
kernel and CPUs, its interrupt threads, the wire, the disks, and who computes beside them. The first copy keeps its names and so its draws;
the others' differ in name and draw their own. Copies of a program that is pinned to a CPU are pinned to the same one.
Not modelled: copies that start one after the other, or that ask each other; what copies do to caches and memory bandwidth.
Read first: docs/models/copies.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from cutaway.models.memory import Resident, total_bytes
from cutaway.models.neighbours import LAYER as NEIGHBOURS
from cutaway.models.placement import HOST
from cutaway.sim.machine import Acquire, Detach, Fork, Machine, Plan, Release, Step, Thread, Work

COUNT = "count"
"""Not a key of a scenario: how many copies of the stack there are on its machine."""
MOST_COPIES = 512
"""Their books, a histogram for each one's clients, then take some hundred MB."""
_KINDS = ("kernels", "cpus", "threads", "plans", "clients", "groups", "links", "disks", "pools")


def copied(machine: Machine, count: int) -> Machine:
    """The machine with `count` copies of its stack and of the clients that ask it; one copy is the machine itself."""
    every = [machine, *(_Copy(machine, number).machine() for number in range(2, count + 1))]
    things: dict[str, Any] = {kind: _once_each(thing for one in every for thing in getattr(one, kind)) for kind in _KINDS}
    return replace(machine, **things)


def memory_of_copies(parts: Iterable[Resident], count: int, in_guests: bool) -> int:
    """Bytes that copies hold; what a host has once, each guest has for itself (`in_guests`: each copy is a virtual machine)."""
    held = tuple(parts)
    each = total_bytes(held, with_what_a_host_has_once=in_guests)
    return total_bytes(held) + (count - 1) * each


def _once_each(things: Iterable[Any]) -> tuple[Any, ...]:
    return tuple({thing.name: thing for thing in things}.values())


class _Copy:
    """One more copy: what is its own gets a name of its own."""

    def __init__(self, first: Machine, number: int) -> None:
        self.first = first
        self.number = number
        self.kernels = {kernel.name for kernel in first.kernels if kernel.name != HOST.kernel}
        self.cpus = {cpu.name for cpu in first.cpus if cpu.kernel in self.kernels}
        self.threads = {thread.name for thread in first.threads if not self._is_the_host_s(thread)}
        of_threads = {thread.group for thread in first.threads if thread.name in self.threads}
        self.groups = {group.name for group in first.groups if group.name in of_threads or group.kernel in self.kernels}
        self.pools = {pool.name for pool in first.pools}

    def _is_the_host_s(self, thread: Thread) -> bool:
        return thread.cpus[0] not in self.cpus and (thread.kind == "interrupt" or thread.layer == NEIGHBOURS)

    def machine(self) -> Machine:
        first = self.first
        cpus = [replace(one, kernel=self._of(one.kernel, self.kernels), vcpu=self._of(one.vcpu, self.threads)) for one in first.cpus]
        groups = [replace(one, kernel=self._of(one.kernel, self.kernels), parent=self._of(one.parent, self.groups)) for one in first.groups]
        return replace(
            first,
            kernels=tuple(replace(one, name=self._of(one.name, self.kernels)) for one in first.kernels),
            cpus=tuple(replace(one, name=self._of(one.name, self.cpus)) for one in cpus),
            threads=tuple(map(self._thread, first.threads)),
            plans=tuple(Plan(self._named(one.name), self._steps(one.steps)) for one in first.plans),
            clients=tuple(self._client(one) for one in first.clients),
            groups=tuple(replace(one, name=self._of(one.name, self.groups)) for one in groups),
            pools=tuple(replace(one, name=self._named(one.name)) for one in first.pools),
        )

    def _named(self, name: str) -> str:
        return f"{name}, copy {self.number}"

    def _of(self, name: str, own: set[str]) -> str:
        return self._named(name) if name in own else name

    def _thread(self, one: Thread) -> Thread:
        cpus = tuple(self._of(cpu, self.cpus) for cpu in one.cpus)
        return replace(one, name=self._of(one.name, self.threads), cpus=cpus, group=self._of(one.group, self.groups))

    def _client(self, one: Any) -> Any:
        named = replace(one, name=self._named(one.name), plan=self._named(one.plan))
        return replace(named, thread=self._of(named.thread, self.threads)) if getattr(named, "thread", "") else named

    def _steps(self, steps: tuple[Step, ...]) -> tuple[Step, ...]:
        return tuple(map(self._step, steps))

    def _step(self, step: Step) -> Step:
        match step:
            case Work(thread=thread, only_if_asleep=asleep):
                return replace(step, thread=self._of(thread, self.threads), only_if_asleep=self._of(asleep, self.threads))
            case Acquire(pool=pool) | Release(pool=pool):
                return replace(step, pool=self._of(pool, self.pools))
            case Detach(steps=inner):
                return Detach(self._steps(inner))
            case Fork(branches=branches):
                return Fork(tuple(map(self._steps, branches)))
            case _:
                return step
