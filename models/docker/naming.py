"""What the daemon writes for a container so that it finds others by name: /etc/hosts and /etc/resolv.conf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from cutaway.models.docker.container import Container
from cutaway.models.docker.links import Link, hosts_lines

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon


def hosts_of(daemon: Daemon, container: Container, links: list[Link]) -> str:
    """/etc/hosts. Raises ConflictError for a link to a container that does not run."""
    return "".join(f"{line}\n" for line in _hosts(daemon, container, links))


def _hosts(daemon: Daemon, container: Container, links: list[Link]) -> Iterator[str]:
    yield from ("127.0.0.1\tlocalhost", "::1\tlocalhost ip6-localhost ip6-loopback")
    for line in container.host.extra_hosts or []:
        name, _, address = line.partition(":")
        yield f"{daemon.networking.host_address(address)}\t{name}"
    if "bridge" in container.endpoints:
        yield from hosts_lines(container, links)
    domain = container.config.domainname
    for endpoint in container.endpoints.values():
        if endpoint.address is not None:
            yield f"{endpoint.address}\t{f'{container.hostname}.{domain} ' if domain else ''}{container.hostname}"


def resolver_of(daemon: Daemon, container: Container) -> str:
    """/etc/resolv.conf: in a network of one's own the daemon answers itself."""
    own = any(name != "bridge" for name in container.endpoints)
    servers = ["127.0.0.11"] if own else container.host.dns or [daemon.resolver]
    lines = [f"nameserver {one}" for one in servers]
    if container.host.dns_search:
        lines.append(f"search {' '.join(container.host.dns_search)}")
    if container.host.dns_options:
        lines.append(f"options {' '.join(container.host.dns_options)}")
    return "".join(f"{line}\n" for line in lines)
