"""A Compose file becomes a project: variables put in, `extends` followed, profiles chosen, each service read.

Of the Compose Specification, by its files 12-interpolation.md, 13-merge.md and 15-profiles.md. The parsers that others keep were looked at:
they keep no lines, so a mistake could not be told with its place. Left out: `include`, several files merged, `!reset`.
A file may come from anywhere: it is read with the budgets of a scenario, and nothing outside of its folder is.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from cutaway.importing import keys
from cutaway.importing.compose_service import Entries, KeyPath, ServiceReader, inside
from cutaway.importing.interpolation import Unfit, Variables, from_file
from cutaway.importing.keys import Values
from cutaway.importing.service import Project, Remark
from cutaway.scenarios import limits
from cutaway.scenarios.problems import Place, Problem, ScenarioError, choices, key_text, nearest, printable
from cutaway.scenarios.reading import Dialect, Node, read_file

DIALECT = Dialect("Compose project", anchors=True)
_NAME = re.compile(r"[a-zA-Z0-9._-]+")
_REPLACED = {"command", "entrypoint", "healthcheck", "extends", "profiles", "image", "build"}
"""Lists that a service has for itself: of two the nearer one counts, where other lists are put behind each other (13-merge.md)."""
_EXTENDS_MAX = 16


def read(path: Path, shown_as: str, profiles: Collection[str] = (), env_file: Path | None = None) -> Project:
    """All services that `docker compose up` would start with these profiles. Raises ScenarioError with all that is wrong."""
    variables = Variables({})
    if env_file or (path.parent / ".env").is_file():
        env_path = env_file or path.parent / ".env"
        variables = from_file(env_path, str(env_file) if env_file else ".env")
    return _Reader(path, shown_as, variables, Values([])).project(set(profiles))


@dataclass
class _Reader:
    """One Compose file, and those that its services extend."""

    path: Path
    shown_as: str
    variables: Variables
    values: Values
    files: dict[Path, Entries] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def project(self, profiles: Collection[str]) -> Project:
        top = self._top(self.path, self.shown_as)
        services, own = [], self.values.entries(top.get("services", Node({}, Place(self.shown_as))), ("services",))
        if "services" not in top:
            near = next((key for key in top if nearest(key, ("services",))), "")
            hint = f" Did you mean 'services' by '{printable(near)}'?" if near else ""
            text = f"has no 'services'; expected a Compose file, which names them.{hint}"
            self.values.note(Place(self.shown_as), text)
        elif not own:
            self.values.note(top["services"].place, "services is empty; expected at least one service.")
        for name, node in own.items():
            path: KeyPath = ("services", name)
            if not _NAME.fullmatch(name) or len(name) > limits.NAME_CHARS.value:
                expected = f"a name of at most {limits.NAME_CHARS.value} letters, digits and . _ -"
                self.values.note(node.place, f"{key_text(path)} is no name of a service; expected {expected}.")
                continue
            entries = self._extended(self.path, name, node, path, ())
            services.append(ServiceReader(self.values, self.path.parent, own, top, path, node.place).service(name, entries))
        self._about(top)
        self._find_profiles(own, profiles)
        if self.values.problems:
            raise ScenarioError(self.values.problems)
        name = self.values.text(top["name"], ("name",)) if "name" in top else self.path.resolve().parent.name
        kept = [service for service in services if self._active(service.name, own[service.name], profiles)]
        if not kept:
            waits = f"has no service without a profile; expected --compose-profile with {choices(self._profiles(own))}."
            raise ScenarioError([Problem(Place(self.shown_as), waits)])
        return Project(printable(name), self.shown_as, kept, self.remarks)

    # --- the file as a whole ---

    def _top(self, path: Path, shown_as: str) -> Entries:
        """The keys of a file with its variables put in; each file is read once."""
        if path not in self.files:
            document = read_file(path, shown_as, DIALECT)
            self.values.problems += document.problems
            root = self._filled(document.root, ())
            entries = self.values.entries(root, ("the file",)) if not isinstance(root.value, dict) else root.value
            if isinstance(root.value, dict) and "services" in entries:
                entries = dict(self.values.known(entries.items(), keys.TOP, ()))
            self.files[path] = entries
        return self.files[path]

    def _filled(self, node: Node, path: KeyPath) -> Node:
        match node.value:
            case dict() as entries:
                return Node({key: self._filled(child, (*path, key)) for key, child in entries.items()}, node.place)
            case list() as items:
                return Node([self._filled(item, (*path, index)) for index, item in enumerate(items)], node.place)
            case str() as text:
                try:
                    return Node(self.variables.put_into(text), node.place)
                except Unfit as wrong:
                    self.values.note(node.place, f"{key_text(path)} {wrong}")
                    return Node("", node.place)
        return node

    def _about(self, top: Entries) -> None:
        """What is left out of the file as a whole."""
        for name in sorted(self.variables.missing):
            self.remarks.append(Remark(f"${name}", "set nowhere: empty, as docker compose takes it"))
        for key, why in (("include", "not read: import those files one by one"), ("models", "not modelled")):
            if key in top:
                self.remarks.append(Remark(key, why, top[key].place.line))
        for suffix in (".yaml", ".yml"):
            beside = self.path.with_name(f"{self.path.stem}.override{suffix}")
            if beside.is_file():
                self.remarks.append(Remark(beside.name, "not read: one file is, and this one only if it is named"))

    # --- profiles ---

    def _profiles(self, own: Entries) -> set[str]:
        found = (node.value.get("profiles") for node in own.values() if isinstance(node.value, dict))
        return {str(one.value) for node in found if node and isinstance(node.value, list) for one in node.value}

    def _active(self, name: str, node: Node, profiles: Collection[str]) -> bool:
        wants = node.value.get("profiles") if isinstance(node.value, dict) else None
        names = {str(one.value) for one in wants.value} if wants and isinstance(wants.value, list) else set()
        if not names or names & set(profiles) or "*" in profiles:
            return True
        self.remarks.append(Remark(name, f"not started without --compose-profile {printable(sorted(names)[0])}", node.place.line))
        return False

    def _find_profiles(self, own: Entries, profiles: Collection[str]) -> None:
        there = self._profiles(own)
        for name in sorted(set(profiles) - there - {"*"}):
            expected = f"expected {choices(there)}.{nearest(name, there)}" if there else "no service has one."
            text = f"'{printable(name)}' is not a profile of it; {expected}"
            self.values.note(Place(self.shown_as), text)

    # --- extends ---

    def _extended(self, file: Path, name: str, node: Node, path: KeyPath, chain: tuple[tuple[Path, str], ...]) -> Entries:
        """The service's keys over those of the service that it extends, which may be in another file of the folder."""
        entries = dict(self.values.entries(node, path))
        extends = entries.pop("extends", None)
        if extends is None:
            return entries
        here = (*path, "extends")
        if isinstance(extends.value, dict):
            said = dict(self.values.known(extends.value.items(), ("service", "file"), here))
        else:
            said = {"service": extends}
        if "service" not in said:
            self.values.wrong(extends, here, "the name of a service")
            return entries
        wanted = self.values.text(said["service"], (*here, "service"))
        other = self._other_file(file, said["file"], (*here, "file")) if "file" in said else file
        chain = (*chain, (file, name))
        if other is None:
            return entries
        if (other, wanted) in chain or len(chain) > _EXTENDS_MAX:
            self.values.note(extends.place, f"{key_text(here)} leads back to {printable(wanted)}, or too far.")
            return entries
        services = self._top(other, self._name_of(other)).get("services")
        there = services.value if services and isinstance(services.value, dict) else {}
        if wanted not in there:
            expected = f"{choices(there) if there else 'a service'}.{nearest(wanted, there)}"
            text = f"{key_text(here)} is '{printable(wanted)}'; expected {expected}"
            self.values.note(extends.place, text)
            return entries
        return _merged(self._extended(other, wanted, there[wanted], ("services", wanted), chain), entries)

    def _other_file(self, file: Path, node: Node, path: KeyPath) -> Path | None:
        name = self.values.text(node, path)
        found = inside(self.path.parent, file.parent / name)
        if found is None:
            text = f"{key_text(path)} is '{printable(name)}'; expected a file in the folder of {printable(self.shown_as, 1000)}."
            self.values.note(node.place, text)
        return found

    def _name_of(self, path: Path) -> str:
        return self.shown_as if path == self.path else path.name


def _merged(below: Entries, above: Entries) -> Entries:
    """Mappings key by key, lists one behind the other, else what stands above (13-merge.md)."""
    done = dict(below)
    for key, node in above.items():
        old = below.get(key)
        if old and isinstance(old.value, dict) and isinstance(node.value, dict):
            done[key] = Node(_merged(old.value, node.value), node.place)
        elif old and isinstance(old.value, list) and isinstance(node.value, list) and key not in _REPLACED:
            done[key] = Node([*old.value, *node.value], node.place)
        else:
            done[key] = node
    return done
