"""The life of a container: started, stopped, killed, paused, restarted by its policy, gone.

Each is a process on the simulated clock; the phases of a start are priced as in models/docker/run.py. Read first:
docs/models/docker/engine.md.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cutaway.models.docker import run as docker
from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ConflictError, DaemonError, NothingToDo
from cutaway.models.docker.health import Checker
from cutaway.models.docker.platforms.runtimes import runtime_of, shim_binary
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.preparing import found, having, prepare
from cutaway.models.docker.processes import exec as execs
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Files, Process
from cutaway.models.docker.processes.streams import Collected, Empty, Writer
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

STOP_NS = 10_000_000_000
"""Grace of `docker stop` before SIGKILL."""
FIRST_DELAY_NS, LONGEST_DELAY_NS, RESET_NS = 100_000_000, 60_000_000_000, 10_000_000_000
"""Waits before a restart double from the first to the longest; a run of ten seconds sets them back (restartmanager of moby)."""
_SECOND_NS = 1_000_000_000


@dataclass
class Lifecycle:
    """Of all containers of one daemon."""

    daemon: Daemon
    ports: Ports
    delays: dict[str, int] = field(default_factory=dict)

    # --- start ---

    def start(self, container: Container) -> Steps:
        """Raises NothingToDo, ConflictError, DaemonError; a container that cannot start stays `created`, or `exited`."""
        if container.paused:
            raise ConflictError("cannot start a paused container, try unpause instead")
        if container.has_process:
            raise NothingToDo
        if container.removing:
            raise ConflictError("container is marked for removal and cannot be started")
        container.manually_stopped = False
        container.restarts = 0
        yield from self._begin(container)

    def _begin(self, container: Container) -> Steps:
        try:
            with self.daemon.record.act("start", container.id) as act:
                if runtime_of(container.host.runtime) is None:
                    raise _no_shim(container.host.runtime)
                self._connect(container)
                begin = prepare(self.daemon, container)
                yield from docker.start(self.daemon.start(act), docker.Asked(having(container), runtime=container.runtime.name))
                main = begin()
                assert container.space is not None
                main.ended.callbacks.append(lambda event: self._exited(container, main))
                container.space.listens = lambda: self._listens(container, main)
            self._tell_volumes(container, "mount")
        except (DaemonError, OSError) as error:
            self._failed(container, error)
            raise
        container.status, container.error, container.exit_code, container.oom_killed = "running", "", 0, False
        container.started_ns = self.daemon.now_ns
        self.daemon.tell(container, "start")
        if container.config.healthcheck and container.config.healthcheck.test and container.config.healthcheck.test[0] != "NONE":
            checker = Checker(container, self.run_inside, self._health_changed, lambda: self.daemon.now_ns)
            self.daemon.clock.process(checker.check(container.config.healthcheck))

    def _listens(self, container: Container, main: Process) -> None:
        """Its first process, or one that that has started, has taken its first port."""
        with self.daemon.record.act("program", container.id) as act:
            act.happened(main.name, "start: load, read the configuration, listen", main.started_ns)

    def _failed(self, container: Container, error: DaemonError | OSError) -> None:
        container.error = error.message if isinstance(error, DaemonError) else str(error)
        container.exit_code = 127 if "executable file not found" in container.error or "no such file" in container.error else 128
        if "permission denied" in container.error:
            container.exit_code = 126
        self._disconnect(container)
        container.output.end()          # who waits for the next exit waits on: there was none
        if container.host.auto_remove and not container.removing:
            self.daemon.forget(container)

    # --- networks ---

    def _connect(self, container: Container) -> None:
        for name, asked in container.wanted.items():
            network = self.daemon.networks.get(name)
            self.daemon.networking.connect(container, network, asked)
        if container.endpoints and container.host.network_mode not in ("host", "none"):
            self.ports.publish(container, next(iter(container.endpoints.values())))

    def _disconnect(self, container: Container) -> None:
        self.ports.release(container)
        self.daemon.networking.disconnect_all(container)

    def _tell_volumes(self, container: Container, action: str) -> None:
        for point in container.mounts:
            volume = self.daemon.volumes.by_name.get(point.name) if point.kind == "volume" else None
            if volume is not None:
                more = {"destination": point.destination, "propagation": "", "read/write": str(point.writable).lower()}
                self.daemon.tell_volume(volume, action, {"container": container.id} | (more if action == "mount" else {}))

    # --- end ---

    def _exited(self, container: Container, main: Process) -> None:
        """PID 1 has ended."""
        code = main.code or 0
        if container.space is not None:
            container.space.memory.close()
        container.exit_code, container.finished_ns, container.paused = code, self.daemon.now_ns, False
        ran_s = (container.finished_ns - container.started_ns) // _SECOND_NS
        self.daemon.tell(container, "die", {"exitCode": str(code), "execDuration": str(ran_s)})
        again = self._goes_on(container, code)
        container.status = "restarting" if again else "exited"
        container.restarting = again
        self._disconnect(container)
        self._tell_volumes(container, "unmount")
        container.output.end()
        container.log.flush()
        if not again:
            container.log.end()
        exit_, container.next_exit = container.next_exit, self.daemon.clock.event()
        exit_.succeed(code)
        if again:
            self.daemon.clock.process(self._restart_later(container))
        elif container.host.auto_remove:
            self.daemon.forget(container)

    def _goes_on(self, container: Container, code: int) -> bool:
        policy = container.host.restart_policy
        if container.manually_stopped or policy.name in ("", "no"):
            return False
        if policy.name == "on-failure":
            return code != 0 and (not policy.maximum_retry_count or container.restarts < policy.maximum_retry_count)
        return True

    def _restart_later(self, container: Container) -> Steps:
        ran_ns = container.finished_ns - container.started_ns
        delay = FIRST_DELAY_NS if ran_ns >= RESET_NS else min(self.delays.get(container.id, FIRST_DELAY_NS // 2) * 2, LONGEST_DELAY_NS)
        self.delays[container.id] = delay
        yield self.daemon.clock.timeout(delay)
        if container.restarting and not container.manually_stopped and not container.removing:
            container.restarts += 1
            try:
                yield from self._begin(container)
            except (DaemonError, OSError):
                container.status = "exited"
                self.daemon.tell(container, "die", {"exitCode": str(container.exit_code), "execDuration": "0"})
            container.restarting = False

    def kill(self, container: Container, text: str | None) -> Steps:
        """A signal to PID 1; of SIGKILL it waits for the end. Raises ConflictError, InvalidError."""
        number = signals.signal_of(text) if text else signals.KILL
        self._check_killable(container)
        with self.daemon.record.act("kill", container.id) as act:
            yield from act.begins("kernel", "SIGKILL: the processes end" if number == signals.KILL else "a signal to PID 1")
            self.signal(container, number)
            main = container.main
            if number == signals.KILL and main is not None and not main.ended.processed:
                yield main.ended

    def _check_killable(self, container: Container) -> None:
        if not container.has_process:
            raise ConflictError(f"cannot kill container: {container.id}: container {container.id} is not running")

    def signal(self, container: Container, number: int) -> None:
        """PID 1 has it. Raises ConflictError."""
        self._check_killable(container)
        assert container.main is not None
        if number == signals.KILL:
            container.manually_stopped = True
            if container.paused:
                self.thaw(container)
        stopping = signals.signal_of(container.config.stop_signal or "SIGTERM")
        if number == stopping:
            container.manually_stopped = True
        self.daemon.tell(container, "kill", {"signal": str(number)})
        container.main.signal(number)

    def stop(self, container: Container, text: str | None, seconds: int | None) -> Steps:
        """The stop signal, some grace, then SIGKILL. Raises NothingToDo."""
        if container.restarting:
            container.restarting, container.manually_stopped, container.status = False, True, "exited"
            self.daemon.tell(container, "stop")
            return
        if not container.has_process:
            raise NothingToDo
        main = container.main
        assert main is not None
        container.manually_stopped = True
        number = signals.signal_of(text or container.config.stop_signal or "SIGTERM")
        if container.paused:
            self.thaw(container)
        with self.daemon.record.act("stop", container.id) as act:
            yield from act.begins("kernel", "the stop signal to PID 1, and its grace")
            self.daemon.tell(container, "kill", {"signal": str(number)})
            main.signal(number)
            if main.code is None:
                yield from self._grace(container, main, seconds)
            act.ends()
            if main.code is None:
                yield from act.begins("kernel", "SIGKILL: the processes end")
                self.daemon.tell(container, "kill", {"signal": str(signals.KILL)})
                main.kill(signals.KILL)
            if not main.ended.processed:
                yield main.ended
        self.daemon.tell(container, "stop")

    def _grace(self, container: Container, main: Process, seconds: int | None) -> Steps:
        """Until it has ended, or the time that it has for that is over."""
        grace = seconds if seconds is not None else container.config.stop_timeout
        if grace is None or grace >= 0:
            yield main.ended | self.daemon.clock.timeout(STOP_NS if grace is None else grace * 1_000_000_000)
        else:
            yield main.ended

    def restart(self, container: Container, text: str | None, seconds: int | None) -> Steps:
        with suppress(NothingToDo):
            yield from self.stop(container, text, seconds)
        container.manually_stopped = False
        yield from self._begin(container)
        self.daemon.tell(container, "restart")

    # --- pause ---

    def pause(self, container: Container) -> Steps:
        """Raises ConflictError."""
        self._check_pausable(container)
        with self.daemon.record.act("pause", container.id) as act:
            yield from act.begins(container.runtime.name, "pause: freezes the cgroup")
            self._check_pausable(container)      # it may have ended while the step was held
            assert container.space is not None
            container.space.freeze()
            container.paused, container.status = True, "paused"
        self.daemon.tell(container, "pause")

    def _check_pausable(self, container: Container) -> None:
        if not container.has_process or container.space is None:
            raise ConflictError(f"container {container.id} is not running")
        if container.paused:
            raise ConflictError(f"container {container.id} is already paused")

    def unpause(self, container: Container) -> Steps:
        """Raises ConflictError."""
        self._check_paused(container)
        with self.daemon.record.act("unpause", container.id) as act:
            yield from act.begins(container.runtime.name, "resume: thaws the cgroup")
            self._check_paused(container)
            self.thaw(container)
        self.daemon.tell(container, "unpause")

    def _check_paused(self, container: Container) -> None:
        if not container.paused:
            raise ConflictError(f"container {container.id} is not paused")

    def thaw(self, container: Container) -> None:
        if container.space is not None:
            container.space.thaw()
        container.paused, container.status = False, "running"

    # --- other processes in it ---

    def run_inside(self, container: Container, argv: list[str], output: Collected) -> Process:
        """A command for the daemon itself. Raises DaemonError, OSError."""
        main = container.main
        if main is None or container.space is None:
            raise ConflictError(f"container {container.id} is not running")
        path = found(container, argv[0], main.cwd, main.environment)
        program, arguments = execs.loaded(container.view, path, argv, self.daemon.programs)
        into: Writer = output
        return container.space.spawn(program, arguments, main.environment, main.cwd, main.identity, Files(Empty(), into, into))

    def _health_changed(self, container: Container, status: str) -> None:
        self.daemon.tell(container, f"health_status: {status}")


def _no_shim(name: str) -> DaemonError:
    """What containerd says of a runtime that is not installed."""
    return DaemonError("failed to create task for container: failed to start shim: failed to resolve runtime path: "
                       f'runtime "{name}" binary not installed "{shim_binary(name)}": file does not exist: unknown')  # fmt: skip
