"""Makes a snapshot of an Engine: the command that is followed, its steps, its container, the host. It only looks."""

from __future__ import annotations

import time
from collections.abc import Iterable

from cutaway.engine.engine import Engine
from cutaway.engine.http import Answer, Request
from cutaway.engine.showing import output
from cutaway.engine.showing.command_line import short
from cutaway.engine.showing.commands import ASIDE_S, Asked, Command, Commands
from cutaway.models.docker.container import Container
from cutaway.models.docker.daemon import RUNTIMES
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.record import Act, LayerProgress, Standing
from cutaway.models.docker.record import Step as ModelStep
from cutaway.models.docker.specification import port_of

from cutaway.visuals.docker.snapshot import Box, Host, Layer, Line, Meter, Request as Shown, Snapshot, Step  # isort: skip

LAYER_STATES = {
    "Downloading": "loading", "Verifying Checksum": "loaded", "Download complete": "loaded", "Extracting": "unpacking",
    "Pull complete": "there", "Already exists": "there",
}  # fmt: skip
WALLS = ("mnt", "uts", "ipc", "pid", "net", "cgroup")
SHOWN_COMMANDS, EXEC_LINES = 4, 40


class Snapshots:
    """Watches one Engine, and says what there is to see of it."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.daemon, self.record = engine, engine.daemon, engine.daemon.record
        self.commands = Commands(self.record, self._id_of)
        self._page: Act | None = None
        """The page that is followed, until a command is newer."""

    def _id_of(self, name: str) -> str:
        return next((one.id for one in self.daemon.containers.values() if name in (one.id, one.name) or one.id.startswith(name)), "")

    # --- requests ---

    def asked(self, request: Request) -> Asked:
        return self.commands.asked(request)

    def answered(self, one: Asked, answer: Answer) -> None:
        self.commands.answered(one, answer)
        if one.request.plain_path.endswith("/exec") and one.status == 201:
            self._hear_exec(str(one.document["Id"]))

    def _hear_exec(self, exec_id: str) -> None:
        """What it writes is for the terminal, too."""
        command = next((each for each in reversed(self.commands.last) if each.exec_id == exec_id), None)
        if command is None:
            return

        def take(stream: int, data: bytes) -> bool:
            lines = data.decode(errors="replace").replace("\r", "").splitlines()
            command.output = [*command.output, *lines][-EXEC_LINES:]
            return True
        self.daemon.execs.get(exec_id).output.watch(take)

    # --- the snapshot ---

    def take(self) -> Snapshot:
        """Now."""
        standing = self.record.standing[0] if self.record.standing else None
        page, command = self._followed(standing)
        acts = [page] if page is not None else command.acts if command is not None else []
        container = self.daemon.containers.get(page.subject if page is not None else command.container if command is not None else "")
        held = standing if standing is not None and standing.act in acts else None
        image = self._image(container, command)
        return Snapshot(
            title=page.said if page is not None else self._title(command),
            client=_browser(page.client) if page is not None else command.client if command is not None else "docker",
            is_page=page is not None, request=self._request(page, command), aside=self._aside(), lines=self._lines(page),
            steps=tuple(self._steps(acts)),
            held=Step(held.who, held.what, 0, share=0.0) if held is not None else None, held_count=len(self.record.standing),
            is_holding=self.record.holding, speed=self.engine.live.speed,
            box=self._box(container, command), others=self._others(container),
            layers=self._layers(acts, image), is_writable=container is not None, host=self._host(), meters=self._meters(),
            pages=sum(act.kind == "page" for act in self.record.going.values()),
        )  # fmt: skip

    def _followed(self, standing: Standing | None) -> tuple[Act | None, Command | None]:
        """Whose step stands at the gate; else the newest of the last command and the last page. And the command that owns the terminal."""
        command = next((each for each in reversed(self.commands.last) if each.kind != "look"), None)
        if standing is not None:
            if standing.act.kind == "page":
                self._page = standing.act
                return standing.act, command
            self._page = None
            return None, self.commands.of_act(standing.act) or command
        if command is not None and command.is_going and not self._waits(command):
            self._page = None
            return None, command
        self._page = self._page if self._page is not None and not self._page.over else self._newest_page(command)
        return self._page, command

    @staticmethod
    def _waits(command: Command) -> bool:
        """All that it asked for is done; what is open is an attach, or it is told of later."""
        return all(act.over for act in command.acts) and bool(command.acts)

    def _newest_page(self, command: Command | None) -> Act | None:
        """A page that is newer than the command's last step."""
        pages = next((act for act in self.record.going.values() if act.kind == "page" and act.steps), None)
        pages = pages or next((act for act in reversed(self.record.past) if act.kind == "page" and act.steps), None)
        if pages is None:
            return None
        ended = max((act.steps[-1].ended_ns or 0 for act in command.acts if act.steps), default=0) if command is not None else 0
        began_after = command is None or (pages.number > command.first_act and pages.steps[0].begun_ns >= ended)
        return pages if began_after else None

    @staticmethod
    def _title(command: Command | None) -> str:
        return f"docker {command.verb}" if command is not None else ""

    def _request(self, page: Act | None, command: Command | None) -> Shown | None:
        if page is not None:
            method, _, path = page.said.partition(" ")
            return Shown(method, path, 200 if page.over and not page.error else None)
        if command is None:
            return None
        going = next((one for one in reversed(command.asked) if one.status is None), command.asked[-1])
        return _shown(going)

    def _aside(self) -> Shown | None:
        one = self.commands.aside
        return _shown(one) if one is not None and time.monotonic() - one.real_s < ASIDE_S else None

    def _lines(self, page: Act | None) -> tuple[Line, ...]:
        lines = output.lines_of(self.daemon, list(self.commands.last)[-SHOWN_COMMANDS:])
        if page is None:
            return lines
        method, _, path = page.said.partition(" ")
        port = next((port for places in self._ports(page.subject) for port in places), "")
        where = f"http://127.0.0.1:{port}{path}"
        asked = f"$ curl {where}" if page.client.startswith("curl") else f"{_browser(page.client)}: {method} {where}"
        return (*lines, Line(asked, "command"))

    def _ports(self, container: str) -> Iterable[list[int]]:
        one = self.daemon.containers.get(container)
        return [[port for _, port in places] for places in one.ports.values()] if one is not None else []

    # --- steps ---

    def _steps(self, acts: list[Act]) -> Iterable[Step]:
        now_ns = int(self.daemon.clock.now)
        for act in acts:
            for step in act.steps:
                yield _step(step, now_ns)

    # --- the container ---

    def _image(self, container: Container | None, command: Command | None) -> Image | None:
        if container is not None:
            return container.image
        body = command.asked[0].request.document if command is not None else None
        name = command.image if command is not None and command.image else str(body.get("Image") or "") if isinstance(body, dict) else ""
        return self.daemon.images.find(name) if name else None

    def _layers(self, acts: list[Act], image: Image | None) -> tuple[Layer, ...]:
        pull = next((act for act in acts if act.kind == "pull" and act.layers), None)
        if pull is not None and not pull.over:
            return tuple(_layer(one) for one in pull.layers.values())
        return tuple(Layer(layer.size) for layer in image.layers) if image is not None else ()

    def _box(self, container: Container | None, command: Command | None) -> Box | None:
        if container is None:
            return self._wanted(command)
        space = container.space if container.has_process else None
        start = next((act for act in self.record.going.values() if act.kind == "start" and act.subject == container.id), None)
        endpoint = next((one for one in container.endpoints.values() if one.address is not None), None)
        host = container.host
        return Box(
            container.name, _program(container.argv), host.runtime, is_running=space is not None, is_paused=container.paused,
            starting=tuple(f"{step.who}: {step.what}" for step in start.steps if step.ended_ns is not None) if start else (),
            walls=walls_of(container), pid=container.pid, memory=space.memory if space is not None else 0, memory_limit=host.memory or 0,
            cpu_ns=space.cpu_ns if space is not None else 0, cpus=host.nano_cpus / 1e9 if host.nano_cpus else 0.0,
            bridge=self._bridge(container), address=str(endpoint.address) if endpoint is not None else "", ports=_ports(container),
        )  # fmt: skip

    def _wanted(self, command: Command | None) -> Box | None:
        """A container that is yet to be made."""
        if command is None or command.kind != "run" or not command.is_going:
            return None
        body = command.asked[0].request.document
        if not isinstance(body, dict):
            return None
        image = self.daemon.images.find(str(body.get("Image") or ""))
        argv = [*(image.config.entrypoint or []), *(body.get("Cmd") or image.config.cmd or [])] if image is not None else []
        name = command.asked[0].request.get("name")
        bindings = (body.get("HostConfig") or {}).get("PortBindings") or {}
        ports = tuple((int(one.get("HostPort") or 0), port_of(inside)[0]) for inside, places in bindings.items() for one in places or [])
        program = _program(argv) if argv else str(body.get("Image") or "").rpartition("/")[2].partition(":")[0]
        mode = (body.get("HostConfig") or {}).get("NetworkMode") or "default"
        return Box(name, program, bridge="docker0" if mode in ("default", "bridge") else "", ports=ports)

    def _bridge(self, container: Container) -> str:
        name = next(iter(container.endpoints), None) or next(iter(container.wanted), None)
        network = next((one for one in self.daemon.networks if one.name == name), None)
        return network.bridge if network is not None and network.driver == "bridge" else ""

    def _others(self, container: Container | None) -> int:
        return sum(one.has_process and one is not container for one in self.daemon.containers.values())

    # --- the host ---

    def _host(self) -> Host:
        machine = self.daemon.machine
        now = [act.steps[-1] for act in self.record.going.values() if act.steps and act.steps[-1].ended_ns is None]
        busy = [step.who.removeprefix("containerd-") for step in now if step.works]
        pulls = [act.layers.values() for act in self.record.going.values() if act.kind == "pull"]
        unpacked = sum(layer.size for layers in pulls for layer in layers if layer.status == "Pull complete")
        return Host(machine.name, machine.kernel, machine.cpus, self.daemon.disk[1] + unpacked, tuple(busy[: machine.cpus]))

    def _meters(self) -> tuple[Meter, ...]:
        worked = self.record.worked_ns
        running = [one for one in self.daemon.containers.values() if one.has_process and one.space is not None]
        starting = (act.steps for act in self.record.going.values() if act.kind == "start")
        shims = len(running) + sum(any(_is_over(step, "containerd-shim") for step in steps) for steps in starting)
        memory = self._size("shim memory", shims) + self._size("shim shared memory", 1) if shims else 0
        cpu_ns = sum(one.space.cpu_ns for one in running if one.space is not None)
        return (
            Meter("dockerd", 1, self._size("dockerd memory", 1), worked.get("dockerd", 0)),
            Meter("containerd", 1, self._size("containerd memory", 1), worked.get("containerd", 0)),
            Meter("shim", shims, memory, worked.get("containerd-shim", 0)),
            *(Meter(name, 1, None, worked[name]) for name in RUNTIMES if name in worked),
            Meter("containers", len(running), self.daemon.memory_used, cpu_ns),
        )

    def _size(self, cost: str, times: int) -> int:
        found = self.daemon.profile.costs.get(cost)
        return round(found.value * times) if found is not None else 0


def walls_of(container: Container) -> tuple[str, ...]:
    """The name spaces that it has for itself."""
    host = container.host
    shared = {
        "net": host.network_mode == "host" or host.network_mode.startswith("container:"), "pid": bool(host.pid_mode),
        "ipc": host.ipc_mode == "host" or host.ipc_mode.startswith("container:"), "cgroup": host.cgroupns_mode == "host",
        "uts": getattr(host, "uts_mode", "") == "host",
    }  # fmt: skip
    return tuple(name for name in WALLS if not shared.get(name))


def _program(argv: list[str]) -> str:
    """That a command comes to run: what an entry point's script executes in the end."""
    names = [word.rpartition("/")[2] for word in argv]
    return names[1] if len(names) > 1 and names[0].endswith(".sh") else names[0] if names else ""


def _ports(container: Container) -> tuple[tuple[int, int], ...]:
    published = {name: [port for _, port in places] for name, places in container.ports.items()}
    wanted = {name: [int(place.get("HostPort") or 0) for place in places or []] for name, places in container.host.port_bindings.items()}
    return tuple((port, port_of(name)[0]) for name, ports in (published or wanted).items() for port in ports)


def _layer(progress: LayerProgress) -> Layer:
    return Layer(progress.size, LAYER_STATES.get(progress.status, "to come"), progress.done / progress.of if progress.of else 1.0)


def _step(step: ModelStep, now_ns: int) -> Step:
    if step.ended_ns is not None:
        return Step(step.who, step.what, step.ended_ns - step.begun_ns)
    took = now_ns - step.begun_ns
    return Step(step.who, step.what, took, going=True, share=min(1.0, took / step.takes_ns) if step.takes_ns else 0.0)


def _is_over(step: ModelStep, who: str) -> bool:
    return step.who == who and step.ended_ns is not None


def _shown(one: Asked) -> Shown:
    path = short(one.request.plain_path)
    name = one.request.get("name") or one.request.get("fromImage").rpartition("/")[2]
    key = "name" if one.request.get("name") else "fromImage"
    return Shown(one.request.method, f"{path}?{key}={name}" if name else path, one.status)


def _browser(agent: str) -> str:
    """A client's name out of what it calls itself."""
    for name in ("Firefox", "Edg", "Chrome", "Safari"):
        if f"{name}/" in agent:
            return "Edge" if name == "Edg" else name
    return agent.partition("/")[0] or "?"
