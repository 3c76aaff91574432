"""Where the client is, and the container, of each measured stack."""

from __future__ import annotations

from cutaway.models.clients import Where
from cutaway.models.container import DockerPart

WAYS: dict[str, tuple[Where, DockerPart | None]] = {
    "native": ("loopback", None),
    "native-veth": ("veth", None),
    "native-cgroup": ("loopback", None),
    "docker-host": ("loopback", DockerPart(network="host", publish="none")),
    "docker-host-unconfined": ("loopback", DockerPart(network="host", publish="none", seccomp="unconfined")),
    "docker-host-volume": ("loopback", DockerPart(network="host", publish="none", storage="volume")),
    "docker-host-volume-unconfined": ("loopback", DockerPart(network="host", publish="none", storage="volume", seccomp="unconfined")),
    "docker-bridge": ("loopback", DockerPart(publish="none")),
    "docker-nat-lo": ("loopback", DockerPart(publish="nat")),
    "docker-nat": ("veth", DockerPart(publish="nat")),
    "docker-proxy": ("loopback", DockerPart(publish="proxy")),
}
"""Where the client is, and the container, of each measured stack."""
