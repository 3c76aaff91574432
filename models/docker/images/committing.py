"""An image out of a container, or out of steps: what `docker commit`, `docker import` and the builder keep."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from cutaway.models.docker.container import Container
from cutaway.models.docker.filesystem.tree import Layer, layer_size
from cutaway.models.docker.identity import digest_of
from cutaway.models.docker.images.image import Image, ImageLayer, Step
from cutaway.models.docker.specification import Config

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

_WRITTEN_BY_THE_DAEMON = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")


def made(daemon: Daemon, config: Config, steps: tuple[Step, ...], **more: Any) -> Image:
    """An image in the daemon's store; `more` is what else an Image holds."""
    identity = [config.as_json(), [[step.created_by, step.layer.digest if step.layer else ""] for step in steps], daemon.now_ns]
    return daemon.images.add(Image(digest_of(json.dumps(identity).encode()), config, steps, daemon.now_ns, **more))


def written_by(daemon: Daemon, container: Container) -> ImageLayer:
    """What a container has changed, as a layer."""
    files = {path: node for path, node in container.tree.layer().items() if not path.startswith(_WRITTEN_BY_THE_DAEMON)}
    return layer_of(files, f"{container.id}{daemon.now_ns}")


def layer_of(files: Layer, identity: str) -> ImageLayer:
    """A layer with the digest of what makes it one of its own."""
    return ImageLayer(digest_of(identity.encode()), files, layer_size(files), layer_size(files))
