"""Volumes: file systems that outlive containers. What binds name on the host is a simulated folder of the same kind."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cutaway.models.docker.errors import ConflictError, InvalidError, NotFoundError
from cutaway.models.docker.filesystem.tree import Tree

_OPTIONS = ("type", "o", "device", "size")
"""Of the local driver."""
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+")


@dataclass
class Volume:
    """One volume."""

    name: str
    created_ns: int
    driver: str = "local"
    labels: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)
    anonymous: bool = False
    tree: Tree = field(default_factory=Tree)
    users: set[str] = field(default_factory=set)
    """Ids of the containers that have it."""

    @property
    def place(self) -> str:
        return f"/var/lib/docker/volumes/{self.name}/_data"


class Volumes:
    """The volumes of one daemon."""

    def __init__(self) -> None:
        self.by_name: dict[str, Volume] = {}
        self.host: dict[str, Tree] = {}
        """Simulated folders of the host, by the path that binds name."""

    def get(self, name: str) -> Volume:
        """Raises NotFoundError."""
        if name not in self.by_name:
            raise NotFoundError(f"get {name}: no such volume")
        return self.by_name[name]

    def create(self, volume: Volume) -> tuple[Volume, bool]:
        """A volume, new or there, and whether it is new. Raises InvalidError, ConflictError, NotFoundError."""
        if volume.driver != "local":
            raise NotFoundError(f"error looking up volume plugin {volume.driver}: plugin \"{volume.driver}\" not found")
        if not _NAME.fullmatch(volume.name):
            if len(volume.name) == 1:
                raise InvalidError(f"create {volume.name}: volume name is too short, names should be at least two alphanumeric characters")
            raise InvalidError(f"create {volume.name}: \"{volume.name}\" includes invalid characters for a local volume name, only "
                               "\"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute "
                               "path")  # fmt: skip
        if unknown := [name for name in volume.options if name not in _OPTIONS]:
            raise InvalidError(f'create {volume.name}: invalid option: "{unknown[0]}"')
        if missing := [name for name in ("device", "type") if {*volume.options} - {"size"} and name not in volume.options]:
            raise InvalidError(f'create {volume.name}: missing required option: "{missing[0]}"')
        there = self.by_name.get(volume.name)
        if there is not None:
            return there, False
        self.by_name[volume.name] = volume
        return volume, True

    def remove(self, volume: Volume) -> None:
        """Raises ConflictError."""
        if volume.users:
            raise ConflictError(f"remove {volume.name}: volume is in use - [{', '.join(sorted(volume.users))}]")
        del self.by_name[volume.name]

    def folder(self, path: str) -> Tree:
        """A simulated folder of the host; made when it is first named, as the daemon makes what -v names."""
        return self.host.setdefault(path, Tree())
