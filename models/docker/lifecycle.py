"""The life of a container: started, stopped, killed, paused, restarted by its policy, gone.

Each is a process on the simulated clock; the phases of a start are priced as in models/docker/run.py. Read first:
docs/models/docker/engine.md.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING

from cutaway.models.costs import Profile
from cutaway.models.docker.container import Container
from cutaway.models.docker.effects import refuse_start
from cutaway.models.docker.errors import ConflictError, DaemonError, InvalidError, NothingToDo
from cutaway.models.docker.health import Checker
from cutaway.models.docker.links import environment as link_environment
from cutaway.models.docker.links import links_of
from cutaway.models.docker.logs import files_of
from cutaway.models.docker.mounting import mounted
from cutaway.models.docker.naming import hosts_of, resolver_of
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.privileges import UNLIMITED_FILES, capabilities_of, check_start, limit_of
from cutaway.models.docker.processes import exec as execs
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.facts import Facts, Interface
from cutaway.models.docker.processes.process import Files, Process, environment_of
from cutaway.models.docker.processes.space import Limits, Pids, Space
from cutaway.models.docker.processes.streams import Collected, Empty, Pipe, Writer
from cutaway.models.docker.processes.terminal import Terminal
from cutaway.models.docker.programs.init import under_init
from cutaway.models.docker.run import docker_start
from cutaway.models.docker.specification import HostConfig, cpuset_of
from cutaway.models.docker.users import identity_of
from cutaway.models.startup import Phase
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

STOP_NS = 10_000_000_000
"""Grace of `docker stop` before SIGKILL."""
FIRST_DELAY_NS, LONGEST_DELAY_NS, RESET_NS = 100_000_000, 60_000_000_000, 10_000_000_000
"""Waits before a restart double from the first to the longest; a run of ten seconds sets them back (restartmanager of moby)."""
_CPU_NS = 1_000_000_000


@dataclass
class Lifecycle:
    """Of all containers of one daemon."""

    daemon: Daemon
    profile: Profile
    ports: Ports
    host_pids: Pids = field(default_factory=lambda: Pids(1001))
    delays: dict[str, int] = field(default_factory=dict)
    told: Callable[[Container, Phase], None] = lambda container, phase: None
    """Hears each phase of a start."""

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
        bridged = container.host.network_mode not in ("host", "none") and not container.host.network_mode.startswith("container:")
        start = self.daemon.start()
        try:
            self._connect(container)
            seccomp = not any(option.startswith("seccomp=unconfined") for option in container.host.security_opt or [])
            begin = self._prepare(container)
            yield from docker_start(start, bridged, bool(container.ports), True, seccomp, container.host.runtime)
            begin()
            self._tell_volumes(container, "mount")
        except (DaemonError, OSError) as error:
            self._failed(container, error)
            raise
        finally:
            for phase in start.phases:
                self.told(container, phase)
        container.status, container.error, container.exit_code, container.oom_killed = "running", "", 0, False
        container.started_ns = self.daemon.now_ns
        self.daemon.tell(container, "start")
        if container.config.healthcheck and container.config.healthcheck.test and container.config.healthcheck.test[0] != "NONE":
            checker = Checker(container, self.run_inside, self._health_changed, lambda: self.daemon.now_ns)
            self.daemon.clock.process(checker.check(container.config.healthcheck))

    def _prepare(self, container: Container) -> Callable[[], Process]:
        """Finds all that a start needs, so that what is missing is told before anything is made; the value begins PID 1."""
        clock, host = self.daemon.clock, container.host
        refuse_start(host)
        check_start(host)
        container.log.file_bytes, container.log.most_files = files_of(host.log_config.config)
        facts, links = self._facts(container), links_of(container, self.daemon.container)
        shared = self._shared(container)
        hosts = hosts_of(self.daemon, shared or container, links if shared is None else [])
        container.view = mounted(container, facts, hosts, resolver_of(self.daemon, shared or container), self.daemon.now_ns)
        name = (shared or container).hostname
        space = Space(clock, self.host_pids, container.view, name, limits_of(host), facts, epoch_ns=self.daemon.epoch_ns)
        if shared is not None and shared.space is not None:
            facts.interfaces, space.listening = shared.space.facts.interfaces, shared.space.listening
        identity, home = identity_of(container.view, container.config.user, container.host.group_add or [])
        environment = {"PATH": execs.DEFAULT_PATH, "HOSTNAME": name} | ({"TERM": "xterm"} if container.config.tty else {})
        environment |= link_environment(container, links) | environment_of(container.config.env)
        environment.setdefault("HOME", home)
        cwd = container.config.working_dir or "/"
        container.tree.make_directories(cwd, self.daemon.now_ns)
        argv = container.argv
        path = self._find(container, argv[0], cwd, environment)
        try:
            program, arguments = execs.loaded(container.view, path, argv, self.daemon.programs)
        except OSError as error:
            raise _cannot_run(argv[0], error) from None

        def begin() -> Process:
            if container.removing:      # while it started
                raise ConflictError("container is marked for removal and cannot be started")
            container.space = space
            files = self._files(container)
            ran = under_init(program, arguments, files) if host.init else (program, arguments, files)
            main = container.main = space.spawn(ran[0], ran[1], environment, cwd, identity, ran[2])
            main.ended.callbacks.append(lambda event: self._exited(container, main))
            return main
        return begin

    def _shared(self, container: Container) -> Container | None:
        """Whose network it is in: None for its own. Raises NotFoundError, ConflictError."""
        mode = container.host.network_mode
        if not mode.startswith("container:"):
            return None
        other = self.daemon.container(mode.removeprefix("container:"))
        if not other.has_process:
            raise ConflictError(f"cannot join network of a non running container: {other.id}")
        return other

    def _find(self, container: Container, command: str, cwd: str, environment: Mapping[str, str]) -> str:
        try:
            return execs.found(container.view, command, cwd, environment)
        except OSError as error:
            raise _cannot_run(command, error) from None

    def _files(self, container: Container) -> Files:
        output = container.output
        if container.config.tty:
            container.terminal = Terminal(self.daemon.clock, output, lambda number: self._to_foreground(container, number))
            container.terminal.rows, container.terminal.columns = container.size
            return Files(container.terminal, container.terminal, container.terminal, container.terminal)
        container.stdin = Pipe(self.daemon.clock) if container.config.open_stdin else None
        return Files(container.stdin or Empty(), output.stream(1), output.stream(2))

    def _to_foreground(self, container: Container, number: int) -> None:
        """A key's signal goes to all processes of the terminal."""
        for process in list(container.space.processes.values()) if container.space else []:
            if process.files.terminal is container.terminal:
                process.signal(number)

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
            self.daemon.connect(container, network, asked)
        if container.endpoints and container.host.network_mode not in ("host", "none"):
            self.ports.publish(container, next(iter(container.endpoints.values())))

    def _disconnect(self, container: Container) -> None:
        self.ports.release(container)
        for name in list(container.endpoints):
            network = self.daemon.networks.get(name)
            container.endpoints.pop(name)
            if container.id in network.endpoints:
                self.daemon.networks.disconnect(network, container.id)
                self.daemon.tell_network(network, "disconnect", container)

    def _tell_volumes(self, container: Container, action: str) -> None:
        for point in container.mounts:
            volume = self.daemon.volumes.by_name.get(point.name) if point.kind == "volume" else None
            if volume is not None:
                more = {"destination": point.destination, "propagation": "", "read/write": str(point.writable).lower()}
                self.daemon.tell_volume(volume, action, {"container": container.id} | (more if action == "mount" else {}))

    def _facts(self, container: Container) -> Facts:
        return Facts(
            self.daemon.machine, container.id, self.interfaces(container),
            resolve=lambda name: self.daemon.resolve(container, name),
            reach=lambda address, port, protocol: self.daemon.reach(container, address, port, protocol),
            cost=lambda name: round(self.profile[name].value), demand=self.daemon.demand,
            capabilities=capabilities_of(container.host), files_limit=limit_of(container.host, "nofile", UNLIMITED_FILES),
            memory_used=lambda: self.daemon.memory_used, disk=lambda: self.daemon.disk,
        )  # fmt: skip

    def interfaces(self, container: Container) -> list[Interface]:
        """What `ip addr` shows."""
        found: list[Interface] = []
        for name, endpoint in container.endpoints.items():
            if endpoint.address is not None:
                pools = self.daemon.networks.get(name).pools
                gateway = str(pools[0].gateway) if pools and not found else ""
                found.append(Interface(endpoint.interface, endpoint.peer - 1, endpoint.peer, str(endpoint.address), endpoint.prefix,
                                       endpoint.mac,
                                       gateway=gateway))  # fmt: skip
        return found

    # --- end ---

    def _exited(self, container: Container, main: Process) -> None:
        """PID 1 has ended."""
        code = main.code or 0
        container.exit_code, container.finished_ns, container.paused = code, self.daemon.now_ns, False
        ran_s = (container.finished_ns - container.started_ns) // _CPU_NS
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

    def kill(self, container: Container, text: str | None) -> None:
        """Raises ConflictError, InvalidError."""
        number = signals.signal_of(text) if text else signals.KILL
        if not container.has_process:
            raise ConflictError(f"cannot kill container: {container.id}: container {container.id} is not running")
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
        grace = seconds if seconds is not None else container.config.stop_timeout
        if container.paused:
            self.thaw(container)
        self.daemon.tell(container, "kill", {"signal": str(number)})
        main.signal(number)
        if main.code is None:
            if grace is None or grace >= 0:
                yield main.ended | self.daemon.clock.timeout(STOP_NS if grace is None else grace * 1_000_000_000)
            else:
                yield main.ended
        if main.code is None:
            self.daemon.tell(container, "kill", {"signal": str(signals.KILL)})
            main.kill(signals.KILL)
        if not main.ended.processed:
            yield main.ended
        self.daemon.tell(container, "stop")

    def restart(self, container: Container, text: str | None, seconds: int | None) -> Steps:
        with suppress(NothingToDo):
            yield from self.stop(container, text, seconds)
        container.manually_stopped = False
        yield from self._begin(container)
        self.daemon.tell(container, "restart")

    # --- pause ---

    def pause(self, container: Container) -> None:
        """Raises ConflictError."""
        if not container.has_process or container.space is None:
            raise ConflictError(f"container {container.id} is not running")
        if container.paused:
            raise ConflictError(f"container {container.id} is already paused")
        container.space.freeze()
        container.paused, container.status = True, "paused"
        self.daemon.tell(container, "pause")

    def unpause(self, container: Container) -> None:
        """Raises ConflictError."""
        if not container.paused:
            raise ConflictError(f"container {container.id} is not paused")
        self.thaw(container)
        self.daemon.tell(container, "unpause")

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
        path = self._find(container, argv[0], main.cwd, main.environment)
        program, arguments = execs.loaded(container.view, path, argv, self.daemon.programs)
        into: Writer = output
        return container.space.spawn(program, arguments, main.environment, main.cwd, main.identity, Files(Empty(), into, into))

    def _health_changed(self, container: Container, status: str) -> None:
        self.daemon.tell(container, f"health_status: {status}")


def limits_of(host: HostConfig) -> Limits:
    """What the cgroup of a container allows."""
    cpus = None
    if host.nano_cpus:
        cpus = Fraction(host.nano_cpus, _CPU_NS)
    elif host.cpu_quota > 0:
        cpus = Fraction(host.cpu_quota, host.cpu_period or 100_000)
    pids = host.pids_limit if host.pids_limit and host.pids_limit > 0 else None
    cpuset = cpuset_of(host.cpuset_cpus) if host.cpuset_cpus else None
    return Limits(cpus, host.cpu_shares or 1024, host.memory or None, pids, cpuset)


def _cannot_run(command: str, error: OSError) -> DaemonError:
    """What runc says of a program that cannot be run."""
    head = "failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: " \
           "unable to start container process: "  # fmt: skip
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        why = "no such file or directory" if "/" in command else "executable file not found in $PATH"
        kind = f'exec: "{command}": stat {command}: {why}' if "/" in command else f'exec: "{command}": {why}'
        return InvalidError(f"{head}error during container init: {kind}: unknown")
    if error.errno == errno.ENOEXEC:
        return InvalidError(f'{head}error during container init: exec: "{command}": is not simulated: exec format error: unknown')
    return InvalidError(f'{head}error during container init: exec: "{command}": permission denied: unknown')

