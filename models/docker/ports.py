"""Ports of the host that lead to containers: who has which, and which are given out where the client names none."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field

from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import DaemonError
from cutaway.models.docker.networks import Endpoint
from cutaway.models.docker.specification import port_of

EPHEMERAL = range(32768, 61000)
"""From which a port is taken where none is asked for (net.ipv4.ip_local_port_range)."""


@dataclass
class Ports:
    """The ports of one host."""

    open: Callable[[str, int, str, Container], None]
    """Opens a port to the outside, of an address and a protocol. Raises OSError."""
    close: Callable[[str, int, str], None]
    taken: dict[tuple[int, str], str] = field(default_factory=dict)
    """Container's id by port and protocol."""
    _next: int = EPHEMERAL.start

    def publish(self, container: Container, endpoint: Endpoint) -> None:
        """Opens what a container publishes. Raises DaemonError; then nothing of it is open."""
        try:
            for name, bindings in self._wanted(container).items():
                number, protocol = port_of(name)
                for binding in bindings:
                    address, text = binding.get("HostIp") or "0.0.0.0", binding.get("HostPort") or ""
                    port = self._take(container, endpoint, number, address, text, protocol)
                    container.ports.setdefault(f"{number}/{protocol}", []).append((address, port))
        except DaemonError:
            self.release(container)
            raise

    def _wanted(self, container: Container) -> dict[str, list[dict[str, str]]]:
        anywhere: list[dict[str, str]] = [{}]
        bindings = {_whole(name): list(one or anywhere) for name, one in container.host.port_bindings.items()}
        exposed = {_whole(name) for name in container.config.exposed_ports}
        wanted = {name: one for name, one in bindings.items() if name in exposed}
        if container.host.publish_all_ports:
            wanted = {name: anywhere for name in sorted(exposed)} | wanted
        return wanted

    def _take(self, container: Container, endpoint: Endpoint, number: int, address: str, text: str, protocol: str) -> int:
        """The first port that is free of those that are wanted, for the container's port `number`."""
        first, _, last = text.partition("-")
        candidates = range(int(first), int(last or first) + 1) if text and int(first) else self._ephemeral()
        refused: DaemonError | None = None
        for port in candidates:
            if (port, protocol) not in self.taken:
                try:
                    self.open(address, port, protocol, container)
                except OSError as error:
                    what = f"failed to bind host port for {address}:{port}:{endpoint.address}:{number}/{protocol}"
                    refused = self._refused(endpoint, f"{what}: {(error.strerror or 'address already in use').lower()}")
                    if error.errno == errno.EADDRINUSE:
                        continue
                    break
                self.taken[port, protocol] = container.id
                return port
        raise refused or self._refused(endpoint, f"Bind for {address}:{text} failed: port is already allocated")

    def _ephemeral(self) -> list[int]:
        at = self._next
        self._next = at + 1 if at + 1 in EPHEMERAL else EPHEMERAL.start
        return [*range(at, EPHEMERAL.stop), *range(EPHEMERAL.start, at)]

    def _refused(self, endpoint: Endpoint, why: str) -> DaemonError:
        return DaemonError("failed to set up container networking: driver failed programming external connectivity on endpoint "
                           f"{endpoint.name} ({endpoint.id}): {why}")  # fmt: skip

    def release(self, container: Container) -> None:
        """Closes all that a container has."""
        for name, places in container.ports.items():
            protocol = name.partition("/")[2]
            for address, port in places:
                if self.taken.pop((port, protocol), None):
                    self.close(address, port, protocol)
        container.ports.clear()


def _whole(name: str) -> str:
    number, protocol = port_of(name)
    return f"{number}/{protocol}"
