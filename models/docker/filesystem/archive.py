"""Archives of simulated files: tar as Docker sends and takes it, in memory, within bounds.

Names in an archive are names in the simulation: an absolute one, or one with `..`, stays inside of the place it is unpacked to. What comes
from a client is read piece by piece: a header that promises too much is refused before anything of it is kept.
"""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import posixpath
import stat
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any

from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.filesystem.nodes import Attributes, Directory, File, Link, Made, Node, Special, type_of
from cutaway.models.docker.filesystem.tree import Layer, join, name_of, parent_of

MOST_ENTRIES = 100_000
LONGEST_PATH = 4095
MOST_HEADER_BYTES = 1024 * 1024
"""Of one name or extended header; PATH_MAX of Linux is 4 KiB."""
PIECE_BYTES = 256 * 1024
WHITEOUT = ".wh."
"""Before the name of a file that a layer hides, as the image specification of the OCI has it."""
_SECOND_NS = 1_000_000_000
_PACKED: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
"""How a packed file begins, and what opens it."""
_SPECIAL = {stat.S_IFCHR: tarfile.CHRTYPE, stat.S_IFBLK: tarfile.BLKTYPE, stat.S_IFIFO: tarfile.FIFOTYPE}


def packed(entries: Iterable[tuple[str, Node]]) -> bytes:
    """A tar file of nodes under their names in it."""
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, node in entries:
            member, content = _member(name, node)
            archive.addfile(member, io.BytesIO(content) if content is not None else None)
    return into.getvalue()


def packed_layer(layer: Layer) -> bytes:
    """A layer as in an image's archive."""
    def entries() -> Iterator[tuple[str, Node]]:
        for path, node in sorted(layer.items()):
            if node is None:
                yield join(parent_of(path), f"{WHITEOUT}{name_of(path)}").lstrip("/"), File(b"", 0, Attributes(0))
            elif path != "/":
                yield path.lstrip("/"), node
    return packed(entries())


def _member(name: str, node: Node) -> tuple[tarfile.TarInfo, bytes | None]:
    member = tarfile.TarInfo(name)
    member.mode, member.uid, member.gid = node.at.mode, node.at.uid, node.at.gid
    member.uname = member.gname = "root" if node.at.uid == 0 else ""
    member.mtime = node.at.changed_ns // _SECOND_NS
    match node:
        case Directory():
            member.type = tarfile.DIRTYPE
        case Link(target=target):
            member.type, member.linkname = tarfile.SYMTYPE, target
        case Special():
            member.type = _SPECIAL.get(type_of(node), tarfile.FIFOTYPE)
            member.devmajor, member.devminor = node.device
        case Made(make=make):
            content = make()
            member.size = len(content)
            return member, content
        case File():
            member.size = node.size
            return member, node.bytes
    return member, None


class _Bounded:
    """A file to read forwards, of which only so much is read; a header does not get more than its share."""

    def __init__(self, file: IO[bytes], most_bytes: int) -> None:
        self.file = file
        self.most_bytes = most_bytes

    def read(self, size: int) -> bytes:
        if size > MOST_HEADER_BYTES:
            raise InvalidError(f"archive has a header of more than {MOST_HEADER_BYTES:,} bytes")
        self._check(self.file.tell())
        return self.file.read(size)

    def seek(self, position: int) -> None:
        self._check(position)      # before: what is packed is unpacked up to there
        self.file.seek(position)

    def seekable(self) -> bool:
        return True

    def _check(self, position: int) -> None:
        if position > self.most_bytes:
            raise InvalidError(f"archive holds more than {self.most_bytes:,} bytes")

    def tell(self) -> int:
        return self.file.tell()


def unpacked(content: IO[bytes], most_bytes: int) -> Iterator[tuple[str, Node]]:
    """The nodes of a tar file, plain or packed, under absolute paths; what links hard to a member before is a copy of it.

    Raises InvalidError for what is no archive, or has more than it may.
    """
    linked = dict[str, Node]()
    with _refused():
        for member, archive in _members(content, most_bytes):
            path = _inside(member.name)
            if (node := _node(member, archive, linked)) is not None:
                linked[path] = node
                yield path, node


def check(content: IO[bytes], most_bytes: int) -> None:
    """Reads an archive once through, so that one that is refused leaves nothing. Raises InvalidError."""
    with _refused():
        for _ in _members(content, most_bytes):
            pass
    content.seek(0)


@contextmanager
def _refused() -> Iterator[None]:
    """What goes wrong while an archive is read, as the daemon says it."""
    try:
        yield
    except (tarfile.TarError, EOFError, ValueError, OverflowError, OSError, RecursionError, zlib.error, lzma.LZMAError) as error:
        raise InvalidError(f"Error processing tar file(exit status 1): {error}") from None


def _members(content: IO[bytes], most_bytes: int) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """One after the other, within bounds. Raises InvalidError, and what tarfile and the unpackers raise."""
    left = most_bytes
    plain: Any = _Bounded(_plain(content), most_bytes + MOST_ENTRIES * 2 * tarfile.BLOCKSIZE)
    with tarfile.open(fileobj=plain, mode="r:") as archive:
        for count in itertools.count():
            if (member := archive.next()) is None:
                return
            archive.members.clear()      # type: ignore[attr-defined]  # tarfile remembers them all, a kilobyte each
            if count >= MOST_ENTRIES:
                raise InvalidError(f"archive has more than {MOST_ENTRIES:,} entries")
            if len(member.name) > LONGEST_PATH:
                raise InvalidError(f"Error processing tar file(exit status 1): {member.name[:60]}...: file name too long")
            left -= member.size if member.isreg() else 0
            if left < 0:
                raise InvalidError(f"archive holds more than {most_bytes:,} bytes")
            yield member, archive


def _inside(name: str) -> str:
    """A member's path, whatever its name says; normpath would keep two slashes at the beginning."""
    return posixpath.normpath("/" + _text(name).lstrip("/"))


def _text(name: str) -> str:
    """A name that is no UTF-8 has marks in their place, for it is shown as JSON."""
    return name.encode("utf-8", "surrogateescape").decode(errors="replace")


def _plain(content: IO[bytes]) -> IO[bytes]:
    """Unpacks as it is read, where it is packed."""
    mark = content.read(6)
    content.seek(0)
    opener = next((opener for start, opener in _PACKED.items() if mark.startswith(start)), None)
    return content if opener is None else opener(content)


def is_archive(content: bytes) -> bool:
    """Whether it begins as a tar file does, plain or packed."""
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r|*") as archive:
            return archive.next() is not None
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error, lzma.LZMAError):
        return False


def _node(member: tarfile.TarInfo, archive: tarfile.TarFile, linked: dict[str, Node]) -> Node | None:
    at = Attributes(member.mode & 0o7777, member.uid, member.gid, int(member.mtime) * _SECOND_NS)
    if member.isdir():
        return Directory(at)
    if member.issym():
        return Link(_text(member.linkname), at)
    if member.islnk():
        return linked.get(_inside(member.linkname))
    if member.isreg():
        handle = archive.extractfile(member)
        content = b"".join(iter(lambda: handle.read(PIECE_BYTES), b"")) if handle else b""
        return File(content, len(content), at)
    kind = next((kind for kind, letter in _SPECIAL.items() if letter == member.type), None)
    return Special(kind, at, (member.devmajor, member.devminor)) if kind is not None else None


def as_layer(content: IO[bytes], most_bytes: int) -> dict[str, Node | None]:
    """A layer out of an image's archive. Raises InvalidError."""
    layer: dict[str, Node | None] = {}
    for path, node in unpacked(content, most_bytes):
        name = name_of(path)
        if name.startswith(WHITEOUT):
            layer[join(parent_of(path), name.removeprefix(WHITEOUT))] = None
        else:
            layer[path] = node
    return layer


