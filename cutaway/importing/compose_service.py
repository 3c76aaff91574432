"""The keys of one service in a Compose file, read into a `Service`: its program, what it may use, how it is reached, and what is around it.

Of the Compose Specification, 05-services.md and deploy.md. A key that is not taken is kept as a remark with its reason; a key or a value
that cannot be is a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from cutaway.importing import dockerfile, keys
from cutaway.importing.keys import Values
from cutaway.importing.service import ENVIRONMENT, Port, Service
from cutaway.models import files
from cutaway.models.units import MS
from cutaway.scenarios import limits
from cutaway.scenarios.problems import Place, choices, key_text, nearest, printable
from cutaway.scenarios.reading import Node

Entries = dict[str, Node]
KeyPath = tuple[str | int, ...]


@dataclass
class ServiceReader:
    """The keys of one service."""

    values: Values
    folder: Path
    others: Entries
    top: Entries
    path: KeyPath
    place: Place

    def service(self, name: str, entries: Entries) -> Service:
        service = Service(name, self.place)
        known = dict(self.values.known(entries.items(), {*keys.TAKEN, *keys.LEFT_OUT}, self.path))
        for key, node in known.items():
            if key in keys.LEFT_OUT:
                service.leaves_out(key, keys.LEFT_OUT[key], node.place.line)
        self._program(service, known)
        self._resources(service, known)
        self._network(service, known)
        self._around(service, known)
        if not service.image and "build" not in known:
            text = f"{key_text(self.path)} has neither image nor build; expected one of them."
            self.values.note(self.place, text)
        return service

    def _at(self, *more: str | int) -> KeyPath:
        return (*self.path, *more)

    # --- the program ---

    def _program(self, service: Service, known: Entries) -> None:
        if "image" in known:
            service.image = self.values.text(known["image"], self._at("image"))
        if "build" in known:
            self._build(service, known["build"], has_image="image" in known)
        built_entry = service.command
        entry = self.values.words(known["entrypoint"], self._at("entrypoint")) if "entrypoint" in known else ()
        command = self.values.words(known["command"], self._at("command")) if "command" in known else ()
        service.command = (*entry, *command) if entry or command else built_entry
        if "environment" in known:
            self._environment(service, known["environment"])
        if "container_name" in known:
            service.container = self.values.text(known["container_name"], self._at("container_name"))

    def _build(self, service: Service, node: Node, has_image: bool) -> None:
        """What the Dockerfile begins with and runs, where it lies in the folder."""
        said = node.value if isinstance(node.value, dict) else {"context": node}
        if "dockerfile_inline" in said:
            text: str | None = self.values.text(said["dockerfile_inline"], self._at("build", "dockerfile_inline"))
        else:
            context = self.values.text(said["context"], self._at("build", "context")) if "context" in said else "."
            name = self.values.text(said["dockerfile"], self._at("build", "dockerfile")) if "dockerfile" in said else "Dockerfile"
            found = inside(self.folder, self.folder / context / name)
            text = None
            if found:
                try:
                    text = files.text_of(found, limits.FILE_BYTES.value, "a Dockerfile")
                except files.FileRefused as refused:
                    self.values.note(Place(str(Path(context) / name), refused.line), str(refused))
        if text is None:
            service.leaves_out("build", "no Dockerfile in the folder of the Compose file, so what it runs is not known", node.place.line)
            return
        target = self.values.text(said["target"], self._at("build", "target")) if "target" in said else ""
        image = dockerfile.read(text, target)
        service.command = image.command
        if not has_image or image.base:
            service.image = image.base or service.image
        service.exposed = image.exposed

    def _environment(self, service: Service, node: Node) -> None:
        if isinstance(node.value, list):
            pairs = [text.partition("=") for text in self.values.texts(node, self._at("environment"))]
            said = {name: value for name, _, value in pairs}
        else:
            entries = self.values.entries(node, self._at("environment"))
            said = {name: str(child.value) for name, child in entries.items() if child.value is not None}
        service.environment = {name: said[name] for name in ENVIRONMENT if name in said}
        if set(said) - set(ENVIRONMENT):
            service.leaves_out("environment", "not copied: it may hold secrets, and the models have no place for it", node.place.line)

    # --- what it may use ---

    def _resources(self, service: Service, known: Entries) -> None:
        limits_, where = self._limits(service, known)
        for key, node, path in (("cpus", known.get("cpus"), self._at("cpus")), ("cpus", limits_.get("cpus"), (*where, "cpus"))):
            if node and (value := self.values.cpus(node, path)) is not None:
                self._agrees(service.cpus, value, node, path)
                setattr(service, key, value)
        for node, path in ((known.get("mem_limit"), self._at("mem_limit")), (limits_.get("memory"), (*where, "memory"))):
            if node and (size := self.values.size(node, path)) is not None:
                self._agrees(service.memory, size, node, path)
                service.memory = size
        self._quota(service, known)
        if "cpu_shares" in known and (shares := self.values.number(known["cpu_shares"], self._at("cpu_shares"), 262_144)):
            service.cpu_shares = max(2, shares)
        if "cpuset" in known and self.values.text(known["cpuset"], self._at("cpuset")):
            service.cpuset = self.values.cpu_numbers(known["cpuset"], self._at("cpuset"))

    def _agrees(self, before: object, value: object, node: Node, path: KeyPath) -> None:
        """Compose refuses two limits that differ."""
        if before is not None and before != value:
            self.values.note(node.place, f"{key_text(path)} is another limit than the one above; expected one of them.")

    def _limits(self, service: Service, known: Entries) -> tuple[Entries, KeyPath]:
        """`deploy.resources.limits`, and how many containers there are."""
        where = self._at("deploy")
        deploy = self.values.entries(known["deploy"], where) if "deploy" in known else {}
        said = dict(self.values.known(deploy.items(), {*keys.DEPLOY_TAKEN, *keys.DEPLOY_LEFT_OUT}, where))
        for key, node in said.items():
            if key in keys.DEPLOY_LEFT_OUT:
                service.leaves_out(f"deploy.{key}", keys.DEPLOY_LEFT_OUT[key], node.place.line)
        for scale, path in ((said.get("replicas"), (*where, "replicas")), (known.get("scale"), self._at("scale"))):
            if scale:
                service.replicas = self.values.number(scale, path, 1000)
        here: KeyPath = (*where, "resources")
        resources = self.values.entries(said["resources"], here) if "resources" in said else {}
        kinds = dict(self.values.known(resources.items(), keys.RESOURCES, here))
        if "reservations" in kinds:
            service.leaves_out("deploy.resources.reservations", "a reservation limits nothing", kinds["reservations"].place.line)
        found = self.values.entries(kinds["limits"], (*here, "limits")) if "limits" in kinds else {}
        found = dict(self.values.known(found.items(), keys.LIMITS, (*here, "limits")))
        if "pids" in found:
            service.leaves_out("deploy.resources.limits.pids", "not modelled", found["pids"].place.line)
        return found, (*here, "limits")

    def _quota(self, service: Service, known: Entries) -> None:
        """`cpu_quota` in each `cpu_period`, the older way to say `cpus`."""
        if "cpu_period" in known and (period := self.values.microseconds(known["cpu_period"], self._at("cpu_period"))):
            if not 1 * MS <= period <= 1000 * MS:
                self.values.wrong(known["cpu_period"], self._at("cpu_period"), "1 ms to 1 s, in microseconds")
            else:
                service.cpu_period = period
                if service.cpus is not None:
                    text = f"{key_text(self._at('cpu_period'))} stands beside cpus, which Docker refuses; expected one of them."
                    self.values.note(known["cpu_period"].place, text)
        if "cpu_quota" in known and (quota := self.values.microseconds(known["cpu_quota"], self._at("cpu_quota"))):
            if service.cpus is not None:
                text = f"{key_text(self._at('cpu_quota'))} stands beside a limit of CPUs; expected one of them."
                self.values.note(known["cpu_quota"].place, text)
            elif quota < 1 * MS:
                self.values.wrong(known["cpu_quota"], self._at("cpu_quota"), "at least 1 ms, 1000 microseconds")
            else:
                service.cpus = Fraction(round(Fraction(quota, service.cpu_period) * 10**9), 10**9)

    # --- how it is reached ---

    def _network(self, service: Service, known: Entries) -> None:
        if "network_mode" in known:
            self._network_mode(service, known["network_mode"])
        if "networks" in known:
            self._networks(service, known["networks"])
        ports = list[Port]()
        for index, node in enumerate(self.values.items(known["ports"], self._at("ports")) if "ports" in known else ()):
            before = len(self.values.problems)
            port = self.values.port(node, self._at("ports", index))
            if port:
                ports.append(port)
            elif len(self.values.problems) == before:
                service.leaves_out(f"ports[{index}]", "not a TCP port", node.place.line)
        service.ports = tuple(ports)
        if "expose" in known:
            exposed = (text.partition("/")[0].partition("-")[0] for text in self.values.texts(known["expose"], self._at("expose")))
            service.exposed = tuple(int(number) for number in exposed if re.fullmatch("[0-9]{1,5}", number))

    def _network_mode(self, service: Service, node: Node) -> None:
        mode = self.values.text(node, self._at("network_mode"))
        if mode in ("bridge", "host", "none"):
            service.network = mode
        elif mode.startswith(("service:", "container:")):
            service.leaves_out("network_mode", "taken as a network of its own: two containers in one are not modelled", node.place.line)
        else:
            modes = ("bridge", "host", "none", "service:NAME", "container:NAME")
            self.values.wrong(node, self._at("network_mode"), choices(modes), nearest(mode, modes))

    def _networks(self, service: Service, node: Node) -> None:
        there = self.values.entries(self.top["networks"], ("networks",)) if "networks" in self.top else {}
        for name in self._names(node, self._at("networks")):
            if name not in there and name != "default":
                names = {*there, "default"}
                text = f"{key_text(self._at('networks'))} names '{printable(name)}'; expected {choices(names)}.{nearest(name, names)}"
                self.values.note(node.place, text)
                continue
            about = there[name].value if name in there else None
            driver = about.get("driver") if isinstance(about, dict) else None
            if driver and str(driver.value) not in ("bridge", "default", "None"):
                if str(driver.value) == "host":
                    service.network = "host"
                else:
                    service.leaves_out("networks", f"the driver {printable(str(driver.value))} is taken as a bridge", driver.place.line)

    def _names(self, node: Node, path: KeyPath) -> Iterator[str]:
        """The names in a list, or the keys of a mapping."""
        if isinstance(node.value, dict):
            yield from node.value
        else:
            yield from self.values.texts(node, path)

    # --- what is around it ---

    def _around(self, service: Service, known: Entries) -> None:
        needs = list(self._names(known["depends_on"], self._at("depends_on"))) if "depends_on" in known else []
        links = list(self._names(known["links"], self._at("links"))) if "links" in known else []
        for key, names in (("depends_on", needs), ("links", [link.partition(":")[0] for link in links])):
            for name in names:
                if name not in self.others:
                    expected = f"{choices(self.others)}.{nearest(name, self.others)}"
                    text = f"{key_text(self._at(key))} names '{printable(name)}'; expected {expected}"
                    self.values.note(known[key].place, text)
                elif name not in service.needs:
                    service.needs = (*service.needs, name)
        if "depends_on" in known:
            service.leaves_out("depends_on", "in what order services start is not simulated", known["depends_on"].place.line)
        for index, node in enumerate(self.values.items(known["volumes"], self._at("volumes")) if "volumes" in known else ()):
            self._volume(service, node, self._at("volumes", index))
        if service.mounts:
            service.leaves_out("volumes", "only whether nginx's pages lie on one is taken", known["volumes"].place.line)
        if "privileged" in known:
            service.unconfined = self.values.truth(known["privileged"], self._at("privileged"))
        for text in self.values.texts(known["security_opt"], self._at("security_opt")) if "security_opt" in known else ():
            service.unconfined |= text.replace("=", ":") == "seccomp:unconfined"

    def _volume(self, service: Service, node: Node, path: KeyPath) -> None:
        if isinstance(node.value, dict):
            target = node.value.get("target")
            service.mounts += (self.values.text(target, (*path, "target")),) if target else ()
        else:
            parts = self.values.text(node, path).split(":")
            service.mounts += (next((part for part in parts[1:] if part.startswith("/")), parts[0]),)


def inside(folder: Path, path: Path) -> Path | None:
    """The path where it is a file in the folder, by whatever links; else nothing."""
    try:
        found, root = path.resolve(), folder.resolve()
        return path if found.is_relative_to(root) and found.is_file() else None
    except (OSError, ValueError, RuntimeError):
        return None
