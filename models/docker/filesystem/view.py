"""A file system as a process sees it: a tree with others mounted over it, names with `.`, `..` and links in them, and what goes wrong.

Errors are OSErrors with the numbers of Linux; there is no file of the host behind them.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from cutaway.models.docker.filesystem.nodes import Directory, File, Link, Made, Node, Special, directory, file, link, with_attributes
from cutaway.models.docker.filesystem.tree import ROOT, Tree, join, name_of, parent_of

MOST_LINKS = 40
"""Links in one name, as MAXSYMLINKS of Linux."""
LONGEST_PATH = 4095
"""Characters of a name, as PATH_MAX of Linux."""


def failure(number: int, path: str) -> OSError:
    return OSError(number, os.strerror(number), path)


@dataclass
class Mount:
    """A tree at a place."""

    at: str
    tree: Tree
    inside: str = ROOT
    """What of the tree is mounted."""
    kind: str = "overlay"
    """As the file system type that `mount` shows."""
    source: str = "overlay"
    read_only: bool = False
    limit: int | None = None
    """Most bytes, of a tmpfs."""


@dataclass(frozen=True)
class Place:
    """Where a name leads: a path in a tree."""

    mount: Mount
    path: str

    @property
    def node(self) -> Node | None:
        return self.mount.tree.get(self.path)


@dataclass
class View:
    """The mounts of one mount namespace."""

    mounts: dict[str, Mount] = field(default_factory=dict)
    """By place, the root's first."""
    watch: Callable[[Mount, str, Node | None, Node | None], None] | None = None
    """Hears of each change: where, what was there, what is there now."""
    made_ns: int = 0
    """Unix time that directories carry which a copy makes on its way."""

    def mount(self, mount: Mount) -> None:
        self.mounts[mount.at] = mount

    def resolve(self, name: str, cwd: str = ROOT, *, follow: bool = True) -> str:
        """The path that a name means. Its last part need not be there. Raises OSError."""
        if len(name) > LONGEST_PATH:
            raise failure(errno.ENAMETOOLONG, name)
        waiting = [part for part in reversed((name if name.startswith("/") else f"{cwd}/{name}").split("/")) if part not in ("", ".")]
        path, links = ROOT, 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                path = parent_of(path)
                continue
            if len(part.encode()) > 255:
                raise failure(errno.ENAMETOOLONG, name)
            step = join(path, part)
            node = self.place(step).node
            if isinstance(node, Link) and (waiting or follow):
                links += 1
                if links > MOST_LINKS:
                    raise failure(errno.ELOOP, name)
                waiting += [part for part in reversed(node.target.split("/")) if part not in ("", ".")]
                path = ROOT if node.target.startswith("/") else path
                continue
            if waiting and any(part != ".." for part in waiting):
                if node is None:
                    raise failure(errno.ENOENT, name)
                if not isinstance(node, Directory):
                    raise failure(errno.ENOTDIR, name)
            path = step
        return path

    def place(self, path: str) -> Place:
        """Which mount a path is in."""
        at = path
        while at not in self.mounts:
            at = parent_of(at)
        mount = self.mounts[at]
        rest = path[len(at):].strip("/")
        return Place(mount, join(mount.inside, rest) if rest else mount.inside)

    # --- reading ---

    def node(self, name: str, cwd: str = ROOT, *, follow: bool = True) -> Node:
        """Raises OSError."""
        found = self.place(self.resolve(name, cwd, follow=follow)).node
        if found is None:
            raise failure(errno.ENOENT, name)
        return found

    def exists(self, name: str, cwd: str = ROOT) -> bool:
        try:
            self.node(name, cwd)
        except OSError:
            return False
        return True

    def is_directory(self, name: str, cwd: str = ROOT) -> bool:
        try:
            return isinstance(self.node(name, cwd), Directory)
        except OSError:
            return False

    def read(self, name: str, cwd: str = ROOT) -> bytes:
        """Raises OSError."""
        match self.node(name, cwd):
            case File() as found:
                return found.bytes
            case Made(make=make):
                return make()
            case Directory():
                raise failure(errno.EISDIR, name)
            case _:
                return b""

    def list(self, name: str, cwd: str = ROOT) -> list[str]:
        """Names in a directory, sorted, those of mounts among them. Raises OSError."""
        path = self.resolve(name, cwd)
        place = self.place(path)
        if place.node is None:
            raise failure(errno.ENOENT, name)
        if not isinstance(place.node, Directory):
            raise failure(errno.ENOTDIR, name)
        mounted = {name_of(at) for at in self.mounts if at != ROOT and parent_of(at) == path}
        return sorted({*place.mount.tree.children(place.path), *mounted})

    def walk(self, path: str) -> Iterator[str]:
        """A path and those of all below it, parents first; links are not followed."""
        waiting = [path]
        while waiting:
            yield (one := waiting.pop())
            if isinstance(self.place(one).node, Directory):
                waiting += [join(one, name) for name in reversed(self.list(one))]

    # --- writing ---

    def write(
        self, name: str, content: bytes, cwd: str = ROOT, *, append: bool = False, now_ns: int = 0, owner: tuple[int, int] = (0, 0)
    ) -> None:
        """Makes a file, or changes one. Raises OSError."""
        path = self.resolve(name, cwd)
        place = self.place(path)
        match place.node:
            case Directory():
                raise failure(errno.EISDIR, name)
            case Special():
                return
            case Made(write=write):
                if write is None:
                    raise failure(errno.EACCES, name)
                write(content)
                return
            case File() as old:
                whole = old.bytes + content if append else content
                self._put(place, name, replace(old, content=whole, size=len(whole), at=replace(old.at, changed_ns=now_ns)))
            case _:
                self._put(place, name, file(content, uid=owner[0], gid=owner[1], changed_ns=now_ns))

    def put(self, path: str, node: Node) -> None:
        """A node at a path without links, in place of what is there. Raises OSError."""
        self._put(self.place(path), path, node)

    def make_directory(self, name: str, cwd: str = ROOT, *, mode: int = 0o755, now_ns: int = 0, owner: tuple[int, int] = (0, 0)) -> None:
        """Raises OSError."""
        path = self.resolve(name, cwd, follow=False)
        if self.place(path).node is not None:
            raise failure(errno.EEXIST, name)
        self._put(self.place(path), name, directory(mode, *owner, now_ns))

    def make_link(self, target: str, name: str, cwd: str = ROOT, *, now_ns: int = 0) -> None:
        """Raises OSError."""
        path = self.resolve(name, cwd, follow=False)
        if self.place(path).node is not None:
            raise failure(errno.EEXIST, name)
        self._put(self.place(path), name, link(target, now_ns))

    def remove(self, name: str, cwd: str = ROOT) -> None:
        """Takes away a node and all below it. Raises OSError."""
        path = self.resolve(name, cwd, follow=False)
        place = self.place(path)
        if place.node is None:
            raise failure(errno.ENOENT, name)
        if path in self.mounts or path == ROOT:
            raise failure(errno.EBUSY, name)
        self._writable(place, name)
        place.mount.tree.remove(place.path)
        if self.watch is not None:
            self.watch(place.mount, place.path, None, None)

    def change(
        self, name: str, cwd: str = ROOT, *, mode: int | None = None, owner: tuple[int, int] | None = None, now_ns: int | None = None
    ) -> None:
        """Changes what stands in a node's attributes. Raises OSError."""
        node, path = self.node(name, cwd), self.resolve(name, cwd)
        at = node.at
        at = at if mode is None else replace(at, mode=mode)
        at = at if owner is None else replace(at, uid=owner[0], gid=owner[1])
        at = at if now_ns is None else replace(at, changed_ns=now_ns)
        self._put(self.place(path), name, with_attributes(node, at))

    def _put(self, place: Place, name: str, node: Node) -> None:
        tree, mount = place.mount.tree, place.mount
        self._writable(place, name)
        above = tree.get(parent_of(place.path))
        if above is None:
            raise failure(errno.ENOENT, name)
        if not isinstance(above, Directory):
            raise failure(errno.ENOTDIR, name)
        before = tree.get(place.path)
        if mount.limit is not None and isinstance(node, File):
            held = before.size if isinstance(before, File) else 0
            if node.size > held and tree.size + node.size - held > mount.limit:
                raise failure(errno.ENOSPC, name)
        tree.put(place.path, node)
        if self.watch is not None:
            self.watch(mount, place.path, before, node)

    def _writable(self, place: Place, name: str) -> None:
        if place.mount.read_only:
            raise failure(errno.EROFS, name)
