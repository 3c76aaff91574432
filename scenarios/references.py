"""References: `base` starts a scenario from another one, `use` takes a part from a file, and what stands beside them changes it.

Mappings are merged key by key; a list or a value replaces what was there; an empty value (`vm: ~`) takes it away; a mapping of
another `kind` replaces the whole. A file is looked for beside the one that names it, then among the scenarios of Cutaway. It must
lie inside the first scenario's folder or the package: what comes from elsewhere cannot read the rest of the disk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from cutaway.scenarios import catalogue, limits
from cutaway.scenarios.problems import Problem, ScenarioError, key_text, nearest, printable
from cutaway.scenarios.reading import Document, Node, Scalar, read_file

_WORDS = {"base": "a shipped scenario or a scenario file", "use": "a part: the name of a file"}


def compose(document: Document, path: Path) -> Document:
    """The document with all its references followed, and what was wrong in any of the files."""
    composer = _Composer(folder=path.resolve().parent, problems=list(document.problems), values=document.values)
    root = composer.expanded(document.root, _Chain((path.resolve(),), (document.root.place.file,)), ())
    stacks = frozenset(name for each in (document, *composer.documents.values()) for name in _stacks_in(each.root))
    return Document(root, composer.problems, composer.values, whole=not composer.problems, stacks=stacks)


def _stacks_in(root: Node) -> Iterator[str]:
    """Names of stacks in one file, without what it refers to; an empty one takes a stack away and names none."""
    stacks = root.value.get("stacks") if isinstance(root.value, dict) else None
    if stacks is not None and isinstance(stacks.value, dict):
        yield from (name for name, node in stacks.value.items() if node.value is not None)


@dataclass(frozen=True, slots=True)
class _Chain:
    """The files from the scenario down to the one that is being read, and how messages call them."""

    paths: tuple[Path, ...]
    shown: tuple[str, ...]
    scenario: bool = True
    """Whether the file is a scenario, which may have a base, or a part."""

    def and_then(self, path: Path, shown: str, scenario: bool) -> _Chain:
        return _Chain((*self.paths, path), (*self.shown, shown), scenario)

    def refers(self, key: str, path: tuple[str | int, ...]) -> bool:
        return key == "use" or (key == "base" and not path and self.scenario)


@dataclass(slots=True)
class _Composer:
    folder: Path
    problems: list[Problem]
    values: int
    references: int = 0
    documents: dict[Path, Document] = field(default_factory=dict)

    def expanded(self, node: Node, chain: _Chain, path: tuple[str | int, ...]) -> Node:
        match node.value:
            case dict() as entries:
                own = {key: self.expanded(child, chain, (*path, key)) for key, child in entries.items() if not chain.refers(key, path)}
                below = Node(own, node.place)
                for key in ("use", "base"):
                    if key in entries and chain.refers(key, path):
                        below = _merged(self._referenced(key, entries[key], chain, (*path, key)), below)
                return below
            case list() as items:
                return Node([self.expanded(item, chain, (*path, index)) for index, item in enumerate(items)], node.place)
        return node

    def _referenced(self, key: str, node: Node, chain: _Chain, path: tuple[str | int, ...]) -> Node:
        nothing = Node({}, node.place)
        if not isinstance(node.value, str):
            self._note(node, f"{key_text(path)} is not a name; expected {_WORDS[key]}.")
            return nothing
        self.references += 1
        if self.references > limits.REFERENCES.value:
            text = f"more than {limits.REFERENCES.value} references; a scenario ends there."
            raise ScenarioError([*self.problems, Problem(node.place, text)])
        found = self._found(key, node, chain, path)
        if found is None:
            return nothing
        if found in chain.paths:
            first = chain.paths.index(found)
            circle = " -> ".join(printable(name, 1000) for name in [*chain.shown[first:], chain.shown[first]])
            self._note(node, f"{key_text(path)} is '{printable(node.value)}', which goes round in a circle: {circle}.")
            return nothing
        if len(chain.paths) > limits.REFERENCE_DEPTH.value:
            self._note(node, f"{key_text(path)} is a reference {len(chain.paths)} deep; expected at most {limits.REFERENCE_DEPTH.value}.")
            return nothing
        document = self._document(found)
        if document is None:
            return nothing
        self.values += document.values
        if self.values > limits.VALUES.value:
            text = f"more than {limits.VALUES.value:,} keys and values with this part; a scenario ends there."
            raise ScenarioError([*self.problems, Problem(node.place, text)])
        return self.expanded(document.root, chain.and_then(found, self._shown(found), key == "base"), ())

    def _document(self, path: Path) -> Document | None:
        if path not in self.documents:
            try:
                self.documents[path] = read_file(path, self._shown(path))
            except ScenarioError as unreadable:
                self.problems += unreadable.problems
                return None
            self.problems += self.documents[path].problems
        return self.documents[path]

    def _found(self, key: str, node: Node, chain: _Chain, path: tuple[str | int, ...]) -> Path | None:
        """The file that a reference means, if it may be read."""
        name = str(node.value)
        about = f"{key_text(path)} is '{printable(name)}'"
        if not name or PurePosixPath(name).is_absolute() or PureWindowsPath(name).is_absolute() or name.startswith("~") or "\\" in name:
            self._note(node, f"{about}; expected a relative name with '/', such as parts/vm.yaml.")
            return None
        if "://" in name:
            self._note(node, f"{about}; expected a file beside the scenario: nothing is fetched from a network.")
            return None
        names = [name] if name.endswith((".yaml", ".yml")) else [f"{name}.yaml", name]
        candidates = [folder / each for folder in (chain.paths[-1].parent, catalogue.FOLDER) for each in names]
        inside = [candidate for candidate in map(_resolved, candidates) if candidate and self._may_be_read(candidate)]
        if there := next((candidate for candidate in inside if _is_there(candidate) and not candidate.is_dir()), None):
            return there
        if not inside or any(candidate not in inside and _is_there(candidate) for candidate in map(_resolved, candidates) if candidate):
            self._note(node, f"{about}, which lies outside the scenario's folder; expected a file inside it.")
        else:
            self._note(node, f"{about}; there is no such file.{nearest(name, self._names(key, chain))}")
        return None

    def _may_be_read(self, path: Path) -> bool:
        return path.is_relative_to(self.folder) or path.is_relative_to(catalogue.FOLDER)

    def _names(self, key: str, chain: _Chain) -> Iterator[str]:
        """What could have been meant; a folder full of other things is not searched to its end."""
        if key == "base":
            yield from catalogue.names()
        here = chain.paths[-1].parent
        for pattern in ("*.yaml", "parts/*.yaml"):
            for _, path in zip(range(200), here.glob(pattern), strict=False):
                yield path.relative_to(here).as_posix()
        if key == "use":
            yield from (path.relative_to(catalogue.FOLDER).as_posix() for path in catalogue.FOLDER.rglob(f"{catalogue.PARTS}/*.yaml"))

    def _shown(self, path: Path) -> str:
        for folder in (self.folder, catalogue.FOLDER):
            if path.is_relative_to(folder):
                return path.relative_to(folder).as_posix()
        return path.name

    def _note(self, node: Node, text: str) -> None:
        self.problems.append(Problem(node.place, text))


def _is_there(path: Path) -> bool:
    """Not where the name is too long for a file either."""
    try:
        return path.exists()
    except OSError:
        return False


def _resolved(path: Path) -> Path | None:
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError):  # a circle of links, a name that is too long
        return None


def _merged(below: Node, above: Node) -> Node:
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        # A part that is a list or a value stands for itself when nothing is written beside its `use`.
        return below if above.value == {} else above
    if _kind(below) is not None and _kind(above) not in (None, _kind(below)):
        return above
    entries = dict(below.value)
    for key, node in above.value.items():
        if node.value is None and key in entries:
            del entries[key]
        else:
            entries[key] = _merged(entries[key], node) if key in entries else node
    return Node(entries, above.place)


def _kind(node: Node) -> Scalar | dict[str, Node] | list[Node]:
    kind = node.value.get("kind") if isinstance(node.value, dict) else None
    return kind.value if kind else None
