"""Who stands where: the layers of server and client, the threads and ways between them, and the machine that comes of it.

Serves: `Blueprint`, from parts and load to a plan and a `Machine`. Read first: docs/models/stack.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cutaway.models import clients, connections, container, guest, hardware, hypervisor, kernel, neighbours, network, storage, within
from cutaway.models.clients import ClosedLoopPart, OpenLoopPart
from cutaway.models.container import SANDBOXES, DockerPart
from cutaway.models.costs import Profile
from cutaway.models.kernel import LinuxPart
from cutaway.models.layer import ORDER, Layer
from cutaway.models.lowering import joined, layers_of, lower
from cutaway.models.neighbours import HogPart
from cutaway.models.operations import Accept, Ask, Hop, Serve
from cutaway.models.parts import Parts, StackError
from cutaway.models.placement import CLIENT, GUEST, HOST
from cutaway.models.servers.program import Place, Program
from cutaway.models.units import SIZE
from cutaway.sim.machine import Machine, Plan, Step


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
        self.program = self._program()
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
        pinned[f"{parts.program.kind}.cpus"] = (parts.program.cpus, parts.kvm.vcpus if parts.kvm else every)
        pinned[f"{parts.program.kind}.upstream.cpus"] = (self._behind_cpus(), parts.kvm.vcpus if parts.kvm else every)
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
        if docker and docker.runtime in SANDBOXES:
            raise StackError(f"docker.runtime is '{docker.runtime}', of which start and memory are known, and not what a request costs; "
                             "expected 'runc' or 'crun'. `cutaway starts` compares what is known.")  # fmt: skip
        if docker and docker.publish == "proxy" and docker.engine != "docker":
            raise StackError(f"docker.publish is 'proxy', which only dockerd has; expected 'nat' with docker.engine '{docker.engine}'.")
        if docker and docker.network == "bridge" and docker.publish != "nat" and (not self.local or parts.kvm):
            why = {"proxy": "docker-proxy serves clients of its own machine", "none": "nobody outside reaches a port that is not published"}
            raise StackError(f"{why[docker.publish]}: docker.publish is '{docker.publish}', expected 'nat'.")
        if parts.kvm and parts.kvm.memory > parts.hardware.memory:
            there_is = SIZE.text(parts.hardware.memory)
            raise StackError(f"kvm.memory is {SIZE.text(parts.kvm.memory)}, more than hardware.memory; expected at most {there_is}.")

    # --- layers, top to bottom ---

    def _program(self) -> Program[Any]:
        parts = self.parts
        place = Place(
            cpus=self.site.cpus(parts.program.cpus or (tuple(range(parts.kvm.vcpus)) if parts.kvm else self.free)),
            group="container" if parts.docker else "",
            slower_by=self.slower_by,
            connections=self.load.connections,
            behind=self.site.cpus(self._behind_cpus()),
            # where the client is near, every packet's way in the host's name space holds loopback already; a name space's own has no rules
            loopback=() if self.local or parts.kvm or self._bridged() else ("loopback",),
        )
        return parts.served.program(self.profile, parts.program, place)

    def _behind_cpus(self) -> tuple[int, ...]:
        """CPUs of the program that the server program asks; none where there is none, or it says nothing of its own."""
        return tuple(number for part in self.parts.served.program.behind(self.parts.program) for number in getattr(part, "cpus", ()))

    def _server_layers(self) -> list[Layer]:
        parts, profile, site = self.parts, self.profile, self.site
        peer = clients.PROGRAM if self.local else ""
        layers: list[Layer] = [self.program]
        if parts.docker:
            outer: tuple[Hop, ...] = ("veth",) if self.load.where == "veth" else ("loopback",)
            layers.append(container.Container(profile, parts.docker, site, self._container_hops(), self.slower_by, outer))
        # a name space of one's own has a loopback without rules
        own: tuple[Hop, ...] = ("loopback",) if site is HOST and not self._bridged() else ()
        sides = [network.Network(profile, site, path, over_loopback=True, slower_by=self.slower_by) for path in ((), own)]
        layers.append(within.Within(profile, *sides))
        if parts.kvm and parts.guest:
            every = tuple(range(parts.kvm.vcpus))
            linux = LinuxPart(tick=parts.guest.tick, slice=parts.guest.slice)
            layers += [
                connections.Connections(profile, GUEST, self.slower_by),
                network.Network(profile, GUEST, slower_by=self.slower_by),
                storage.Storage(profile, GUEST, self.slower_by),
                kernel.LinuxKernel(profile, GUEST, linux, parts.kvm.vcpus, every, self.slower_by),
                guest.VirtioNet(profile, self.slower_by),
                hypervisor.Kvm(profile, parts.kvm, self.free),
            ]
        interrupt_cpus = () if self.local else parts.linux.interrupt_cpus or (parts.program.cpus if not parts.kvm else ()) or self.free
        return [
            *layers,
            connections.Connections(profile, HOST),
            network.Network(profile, HOST, self._host_path(), peer),
            storage.Storage(profile, HOST),
            kernel.LinuxKernel(profile, HOST, parts.linux, parts.hardware.cpus, interrupt_cpus),
            hardware.Hardware(profile, parts.hardware, wired=not self.local),
        ]

    def _client_layers(self) -> list[Layer]:
        load, profile = self.load, self.profile
        program = self.parts.served.client(profile, load, self._answerer() if self.local else "")
        if self.local:
            return [
                program,
                connections.Connections(profile, HOST),
                network.Network(profile, HOST, peer=self._answerer(), over_loopback=self._over_loopback()),
                kernel.LinuxKernel(profile, HOST, self.parts.linux, self.parts.hardware.cpus, ()),
            ]
        cpus = max(load.cpus) + 1
        return [
            program,
            connections.Connections(profile, CLIENT),
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
        return container.PROXY if docker and docker.publish == "proxy" else self.program.thread

    # --- the machine ---

    def plan(self) -> Plan:
        """One request, from the client's first instruction to its last."""
        steps: list[Step] = []
        exchanges = self.program.exchanges()
        for number, one in enumerate(exchanges, 1):
            last = number == len(exchanges)
            steps += lower([Ask(clients.PROGRAM, one.request_bytes, one.what, number == 1)], self.client)
            steps += lower([Serve(self.program.thread, one.request_bytes, one.response_bytes, one.what, last)], self.server)
            steps += lower([Accept(clients.PROGRAM, one.response_bytes, one.what, last)], self.client)
        return Plan("request", tuple(steps))

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
