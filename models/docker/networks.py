"""Networks of a Docker host: bridges with their subnets, `host`, `none`; who is connected, under which address and names.

Read first: docs/models/docker/engine.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Any

from cutaway.models.docker.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError

PREDEFINED = ("bridge", "host", "none")
POOLS = tuple(
    [IPv4Network(f"172.{second}.0.0/16") for second in range(17, 32)]
    + [IPv4Network(f"192.168.{third}.0/20") for third in range(0, 256, 16)]
)
"""From which networks get their subnets, in this order (libnetwork/ipamutils of moby)."""


@dataclass
class Pool:
    """A subnet of a network."""

    subnet: IPv4Network
    gateway: IPv4Address
    range: IPv4Network | None = None
    """From which addresses are given out."""
    auxiliary: dict[str, str] = field(default_factory=dict)
    used: set[int] = field(default_factory=set)
    """Addresses that are taken, as numbers."""
    _lowest: int = 0
    """Below it all are taken."""

    def take(self) -> IPv4Address:
        """The first address that is free. Raises ForbiddenError."""
        reserved = {int(self.gateway), *(int(IPv4Address(one)) for one in self.auxiliary.values())}
        within = self.range or self.subnet
        first, last = int(within.network_address), int(within.broadcast_address)
        edges = 0 if within.prefixlen > 30 else 1
        for number in range(max(first + edges, self._lowest), last + 1 - edges):
            if number not in self.used and number not in reserved:
                self.used.add(number)
                self._lowest = number + 1
                return IPv4Address(number)
        raise ForbiddenError("no available IPv4 addresses on this network's address pools")

    def give_back(self, address: IPv4Address) -> None:
        self.used.discard(int(address))
        self._lowest = min(self._lowest, int(address))


@dataclass
class Endpoint:
    """A container in a network."""

    id: str
    container: str
    """Id."""
    name: str
    address: IPv4Address | None
    prefix: int
    mac: str
    aliases: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    asked: dict[str, Any] = field(default_factory=dict)
    """IPAMConfig, as the client gave it."""
    options: dict[str, str] = field(default_factory=dict)
    interface: str = ""
    peer: int = 0
    """Index of the veth's end on the host."""


@dataclass
class Network:
    """One network."""

    id: str
    name: str
    driver: str
    created_ns: int
    pools: list[Pool] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    internal: bool = False
    attachable: bool = False
    ingress: bool = False
    ipv6: bool = False
    scope: str = "local"
    ipam: dict[str, Any] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    """By container id; of those that run."""

    @property
    def bridge(self) -> str:
        """The bridge's interface on the host."""
        return self.options.get("com.docker.network.bridge.name") or f"br-{self.id[:12]}"

    def names(self, name: str) -> list[str]:
        """Addresses of a name in this network."""
        return [str(one.address) for one in self.endpoints.values() if one.address and name in (one.name, one.container[:12], *one.aliases)]


class Networks:
    """The networks of one daemon."""

    def __init__(self) -> None:
        self.by_id: dict[str, Network] = {}

    def __iter__(self) -> Iterator[Network]:
        return iter(self.by_id.values())

    def get(self, name: str) -> Network:
        """By name, id or the beginning of an id. Raises NotFoundError, InvalidError."""
        for network in self:
            if name in (network.id, network.name):
                return network
        matching = [network for network in self if name and network.id.startswith(name)]
        if len(matching) > 1:
            raise InvalidError(f"network {name} is ambiguous ({len(matching)} matches found based on ID prefix)")
        if not matching:
            raise NotFoundError(f"network {name} not found")
        return matching[0]

    def add(self, network: Network) -> None:
        """Raises ConflictError."""
        if any(other.name == network.name for other in self):
            raise ConflictError(f"network with name {network.name} already exists")
        self.by_id[network.id] = network

    def remove(self, network: Network) -> None:
        """Raises ForbiddenError."""
        if network.name in PREDEFINED:
            raise ForbiddenError(f"{network.name} is a pre-defined network and cannot be removed")
        if network.endpoints:
            first = ", ".join(f'name:"{one.name}" id:"{one.id[:12]}"' for one in network.endpoints.values())
            raise ForbiddenError(f"error while removing network: network {network.name} has active endpoints ({first})")
        del self.by_id[network.id]

    def free_subnet(self) -> IPv4Network:
        """Raises InvalidError."""
        taken = [pool.subnet for network in self for pool in network.pools]
        for subnet in POOLS:
            if not any(subnet.overlaps(other) for other in taken):
                return subnet
        raise InvalidError("could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network")

    def pool_of(self, asked: dict[str, Any]) -> Pool:
        """A pool as a client asks for it. Raises InvalidError, ForbiddenError."""
        text = asked.get("Subnet") or ""
        try:
            subnet = IPv4Network(text) if text else self.free_subnet()
            within = IPv4Network(asked["IPRange"]) if asked.get("IPRange") else None
            gateway = IPv4Address(asked["Gateway"].partition("/")[0]) if asked.get("Gateway") else next(iter((within or subnet).hosts()))
        except ValueError as error:
            raise InvalidError(f"invalid network config: {error}") from None
        if any(subnet.overlaps(pool.subnet) for network in self for pool in network.pools):
            raise ForbiddenError("Pool overlaps with other one on this address space")
        if gateway not in subnet or (within is not None and not within.subnet_of(subnet)):
            raise InvalidError(f"invalid network config: no matching subnet for gateway {gateway}" if gateway not in subnet
                               else f"invalid network config: no matching subnet for ip-range {within}")  # fmt: skip
        return Pool(subnet, gateway, within, dict(asked.get("AuxiliaryAddresses") or {}))

    def connect(self, network: Network, endpoint: Endpoint) -> None:
        """Gives a container that starts its address. Raises InvalidError, ForbiddenError."""
        wanted = (endpoint.asked or {}).get("IPv4Address") or ""
        if network.pools:
            pool = network.pools[0]
            endpoint.prefix = pool.subnet.prefixlen
            if wanted:
                endpoint.address = self._wanted(network, wanted)
            else:
                endpoint.address = pool.take()
        if not endpoint.mac and endpoint.address is not None:
            endpoint.mac = "02:42:" + ":".join(f"{part:02x}" for part in endpoint.address.packed)
        network.endpoints[endpoint.container] = endpoint

    def _wanted(self, network: Network, text: str) -> IPv4Address:
        address = ip_address(text)
        pool = next((pool for pool in network.pools if address in pool.subnet), None)
        if pool is None or not isinstance(address, IPv4Address):
            raise InvalidError(f"invalid config for network {network.name}: invalid endpoint settings:\nno configured subnet or ip-range "
                               f"contain the IP address {text}")  # fmt: skip
        if int(address) in pool.used or address == pool.gateway:
            raise ForbiddenError("Address already in use")
        pool.used.add(int(address))
        return address

    def disconnect(self, network: Network, container: str) -> Endpoint:
        """Raises NotFoundError."""
        endpoint = network.endpoints.pop(container, None)
        if endpoint is None:
            raise NotFoundError(f"container {container} is not connected to network {network.name}")
        for pool in network.pools:
            if endpoint.address is not None and endpoint.address in pool.subnet:
                pool.give_back(endpoint.address)
        return endpoint


def check_ipam(asked: dict[str, Any]) -> None:
    """Raises InvalidError."""
    for one in asked.get("Config") or []:
        for name, address in (one.get("AuxiliaryAddresses") or {}).items():
            try:
                ip_address(address)
            except ValueError:
                raise InvalidError(f"invalid network config:\ninvalid auxiliary address {name}: invalid address") from None
        if text := one.get("Subnet"):
            try:
                subnet = ip_network(text, strict=False)
            except ValueError:
                raise InvalidError(f"invalid network config:\ninvalid subnet {text}: invalid CIDR block notation") from None
            if subnet.version == 4 and str(subnet) != text and "/" in text:
                raise InvalidError(f"invalid network config:\ninvalid subnet {text}: it should be {subnet}")
