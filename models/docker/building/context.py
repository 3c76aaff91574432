"""The build context: the files that a client sends along with a Dockerfile, in memory, and what .dockerignore takes out of them.

A client leaves out by itself what its .dockerignore names; it sends the Dockerfile and the .dockerignore always, and the builder takes
these two away where they are named.
"""

from __future__ import annotations

import re
from typing import IO

from cutaway.models.docker.errors import DaemonError, InvalidError
from cutaway.models.docker.filesystem.archive import unpacked
from cutaway.models.docker.filesystem.nodes import Directory
from cutaway.models.docker.filesystem.tree import Tree, parent_of
from cutaway.models.docker.filesystem.view import Mount, View

IGNORE = "/.dockerignore"
MOST_LEVELS = 200
"""Of directories; no project goes so deep, and what walks through them takes a call for each."""


class Context:
    """The files of one build."""

    def __init__(self, archive: IO[bytes], most_bytes: int) -> None:
        """Raises InvalidError."""
        self.tree = Tree()
        for path, node in unpacked(archive, most_bytes):
            if path.count("/") > MOST_LEVELS:
                raise InvalidError(f"{path[:60]}...: in more than {MOST_LEVELS} directories")
            if path != "/":
                self.tree.make_directories(parent_of(path))
                there = self.tree.get(path)
                if there is not None and not (isinstance(there, Directory) and isinstance(node, Directory)):
                    self.tree.remove(path)
                self.tree.put(path, node)
        self.view = View()
        self.view.mount(Mount("/", self.tree))

    def dockerfile(self, name: str) -> str:
        """The text of the Dockerfile; with .dockerignore it goes where that says so. Raises DaemonError, InvalidError."""
        path = self._found(name)
        text = self.view.read(path).decode(errors="replace")
        if self.view.exists(IGNORE):
            patterns = patterns_of(self.view.read(IGNORE).decode(errors="replace"))
            for one in (IGNORE, path):
                if is_ignored(one, patterns) and self.tree.get(one) is not None:
                    self.tree.remove(one)
        return text

    def _found(self, name: str) -> str:
        for one in (name, "dockerfile") if name == "Dockerfile" else (name,):
            try:
                path = self.view.resolve(f"/{one}")
                if self.view.place(path).node is not None:
                    return path
            except OSError:
                continue
        raise DaemonError(f"Cannot locate specified Dockerfile: {name}")


def patterns_of(text: str) -> list[tuple[str, bool]]:
    """The patterns of a .dockerignore, and whether each takes in again what one before took out."""
    found = []
    for line in text.removeprefix("\ufeff").splitlines():
        if line.startswith("#") or not (pattern := line.strip()):
            continue
        back = pattern.startswith("!")
        pattern = pattern.removeprefix("!").strip().strip("/")
        found.append((pattern.removeprefix("./"), back))
    return found


def is_ignored(path: str, patterns: list[tuple[str, bool]]) -> bool:
    """Whether the last pattern that fits a path, or a directory above it, takes it out. Raises InvalidError."""
    ignored = False
    for pattern, back in patterns:
        try:
            fits = re.fullmatch(f"{_regular(pattern)}(/.*)?", path.strip("/"), re.DOTALL)
        except re.error:
            raise InvalidError(f"{pattern}: syntax error in pattern") from None
        ignored = not back if fits else ignored
    return ignored


def _regular(pattern: str) -> str:
    """A pattern with `*`, `?`, `[...]` and `**`, which goes through directories, as a regular expression."""
    found = ""
    for matched in re.finditer(r"\*\*/?|\*|\?|\[\^?[^\]]+\]|\\.|.", pattern):
        part = matched[0]
        if part.startswith("**"):
            found += "(.*/)?" if part.endswith("/") else ".*"
        elif part in "*?":
            found += "[^/]*" if part == "*" else "[^/]"
        elif part.startswith("[") and len(part) > 1:
            found += part
        else:
            found += re.escape(part[-1])
    return found
