"""The Docker daemon: its containers, images, networks and volumes, and what it does with them when it is asked.

What takes simulated time is a process on the clock; what only looks, or changes a book, is an ordinary call. Errors are those of
`errors`. Read first: docs/models/docker/engine.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from cutaway.models.contention import Host
from cutaway.models.costs import Profile
from cutaway.models.docker import run as docker
from cutaway.models.docker.container import Container
from cutaway.models.docker.effects import refuse, warnings_of
from cutaway.models.docker.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from cutaway.models.docker.events import Event, Events
from cutaway.models.docker.execs import Execs
from cutaway.models.docker.filesystem.tree import Tree
from cutaway.models.docker.filesystem.view import Mount, View
from cutaway.models.docker.identity import Identities
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.images.store import Images
from cutaway.models.docker.lifecycle import Lifecycle, limits_of
from cutaway.models.docker.links import links_of
from cutaway.models.docker.logs import Log, files_of
from cutaway.models.docker.mounting import asked_mounts, copy_up, show_mounts
from cutaway.models.docker.networks import PREDEFINED, Endpoint, Network, Networks, Pool, check_ipam
from cutaway.models.docker.platforms.runtimes import DEFAULT, runtime_of, shim_binary
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.privileges import check_privileges
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.cpus import Cpus
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.processes.memory import HostMemory
from cutaway.models.docker.processes.process import Program
from cutaway.models.docker.processes.station import Demand
from cutaway.models.docker.processes.streams import Output
from cutaway.models.docker.programs.registry import programs
from cutaway.models.docker.record import Act, Record
from cutaway.models.docker.specification import Config, HostConfig, check_limits, check_rest, check_restart, form_of
from cutaway.models.docker.volumes import Volume, Volumes
from cutaway.models.startup import Start
from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

LOG_DRIVERS = ("json-file", "local", "none", "journald", "syslog")
RESERVED = ("default", "bridge", "host", "none")
_NAME = re.compile(r"/?[a-zA-Z0-9][a-zA-Z0-9_.-]+")


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
        self.lifecycle = Lifecycle(self, self.profile, self.ports)
        self.execs = Execs(self)
        self._links = 3
        self.cpus = Cpus(self.clock, self.machine.cpus, self.machine.slice_ns, self.machine.tick_ns)
        self.memory = HostMemory(self.machine.memory)
        self._host = Host(self.clock, self.machine.cpus)
        for name, driver in zip(PREDEFINED, ("bridge", "host", "null"), strict=True):
            network = Network(self.identities.new("network"), name, driver, self.now_ns)
            network.ipam = {"Driver": "default", "Options": None, "Config": []}
            if name == "bridge":
                self._with_pools(network, {"Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]})
                network.options = {
                    "com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.enable_icc": "true",
                    "com.docker.network.bridge.enable_ip_masquerade": "true", "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
                    "com.docker.network.bridge.name": "docker0", "com.docker.network.driver.mtu": "1500",
                }  # fmt: skip
            self.networks.add(network)

    @property
    def now_ns(self) -> int:
        """Unix time."""
        return self.epoch_ns + int(self.clock.now)

    def start(self, act: Act) -> Start:
        """A start or a part of one; those at once share the host."""
        return Start(self.clock, self.profile, host=self._host, watch=act)

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

    def create(
        self, name: str | None, config: Config, host: HostConfig, networking: Mapping[str, Any], platform: str = "",
        image: Image | None = None,
    ) -> Steps:
        """A container, and warnings; `image` is one that has no name or id, as `scratch`. Raises DaemonError."""
        image = image or self._image_for(config, platform)
        config = with_image(config, image.config)
        if not [*(config.entrypoint or []), *(config.cmd or [])]:
            raise InvalidError("no command specified")
        check_rest(config, host)
        warnings = check_limits(host, self.machine) + warnings_of(host)
        refuse(host)
        check_privileges(host)
        self._check_host(config, host)
        warnings += _of_sandbox(host)
        name = self._checked_name(name) if name else None
        networks = self._wanted(host, networking)
        with self.record.act("create", name or "") as act:
            yield from docker.create(self.start(act), docker.Asked(frozenset()))
            taken = {one.name for one in self.containers.values()}
            if name in taken:
                raise self._name_taken(name)
            container = self._made(name or self.identities.name(taken), config, host, image)
            act.subject = container.id
        container.wanted = networks
        self.containers[container.id] = container
        try:
            for link in links_of(container, self.container):
                link.target.linked_from.add((container.id, link.alias))
            container.mounts = asked_mounts(container, self.volumes, lambda *asked: self._volume_for(container, *asked))
            self._from_others(container)
            for point in container.mounts:
                copy_up(container, point)
            show_mounts(container, container.view, self.now_ns)
        except Exception:
            self._drop(container)
            raise
        self.tell(container, "create")
        return container, warnings

    def _image_for(self, config: Config, platform: str) -> Image:
        if not config.image:
            raise InvalidError("no image specified")
        image = self.images.get(config.image)
        if platform and platform.split("/")[:2] != [image.os, image.architecture]:
            raise NotFoundError(f"image with reference {config.image} was found but does not provide the specified platform ({platform})")
        return image

    def _check_host(self, config: Config, host: HostConfig) -> None:
        if host.runtime and runtime_of(host.runtime) is None and not shim_binary(host.runtime):
            raise InvalidError(f"unknown or invalid runtime name: {host.runtime}")
        if host.log_config.type and host.log_config.type not in LOG_DRIVERS:
            raise InvalidError(f"error looking up logging plugin {host.log_config.type}: plugin \"{host.log_config.type}\" not found")
        _check_log(host)
        mode = host.network_mode
        if mode.startswith("container:"):
            if config.hostname:
                raise InvalidError("conflicting options: hostname and the network mode")
            if host.port_bindings or host.publish_all_ports:
                raise InvalidError("conflicting options: port publishing and the container type network mode")
        if host.uts_mode not in ("", "host"):
            raise InvalidError(f"invalid UTS mode: {host.uts_mode}")
        if host.uts_mode == "host" and config.hostname:
            raise InvalidError("conflicting options: hostname and the UTS mode")
        if host.pid_mode and host.pid_mode != "host" and not host.pid_mode.startswith("container:"):
            raise InvalidError(f"invalid PID mode: {host.pid_mode}")
        if host.ipc_mode and host.ipc_mode not in ("none", "private", "shareable", "host") and not host.ipc_mode.startswith("container:"):
            raise InvalidError(f"invalid IPC mode: {host.ipc_mode}")

    def _checked_name(self, name: str) -> str:
        if not _NAME.fullmatch(name):
            raise InvalidError(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        name = name.removeprefix("/")
        if any(one.name == name for one in self.containers.values()):
            raise self._name_taken(name)
        return name

    def _name_taken(self, name: str) -> ConflictError:
        other = next(one for one in self.containers.values() if one.name == name)
        return ConflictError(f'Conflict. The container name "/{name}" is already in use by container "{other.id}". You have to remove '
                             f'(or rename) '
                             "that container to be able to reuse that name.")  # fmt: skip

    def _wanted(self, host: HostConfig, networking: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        mode = host.network_mode or "default"
        host.network_mode = "bridge" if mode == "default" else mode
        endpoints = {("bridge" if name == "default" else name): one or {} for name,
                     one in (networking.get("EndpointsConfig") or {}).items()}
        for name, asked in endpoints.items():
            self._check_endpoint(name, asked)
        if mode.startswith("container:"):
            return {}
        first = host.network_mode
        return {first: endpoints.pop(first, {}), **endpoints}

    def _check_endpoint(self, name: str, asked: Mapping[str, Any]) -> None:
        if not (address := (asked.get("IPAMConfig") or {}).get("IPv4Address")):
            return
        try:
            IPv4Address(address)
        except ValueError:
            raise InvalidError(f"invalid endpoint settings:\ninvalid IPv4 address: {address}") from None
        if name in PREDEFINED:
            raise InvalidError("invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported "
                               "on user "
                               "defined networks only")  # fmt: skip

    def _made(self, name: str, config: Config, host: HostConfig, image: Image) -> Container:
        log = Log(lambda: self.now_ns, *files_of(host.log_config.config))
        host.runtime = host.runtime or DEFAULT
        host.cgroupns_mode = host.cgroupns_mode or ("private" if self.machine.cgroup == 2 else "host")
        host.log_config.type = host.log_config.type or "json-file"
        host.ipc_mode = host.ipc_mode or "private"
        host.memory_swap = host.memory_swap or 2 * host.memory
        host.shm_size = host.shm_size or 64 * 1024 * 1024
        host.restart_policy.name = host.restart_policy.name or "no"
        tree = Tree(image.root)
        view = View()
        view.mount(Mount("/", tree))
        keep = host.log_config.type != "none"
        output = Output(self.clock, log.write if keep else (lambda stream, data: None))
        id_ = self.identities.new("container")
        container = Container(id_, name or id_[:12], self.now_ns, config, host, image, self.clock, tree, view, log, output)
        container.size = (host.console_size[0], host.console_size[1]) if host.console_size and any(host.console_size) else container.size
        if not config.hostname and not host.network_mode.startswith("container:"):
            config.hostname = self.machine.name if "host" in (host.network_mode, host.uts_mode) else container.id[:12]
        return container

    def _volume_for(self, container: Container, name: str | None, options: Mapping[str, Any] | None = None) -> Volume:
        driver = (options or {}).get("DriverConfig") or {}
        wanted = Volume(name or self.identities.new("volume"), self.now_ns, driver.get("Name") or container.host.volume_driver or "local",
                        dict((options or {}).get("Labels") or {}), dict(driver.get("Options") or {}), anonymous=name is None)  # fmt: skip
        if wanted.anonymous:
            wanted.labels = {"com.docker.volume.anonymous": ""}
        volume, is_new = self.volumes.create(wanted)
        volume.users.add(container.id)
        if is_new:
            self.tell_volume(volume, "create")
        return volume

    def _from_others(self, container: Container) -> None:
        for text in container.host.volumes_from or []:
            name = text.partition(":")[0]
            try:
                other = self.container(name)
            except NotFoundError as error:      # not 404: a client would look for the image
                raise InvalidError(error.message) from None
            for point in other.mounts:
                if all(one.destination != point.destination for one in container.mounts):
                    container.mounts.append(point)
                    if point.kind == "volume":
                        self.volumes.get(point.name).users.add(container.id)

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
        self._drop(container)
        for point in container.mounts if volumes else []:
            volume = self.volumes.by_name.get(point.name) if point.kind == "volume" else None
            if volume is not None and volume.anonymous and not volume.users:
                self.volumes.remove(volume)
                self.tell_volume(volume, "destroy")
        container.log.end()
        self.tell(container, "destroy")
        if not container.gone.triggered:
            container.gone.succeed(container.exit_code)

    def _drop(self, container: Container) -> None:
        self.containers.pop(container.id, None)
        for volume in self.volumes.by_name.values():
            volume.users.discard(container.id)
        self.execs.forget(container)

    def rename(self, container: Container, name: str) -> None:
        """Raises InvalidError, ConflictError."""
        if not name:
            raise InvalidError("Neither old nor new names may be empty")
        name = name.removeprefix("/")
        if name == container.name:
            raise InvalidError("Renaming a container with the same name as its current name")
        if not _NAME.fullmatch(name):
            raise InvalidError(f"Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed")
        if any(one.name == name for one in self.containers.values()):
            raise ConflictError(f"Error when allocating new name: {self._name_taken(name).message}")
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

    # --- networks ---

    def create_network(self, asked: Mapping[str, Any]) -> Network:
        """Raises InvalidError, ConflictError, ForbiddenError, NotFoundError."""
        name, driver, ipam = asked.get("Name") or "", asked.get("Driver") or "bridge", asked.get("IPAM") or {}
        if not name or not name.strip() == name or "/" in name:
            raise InvalidError(f'invalid network name: "{name}"' if name else "network name cannot be empty")
        if name in RESERVED:
            raise ForbiddenError(f'operation is not permitted on predefined {name} network')
        if driver in ("host", "null"):
            raise ForbiddenError(f"only one instance of \"{driver}\" network is allowed")
        if driver == "overlay" or asked.get("Scope") == "swarm" or asked.get("Ingress"):
            raise ConflictError("This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this "
                                "node to swarm "
                                "and try again.")  # fmt: skip
        if driver != "bridge":
            raise NotFoundError(f"plugin \"{driver}\" not found")
        if any(other.name == name for other in self.networks):
            raise ConflictError(f"network with name {name} already exists")
        check_ipam(ipam)
        network = Network(self.identities.new("network"), name, driver, self.now_ns, options=dict(asked.get("Options") or {}),
                          labels=dict(asked.get("Labels") or {}), internal=bool(asked.get("Internal")),
                          attachable=bool(asked.get("Attachable")),
                          ipv6=bool(asked.get("EnableIPv6")), scope=asked.get("Scope") or "local")  # fmt: skip
        self._with_pools(network, ipam)
        self.networks.add(network)
        self.tell_network(network, "create")
        return network

    def _with_pools(self, network: Network, ipam: Mapping[str, Any]) -> None:
        asked = [one for one in ipam.get("Config") or [] if ":" not in (one.get("Subnet") or "")] or [{}]
        network.pools = [self.networks.pool_of(one) for one in asked]
        shown = []
        for one, pool in zip(asked, network.pools, strict=True):
            extra = {key: one[key] for key in ("IPRange",) if one.get(key)}
            extra |= {"AuxiliaryAddresses": pool.auxiliary} if pool.auxiliary else {}
            shown.append({"Subnet": str(pool.subnet), **extra, "Gateway": str(pool.gateway)})
        shown += [one for one in ipam.get("Config") or [] if ":" in (one.get("Subnet") or "")]
        network.ipam = {"Driver": ipam.get("Driver") or "default", "Options": ipam.get("Options"), "Config": shown}

    def connect(self, container: Container, network: Network, asked: Mapping[str, Any]) -> None:
        """An endpoint of a container that starts or runs. Raises ForbiddenError, InvalidError."""
        self._links += 2
        endpoint = Endpoint(
            self.identities.new("endpoint"), container.id, container.name, None, 0,
            asked.get("MacAddress") or (container.config.mac_address if network.name == container.host.network_mode else ""),
            list(asked.get("Aliases") or []), list(asked.get("Links") or []), dict(asked.get("IPAMConfig") or {}),
            dict(asked.get("DriverOpts") or {}), f"eth{len(container.endpoints)}", self._links + 1,
        )  # fmt: skip
        self.networks.connect(network, endpoint)
        container.endpoints[network.name] = endpoint
        self.tell_network(network, "connect", container)

    def connect_later(self, container: Container, network: Network, asked: Mapping[str, Any]) -> None:
        """`docker network connect`. Raises ForbiddenError, InvalidError."""
        if container.host.network_mode == "host" or network.name == "host":
            raise InvalidError("container cannot be disconnected from host network or connected to host network")
        if network.name in container.endpoints or (not container.running and network.name in container.wanted):
            raise ForbiddenError(f"endpoint with name {container.name} already exists in network {network.name}")
        self._check_endpoint(network.name, asked)
        if (asked.get("IPAMConfig") or {}).get("IPv4Address"):
            address = asked["IPAMConfig"]["IPv4Address"]
            if not _has(network.pools, address):
                raise InvalidError(f"invalid endpoint settings:\nno configured subnet contains IP address {address}")
        container.wanted[network.name] = dict(asked)
        if container.has_process and container.space is not None:
            self.connect(container, network, asked)
            container.space.facts.interfaces = self.lifecycle.interfaces(container)

    def disconnect(self, container: Container, network: Network) -> None:
        """Raises ForbiddenError, InvalidError."""
        if container.host.network_mode == "host" and network.name == "host":
            raise ForbiddenError("container cannot be disconnected from host network or connected to host network")
        if network.name not in container.wanted and network.name not in container.endpoints:
            raise ForbiddenError(f"container {container.id} is not connected to network {network.name}")
        container.wanted.pop(network.name, None)
        if container.endpoints.pop(network.name, None) is not None:
            self.networks.disconnect(network, container.id)
            self.tell_network(network, "disconnect", container)
            if container.space is not None:
                container.space.facts.interfaces = self.lifecycle.interfaces(container)

    def resolve(self, container: Container, name: str) -> list[str]:
        """Addresses of a name as a container finds them."""
        if re.fullmatch(r"\d+(\.\d+){3}", name):
            return [name]
        if name in ("localhost", container.hostname):
            return ["127.0.0.1"]
        for line in container.host.extra_hosts or []:
            if line.partition(":")[0] == name:
                return [self.host_address(line.partition(":")[2])]
        for one in links_of(container, self.container):
            if name == one.alias and "bridge" in one.target.endpoints:
                return [str(one.target.endpoints["bridge"].address)]
        for network_name, endpoint in container.endpoints.items():
            network = self.networks.get(network_name)
            for link in endpoint.links:
                target, _, alias = link.partition(":")
                if name == (alias or target):
                    return network.names(self.container(target).name)
            if network.name != "bridge" and (found := network.names(name)):
                return found
        return []

    def host_address(self, text: str) -> str:
        """An address as --add-host gives it; `host-gateway` is the host's in the default bridge."""
        return str(self.networks.get("bridge").pools[0].gateway) if text == "host-gateway" else text

    def reach(self, container: Container, address: str, port: int, protocol: str) -> object | None:
        """Who answers at an address, as the container's networks lead there."""
        if address.startswith("127."):
            if protocol == "icmp":
                return container
            return container.space.listening.get((port, protocol)) if container.space else None
        for name in container.endpoints:
            for endpoint in self.networks.get(name).endpoints.values():
                if str(endpoint.address) == address:
                    other = self.containers.get(endpoint.container)
                    if protocol == "icmp":
                        return other
                    return other.space.listening.get((port, protocol)) if other and other.space else None
        return None

    # --- the host ---

    def memory_seen(self, container: Container) -> int:
        """Bytes in use as a program of a container sees it: of a sandbox that has a memory of its own, its own."""
        kernel = container.runtime.kernel
        if kernel is None or kernel.memory is None:
            return self.memory.used
        return (container.space.memory.usage if container.space else 0) + round(self.profile["guest system memory"].value)

    def sandbox_memory(self, container: Container) -> int:
        """Bytes that what stands between its programs and the host holds for itself."""
        return sum(round(self.profile[one.cost].value) * one.times for one in container.runtime.holds if not one.once_a_host)

    @property
    def disk(self) -> tuple[int, int]:
        """Size of the disk and what is used, bytes."""
        layers = {layer.digest: layer.size for image in self.images.by_id.values() for layer in image.layers}
        written = sum(one.tree.size for one in self.containers.values()) + sum(one.tree.size for one in self.volumes.by_name.values())
        return 64 << 30, sum(layers.values()) + written

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


def _of_sandbox(host: HostConfig) -> list[str]:
    """What a simulated Engine has to say of a runtime of which less is known."""
    runtime = runtime_of(host.runtime)
    unknown = "what a request costs in its sandbox is not known, and is taken as in a container without one"
    return [f"{runtime.name}: {unknown}"] if runtime and runtime.kernel else []


def _has(pools: list[Pool], address: str) -> bool:
    from ipaddress import ip_address

    try:
        return any(ip_address(address) in pool.subnet for pool in pools)
    except ValueError:
        raise InvalidError(f"invalid endpoint settings:\ninvalid IPv4 address: {address}") from None


def _check_log(host: HostConfig) -> None:
    kind = host.log_config.type or "json-file"
    known = {"json-file": {"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"},
             "local": {"max-size", "max-file", "compress"}}.get(kind)  # fmt: skip
    for name in host.log_config.config:
        if known is not None and name not in known:
            raise InvalidError(f"unknown log opt '{name}' for {kind} log driver")
    files_of(host.log_config.config)


def with_image(config: Config, image: Config) -> Config:
    """A container's configuration: what the client leaves out is the image's. A command of the client's leaves the image's out."""
    merged = config.model_copy(deep=True)
    if config.entrypoint is None:
        merged.entrypoint = image.entrypoint
        if config.cmd is None or not config.cmd:
            merged.cmd = image.cmd
    elif config.entrypoint == [""]:
        merged.entrypoint = None
    names = {line.partition("=")[0] for line in config.env}
    merged.env = [*config.env, *(line for line in image.env if line.partition("=")[0] not in names)]
    merged.exposed_ports = {**image.exposed_ports, **config.exposed_ports}
    merged.volumes = {**image.volumes, **config.volumes}
    merged.labels = {**image.labels, **config.labels}
    merged.working_dir = config.working_dir or image.working_dir
    merged.user = config.user or image.user
    merged.stop_signal = config.stop_signal or image.stop_signal
    merged.stop_timeout = config.stop_timeout if config.stop_timeout is not None else image.stop_timeout
    if image.healthcheck is not None and (config.healthcheck is None or not config.healthcheck.test):
        own = config.healthcheck.model_dump() if config.healthcheck else {}
        merged.healthcheck = image.healthcheck.model_copy(update={name: value for name, value in own.items() if value})
    return merged
