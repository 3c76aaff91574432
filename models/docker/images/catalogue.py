"""The images that can be pulled: their layers, sizes and configurations as data in catalogue/, each with its source.

A file there is one repository. The simulated registries hold them all; they know no other. An image that says `from` begins with the layers
of that image, so that they are the same ones. A source has the packed size of each layer and the unpacked size of the whole: layers of an
image share what is not known of them in the proportion of their packed sizes, which is an assumption, within half and double.
Read first: docs/models/docker/images.md.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from typing import Any

from cutaway.models.docker.dates import unix_ns_of
from cutaway.models.docker.filesystem.nodes import File, Node, directory, file, link, with_attributes
from cutaway.models.docker.filesystem.tree import parent_of
from cutaway.models.docker.identity import digest_of
from cutaway.models.docker.images import rootfs
from cutaway.models.docker.images.image import Image, ImageLayer, Step
from cutaway.models.docker.processes.exec import binary
from cutaway.models.docker.specification import Config, form_of

_BASES = {"busybox": rootfs.of_busybox, "alpine": rootfs.of_busybox, "gnu": rootfs.of_gnu}
Content = dict[str, Node | None]


@dataclass(frozen=True)
class Entry:
    """An image of a registry."""

    repository: str
    tag: str
    image: Image
    digest: str
    """Of its manifest, or of the list of manifests of all its platforms."""


def repositories() -> list[str]:
    """What the registries have, sorted."""
    return sorted(_documents())


@cache
def _documents() -> dict[str, dict[str, Any]]:
    found = {}
    for one in files("cutaway.models.docker.images").joinpath("catalogue").iterdir():
        if one.name.endswith(".toml"):
            document = tomllib.loads(one.read_text(encoding="utf-8"))
            found[document["repository"]] = document
    return found


def find(repository: str, tag: str) -> Entry | None:
    """An image by repository and tag; None if there is none."""
    document = _documents().get(repository)
    made = next((one for one in document["images"] if tag in one["tags"]), None) if document else None
    return _entry(repository, tag, made) if made is not None else None


def find_digest(repository: str, digest: str) -> Entry | None:
    """The same by the digest of its manifest."""
    for one in _documents().get(repository, {}).get("images", []):
        entry = _entry(repository, one["tags"][0], one)
        if entry.digest == digest:
            return entry
    return None


def _entry(repository: str, tag: str, made: dict[str, Any]) -> Entry:
    identity = f"{repository}/{made['tags'][0]}/{made['created']}"
    image = Image(
        made.get("id") or digest_of(f"image {identity}".encode()), form_of(Config, made.get("config", {})),
        steps_of(repository, made["tags"][0]), _unix_ns(made), made.get("architecture", "amd64"), made.get("os", "linux"),
    )  # fmt: skip
    return Entry(repository, tag, image, made.get("digest") or digest_of(f"manifest {identity}".encode()))


def _unix_ns(made: dict[str, Any]) -> int:
    return unix_ns_of(made["created"])


@cache
def steps_of(repository: str, tag: str) -> tuple[Step, ...]:
    """What an image was built by, with the layers that came of it; those of the image that it begins with come first."""
    made = next(one for one in _documents()[repository]["images"] if tag in one["tags"])
    below: tuple[Step, ...] = steps_of(*made["from"].split(":")) if "from" in made else ()
    sizes = _sizes(made, sum(step.layer.size for step in below if step.layer))
    content: Content = {}
    for step in below:
        content |= step.layer.files if step.layer else {}
    found = list(below)
    for one in made["steps"]:
        layer = None
        if "packed" in one:
            added = _dated(_added(one, content), _unix_ns(made))
            content |= added
            digest = one.get("digest") or digest_of(f"layer {repository} {one['by']} {one['packed']}".encode())
            layer = ImageLayer(digest, added, sizes.pop(0), one["packed"])
        found.append(Step(one["by"], _unix_ns(made), layer))
    return tuple(found)


def _sizes(made: dict[str, Any], below: int) -> list[int]:
    """Bytes of each layer unpacked; what the whole leaves for those of which it is not known is shared out."""
    layers = [one for one in made["steps"] if "packed" in one]
    left = made.get("size", below) - below - sum(one.get("size", 0) for one in layers)
    packed = sum(one["packed"] for one in layers if "size" not in one)
    found = []
    for one in layers:
        share = one["size"] if "size" in one else left * one["packed"] // packed
        if "size" not in one:
            left, packed = left - share, packed - one["packed"]
        found.append(share)
    return found


def _added(made: dict[str, Any], below: Content) -> Content:
    """What a step puts over the files below."""
    content: Content = {}
    if base := made.get("base"):
        content |= _BASES[base](made["release"])
    for path in made.get("folders", []):
        _with_parents(content, path, directory())
    for path, text in made.get("files", {}).items():
        _with_parents(content, path, file(text.encode()))
    for path, target in made.get("links", {}).items():
        _with_parents(content, path, link(target))
    for path in made.get("programs", []):
        _with_parents(content, path, binary(path.rpartition("/")[2]))
    for path, text in made.get("scripts", {}).items():
        _with_parents(content, path, file(text.encode(), 0o755))
    if people := made.get("users"):
        both = below | content
        accounts = {name: f"{name}:x:{uid}:{uid}::/nonexistent:/usr/sbin/nologin" for name, uid in people.items()}
        content["/etc/passwd"] = _with_lines(both["/etc/passwd"], accounts)
        content["/etc/group"] = _with_lines(both["/etc/group"], {name: f"{name}:x:{uid}:" for name, uid in people.items()})
    return content


def _dated(content: Content, changed_ns: int) -> Content:
    """The same, changed when the image was built."""
    return {path: node and with_attributes(node, replace(node.at, changed_ns=changed_ns)) for path, node in content.items()}


def _with_lines(table: Node | None, lines: dict[str, str]) -> Node:
    """/etc/passwd or /etc/group with these; who is there under the same name leaves."""
    assert isinstance(table, File)
    kept = [line for line in table.bytes.decode().splitlines() if line.partition(":")[0] not in lines]
    return file("".join(f"{line}\n" for line in [*kept, *lines.values()]).encode())


def _with_parents(content: Content, path: str, node: Node) -> None:
    above = parent_of(path)
    if above != "/" and above not in content:
        _with_parents(content, above, directory())
    content[path] = node
