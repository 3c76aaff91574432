"""A simulated Docker host for tests: images pulled, containers run, by the clock."""

from dataclasses import replace
from typing import Any

from cutaway.models.costs import Profile
from cutaway.models.docker.container import Container
from cutaway.models.docker.creating import create
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.images import catalogue
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.processes.streams import Collected
from cutaway.models.docker.programs.servers.web import Answer, Question, WebServer
from cutaway.models.docker.references import reference_of
from cutaway.models.docker.specification import Config, HostConfig, form_of
from cutaway.sim.clock import Clock, Process

MACHINE = Machine("host", 2, 24 << 30, "6.1.0", "#1 SMP", "Debian GNU/Linux 12 (bookworm)")
SECOND = 1_000_000_000


class Host:
    """One daemon and its clock."""

    def __init__(self, profile: Profile, cpus: int = MACHINE.cpus, **more: Any) -> None:
        self.clock = Clock(initial_time=0)
        ports = Ports(lambda address, port, protocol, container: None, lambda address, port, protocol: None)
        machine = replace(MACHINE, cpus=cpus)
        self.daemon = Daemon(self.clock, machine, profile, ports, epoch_ns=1_700_000_000 * SECOND, **more)

    def done(self, steps: Process) -> Any:
        return self.clock.run(until=self.clock.process(steps))

    def let_pass(self, seconds: float) -> None:
        self.clock.run(until=int(self.clock.now) + round(seconds * SECOND))

    def run(self, image: str, *command: str, name: str | None = None, config: dict[str, Any] | None = None, **host: Any) -> Container:
        """`docker run -d`, of an image of the catalogue, which is there at once."""
        reference = reference_of(image)
        entry = catalogue.find(reference.repository, reference.tag or "latest")
        assert entry is not None
        self.daemon.images.tag(self.daemon.images.add(entry.image), reference, 0)
        form: Config = form_of(Config, {"Image": image, "Cmd": list(command) or None, **(config or {})})
        limits: HostConfig = form_of(HostConfig, host)
        container: Container = self.done(create(self.daemon, name, form, limits, {}))[0]
        self.done(self.daemon.lifecycle.start(container))
        return container

    def stop(self, container: Container) -> int:
        self.done(self.daemon.lifecycle.stop(container, None, None))
        return container.exit_code

    def inside(self, container: Container, *argv: str) -> tuple[int, str]:
        """`docker exec`: exit code and output."""
        output = Collected()
        process = self.daemon.lifecycle.run_inside(container, list(argv), output)
        self.clock.run(until=process.ended)
        return process.code or 0, output.content.decode()

    def ask(self, container: Container, port: int, path: str = "/", method: str = "GET") -> Answer:
        server = container.space.listening[port, "tcp"] if container.space else None
        assert isinstance(server, WebServer)
        answer: Answer = self.done(server.answer(Question(method, path, "localhost", "172.17.0.1", "test")))
        return answer


def log(container: Container) -> str:
    return b"".join(entry.data for entry in container.log.entries).decode()
