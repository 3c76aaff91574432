"""COPY and ADD: sources found in the context or in another image, a digest of them for the cache, and files put in their place.

Read first: daemon/builder/dockerfile/copy.go of moby. Not modelled: sources from a URL, for nothing outside of the simulation is read.
"""

from __future__ import annotations

import io
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import PurePosixPath

from cutaway.models.docker.building.instructions import Instruction
from cutaway.models.docker.errors import DaemonError, InvalidError
from cutaway.models.docker.filesystem.archive import is_archive, unpacked
from cutaway.models.docker.filesystem.nodes import Attributes, Directory, File, Link, Node, directory, with_attributes
from cutaway.models.docker.filesystem.tree import join, name_of, parent_of
from cutaway.models.docker.filesystem.view import View
from cutaway.models.docker.programs.files import lines_of

MOST_BYTES = 256 * 1024 * 1024
"""What an archive that ADD unpacks may hold."""
Owner = tuple[int, int]
ROOT: Owner = (0, 0)


@dataclass(frozen=True)
class Source:
    """A file or directory to copy."""

    view: View
    path: str
    """Absolute, without links."""
    name: str
    """Its own, which may be a link's."""
    digest: str
    """`file:...` or `dir:...`, of what it holds and who may use it."""


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD whose sources are found."""

    instruction: Instruction
    sources: tuple[Source, ...]
    is_from_image: bool

    @property
    def destination(self) -> str:
        return self.instruction.words[-1]

    @property
    def comment(self) -> str:
        """What the history keeps, and the cache compares."""
        chown = self.instruction.flags.get("chown")
        digests = [source.digest for source in self.sources]
        digest = digests[0] if len(digests) == 1 else f"multi:{sha256(','.join(digests).encode()).hexdigest()}"
        return f"{self.instruction.name} {f'--chown={chown} ' if chown else ''}{digest} in {self.destination} "


def copy_of(one: Instruction, view: View, *, is_from_image: bool) -> Copy:
    """`view` has the sources. Raises DaemonError."""
    if "chmod" in one.flags:
        raise DaemonError(needs_buildkit("chmod"))
    try:
        sources = tuple(source for word in one.words[:-1] for source in _sources(one.name, word, view, is_from_image))
        if not sources:
            raise DaemonError("no source files were specified")
    except DaemonError as error:
        raise DaemonError(f"{one.name} failed: {error.message}") from None
    if len(sources) > 1 and not one.words[-1].endswith("/"):
        raise DaemonError(f"When using {one.name} with more than one source file, the destination must be a directory and end with a /")
    return Copy(one, sources, is_from_image)


def needs_buildkit(flag: str) -> str:
    return f"the --{flag} option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with " \
           "BuildKit enabled"  # fmt: skip


# --- sources ---------------------------------------------------------------------------------------------------------------------------


def _sources(name: str, word: str, view: View, is_from_image: bool) -> Iterator[Source]:
    if re.match(r"https?://", word):
        raise DaemonError("source can't be a URL for COPY" if name == "COPY" else f"{word}: nothing outside of the simulation is read")
    relative = posixpath.normpath(word.lstrip("/") or ".")
    if relative.split("/")[0] == "..":
        raise DaemonError(f"forbidden path outside the build context: {word} ()")
    if re.search(r"(?<!\\)[*?\[]", relative):
        pattern = f"/{relative}"
        for path in view.walk("/"):
            if path != "/" and PurePosixPath(path).match(pattern):
                yield _source(view, path)
        return
    try:
        yield _source(view, posixpath.normpath(f"/{relative}"))
    except OSError:
        where = "" if is_from_image else "file not found in build context or excluded by .dockerignore: "
        raise DaemonError(f"{where}stat {relative}: file does not exist") from None


def _source(view: View, path: str) -> Source:
    """Raises OSError."""
    real = view.resolve(path)
    node = view.node(real)
    if not isinstance(node, Directory):
        return Source(view, real, name_of(path), f"file:{_digest(view, real)}")
    inner = sorted(_digest(view, one) for one in view.walk(real) if one != real)
    return Source(view, real, name_of(path), f"dir:{sha256(','.join(inner).encode()).hexdigest()}")


def _digest(view: View, path: str) -> str:
    """Of a file's name, attributes but its time, and content."""
    node = view.place(path).node
    assert node is not None, path
    content = node.bytes if isinstance(node, File) else node.target.encode() if isinstance(node, Link) else b""
    head = f"{path}\0{type(node).__name__}\0{node.at.mode:o}\0{node.at.uid}\0{node.at.gid}\0"
    return sha256(head.encode() + content).hexdigest()


# --- putting them in place -------------------------------------------------------------------------------------------------------------


def performed(copy: Copy, into: View, cwd: str) -> None:
    """Copies into an image's files; `cwd` is its working directory. Raises DaemonError."""
    wanted = copy.destination
    target = wanted if wanted.startswith("/") else posixpath.join("/", cwd, wanted)
    chown = copy.instruction.flags.get("chown")
    owner = owner_of(into, chown) if chown else None if copy.is_from_image else ROOT
    try:
        for source in copy.sources:
            _put(source, into, target, owner, unpack=copy.instruction.name == "ADD")
    except OSError as error:
        raise DaemonError(f"failed to copy files: {error.filename}: {(error.strerror or '').lower()}") from None


def owner_of(view: View, text: str) -> Owner:
    """`user:group`, by name as the image's own files have them or by number. Raises DaemonError."""
    parts = text.split(":")
    if len(parts) > 2:
        raise InvalidError(f"invalid chown string format: {text}")
    return _number(view, "/etc/passwd", parts[0], "uid", "user"), _number(view, "/etc/group", parts[-1], "gid", "group")


def _number(view: View, table: str, name: str, number: str, kind: str) -> int:
    if name.isdecimal():
        return int(name)
    for line in lines_of(view, table):
        fields = line.split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdecimal():
            return int(fields[2])
    why = f"can't find {number} for {kind} {name}: no such {kind}: {name}"
    raise DaemonError(f"unable to convert uid/gid chown string to host mapping: {why}")


def _put(source: Source, into: View, target: str, owner: Owner | None, *, unpack: bool) -> None:
    node = source.view.node(source.path)
    if isinstance(node, Directory):
        _put_directory(source, into, target, owner)
        return
    if unpack and isinstance(node, File) and is_archive(node.bytes):
        place = made_directory(into, target, ROOT)
        for path, inner in unpacked(io.BytesIO(node.bytes), MOST_BYTES):
            _put_node(into, posixpath.normpath(f"{place}{path}"), inner)
        return
    if target.endswith("/") or into.is_directory(target):
        target = join(target, source.name)
    folder = made_directory(into, parent_of(target), owner or ROOT)
    _put_node(into, into.resolve(join(folder, name_of(target))), _owned(node, owner))


def _put_directory(source: Source, into: View, target: str, owner: Owner | None) -> None:
    """What is in it, not the directory itself."""
    made_directory(into, parent_of(target.rstrip("/")), ROOT)
    place = made_directory(into, target, owner or ROOT)
    for path in source.view.walk(source.path):
        if path != source.path:
            inner = path[len(source.path.rstrip("/")):]
            _put_node(into, f"{place.rstrip('/')}{inner}", _owned(source.view.node(path, follow=False), owner))


def _owned(node: Node, owner: Owner | None) -> Node:
    """With its own owner where none is given."""
    if owner is None:
        return node
    at: Attributes = replace(node.at, uid=owner[0], gid=owner[1])
    return with_attributes(node, at)


def _put_node(into: View, path: str, node: Node) -> None:
    made_directory(into, parent_of(path), ROOT)
    there = into.place(path).node
    if there is not None and isinstance(there, Directory) != isinstance(node, Directory):
        into.remove(path)
    into.put(path, node)


def made_directory(view: View, path: str, owner: Owner) -> str:
    """A directory and those above it, where they are missing; the path without links. Raises OSError."""
    real = "/"
    for part in filter(None, path.split("/")):
        real = view.resolve(join(real, part))
        if view.place(real).node is None:
            view.put(real, directory(uid=owner[0], gid=owner[1], changed_ns=view.made_ns))
        else:
            view.list(real)      # what is no directory is refused
    return real
