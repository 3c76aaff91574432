"""Composes layers to a stack, lowers what is asked of its top to a plan, and furnishes the machine that walks it.

Serves: `build`, from the parts of a scenario to a `Machine`; `lower`, from operations to steps; the kinds of parts there are.
An operation that no layer serves is found here, before anything runs. Read first: models/layer.py, then docs/models/stack.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import chain
from typing import Annotated, TypeVar, Union

from pydantic import Field

from cutaway.models import clients, container, guest, hardware, hypervisor, kernel, memory, neighbours, network, startup, storage
from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.docker import run as docker
from cutaway.models.guest import GuestLinuxPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.kernel import LinuxPart
from cutaway.models.layer import ORDER, Fittings, Layer
from cutaway.models.neighbours import HogPart
from cutaway.models.operations import Accept, Afterwards, Ask, Hop, Operation, Serve
from cutaway.models.part import Part
from cutaway.models.placement import CLIENT, GUEST, HOST
from cutaway.models.servers import nginx
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.units import SIZE
from cutaway.sim.clock import Clock, Process
from cutaway.sim.machine import Detach, Fork, Machine, Plan, Step, Work

LAYER_KINDS: tuple[type[Part], ...] = (HardwarePart, LinuxPart, KvmPart, GuestLinuxPart, DockerPart, NginxPart)
"""The parts that stacks are made of, bottom to top."""

StackPart = Annotated[
    Union[HardwarePart, LinuxPart, KvmPart, GuestLinuxPart, DockerPart, NginxPart],  # noqa: UP007
    Field(discriminator="kind"),
]
"""One layer of a stack, by its `kind`."""
LoadPart = Annotated[Union[ClosedLoopPart, OpenLoopPart], Field(discriminator="kind")]  # noqa: UP007
"""The load, by its `kind`."""

P = TypeVar("P", bound=Part)


class StackError(Exception):
    """A stack that cannot stand: what is wrong, and what would do."""


class NotServed(StackError):  # noqa: N818
    """An operation that reached the bottom of the stack."""

    def __init__(self, operation: Operation, stack: Iterable[Layer]) -> None:
        layers = ", ".join(type(layer).__name__ for layer in stack)
        super().__init__(f"{type(operation).__name__} of thread '{operation.thread}' is served by no layer of {layers}")
        self.operation = operation


def lower(operations: Iterable[Operation], stack: Sequence[Layer]) -> tuple[Step, ...]:
    """What the operations come to on this stack, which is given top to bottom."""
    work: list[Step | Operation] = list(operations)
    for layer in stack:
        work = [part for item in work for part in (layer.lower(item) if isinstance(item, Operation) else [item])]
    steps: list[Step] = []
    for item in work:
        if isinstance(item, Afterwards):
            steps.insert(_after_its_thread(steps, item.thread), Detach(lower(item.operations, stack)))
        elif isinstance(item, Operation):
            raise NotServed(item, stack)
        else:
            steps.append(item)
    return tuple(steps)


def _after_its_thread(steps: Sequence[Step], thread: str) -> int:
    """Where the thread's last work ends: it goes on at once, and does not wait until the answer has crossed the wire."""
    return max((place + 1 for place, step in enumerate(steps) if isinstance(step, Work) and step.thread == thread), default=len(steps))


def build(
    name: str, stack: Sequence[Part], load: ClosedLoopPart | OpenLoopPart, profile: Profile, beside: Sequence[HogPart] = ()
) -> Machine:
    """The machine of one scenario: its stack (bottom to top), the load on it, and what computes beside it."""
    parts = Parts.of(stack)
    plan = Blueprint(parts, load, profile)
    return plan.machine(name, beside)


@dataclass(frozen=True)
class Parts:
    """The parts of a stack, each in its place."""

    hardware: HardwarePart
    linux: LinuxPart
    kvm: KvmPart | None
    guest: GuestLinuxPart | None
    docker: DockerPart | None
    nginx: NginxPart

    @classmethod
    def of(cls, stack: Sequence[Part]) -> Parts:
        """In the one order in which they can stand."""
        kinds = [type(part) for part in stack]
        for kind in kinds:
            if kind not in LAYER_KINDS:
                raise StackError(f"'{_kind(kind)}' is no layer of a stack; expected one of {', '.join(map(_kind, LAYER_KINDS))}.")
            if kinds.count(kind) > 1:
                raise StackError(f"'{_kind(kind)}' stands in the stack {kinds.count(kind)} times; expected once.")
        if [LAYER_KINDS.index(kind) for kind in kinds] != sorted(LAYER_KINDS.index(kind) for kind in kinds):
            order = [_kind(kind) for kind in LAYER_KINDS if kind in kinds]
            raise StackError(f"the stack is written bottom to top: expected {', '.join(order)}.")
        if missing := [kind for kind in (HardwarePart, LinuxPart, NginxPart) if kind not in kinds]:
            raise StackError(f"the stack has no '{_kind(missing[0])}'.")
        if (KvmPart in kinds) != (GuestLinuxPart in kinds):
            raise StackError("'kvm' and 'guest linux' go together: a virtual machine has an operating system of its own.")

        def only(kind: type[P]) -> P | None:
            return next((part for part in stack if isinstance(part, kind)), None)

        def the(kind: type[P]) -> P:
            found = only(kind)
            assert found is not None
            return found

        return cls(the(HardwarePart), the(LinuxPart), only(KvmPart), only(GuestLinuxPart), only(DockerPart), the(NginxPart))


class Blueprint:
    """Who stands where: the layers of server and client, and the threads and ways between them."""

    def __init__(self, parts: Parts, load: ClosedLoopPart | OpenLoopPart, profile: Profile) -> None:
        self.parts = parts
        self.load = load
        self.profile = profile
        self.local = load.where != "another machine"
        self.free = self._free_cpus()
        self.site = GUEST if parts.kvm else HOST
        self.slower_by = guest.NESTED_PAGING if parts.kvm else ""
        self._check()
        self.server = self._server_layers()
        self.client = self._client_layers()

    def _free_cpus(self) -> tuple[int, ...]:
        """The host's CPUs, without those of a client on the same machine where that leaves any."""
        every = tuple(range(self.parts.hardware.cpus))
        others = tuple(number for number in every if number not in self.load.cpus) if self.local else every
        return others or every

    def _check(self) -> None:
        parts, every = self.parts, self.parts.hardware.cpus
        pinned = {"linux.interrupt cpus": (parts.linux.interrupt_cpus, every)}
        pinned["nginx.cpus"] = (parts.nginx.cpus, parts.kvm.vcpus if parts.kvm else every)
        if self.local:
            pinned["clients.cpus"] = (self.load.cpus, every)
        if parts.kvm:
            pinned |= {"kvm.cpus": (parts.kvm.cpus, every), "kvm.io cpus": (parts.kvm.io_cpus, every)}
        for key, (numbers, there_are) in pinned.items():
            if beyond := [number for number in numbers if number >= there_are]:
                raise StackError(f"{key} names CPU {beyond[0]}; there are {there_are}, numbered from 0.")
        if not self.load.cpus:
            raise StackError("clients.cpus is empty; a client runs on at least one CPU.")
        docker = parts.docker
        if docker and docker.network == "bridge" and docker.publish != "nat" and (not self.local or parts.kvm):
            why = {"proxy": "docker-proxy serves clients of its own machine", "none": "nobody outside reaches a port that is not published"}
            raise StackError(f"{why[docker.publish]}: docker.publish is '{docker.publish}', expected 'nat'.")
        if parts.kvm and parts.kvm.memory > parts.hardware.memory:
            there_is = SIZE.text(parts.hardware.memory)
            raise StackError(f"kvm.memory is {SIZE.text(parts.kvm.memory)}, more than hardware.memory; expected at most {there_is}.")

    # --- layers, top to bottom ---

    def _server_layers(self) -> list[Layer]:
        parts, profile, site = self.parts, self.profile, self.site
        group = "container" if parts.docker else ""
        peer = clients.PROGRAM if self.local else ""
        own = site.cpus(parts.nginx.cpus or (tuple(range(parts.kvm.vcpus)) if parts.kvm else self.free))
        layers: list[Layer] = [nginx.Nginx(profile, parts.nginx, own, group, self.slower_by)]
        if parts.docker:
            outer: tuple[Hop, ...] = ("veth",) if self.load.where == "veth" else ("loopback",)
            layers.append(container.Container(profile, parts.docker, site, self._container_hops(), self.slower_by, outer))
        if parts.kvm and parts.guest:
            every = tuple(range(parts.kvm.vcpus))
            linux = LinuxPart(tick=parts.guest.tick, slice=parts.guest.slice)
            layers += [
                network.Network(profile, GUEST, slower_by=self.slower_by),
                storage.Storage(profile, GUEST, self.slower_by),
                kernel.LinuxKernel(profile, GUEST, linux, parts.kvm.vcpus, every, self.slower_by),
                guest.VirtioNet(profile, self.slower_by),
                hypervisor.Kvm(profile, parts.kvm, self.free),
            ]
        interrupt_cpus = () if self.local else parts.linux.interrupt_cpus or (parts.nginx.cpus if not parts.kvm else ()) or self.free
        return [
            *layers,
            network.Network(profile, HOST, self._host_path(), peer),
            storage.Storage(profile, HOST),
            kernel.LinuxKernel(profile, HOST, parts.linux, parts.hardware.cpus, interrupt_cpus),
            hardware.Hardware(profile, parts.hardware, wired=not self.local),
        ]

    def _client_layers(self) -> list[Layer]:
        load, profile = self.load, self.profile
        program = clients.Client(profile, load, self._answerer() if self.local else "")
        if self.local:
            return [
                program,
                network.Network(profile, HOST, peer=self._answerer(), over_loopback=self._over_loopback()),
                kernel.LinuxKernel(profile, HOST, self.parts.linux, self.parts.hardware.cpus, ()),
            ]
        cpus = max(load.cpus) + 1
        return [
            program,
            network.Network(profile, CLIENT),
            kernel.LinuxKernel(profile, CLIENT, LinuxPart(), cpus, load.cpus),
            clients.ClientMachine(profile, load),
        ]

    # --- ways ---

    def _bridged(self) -> DockerPart | None:
        part = self.parts.docker
        return part if part and part.network == "bridge" else None

    def _over_loopback(self) -> bool:
        """Whether the client's packets go over loopback all the way to the process that answers it."""
        docker = self._bridged()
        return self.load.where == "loopback" and not self.parts.kvm and (docker is None or docker.publish == "proxy")

    def _host_path(self) -> tuple[Hop, ...]:
        """What packets cross in the host's kernel, a container's own way apart."""
        client_side: tuple[Hop, ...] = ("veth",) if self.load.where == "veth" else ()
        if self.parts.kvm:
            return (*client_side, "bridge", "tap")
        if self._bridged():
            return ()
        return ("loopback",) if self.load.where == "loopback" else client_side

    def _container_hops(self) -> tuple[Hop, ...]:
        """From where packets come in to the container's socket."""
        docker = self._bridged()
        if not docker:
            return ()
        inside: tuple[Hop, ...] = ("bridge", "veth")
        if self.parts.kvm or self.load.where == "another machine":
            return ("DNAT in PREROUTING", *inside)
        if self.load.where == "veth":
            # docker-proxy has crossed the client's pair already, at its outer socket
            way: dict[str, tuple[Hop, ...]] = {"nat": ("veth", "DNAT in PREROUTING", *inside), "none": ("veth", *inside), "proxy": inside}
            return way[docker.publish]
        return ("DNAT in OUTPUT", *inside) if docker.publish == "nat" else inside

    def _answerer(self) -> str:
        """The thread in whose context the answer reaches a client of this machine."""
        docker = self._bridged()
        if self.parts.kvm:
            return "vhost" if self.parts.kvm.network == "vhost" else "QEMU"
        return container.PROXY if docker and docker.publish == "proxy" else nginx.WORKER

    # --- the machine ---

    def plan(self) -> Plan:
        """One request, from the client's first instruction to its last."""
        answer = nginx.HEADER_BYTES + self.parts.nginx.page
        ask = lower([Ask(clients.PROGRAM, clients.REQUEST_BYTES)], self.client)
        serve = lower([Serve(nginx.WORKER, clients.REQUEST_BYTES, answer)], self.server)
        accept = lower([Accept(clients.PROGRAM, answer)], self.client)
        return Plan("request", (*ask, *serve, *accept))

    def machine(self, name: str, beside: Sequence[HogPart]) -> Machine:
        plan = self.plan()
        fittings = [layer.fittings() for layer in self.server]
        fittings += [layer.fittings() for layer in self.client if not self.local or isinstance(layer, clients.Client)]
        fittings += [layer.proxy(HOST.cpus(self.free)) for layer in self.server if isinstance(layer, container.Container)]
        first = 0
        for hog in beside:
            vcpus = tuple(range(self.parts.kvm.vcpus)) if self.parts.kvm else ()
            if hog.place == "guest" and not vcpus:
                raise StackError("a hog's place is 'guest', but the stack has no virtual machine; expected 'host'.")
            fittings.append(neighbours.hogs(hog, vcpus if hog.place == "guest" else tuple(range(self.parts.hardware.cpus)), first))
            first += hog.count
        all_of = joined(fittings)
        charged = layers_of(plan.steps) | {kernel.layer for kernel in all_of.kernels}
        charged |= {thread.layer for thread in all_of.threads} | {thread.spin_layer for thread in all_of.threads}
        notes = {"profile": self.profile.name, **all_of.notes}
        return Machine(
            name=name,
            layers=tuple(layer for layer in (*ORDER, neighbours.LAYER) if layer in charged | {"hardware"}),
            kernels=all_of.kernels,
            cpus=all_of.cpus,
            threads=all_of.threads,
            plans=(plan,),
            clients=(self.load.load(plan.name),),
            groups=all_of.groups,
            links=all_of.links,
            disks=all_of.disks,
            pools=all_of.pools,
            notes=notes,
        )


def memory_of(stack: Sequence[Part], profile: Profile) -> tuple[memory.Resident, ...]:
    """What the stack holds once it runs."""
    parts = Parts.of(stack)
    # Docker starts the two for every published port, also where NAT leaves them nothing to do.
    proxies = 2 if parts.docker and parts.docker.network == "bridge" and parts.docker.publish != "none" else 0
    guest_memory = parts.kvm.memory if parts.kvm else 0
    return memory.Memory(profile).of(memory.Footprint(parts.nginx.workers, int(parts.docker is not None), proxies, guest_memory))


def start_up(stack: Sequence[Part], start: startup.Start) -> Process:
    """From the command to a server that answers: a virtual machine, a container in it or on the host, the program."""
    parts = Parts.of(stack)
    if parts.kvm:
        yield from startup.virtual_machine(start)
    if parts.docker:
        bridged = parts.docker.network == "bridge"
        published = parts.docker.publish != "none"
        yield from docker.docker_run(
            start, bridged, published, parts.docker.storage == "overlay2", parts.docker.seccomp == "default"
        )
    yield from startup.server_process(start, parts.nginx.workers)


def start_up_phases(stack: Sequence[Part], profile: Profile) -> list[startup.Phase]:
    """The phases of one start at the profile's values."""
    clock = Clock(initial_time=0)
    start = startup.Start(clock, profile)
    clock.process(start_up(stack, start))
    clock.run()
    return start.phases


def joined(fittings: Iterable[Fittings]) -> Fittings:
    """All that the layers bring, in their order."""
    every = list(fittings)
    lists = [each.name for each in fields(Fittings) if each.name != "notes"]
    notes = {key: text for one in every for key, text in one.notes.items()}
    return Fittings(**{name: tuple(chain.from_iterable(getattr(one, name) for one in every)) for name in lists}, notes=notes)


def layers_of(steps: Iterable[Step]) -> set[str]:
    """The layers that steps are charged to, also inside detached and parallel ones."""
    return {getattr(step, "layer", "") for step in flat(steps)} - {""}


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """Step by step, what is detached or parallel in its place."""
    for step in steps:
        match step:
            case Detach(steps=inner):
                yield from flat(inner)
            case Fork(branches=branches):
                yield from chain.from_iterable(flat(branch) for branch in branches)
            case _:
                yield step


def _kind(part: type[Part]) -> str:
    return str(part.model_fields["kind"].default)
