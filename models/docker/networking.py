"""What a daemon does with its networks: makes them, connects containers, and says who is found in them under which name and address.

`networks` has the networks themselves, with their subnets and addresses. Read first: docs/models/docker/engine.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_address
from itertools import count
from typing import TYPE_CHECKING, Any

from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from cutaway.models.docker.links import links_of
from cutaway.models.docker.networks import PREDEFINED, Endpoint, Network, Pool, check_ipam
from cutaway.models.docker.processes.facts import Interface

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

RESERVED = ("default", "bridge", "host", "none")
BRIDGE = {"Config": [{"Subnet": "172.17.0.0/16", "Gateway": "172.17.0.1"}]}
BRIDGE_OPTIONS = {
    "com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.enable_icc": "true",
    "com.docker.network.bridge.enable_ip_masquerade": "true", "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
    "com.docker.network.bridge.name": "docker0", "com.docker.network.driver.mtu": "1500",
}  # fmt: skip
"""Of the default bridge, as dockerd shows them."""


@dataclass
class Networking:
    """Of one daemon."""

    daemon: Daemon
    links: int = 3
    """Index of the host's last interface, after lo, eth0 and docker0."""

    # --- networks ---

    def create_predefined(self) -> None:
        """Those that a daemon has from its start."""
        for name, driver in zip(PREDEFINED, ("bridge", "host", "null"), strict=True):
            network = Network(self.daemon.identities.new("network"), name, driver, self.daemon.now_ns)
            network.ipam = {"Driver": "default", "Options": None, "Config": []}
            if name == "bridge":
                self._with_pools(network, BRIDGE)
                network.options = dict(BRIDGE_OPTIONS)
            self.daemon.networks.add(network)

    def create(self, asked: Mapping[str, Any]) -> Network:
        """Raises InvalidError, ConflictError, ForbiddenError, NotFoundError."""
        name, driver, ipam = asked.get("Name") or "", asked.get("Driver") or "bridge", asked.get("IPAM") or {}
        if not name or not name.strip() == name or "/" in name:
            raise InvalidError(f'invalid network name: "{name}"' if name else "network name cannot be empty")
        if name in RESERVED:
            raise ForbiddenError(f'operation is not permitted on predefined {name} network')
        if driver in ("host", "null"):
            raise ForbiddenError(f"only one instance of \"{driver}\" network is allowed")
        if driver == "overlay" or asked.get("Scope") == "swarm" or asked.get("Ingress"):
            raise ConflictError('This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to '
                                "swarm and try again.")  # fmt: skip
        if driver != "bridge":
            raise NotFoundError(f"plugin \"{driver}\" not found")
        if any(other.name == name for other in self.daemon.networks):
            raise ConflictError(f"network with name {name} already exists")
        check_ipam(ipam)
        if (ipam.get("Driver") or "default") != "default":
            raise NotFoundError(f"plugin \"{ipam['Driver']}\" not found")
        network = Network(self.daemon.identities.new("network"), name, driver, self.daemon.now_ns, options=dict(asked.get("Options") or {}),
                          labels=dict(asked.get("Labels") or {}), internal=bool(asked.get("Internal")),
                          attachable=bool(asked.get("Attachable")), ipv6=bool(asked.get("EnableIPv6")),
                          scope=asked.get("Scope") or "local")  # fmt: skip
        self._with_pools(network, ipam)
        self.daemon.networks.add(network)
        self.daemon.tell_network(network, "create")
        return network

    def _with_pools(self, network: Network, ipam: Mapping[str, Any]) -> None:
        asked = [one for one in ipam.get("Config") or [] if ":" not in (one.get("Subnet") or "")] or [{}]
        network.pools = [self.daemon.networks.pool_of(one) for one in asked]
        shown = []
        for one, pool in zip(asked, network.pools, strict=True):
            extra = {key: one[key] for key in ("IPRange",) if one.get(key)}
            extra |= {"AuxiliaryAddresses": pool.auxiliary} if pool.auxiliary else {}
            shown.append({"Subnet": str(pool.subnet), **extra, "Gateway": str(pool.gateway)})
        shown += [one for one in ipam.get("Config") or [] if ":" in (one.get("Subnet") or "")]
        network.ipam = {"Driver": ipam.get("Driver") or "default", "Options": ipam.get("Options"), "Config": shown}

    # --- containers in them ---

    def connect(self, container: Container, network: Network, asked: Mapping[str, Any]) -> None:
        """An endpoint of a container that starts or runs. Raises ForbiddenError, InvalidError."""
        self.links += 2
        taken = {one.interface for one in container.endpoints.values()}
        interface = next(name for number in count() if (name := f"eth{number}") not in taken)
        endpoint = Endpoint(
            self.daemon.identities.new("endpoint"), container.id, container.name, None, 0,
            asked.get("MacAddress") or (container.config.mac_address if network.name == container.host.network_mode else ""),
            list(asked.get("Aliases") or []), list(asked.get("Links") or []), dict(asked.get("IPAMConfig") or {}),
            dict(asked.get("DriverOpts") or {}), interface, self.links + 1,
        )  # fmt: skip
        self.daemon.networks.connect(network, endpoint)
        container.endpoints[network.name] = endpoint
        self.daemon.tell_network(network, "connect", container)

    def connect_later(self, container: Container, network: Network, asked: Mapping[str, Any]) -> None:
        """`docker network connect`. Raises ForbiddenError, InvalidError."""
        if container.host.network_mode == "host" or network.name == "host":
            raise InvalidError("container cannot be disconnected from host network or connected to host network")
        if network.name in container.endpoints or (not container.running and network.name in container.wanted):
            raise ForbiddenError(f"endpoint with name {container.name} already exists in network {network.name}")
        self.check_endpoint(network.name, asked)
        if (asked.get("IPAMConfig") or {}).get("IPv4Address"):
            address = asked["IPAMConfig"]["IPv4Address"]
            if not _has(network.pools, address):
                raise InvalidError(f"invalid endpoint settings:\nno configured subnet contains IP address {address}")
        container.wanted[network.name] = dict(asked)
        if container.has_process and container.space is not None:
            self.connect(container, network, asked)
            container.space.facts.interfaces = self.interfaces(container)

    def disconnect_all(self, container: Container) -> None:
        """Of a container that has ended, or could not start."""
        for name in list(container.endpoints):
            network = self.daemon.networks.get(name)
            container.endpoints.pop(name)
            if container.id in network.endpoints:
                self.daemon.networks.disconnect(network, container.id)
                self.daemon.tell_network(network, "disconnect", container)

    def disconnect(self, container: Container, network: Network) -> None:
        """Raises ForbiddenError, InvalidError."""
        if container.host.network_mode == "host" and network.name == "host":
            raise ForbiddenError("container cannot be disconnected from host network or connected to host network")
        if network.name not in container.wanted and network.name not in container.endpoints:
            raise ForbiddenError(f"container {container.id} is not connected to network {network.name}")
        container.wanted.pop(network.name, None)
        if container.endpoints.pop(network.name, None) is not None:
            self.daemon.networks.disconnect(network, container.id)
            self.daemon.tell_network(network, "disconnect", container)
            if container.space is not None:
                container.space.facts.interfaces = self.interfaces(container)

    def check_endpoint(self, name: str, asked: Mapping[str, Any]) -> None:
        """Raises InvalidError."""
        if not (address := (asked.get("IPAMConfig") or {}).get("IPv4Address")):
            return
        try:
            IPv4Address(address)
        except ValueError:
            raise InvalidError(f"invalid endpoint settings:\ninvalid IPv4 address: {address}") from None
        if name in PREDEFINED:
            raise InvalidError("invalid config for network bridge: invalid endpoint settings:\nuser specified IP address is supported "
                               "on user defined networks only")  # fmt: skip

    def interfaces(self, container: Container) -> list[Interface]:
        """What `ip addr` shows."""
        found: list[Interface] = []
        for name, endpoint in container.endpoints.items():
            if endpoint.address is not None:
                pools = self.daemon.networks.get(name).pools
                gateway = str(pools[0].gateway) if pools and not found else ""
                found.append(Interface(endpoint.interface, endpoint.peer - 1, endpoint.peer, str(endpoint.address), endpoint.prefix,
                                       endpoint.mac, gateway=gateway))  # fmt: skip
        return found

    # --- who is found in them ---

    def resolve(self, container: Container, name: str) -> list[str]:
        """Addresses of a name as a container finds them."""
        if re.fullmatch(r"\d+(\.\d+){3}", name):
            return [name]
        if name in ("localhost", container.hostname):
            return ["127.0.0.1"]
        for line in container.host.extra_hosts or []:
            if line.partition(":")[0] == name:
                return [self.host_address(line.partition(":")[2])]
        for one in links_of(container, self.daemon.container):
            if name == one.alias and "bridge" in one.target.endpoints:
                return [str(one.target.endpoints["bridge"].address)]
        for network_name, endpoint in container.endpoints.items():
            network = self.daemon.networks.get(network_name)
            for link in endpoint.links:
                target, _, alias = link.partition(":")
                if name == (alias or target):
                    return network.names(self.daemon.container(target).name)
            if network.name != "bridge" and (found := network.names(name)):
                return found
        return []

    def host_address(self, text: str) -> str:
        """An address as --add-host gives it; `host-gateway` is the host's in the default bridge."""
        return str(self.daemon.networks.get("bridge").pools[0].gateway) if text == "host-gateway" else text

    def reach(self, container: Container, address: str, port: int, protocol: str) -> object | None:
        """Who answers at an address, as the container's networks lead there."""
        if address.startswith("127."):
            if protocol == "icmp":
                return container
            return container.space.listening.get((port, protocol)) if container.space else None
        for name in container.endpoints:
            for endpoint in self.daemon.networks.get(name).endpoints.values():
                if str(endpoint.address) == address:
                    other = self.daemon.containers.get(endpoint.container)
                    if protocol == "icmp":
                        return other
                    return other.space.listening.get((port, protocol)) if other and other.space else None
        return None


def _has(pools: list[Pool], address: str) -> bool:
    try:
        return any(ip_address(address) in pool.subnet for pool in pools)
    except ValueError:
        raise InvalidError(f"invalid endpoint settings:\ninvalid IPv4 address: {address}") from None
