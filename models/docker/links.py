"""Legacy links: a container finds another one by an alias in its /etc/hosts, and the other's ports and environment in its own.

They are of the default bridge alone; in other networks names are asked for. Read first: daemon/links/links.go of moby.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ConflictError, InvalidError, NotFoundError
from cutaway.models.docker.specification import port_of


@dataclass(frozen=True)
class Link:
    """One link of a container."""

    target: Container
    alias: str


def links_of(container: Container, find: Callable[[str], Container]) -> list[Link]:
    """Raises InvalidError for one that leads nowhere."""
    found = []
    for text in container.host.links or []:
        name, _, alias = text.partition(":")
        try:
            found.append(Link(target := find(name), alias.rpartition("/")[2] or target.name))
        except NotFoundError as error:
            raise InvalidError(f"could not get container for {name}: {error.message}") from None
    return found


def unlink(container: Container, alias: str, find: Callable[[str], Container]) -> None:
    """`docker rm --link`. Raises InvalidError, ConflictError."""
    links = links_of(container, find)
    if all(link.alias != alias for link in links):
        raise InvalidError("Cannot get parent link /" + f"{container.name}/{alias}")
    container.host.links = [f"{link.target.name}:{link.alias}" for link in links if link.alias != alias]
    for link in links:
        if link.alias == alias:
            link.target.linked_from.discard((container.id, alias))


def hosts_lines(container: Container, links: list[Link]) -> Iterator[str]:
    """Lines of /etc/hosts. Raises ConflictError."""
    for link in links:
        endpoint = _endpoint(container, link)
        names = dict.fromkeys((link.alias, link.target.hostname, link.target.name))
        yield f"{endpoint}\t{' '.join(names)}"


def environment(container: Container, links: list[Link]) -> dict[str, str]:
    """The variables that tell of the links. Raises ConflictError."""
    found: dict[str, str] = {}
    for link in links if "bridge" in container.endpoints else []:
        address, name = _endpoint(container, link), link.alias.upper().replace("-", "_")
        found[f"{name}_NAME"] = f"/{container.name}/{link.alias}"
        for k, port in enumerate(sorted(map(port_of, link.target.config.exposed_ports))):
            number, protocol = port
            at, whole = f"{name}_PORT_{number}_{protocol.upper()}", f"{protocol}://{address}:{number}"
            found |= {f"{name}_PORT": whole} if k == 0 else {}
            found |= {at: whole, f"{at}_ADDR": address, f"{at}_PORT": str(number), f"{at}_PROTO": protocol}
        for line in link.target.config.env:
            key, _, value = line.partition("=")
            if key not in ("HOME", "PATH"):
                found[f"{name}_ENV_{key}"] = value
    return found


def _endpoint(container: Container, link: Link) -> str:
    endpoint = link.target.endpoints.get("bridge")
    if endpoint is None or not link.target.running:
        raise ConflictError(f"Cannot link to a non running container: /{link.target.name} AS /{container.name}/{link.alias}")
    return str(endpoint.address)
