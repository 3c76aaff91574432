"""`docker exec`: further processes in a container that runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ConflictError, DaemonError, InvalidError, NotFoundError
from cutaway.models.docker.processes import exec as execs
from cutaway.models.docker.processes.process import Process, environment_of
from cutaway.models.docker.processes.streams import Output, Pipe
from cutaway.models.docker.processes.terminal import Terminal
from cutaway.models.docker.users import identity_of
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

START_NS = 60_000_000
"""Shim and runc start a process inside a running container; assumed, 30 to 150 ms."""
KEPT_NS = 300_000_000_000
"""For so long what has ended can be asked for its code (daemon/exec.go of moby: execCommandGC)."""
CANNOT = 126, 127
_HEAD = "OCI runtime exec failed: exec failed: unable to start container process: "


@dataclass
class Exec:
    """One such process, asked for, running, or ended."""

    id: str
    container: Container
    argv: list[str]
    tty: bool
    stdin: bool
    user: str
    environment: list[str]
    cwd: str
    privileged: bool
    detach_keys: str
    attach: tuple[bool, bool]
    """Whether output and errors are wanted."""
    output: Output
    running: bool = False
    code: int | None = None
    process: Process | None = None
    pipe: Pipe | None = None
    terminal: Terminal | None = None
    size: tuple[int, int] = (24, 80)
    ended_ns: int = 0
    """Simulated time."""


class Execs:
    """Those of one daemon."""

    def __init__(self, daemon: Daemon) -> None:
        self.daemon = daemon
        self.by_id: dict[str, Exec] = {}

    def get(self, id_: str) -> Exec:
        """Raises NotFoundError."""
        if id_ not in self.by_id:
            raise NotFoundError(f"No such exec instance: {id_}")
        return self.by_id[id_]

    def create(self, container: Container, asked: Mapping[str, Any]) -> Exec:
        """Raises InvalidError, ConflictError."""
        if not container.has_process:
            raise ConflictError(f"container {container.id} is not running")
        if container.paused:
            raise ConflictError(f"container {container.name} is paused, unpause the container before exec")
        argv = asked.get("Cmd")
        if not argv:
            raise InvalidError("No exec command specified")
        made = Exec(
            self.daemon.identities.new("exec"), container, list(argv), bool(asked.get("Tty")), bool(asked.get("AttachStdin")),
            asked.get("User") or container.config.user, list(asked.get("Env") or []),
            asked.get("WorkingDir") or container.config.working_dir or "/",
            bool(asked.get("Privileged")), asked.get("DetachKeys") or "",
            (bool(asked.get("AttachStdout")), bool(asked.get("AttachStderr"))),
            Output(self.daemon.clock, lambda stream, data: None),
        )  # fmt: skip
        self._forget_ended(container)
        self.by_id[made.id] = made
        container.execs.append(made.id)
        self.daemon.tell(container, f"exec_create: {' '.join(argv)}", {"execID": made.id})
        return made

    def _forget_ended(self, container: Container) -> None:
        """Nobody asks any more for one that has ended long ago."""
        for one in [self.by_id[id_] for id_ in container.execs]:
            if one.code is not None and int(self.daemon.clock.now) - one.ended_ns > KEPT_NS:
                container.execs.remove(one.id)
                del self.by_id[one.id]

    def start(self, one: Exec, ready: Callable[[], None]) -> Steps:
        """Starts it; `ready` is told when the client can be connected. Raises ConflictError, InvalidError."""
        container = one.container
        if one.code is not None or one.running:
            raise ConflictError(f"Error: Exec command {one.id} has already run" if one.code is not None
                                else f"Error: Exec command {one.id} is already running")  # fmt: skip
        if not container.has_process or container.space is None:
            raise ConflictError(f"container {container.id} is not running")
        if container.paused:
            raise ConflictError(f"container {container.name} is paused, unpause the container before exec")
        one.running = True
        ready()
        self.daemon.tell(container, f"exec_start: {' '.join(one.argv)}", {"execID": one.id})
        with self.daemon.record.act("exec", container.id, " ".join(one.argv)) as act:
            yield from act.begins(container.runtime.name, "exec: a process into the name spaces", START_NS)
            yield self.daemon.clock.timeout(START_NS)
        if not container.has_process:
            self._ended(one, 137)
            return
        yield from self._spawned(one, container)

    def _spawned(self, one: Exec, container: Container) -> Steps:
        space, main = container.space, container.main
        assert space is not None and main is not None
        environment = {**main.environment, **environment_of(one.environment)} | ({"TERM": "xterm"} if one.tty else {})
        try:
            identity, _ = identity_of(container.view, one.user, container.host.group_add or [])
        except DaemonError as error:
            yield from self._refused(one, str(error), CANNOT[0])
            return
        try:
            if not container.view.is_directory(one.cwd):
                yield from self._refused(one, f'{_HEAD}chdir to cwd ("{one.cwd}") set in config.json failed: no such file or directory: '
                                              "unknown", CANNOT[0])  # fmt: skip
                return
            path = execs.found(container.view, one.argv[0], one.cwd, environment)
            program, arguments = execs.loaded(container.view, path, one.argv, self.daemon.programs)
            files = space.open(one.output, one.size if one.tty else None, reads=one.stdin)
            one.terminal, one.pipe = files.terminal, files.stdin if isinstance(files.stdin, Pipe) else None
            one.process = space.spawn(program, arguments, environment, one.cwd, identity, files)
        except OSError as error:
            code = CANNOT[0] if isinstance(error, PermissionError) else CANNOT[1]
            yield from self._refused(one, f'{_HEAD}exec: "{one.argv[0]}": {_why(one.argv[0], error)}: unknown', code)
            return
        process = one.process
        process.ended.callbacks.append(lambda event: self._ended(one, process.code or 0))

    def _refused(self, one: Exec, text: str, code: int) -> Steps:
        yield from one.output.send(1, f"{text}\r\n".encode())
        self._ended(one, code)

    def _ended(self, one: Exec, code: int) -> None:
        one.running, one.code, one.ended_ns = False, code, int(self.daemon.clock.now)
        one.output.end()
        self.daemon.tell(one.container, "exec_die", {"execID": one.id, "exitCode": str(code)})

    def forget(self, container: Container) -> None:
        for id_ in container.execs:
            self.by_id.pop(id_, None)


def _why(command: str, error: OSError) -> str:
    """Why runc cannot run it."""
    if isinstance(error, FileNotFoundError):
        return f"stat {command}: no such file or directory" if "/" in command else "executable file not found in $PATH"
    return "permission denied" if isinstance(error, PermissionError) else "is not simulated"
