"""Makes a snapshot of an Engine: the command that is followed, its steps, its container, the host. It only looks."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from cutaway.engine.engine import Engine
from cutaway.engine.http import Answer, Request
from cutaway.engine.showing import boxes, output
from cutaway.engine.showing.command_line import short
from cutaway.engine.showing.commands import ASIDE_S, LONGEST_NAME, Asked, Command, Commands
from cutaway.models.docker.container import Container
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.platforms.runtimes import RUNTIMES
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.record import Act, LayerProgress, Standing
from cutaway.models.docker.record import Step as ModelStep
from cutaway.visuals.docker.snapshot import Host, Layer, Line, Meter, Snapshot, Step
from cutaway.visuals.docker.snapshot import Request as Shown

LAYER_STATES = {
    "Downloading": "loading", "Verifying Checksum": "loaded", "Download complete": "loaded", "Extracting": "unpacking",
    "Pull complete": "there", "Already exists": "there",
}  # fmt: skip
SHOWN_COMMANDS, EXEC_LINES, MOST_LINES, LONGEST_ERROR = 4, 40, 40, 400
SUM_S = 0.001
"""For each container sums are kept for so long: a thousand are counted once a second."""


@dataclass(frozen=True)
class Sums:
    """Over the containers that run."""

    running: int = 0
    memory: int = 0
    """What their cgroups hold, and the host for their virtual machines."""
    cpu_ns: int = 0
    disk: int = 0


class Snapshots:
    """Watches one Engine, and says what there is to see of it."""

    def __init__(self, engine: Engine) -> None:
        self.engine, self.daemon, self.record = engine, engine.daemon, engine.daemon.record
        self.commands = Commands(self.record, self._id_of)
        self._page: Act | None = None
        """The page that is followed, until a command is newer."""
        self._sums, self._sums_until_s = Sums(), 0.0

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
        if standing is not None and standing.act not in acts:
            acts = [*acts, standing.act]
        container = self._container(page, command)
        image = self._image(container, command)
        return Snapshot(
            title=short(page.said) if page is not None else self._title(command),
            error=short(command.error, LONGEST_ERROR) if command is not None and page is None else "",
            client=_browser(page.client) if page is not None else command.client if command is not None else "docker",
            is_page=page is not None, request=self._request(page, command), aside=self._aside(), lines=self._lines(page),
            steps=tuple(self._steps(acts)),
            held=Step(standing.who, standing.what, 0, share=0.0) if standing is not None else None, held_count=len(self.record.standing),
            is_holding=self.record.holding, speed=self.engine.live.speed,
            box=boxes.box_of(self.daemon, container) if container is not None else boxes.wanted_box(self.daemon, command),
            others=sum(one.has_process and one is not container for one in self.daemon.containers.values()),
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

    def _container(self, page: Act | None, command: Command | None) -> Container | None:
        """That it is about; of a build, its instruction's, which no other command has asked for."""
        if page is not None or command is None or not (command.is_build and command.is_going):
            return self.daemon.containers.get(page.subject if page is not None else command.container if command is not None else "")
        acts = [act for act in (*self.record.past, *self.record.going.values()) if act.number > command.first_act]
        asked = {each.container for each in self.commands.last}
        return next((self.daemon.containers[act.subject] for act in reversed(acts)
                     if act.subject in self.daemon.containers and act.subject not in asked), None)  # fmt: skip

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
            method, _, path = short(page.said).partition(" ")
            return Shown(method, path, 200 if page.over and not page.error else None)
        if command is None:
            return None
        going = next((one for one in reversed(command.asked) if one.status is None), command.asked[-1])
        return _shown(going)

    def _aside(self) -> Shown | None:
        one = self.commands.aside
        return _shown(one) if one is not None and time.monotonic() - one.real_s < ASIDE_S else None

    def _lines(self, page: Act | None) -> tuple[Line, ...]:
        lines = output.lines_of(self.daemon, list(self.commands.last)[-SHOWN_COMMANDS:])[-MOST_LINES:]
        if page is None:
            return lines
        method, _, path = short(page.said).partition(" ")
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

    # --- the image ---

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

    # --- the host ---

    def _summed(self) -> Sums:
        """Over all containers; where there are many, not for each picture."""
        now_s = time.monotonic()
        if now_s >= self._sums_until_s:
            running = [one.space for one in self.daemon.containers.values() if one.has_process and one.space is not None]
            cpu_ns = sum(space.cpu_ns for space in running)
            self._sums = Sums(len(running), sum(space.memory.usage + space.memory.beside for space in running), cpu_ns, self.daemon.disk[1])
            self._sums_until_s = now_s + len(self.daemon.containers) * SUM_S
        return self._sums

    def _host(self) -> Host:
        machine = self.daemon.machine
        now = [act.steps[-1] for act in self.record.going.values() if act.steps and act.steps[-1].ended_ns is None]
        busy = [step.who.removeprefix("containerd-") for step in now if step.works]
        pulls = [act.layers.values() for act in self.record.going.values() if act.kind == "pull"]
        unpacked = sum(layer.size for layers in pulls for layer in layers if layer.status == "Pull complete")
        return Host(machine.name, machine.kernel, machine.cpus, self._summed().disk + unpacked,
                    tuple([*busy, *self._computing()][: machine.cpus]))  # fmt: skip

    def _computing(self) -> Iterable[str]:
        """Containers of which a process has a CPU, one each."""
        for cpu in self.daemon.cpus.cpus:
            burst = cpu.thread.burst if cpu.thread is not None else None
            if burst is not None and isinstance(process := burst.process, Process):      # else a daemon, which has its step
                yield next((one.name for one in self.daemon.containers.values() if one.space is process.space), process.name)

    def _meters(self) -> tuple[Meter, ...]:
        worked, sums = self.record.worked_ns, self._summed()
        starting = (act.steps for act in self.record.going.values() if act.kind == "start")
        shims = sums.running + sum(any(_is_over(step, "containerd-shim") for step in steps) for steps in starting)
        memory = self._size("shim memory", shims) + self._size("shim shared memory", 1) if shims else 0
        return (
            Meter("dockerd", 1, self._size("dockerd memory", 1), worked.get("dockerd", 0)),
            Meter("containerd", 1, self._size("containerd memory", 1), worked.get("containerd", 0)),
            Meter("shim", shims, memory, worked.get("containerd-shim", 0)),
            *(Meter(name, 1, None, worked[name]) for name in RUNTIMES if name in worked),
            Meter("containers", sums.running, sums.memory, sums.cpu_ns),
        )

    def _size(self, cost: str, times: int) -> int:
        found = self.daemon.profile.costs.get(cost)
        return round(found.value * times) if found is not None else 0


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
    return Shown(one.request.method, short(f"{path}?{key}={name}" if name else path), one.status)


def _browser(agent: str) -> str:
    """A client's name out of what it calls itself."""
    for name in ("Firefox", "Edg", "Chrome", "Safari"):
        if f"{name}/" in agent:
            return "Edge" if name == "Edg" else name
    return agent.partition("/")[0][:LONGEST_NAME] or "?"
