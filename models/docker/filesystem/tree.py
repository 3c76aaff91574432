"""A file system of layers: what is below is read, what is above is written; a whiteout hides what is below, as in overlayfs.

Paths are absolute and have no `.`, `..` or links in them; `filesystem.view` finds them from what a process says.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from cutaway.models.docker.filesystem.nodes import Directory, File, Node, directory, size_of

ROOT = "/"
Layer = Mapping[str, Node | None]
"""Nodes by path; None is a whiteout."""


def parent_of(path: str) -> str:
    return path.rpartition("/")[0] or ROOT


def name_of(path: str) -> str:
    return path.rpartition("/")[2]


def join(folder: str, name: str) -> str:
    return f"{folder.rstrip('/')}/{name}"


class Merged:
    """Layers seen as one, which nobody writes to."""

    def __init__(self, layers: tuple[Layer, ...] = ()) -> None:
        """`layers` from the lowest to the highest."""
        self.layers = layers
        nodes: dict[str, Node] = {ROOT: directory()}
        for layer in layers:
            for path, node in layer.items():
                if isinstance(nodes.get(path), Directory) and not isinstance(node, Directory):
                    _remove_below(nodes, path)
                if node is None:
                    nodes.pop(path, None)
                else:
                    nodes[path] = node
        self.nodes: Mapping[str, Node] = MappingProxyType(nodes)
        self.names = _names(nodes)

    @property
    def size(self) -> int:
        return sum(layer_size(layer) for layer in self.layers)


def _remove_below(nodes: dict[str, Node], path: str) -> None:
    for one in [one for one in nodes if one.startswith(join(path, ""))]:
        del nodes[one]


def _names(nodes: Mapping[str, Node]) -> dict[str, set[str]]:
    names: dict[str, set[str]] = {}
    for path in nodes:
        if path != ROOT:
            names.setdefault(parent_of(path), set()).add(name_of(path))
    return names


def layer_size(layer: Layer) -> int:
    """Bytes of its files, as `docker history` counts them."""
    return sum(size_of(node) for node in layer.values() if isinstance(node, File))


NOTHING = Merged()


@dataclass
class Tree:
    """A file system to write to, over one that is shared."""

    below: Merged = NOTHING
    upper: dict[str, Node | None] = field(default_factory=dict)
    names: dict[str, set[str]] = field(default_factory=dict)
    """Names in `upper` that are no whiteouts, by directory."""
    size: int = 0
    """Bytes of the files above."""

    def get(self, path: str) -> Node | None:
        if path in self.upper:
            return self.upper[path]
        return self.below.nodes.get(path)

    def children(self, path: str) -> list[str]:
        """Names in a directory, sorted."""
        hidden = {name for name in self.below.names.get(path, ()) if join(path, name) in self.upper}
        return sorted((self.below.names.get(path, set()) - hidden) | self.names.get(path, set()))

    def put(self, path: str, node: Node) -> None:
        """Writes a node; its directory must be there."""
        before = self.upper.get(path)
        self.size += size_of(node) * isinstance(node, File) - (size_of(before) if isinstance(before, File) else 0)
        self.upper[path] = node
        if path != ROOT:
            self.names.setdefault(parent_of(path), set()).add(name_of(path))

    def make_directories(self, path: str, now_ns: int = 0) -> None:
        """A directory and those above it, where they are missing."""
        missing = []
        while not isinstance(self.get(path), Directory):
            missing.append(path)
            path = parent_of(path)
        for one in reversed(missing):
            self.put(one, directory(changed_ns=now_ns))

    def remove(self, path: str) -> None:
        """Takes away a node and all below it."""
        for one in self.walk(path):
            before = self.upper.pop(one, None)
            if isinstance(before, File):
                self.size -= before.size
            self.names.get(parent_of(one), set()).discard(name_of(one))
            if one in self.below.nodes:
                self.upper[one] = None

    def walk(self, path: str) -> list[str]:
        """A node's path and those of all below it, parents first."""
        found, waiting = [], [path]
        while waiting:
            found.append(one := waiting.pop())
            if isinstance(self.get(one), Directory):
                waiting += [join(one, name) for name in reversed(self.children(one))]
        return found

    def changes(self) -> Iterator[tuple[str, str]]:
        """What is different from below: `A` added, `C` changed, `D` deleted, and directories of which something changed."""
        kinds = {}
        for path, node in self.upper.items():
            if path == ROOT:
                continue
            kinds[path] = "D" if node is None else ("C" if path in self.below.nodes else "A")
            above = parent_of(path)
            while above != ROOT and above not in self.upper:
                kinds.setdefault(above, "C")
                above = parent_of(above)
        yield from sorted(kinds.items())

    def layer(self) -> dict[str, Node | None]:
        """What was written, as a layer."""
        return dict(self.upper)
