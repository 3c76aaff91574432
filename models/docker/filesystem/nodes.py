"""What a simulated file system is made of: files, directories, links and what a kernel makes up when it is read.

Nodes are values: who changes one puts another in its place, so layers can be shared.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass, replace

FILE_MODE, DIRECTORY_MODE, LINK_MODE = 0o644, 0o755, 0o777


@dataclass(frozen=True, slots=True)
class Attributes:
    """Who owns a node, who may use it, when it was changed."""

    mode: int
    """Permission bits, with setuid, setgid and sticky."""
    uid: int = 0
    gid: int = 0
    changed_ns: int = 0
    """Unix time."""


@dataclass(frozen=True, slots=True)
class File:
    """A regular file: its bytes, or only how many they are."""

    content: bytes | None
    size: int
    at: Attributes

    @property
    def bytes(self) -> bytes:
        """Of a file of which only the size is known, zeros."""
        return bytes(self.size) if self.content is None else self.content


@dataclass(frozen=True, slots=True)
class Directory:
    at: Attributes


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link."""

    target: str
    at: Attributes


@dataclass(frozen=True, slots=True)
class Special:
    """A device, a pipe or a socket that an archive brought; and those of /dev."""

    kind: int
    """As the file type of `stat`."""
    at: Attributes
    device: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Made:
    """A file that the kernel makes up when it is read, as those of /proc."""

    make: Callable[[], bytes]
    at: Attributes
    write: Callable[[bytes], None] | None = None


Node = File | Directory | Link | Special | Made


def file(content: bytes, mode: int = FILE_MODE, uid: int = 0, gid: int = 0, changed_ns: int = 0) -> File:
    return File(content, len(content), Attributes(mode, uid, gid, changed_ns))


def directory(mode: int = DIRECTORY_MODE, uid: int = 0, gid: int = 0, changed_ns: int = 0) -> Directory:
    return Directory(Attributes(mode, uid, gid, changed_ns))


def link(target: str, changed_ns: int = 0) -> Link:
    return Link(target, Attributes(LINK_MODE, 0, 0, changed_ns))


def type_of(node: Node) -> int:
    """The file type of `stat`."""
    match node:
        case Directory():
            return stat.S_IFDIR
        case Link():
            return stat.S_IFLNK
        case Special(kind=kind):
            return kind
        case _:
            return stat.S_IFREG


def size_of(node: Node) -> int:
    match node:
        case File(size=size):
            return size
        case Link(target=target):
            return len(target.encode())
        case _:
            return 0


def with_attributes(node: Node, attributes: Attributes) -> Node:
    return replace(node, at=attributes)
