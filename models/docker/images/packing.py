"""Images as archives, as `docker save` writes them and `docker load` reads them: a manifest, a configuration, a tar for each layer."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from typing import IO, Any

from cutaway.models.docker.dates import rfc3339, unix_ns_of
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.filesystem.archive import as_layer, packed_layer
from cutaway.models.docker.filesystem.archive import packed as packed_members
from cutaway.models.docker.filesystem.archive import unpacked as members_of
from cutaway.models.docker.filesystem.nodes import File, Node, file
from cutaway.models.docker.filesystem.tree import layer_size
from cutaway.models.docker.images.image import Image, ImageLayer, Step
from cutaway.models.docker.references import reference_of
from cutaway.models.docker.specification import Config, form_of


def packed(images: Sequence[tuple[Image, str]]) -> bytes:
    """An archive of images, each with the name under which it was asked for."""
    members: dict[str, Node] = {}
    manifest: dict[str, dict[str, Any]] = {}
    for image, name in images:
        config_name = f"{image.id[7:]}.json"
        entry = manifest.setdefault(image.id, {"Config": config_name, "RepoTags": [], "Layers": []})
        try:
            tags = [tag for tag in image.tags if tag == reference_of(name).tagged]
        except InvalidError:
            tags = []
        entry["RepoTags"] += [tag for tag in tags if tag not in entry["RepoTags"]]
        members[config_name] = file(json.dumps(_config(image)).encode())
        if not entry["Layers"]:
            for layer in image.layers:
                member = f"{layer.digest[7:]}/layer.tar"
                members.setdefault(member, file(packed_layer(layer.files)))
                entry["Layers"].append(member)
    members["manifest.json"] = file(json.dumps(list(manifest.values())).encode())
    return packed_members(members.items())


def _config(image: Image) -> dict[str, Any]:
    return {
        "id": image.id, "architecture": image.architecture, "os": image.os, "author": image.author, "comment": image.comment,
        "created": rfc3339(image.created_ns), "config": image.config.as_json(),
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in image.layers]},
        "history": [{"created_by": step.created_by, "comment": step.comment, "empty_layer": step.layer is None} for step in image.steps],
        "sizes": [[layer.size, layer.packed] for layer in image.layers],
    }  # fmt: skip


def unpacked(content: IO[bytes], most_bytes: int) -> Iterator[tuple[Image, list[str]]]:
    """The images of an archive and their names. Raises InvalidError."""
    members = {path: node for path, node in members_of(content, most_bytes) if isinstance(node, File)}
    layers = _Layers(members, most_bytes)
    try:
        manifest = json.loads(members["/manifest.json"].bytes)
        for entry in manifest:
            yield _image(members, layers, entry), list(entry.get("RepoTags") or [])
    except (KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        raise InvalidError("invalid archive: it holds no image that `docker save` wrote") from None


class _Layers:
    """The layers of an archive, each unpacked once however often it is named, and all of them within one bound."""

    def __init__(self, members: dict[str, File], most_bytes: int) -> None:
        self.members = members
        self.left = most_bytes
        self.by_name: dict[str, dict[str, Node | None]] = {}

    def get(self, name: str) -> dict[str, Node | None]:
        """Raises InvalidError, KeyError."""
        if name not in self.by_name:
            files = as_layer(io.BytesIO(self.members[name].bytes), self.left)
            self.left -= layer_size(files)
            self.by_name[name] = files
        return self.by_name[name]


def _image(members: dict[str, File], packed_layers: _Layers, entry: dict[str, Any]) -> Image:
    document = json.loads(members[f"/{entry['Config']}"].bytes)
    sizes = document.get("sizes") or []
    layers = []
    for k, (name, digest) in enumerate(zip(entry["Layers"], document["rootfs"]["diff_ids"], strict=True)):
        files, length = packed_layers.get(f"/{name}"), members[f"/{name}"].size
        size, packed_size = sizes[k] if k < len(sizes) else (length, length)
        layers.append(ImageLayer(str(digest), files, int(size), int(packed_size)))
    waiting = list(layers)
    steps = []
    for line in document.get("history") or [{"created_by": ""} for _ in layers]:
        layer = None if line.get("empty_layer") or not waiting else waiting.pop(0)
        steps.append(Step(str(line.get("created_by", "")), 0, layer, str(line.get("comment", ""))))
    created_ns = unix_ns_of(document["created"][:19] + "Z")
    config: Config = form_of(Config, document.get("config"))
    return Image(document.get("id") or f"sha256:{entry['Config'].removesuffix('.json')}", config, tuple(steps), created_ns,
                 str(document.get("architecture", "amd64")), str(document.get("os", "linux")))  # fmt: skip
