"""The Docker daemon: the books of its containers, images, networks and volumes, and what it changes in them when it is asked.

What takes simulated time is a process on the clock; what only looks, or changes a book, is an ordinary call. Errors are those of
`errors`. Read first: docs/models/docker/engine.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cutaway.models.costs import Profile
from cutaway.models.docker.container import Container
from cutaway.models.docker.effects import warnings_of
from cutaway.models.docker.errors import ConflictError, InvalidError, NotFoundError
from cutaway.models.docker.events import Event, Events
from cutaway.models.docker.execs import Execs
from cutaway.models.docker.identity import Identities
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.images.store import Images
from cutaway.models.docker.lifecycle import Lifecycle
from cutaway.models.docker.networking import Networking
from cutaway.models.docker.networks import Network, Networks
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.preparing import limits_of
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.cpus import Cpus
from cutaway.models.docker.processes.daemons import Daemons
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.processes.memory import HostMemory
from cutaway.models.docker.processes.process import Program
from cutaway.models.docker.processes.space import Pids
from cutaway.models.docker.processes.station import Demand
from cutaway.models.docker.programs.registry import programs
from cutaway.models.docker.record import Act, Record
from cutaway.models.docker.specification import HostConfig, check_limits, check_restart, form_of
from cutaway.models.docker.volumes import Volume, Volumes
from cutaway.models.startup import Start
from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

FIRST_PID = 1001
"""Of a container's process, counted on the host, whose own processes have those below."""
DISK_BYTES = 64 << 30
"""Of the host's disk, of which no scenario tells; assumed, 16 GiB to some TiB."""
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


@dataclass
class Daemon:
    """One daemon on one host."""

    clock: Clock
    machine: Machine
    profile: Profile
    ports: Ports
    seed: int = 1
    epoch_ns: int = 0
    """Unix time at the clock's zero."""
    resolver: str = "192.0.2.53"
    """The host's name server, as /etc/resolv.conf names it; of the addresses for documentation."""
    demand: Callable[[str, int], Demand | None] = lambda program, size: None
    """What a request costs on this host's stack, by server program and size of the answer; see `Facts`."""
    containers: dict[str, Container] = field(default_factory=dict)
    images: Images = field(default_factory=Images)
    networks: Networks = field(default_factory=Networks)
    volumes: Volumes = field(default_factory=Volumes)
    events: Events = field(default_factory=Events)

    def __post_init__(self) -> None:
        self.identities = Identities(self.seed)
        self.programs: dict[str, Program] = programs()
        self.record = Record(self.clock)
        self.host_pids = Pids(FIRST_PID)
        self.lifecycle = Lifecycle(self, self.ports)
        self.execs = Execs(self)
        self.networking = Networking(self)
        self.cpus = Cpus(self.clock, self.machine.cpus, self.machine.slice_ns, self.machine.tick_ns)
        self.memory = HostMemory(self.machine.memory)
        self.daemons = Daemons(self.cpus)
        self.networking.create_predefined()

    @property
    def now_ns(self) -> int:
        """Unix time."""
        return self.epoch_ns + int(self.clock.now)

    def start(self, act: Act) -> Start:
        """A start or a part of one; those at once share the host, with each other and with the containers."""
        return Start(self.clock, self.profile, host=self.daemons, watch=act)

    # --- finding ---

    def container(self, name: str) -> Container:
        """By id, name or the beginning of an id. Raises NotFoundError, InvalidError."""
        if name in self.containers:
            return self.containers[name]
        for one in self.containers.values():
            if one.name == name.removeprefix("/"):
                return one
        matching = [one for one in self.containers.values() if name and one.id.startswith(name)]
        if len(matching) > 1:
            raise InvalidError(f"multiple IDs found with provided prefix: {name}")
        if not matching:
            raise NotFoundError(f"No such container: {name}")
        return matching[0]

    # --- containers ---

    def check_name(self, name: str) -> None:
        """Whether a container may have it. Raises InvalidError, ConflictError."""
        if not _NAME.fullmatch(name):
            raise InvalidError(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        other = next((one for one in self.containers.values() if one.name == name), None)
        if other is not None:
            raise ConflictError(f'Conflict. The container name "/{name}" is already in use by container "{other.id}". You have to remove '
                                "(or rename) that container to be able to reuse that name.")  # fmt: skip

    def remove(self, container: Container, *, force: bool, volumes: bool) -> Steps:
        """Raises ConflictError."""
        if container.removing:
            raise ConflictError(f"removal of container {container.name} is already in progress")
        if container.running and not force:
            what = "paused" if container.paused else container.status
            first = "unpause the container before stopping" if container.paused else "stop the container before removing"
            raise ConflictError(f'cannot remove container "/{container.name}": container is {what}: {first} or force remove')
        container.removing = True
        container.manually_stopped = True
        with self.record.act("remove", container.id) as act:
            if container.has_process:
                yield from act.begins("kernel", "SIGKILL: the processes end")
                if container.has_process:
                    self.lifecycle.signal(container, signals.KILL)
                    assert container.main is not None
                    if not container.main.ended.processed:
                        yield container.main.ended
                act.ends()
            yield from act.begins("dockerd", "take the writable layer and the name away")
            if container.id in self.containers:
                self.forget(container, volumes=volumes)

    def forget(self, container: Container, *, volumes: bool = True) -> None:
        """Takes a container out of the books, and its anonymous volumes where asked."""
        container.status = "removing"
        self.drop(container)
        for point in container.mounts if volumes else []:
            volume = self.volumes.by_name.get(point.name) if point.kind == "volume" else None
            if volume is not None and volume.anonymous and not volume.users:
                self.volumes.remove(volume)
                self.tell_volume(volume, "destroy")
        container.log.end()
        self.tell(container, "destroy")
        if not container.gone.triggered:
            container.gone.succeed(container.exit_code)

    def drop(self, container: Container) -> None:
        """Takes it out of the books, and nothing else."""
        self.containers.pop(container.id, None)
        for volume in self.volumes.by_name.values():
            volume.users.discard(container.id)
        for other in self.containers.values():
            other.linked_from = {(id_, alias) for id_, alias in other.linked_from if id_ != container.id}
        self.execs.forget(container)

    def rename(self, container: Container, name: str) -> None:
        """Raises InvalidError, ConflictError."""
        if not name:
            raise InvalidError("Neither old nor new names may be empty")
        name = name.removeprefix("/")
        if name == container.name:
            raise InvalidError("Renaming a container with the same name as its current name")
        if not _NAME.fullmatch(name):
            raise InvalidError(f"Error when allocating new name: Invalid container name (/{name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are "
                               "allowed")  # fmt: skip
        try:
            self.check_name(name)
        except ConflictError as error:
            raise ConflictError(f"Error when allocating new name: {error.message}") from None
        old, container.name = container.name, name
        for endpoint in container.endpoints.values():
            endpoint.name = name
        self.tell(container, "rename", {"oldName": f"/{old}"})

    def update(self, container: Container, asked: Mapping[str, Any]) -> list[str]:
        """Changes limits and the restart policy. Raises InvalidError."""
        warnings = warnings_of(form_of(HostConfig, dict(asked)))
        changed = {key: value for key, value in asked.items() if value not in (None, "", 0, {}, []) or key == "RestartPolicy"}
        policy = changed.get("RestartPolicy") or {}
        if not policy.get("Name"):
            changed.pop("RestartPolicy", None)
        elif container.host.auto_remove and policy["Name"] != "no":
            raise InvalidError("Restart policy cannot be updated because AutoRemove is enabled for the container")
        whole = {**container.host.as_json(), **changed}
        host: HostConfig = form_of(HostConfig, whole)
        if host.memory and 0 < host.memory_swap < host.memory:
            raise ConflictError("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time")
        check_restart(host)
        warnings += check_limits(host, self.machine)
        container.host = host
        if container.space is not None:
            container.space.limit(limits_of(host))
        self.tell(container, "update")
        return warnings

    # --- the host ---

    @property
    def disk(self) -> tuple[int, int]:
        """Size of the disk and what is used, bytes."""
        layers = {layer.digest: layer.size for image in self.images.by_id.values() for layer in image.layers}
        written = sum(one.tree.size for one in self.containers.values()) + sum(one.tree.size for one in self.volumes.by_name.values())
        return DISK_BYTES, sum(layers.values()) + written

    def of_image(self, image: Image) -> Iterator[Container]:
        return (one for one in self.containers.values() if one.image.id == image.id)

    # --- events ---

    def tell(self, container: Container, action: str, more: Mapping[str, str] | None = None) -> None:
        attributes = {**container.config.labels, "image": container.config.image, "name": container.name, **(more or {})}
        self.events.tell(Event("container", action, container.id, attributes, self.now_ns))

    def tell_network(self, network: Network, action: str, container: Container | None = None) -> None:
        attributes = {"name": network.name, "type": network.driver} | ({"container": container.id} if container else {})
        self.events.tell(Event("network", action, network.id, attributes, self.now_ns))

    def tell_volume(self, volume: Volume, action: str, more: Mapping[str, str] | None = None) -> None:
        self.events.tell(Event("volume", action, volume.name, {"driver": volume.driver, **(more or {})}, self.now_ns))

    def tell_image(self, action: str, id_: str, name: str) -> None:
        self.events.tell(Event("image", action, id_, {"name": name}, self.now_ns))
