"""An image: layers, and what a container of it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

from cutaway.models.docker.filesystem.nodes import Node, directory, file, link
from cutaway.models.docker.filesystem.tree import Layer, Merged
from cutaway.models.docker.specification import Config

INIT: dict[str, Node | None] = {
    "/dev": directory(), "/dev/pts": directory(), "/dev/shm": directory(), "/etc": directory(), "/etc/hostname": file(b"", 0o755),
    "/etc/hosts": file(b"", 0o755), "/etc/mtab": link("/proc/mounts"), "/etc/resolv.conf": file(b"", 0o755), "/proc": directory(),
    "/sys": directory(), "/.dockerenv": file(b"", 0o755),
}  # fmt: skip
"""The layer of its own that overlay2 puts between image and container (daemon/initlayer of moby)."""


@dataclass(frozen=True)
class ImageLayer:
    """One layer."""

    digest: str
    """Of its content, unpacked."""
    files: Layer
    size: int
    """Bytes, unpacked: of the original where the image is one of the catalogue, whose files are simulated in part."""
    packed: int
    """Bytes that a pull moves."""


@dataclass(frozen=True)
class Step:
    """A line of `docker history`."""

    created_by: str
    created_ns: int
    layer: ImageLayer | None
    """None for a step that changes the configuration only."""
    comment: str = ""


@dataclass
class Image:
    """An image in a store."""

    id: str
    config: Config
    steps: tuple[Step, ...]
    created_ns: int
    architecture: str = "amd64"
    os: str = "linux"
    author: str = ""
    comment: str = ""
    parent: str = ""
    container: str = ""
    """That it was committed from."""
    step: str = ""
    """Of the builder's images, what their step was made of, which its cache compares."""
    tags: list[str] = field(default_factory=list)
    """`nginx:latest`"""
    digests: list[str] = field(default_factory=list)
    """`nginx@sha256:...`, of those that were pulled."""
    tagged_ns: int = 0
    _merged: Merged | None = None
    _root: Merged | None = None

    @property
    def layers(self) -> list[ImageLayer]:
        return [step.layer for step in self.steps if step.layer is not None]

    @property
    def size(self) -> int:
        return sum(layer.size for layer in self.layers)

    @property
    def files(self) -> Merged:
        """Its layers as one, made when they are first looked at."""
        if self._merged is None:
            self._merged = Merged(tuple(layer.files for layer in self.layers))
        return self._merged

    @property
    def root(self) -> Merged:
        """What a container writes over: the image, and what the daemon puts there before anything runs."""
        if self._root is None:
            self._root = Merged((*(layer.files for layer in self.layers), INIT))
        return self._root
