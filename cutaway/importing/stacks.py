"""From services to stacks: what is modelled of each, what is not, and what has to be asked.

A stack is one service alone on the machine: hardware, Linux, Docker, its program. An nginx that needs a Python application has it behind
itself, as the model does: in one container, over its loopback. Services without a program of the catalogue are named, and may be made
neighbours.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from cutaway.importing import programs
from cutaway.importing.demand import Demand
from cutaway.importing.programs import Known, Unknown
from cutaway.importing.service import Project, Service
from cutaway.models.hardware import HardwarePart
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.python_app import PythonAppPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import CPUS, GIB, MS, SIZE

Value = str | int | Fraction | tuple[int, ...]
Layer = dict[str, "Value | dict[str, Value]"]


@dataclass(frozen=True, slots=True)
class Question:
    """What the source cannot tell: the key, the value that stands there meanwhile, how far it may be off, and what tells it."""

    key: str
    value: str
    what: str
    range: str
    tells: str


@dataclass(slots=True)
class Stack:
    """One service on its stack."""

    service: Service
    known: Known
    docker: Layer
    program: Layer
    notes: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Neighbour:
    """A service that is not modelled, as one that computes without a pause."""

    service: Service
    layer: Layer
    why: str
    active: bool


@dataclass(slots=True)
class Imported:
    """All that goes into the scenario."""

    project: Project
    profile: str
    machine: Layer
    clients: Layer
    stacks: list[Stack]
    neighbours: list[Neighbour]
    unmodelled: list[tuple[str, int, str]]
    """Services that are named only: name, line, reason."""
    questions: list[Question]


class _Maker:
    """Makes the stacks of a project, and notes what has to be asked."""

    def __init__(self, project: Project, profile: str, said: Mapping[str, str], busy: Collection[str], demand: Demand) -> None:
        self.project, self.profile, self.demand, self.busy = project, profile, demand, busy
        behind = {name for one in project.services if self._is_nginx(one, said) for name in one.needs}
        self.known = {one.name: programs.of(one, one.name in behind, said.get(one.name, "")) for one in project.services}
        self.services = {one.name: one for one in project.services}
        self.cpus, self.memory = self._machine()
        self.questions: list[Question] = []

    @staticmethod
    def _is_nginx(service: Service, said: Mapping[str, str]) -> bool:
        found = programs.of(service, False, said.get(service.name, ""))
        return isinstance(found, Known) and found.kind == "nginx"

    def made(self) -> Imported:
        where = self._clients()
        stacks, others, named = list[Stack](), list[Neighbour](), list[tuple[str, int, str]]()
        self._ask_of_the_machine(where)
        for service in self.project.services:
            known = self.known[service.name]
            why = known.why if isinstance(known, Unknown) else ""
            why = why or ("it is scaled to no container" if not service.replicas else "")
            if isinstance(known, Known) and not why:
                stacks.append(self._stack(service, known, where))
            elif service.replicas:
                others.append(Neighbour(service, _hog(service), why, service.name in self.busy))
            else:
                named.append((service.name, service.place.line, why))
        machine: Layer = {"cpus": self.cpus, "memory": SIZE.text(self.memory)}
        clients: Layer = {"kind": "closed loop", "where": where, "connections": CONNECTIONS, "think": "0 s"}
        return Imported(self.project, self.profile, machine, clients, stacks, others, named, self.questions)

    # --- the machine and the clients ---

    def _machine(self) -> tuple[int, int]:
        """The host's, or the smallest on which all limits can stand, and no smaller than the catalogue's."""
        part, every = HardwarePart(), self.project.services
        cpus = [part.cpus, *(-(-one.cpus.numerator // one.cpus.denominator) for one in every if one.cpus)]
        cpus += [number + 1 for one in every for number in one.cpuset]
        memory = [part.memory, *(-(-one.memory // GIB) * GIB for one in every if one.memory)]
        there = self.project.machine
        return there.cpus or max(cpus), there.memory or max(memory)

    def _ask_of_the_machine(self, where: str) -> None:
        if not self.project.machine.cpus:
            tells = "nproc and free on the host, or `cutaway import --running` there"
            self._ask("machine", f"{self.cpus} CPUs, {SIZE.text(self.memory)}", "the host", "1 to 4096 CPUs", tells)
        tells = "`cutaway measure` and `cutaway calibrate` there"
        self._ask("profile", self.profile, "what each step costs on the host", "by cost: cutaway profiles show", tells)
        tells = "the access log; with a known rate: {kind: open loop, rate: 800 /s}"
        what = "clients that ask at once, without a pause"
        what += "" if where == "another machine" else ", on CPU 0 of the host; programs without a cpuset have the others"
        self._ask("clients.connections", str(CONNECTIONS), what, MEASURED["connections"], tells)

    def _clients(self) -> str:
        """Where the clients are: outside where a port is published, else on the host as another container would be."""
        modelled = [one for one in self.project.services if isinstance(self.known[one.name], Known) and one.replicas]
        ports = [port for one in modelled for port in one.ports]
        if any(not port.on_loopback for port in ports) or any(one.network == "host" for one in modelled):
            return "another machine"
        return "loopback" if ports else "veth"

    def _ask(self, key: str, value: str, what: str, range_: str, tells: str) -> None:
        self.questions.append(Question(key, value, what, range_, tells))

    # --- one stack ---

    def _stack(self, service: Service, known: Known, where: str) -> Stack:
        behind = self._behind(service, known)
        docker = self._docker(service, behind, known, where)
        stack = Stack(service, known, docker, {}, list(known.differs))
        make = {"nginx": self._nginx, "python app": self._python, "redis": self._redis, "postgresql": self._postgresql}[known.kind]
        stack.program = {"kind": known.kind, **make(stack, service, known, behind)}
        if service.cpuset:
            stack.program["cpus"] = service.cpuset
        self._tell_of_needs(stack, behind)
        self._tell_of_limits(stack, behind)
        self._tell_of_ports(service, where)
        if service.replicas > 1:
            stack.notes.append(f"one of its {service.replicas} containers is modelled")
        return stack

    def _behind(self, service: Service, known: Known) -> Service | None:
        """The Python application that an nginx asks for its answers."""
        if known.kind != "nginx":
            return None
        apps = (name for name in service.needs if name in self.services)
        return next((self.services[name] for name in apps if getattr(self.known[name], "kind", "") == "python app"), None)

    def _tell_of_needs(self, stack: Stack, behind: Service | None) -> None:
        if behind:
            stack.notes.append(f"asks {behind.name}, which is in the same container here: they talk over its loopback, not over the bridge")
        others = [name for name in stack.service.needs if not behind or name != behind.name]
        if others and stack.known.kind == "nginx" and not behind:
            stack.notes.append(f"serves a page of its own here: what it may hand on to {', '.join(others)} is not modelled")
        elif others and stack.known.kind in ("python app", "nginx"):
            stack.notes.append(f"what it asks {', '.join(others)} is not modelled")

    def _docker(self, service: Service, behind: Service | None, known: Known, where: str) -> Layer:
        """The layer `docker`; with an application behind, both limits together."""
        members = [service, behind] if behind else [service]
        layer: Layer = {"kind": "docker", "network": service.network}
        if service.network == "bridge":
            layer["publish"] = {"another machine": "nat", "loopback": "proxy", "veth": "none"}[where]
        cpus = [one.cpus for one in members]
        if all(cpus):
            layer["cpus"] = min(sum((one for one in cpus if one), Fraction(0)), Fraction(self.cpus))
        if service.cpu_period != 100 * MS:
            layer["cpu period"] = f"{service.cpu_period // 1000} us"
        if any(one.cpu_shares for one in members):
            layer["cpu shares"] = min(262_144, sum(one.cpu_shares or 1024 for one in members))
        memory = [one.memory for one in members]
        if all(memory):
            layer["memory"] = SIZE.text(min(sum(one or 0 for one in memory), self.memory))
        if known.kind == "nginx" and any(mount.startswith(programs.PAGES) for mount in service.mounts):
            layer["storage"] = "volume"
        if service.unconfined:
            layer["seccomp"] = "unconfined"
        return layer

    def _tell_of_limits(self, stack: Stack, behind: Service | None) -> None:
        """One container has one limit: the sum where both have one, else none, since the other may take what it wants."""
        if behind and any(one.cpus or one.memory for one in (stack.service, behind)):
            limit = stack.docker.get("cpus")
            cpus = f"{CPUS.text(limit)} CPUs" if isinstance(limit, Fraction) else "no limit of CPUs"
            stack.notes.append(f"the limits of both together: {cpus}, {stack.docker.get('memory', 'no limit')} of memory")

    def _tell_of_ports(self, service: Service, where: str) -> None:
        if where == "another machine" and service.network == "bridge" and not any(not port.on_loopback for port in service.ports):
            how = "a port on the host's loopback alone" if service.ports else "no port is published"
            service.leaves_out("", f"{how}; asked from outside all the same, since all stacks share their clients")
        if where == "loopback" and not service.ports and service.network == "bridge":
            service.leaves_out("", "no port is published; asked through docker-proxy all the same, since all stacks share their clients")

    # --- programs ---

    def _nginx(self, stack: Stack, service: Service, known: Known, behind: Service | None) -> Layer:
        name = service.name
        workers = min(1024, self.cpus)
        tells = "`worker_processes` in its configuration; the image has auto, one for each CPU of the host"
        self._ask(f"stacks.{name}.layers.nginx.workers", str(workers), "worker processes", f"1 to {workers}", tells)
        if behind:
            loops = self._loops(behind, stack, f"stacks.{name}.layers.nginx.upstream")
            app: dict[str, Value] = {"workers": self._workers(behind), "loops": loops}
            if behind.cpuset:
                app["cpus"] = behind.cpuset
            return {"workers": workers, "upstream": app}
        if measured := self.demand.of(service, self.project.name):
            stack.notes.append(f"page: {measured.response_bytes:,} B measured ({measured.source})")
            return {"workers": workers, "page": f"{measured.response_bytes} B"}
        page = SIZE.text(NginxPart().page)
        key, what = f"stacks.{name}.layers.nginx.page", "size of the page that is asked for"
        self._ask(key, page, what, MEASURED["page"], self._measuring(service))
        return {"workers": workers, "page": page}

    def _python(self, stack: Stack, service: Service, known: Known, behind: Service | None) -> Layer:
        key = f"stacks.{service.name}.layers.python app"
        if known.workers is None:
            self._ask(f"{key}.workers", "1", "worker processes", "1 to 1024", "the command that starts it")
        return {"workers": self._workers(service), "loops": self._loops(service, stack, key)}

    def _workers(self, service: Service) -> int:
        return getattr(self.known[service.name], "workers", None) or 1

    def _loops(self, service: Service, stack: Stack, key: str) -> int:
        """Turns of the model's loop that take as long as the application's own work."""
        if measured := self.demand.of(service, self.project.name):
            loops = self.demand.loops(measured, self.profile)
            cpu = f"{measured.cpu_ns / 1000:,.1f} us of CPU time a request measured ({measured.source})"
            stack.notes.append(f"loops: {cpu}, less what gunicorn and the kernel take")
            return loops
        loops = PythonAppPart().loops
        what = "CPU time of a request in the application: 18,000 turns are about 1 ms"
        self._ask(f"{key}.loops", str(loops), what, MEASURED["loops"], self._measuring(service))
        return loops

    def _redis(self, stack: Stack, service: Service, known: Known, behind: Service | None) -> Layer:
        value = SIZE.text(RedisPart().value)
        key = f"stacks.{service.name}.layers.redis"
        self._ask(f"{key}.operation", "get", "what every request is", "get or set", "redis-cli info commandstats")
        self._ask(f"{key}.value", value, "size of a value", MEASURED["value"], "redis-cli --bigkeys")
        if any(word.startswith("--appendonly") or word == "--save" for word in service.command):
            stack.notes.append("what it writes to its disk is not modelled")
        return {"operation": "get", "value": value}

    def _postgresql(self, stack: Stack, service: Service, known: Known, behind: Service | None) -> Layer:
        key, what = f"stacks.{service.name}.layers.postgresql.script", "the transaction of every request"
        self._ask(key, "select-only", what, MEASURED["script"], "pg_stat_statements")
        return {"script": "select-only"}

    def _measuring(self, service: Service) -> str:
        port = next((port.host for port in service.ports if port.host), 0)
        target = f"http://127.0.0.1:{port}/" if port else (service.container or f"{self.project.name}-{service.name}-1")
        return f"`cutaway measure app {target} --out app.jsonl`, then import with --demand app.jsonl"


CONNECTIONS = 16
MEASURED = {
    "connections": "1 to 256 were measured",
    "page": "612 B to 1 MiB were measured",
    "loops": "0 and 18,000 were measured; up to 10,000,000",
    "value": "3 B was measured; up to 512 MiB",
    "script": "select-only or simple-update",
}
"""Where the catalogue's costs were measured (models/costs/measured): the range within which a value is no extrapolation."""


def make(project: Project, profile: str, said: Mapping[str, str], busy: Collection[str], demand: Demand) -> Imported:
    """All that the scenario will hold."""
    return _Maker(project, profile, said, busy, demand).made()


def _hog(service: Service) -> Layer:
    """It computes all the time, as far as its limits let it."""
    layer: Layer = {"count": service.replicas, "cpu shares": service.cpu_shares or 1024}
    if service.cpus:
        layer["limit"] = service.cpus
    if service.cpu_period != 100 * MS:
        layer["limit period"] = f"{service.cpu_period // 1000} us"
    if service.cpuset:
        layer["cpus"] = service.cpuset
    return layer
