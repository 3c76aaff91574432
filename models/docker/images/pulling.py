"""`docker pull`: manifest, then the layers that are missing, three at a time over one link, each unpacked on the one before.

Read first: docs/models/docker/images.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import simpy

from cutaway.models.docker.errors import DaemonError, NotFoundError
from cutaway.models.docker.images import catalogue
from cutaway.models.docker.images.image import Image, ImageLayer
from cutaway.models.docker.images.store import Images
from cutaway.models.docker.references import Reference
from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

AT_ONCE = 3
"""Layers that are downloaded at once (dockerd, --max-concurrent-downloads)."""
ROUND_TRIP_NS = 30_000_000
"""To a registry and back; assumed, 5 to 150 ms."""
RATE = 12_500_000
"""Bytes a second of the way to the registry: 100 Mbit/s, assumed, 10 Mbit/s to 1 Gbit/s."""
UNPACK_RATE = 100_000_000
"""Bytes of the unpacked layer that are written a second, gzip being the slowest part; assumed, 60 to 200 MB/s."""
PIECE_NS = 100_000_000
"""A message of progress stands for so long."""
Tell = Callable[[dict[str, Any]], None]


def pulled(daemon: Daemon, reference: Reference, pull: Pull) -> Steps:
    """The image, in the daemon's store and named. Raises DaemonError."""
    image = yield from pull.run(reference)
    if not reference.digest:
        daemon.images.tag(image, reference, daemon.now_ns)
    daemon.tell_image("pull", reference.text, reference.repository)
    return image


@dataclass
class Pull:
    """One pull, and whom it tells of it."""

    clock: Clock
    images: Images
    tell: Tell
    platform: str = ""
    """As `linux/amd64`; "" for the host's."""
    cancelled: bool = False

    def cancel(self) -> None:
        """The client has gone: what is on its way is the last that comes."""
        self.cancelled = True

    def room(self, there_is: bool) -> None:
        """Whether the client takes more; a pull tells too little to wait for it."""

    def run(self, reference: Reference) -> Steps:
        """The image, in the store. Raises NotFoundError, DaemonError."""
        yield self.clock.timeout(2 * ROUND_TRIP_NS)
        if reference.digest:
            entry = catalogue.find_digest(reference.repository, reference.digest)
        else:
            entry = catalogue.find(reference.repository, reference.tag or "latest")
        if entry is None:
            if reference.repository in catalogue.repositories():
                raise NotFoundError(f"manifest for {reference.text} not found: manifest unknown: manifest unknown")
            raise NotFoundError(f"pull access denied for {reference.repository}, repository does not exist or may require 'docker login': "
                                "denied: requested access to the resource is denied")  # fmt: skip
        self.tell({"status": f"Pulling from {reference.path}", "id": reference.tag or reference.digest or "latest"})
        platform = "/".join((self.platform or "linux/amd64").split("/")[:2])
        if f"{entry.image.os}/{entry.image.architecture}" != platform:
            raise NotFoundError(f"no matching manifest for {platform} in the manifest list entries")
        is_new = entry.image.id not in self.images.by_id
        if is_new:
            yield from self._layers(entry.image)
        image = self.images.add(entry.image)
        name = f"{reference.repository}@{entry.digest}"
        if name not in image.digests:
            image.digests.append(name)
        self.tell({"status": f"Digest: {entry.digest}"})
        self.tell({"status": f"Status: {'Downloaded newer image' if is_new else 'Image is up to date'} for {reference.text}"})
        return image

    def _layers(self, image: Image) -> Steps:
        there = {layer.digest for other in self.images.by_id.values() for layer in other.layers}
        for layer in image.layers:
            self._say(layer, "Already exists" if layer.digest in there else "Pulling fs layer")
        missing = [layer for layer in image.layers if layer.digest not in there]
        link = simpy.Resource(self.clock, capacity=AT_ONCE)
        loads = [self.clock.process(self._download(layer, link)) for layer in missing]
        for load, layer in zip(loads, missing, strict=True):
            yield load
            yield from self._unpack(layer)

    def _download(self, layer: ImageLayer, link: simpy.Resource) -> Steps:
        with link.request() as turn:
            if not turn.triggered:
                self._say(layer, "Waiting")
            yield turn
            yield self.clock.timeout(ROUND_TRIP_NS)
            yield from self._piecewise(layer, "Downloading", layer.packed, lambda: RATE // max(1, link.count))
        self._say(layer, "Verifying Checksum")
        self._say(layer, "Download complete")

    def _unpack(self, layer: ImageLayer) -> Steps:
        yield from self._piecewise(layer, "Extracting", layer.packed, lambda: max(1, UNPACK_RATE * layer.packed // max(1, layer.size)))
        self._say(layer, "Pull complete")

    def _piecewise(self, layer: ImageLayer, what: str, size: int, rate: Callable[[], int]) -> Steps:
        done = 0
        while done < size:
            now_rate = rate()
            piece = min(size - done, max(1, now_rate * PIECE_NS // 1_000_000_000))
            yield self.clock.timeout(piece * 1_000_000_000 // now_rate)
            if self.cancelled:
                raise DaemonError("context canceled")
            done += piece
            self._say(layer, what, done, size)

    def _say(self, layer: ImageLayer, status: str, done: int = 0, size: int = 0) -> None:
        message: dict[str, Any] = {"status": status, "progressDetail": {"current": done, "total": size} if size else {}}
        if size:
            message["progress"] = bar(done, size)
        self.tell({**message, "id": layer.digest.removeprefix("sha256:")[:12]})


def bar(done: int, size: int) -> str:
    """The bar that the daemon draws for clients that do not."""
    filled = min(50, 50 * done // size)
    return f"[{'=' * filled}{'>' if filled < 50 else ''}{' ' * (49 - filled)}] {_short(done):>8}/{_short(size)}"


def _short(size: int) -> str:
    amount, units = float(size), ["B", "kB", "MB", "GB"]
    while amount >= 1000 and len(units) > 1:
        amount, units = amount / 1000, units[1:]
    return f"{amount:.4g}{units[0]}"
