"""The images that can be pulled: their layers, sizes and configurations as data in catalogue/, each with its source.

A file there is one repository. The simulated registry holds them all; it knows no other.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any

from cutaway.models.docker.filesystem.nodes import Node, directory, file, link
from cutaway.models.docker.filesystem.tree import parent_of
from cutaway.models.docker.identity import digest_of
from cutaway.models.docker.images import rootfs
from cutaway.models.docker.images.image import Image, ImageLayer, Step
from cutaway.models.docker.processes.exec import binary
from cutaway.models.docker.specification import Config, form_of

_BASES = {"busybox": rootfs.of_busybox, "alpine": rootfs.of_busybox, "gnu": rootfs.of_gnu}


@dataclass(frozen=True)
class Entry:
    """An image of a registry."""

    repository: str
    tag: str
    image: Image
    digest: str
    """Of its manifest."""


def repositories() -> list[str]:
    """What the registry has, sorted."""
    return sorted(_entries())


@cache
def _entries() -> dict[str, dict[str, Any]]:
    found = {}
    for one in files("cutaway.models.docker.images").joinpath("catalogue").iterdir():
        if one.name.endswith(".toml"):
            document = tomllib.loads(one.read_text(encoding="utf-8"))
            found[document["repository"]] = document
    return found


def find(repository: str, tag: str) -> Entry | None:
    """An image by repository and tag; None if there is none."""
    document = _entries().get(repository)
    made = next((one for one in document["images"] if tag in one["tags"]), None) if document else None
    return _entry(repository, tag, made) if made is not None else None


def find_digest(repository: str, digest: str) -> Entry | None:
    """The same by the digest of its manifest."""
    for one in _entries().get(repository, {}).get("images", []):
        entry = _entry(repository, one["tags"][0], one)
        if entry.digest == digest:
            return entry
    return None


def _entry(repository: str, tag: str, made: dict[str, Any]) -> Entry:
    created_ns = int(datetime.fromisoformat(made["created"]).timestamp()) * 1_000_000_000
    steps = tuple(_step(one, created_ns) for one in made["steps"])
    config = form_of(Config, made.get("config", {}))
    identity = f"{repository}/{made['tags'][0]}/{made['created']}"
    image = Image(digest_of(f"image {identity}".encode()), config, steps, created_ns, made.get("architecture", "amd64"), made.get("os", "linux"))
    return Entry(repository, tag, image, digest_of(f"manifest {identity}".encode()))


def _step(made: dict[str, Any], created_ns: int) -> Step:
    if "size" not in made:
        return Step(made["by"], created_ns, None)
    content: dict[str, Node | None] = {}
    if base := made.get("base"):
        content |= _BASES[base](made["release"])
    for path, text in made.get("files", {}).items():
        _with_parents(content, path, file(text.encode()))
    for path, target in made.get("links", {}).items():
        _with_parents(content, path, link(target))
    for path in made.get("folders", []):
        _with_parents(content, path, directory())
    for path in made.get("programs", []):
        _with_parents(content, path, binary(path.rpartition("/")[2]))
    for path, text in made.get("scripts", {}).items():
        _with_parents(content, path, file(text.encode(), 0o755))
    digest = digest_of(f"layer {made['by']} {made['size']} {made['packed']}".encode())
    return Step(made["by"], created_ns, ImageLayer(digest, content, made["size"], made["packed"]))


def _with_parents(content: dict[str, Node | None], path: str, node: Node) -> None:
    above = parent_of(path)
    if above != "/" and above not in content:
        _with_parents(content, above, directory())
    content[path] = node
