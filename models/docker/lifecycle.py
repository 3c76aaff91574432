"""The life of a container: started, stopped, killed, paused, restarted by its policy, gone.

Each is a process on the simulated clock; the phases of a start are priced as in models/docker/run.py. Read first:
docs/models/docker/engine.md.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cutaway.models.costs import Profile
from cutaway.models.docker import run as docker
from cutaway.models.docker.container import Container
from cutaway.models.docker.errors import ConflictError, DaemonError, InvalidError, NothingToDo
from cutaway.models.docker.health import Checker
from cutaway.models.docker.links import environment as link_environment
from cutaway.models.docker.links import links_of
from cutaway.models.docker.mounting import mounted
from cutaway.models.docker.naming import hosts_of, resolver_of
from cutaway.models.docker.platforms.runtimes import Kernel, runtime_of, shim_binary
from cutaway.models.docker.platforms.step import BRIDGED, OVERLAY, PUBLISHED, SECCOMP
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.privileges import UNLIMITED_FILES, capabilities_of, limit_of
from cutaway.models.docker.processes import exec as execs
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.facts import Facts, Interface, Machine
from cutaway.models.docker.processes.fair import WEIGHT
from cutaway.models.docker.processes.groups import PERIOD_NS, Limits
from cutaway.models.docker.processes.memory import Memory
from cutaway.models.docker.processes.process import Files, Process, environment_of
from cutaway.models.docker.processes.space import Pids, Space
from cutaway.models.docker.processes.streams import Collected, Empty, Pipe, Writer
from cutaway.models.docker.processes.terminal import Terminal
from cutaway.models.docker.programs.init import under_init
from cutaway.models.docker.specification import HostConfig, cpuset_of
from cutaway.models.docker.users import identity_of
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
                begin = self._prepare(container)
                yield from docker.start(self.daemon.start(act), docker.Asked(_having(container), runtime=container.runtime.name))
                begin()
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

    def _prepare(self, container: Container) -> Callable[[], Process]:
        """Finds all that a start needs, so that what is missing is told before anything is made; the value begins PID 1."""
        facts, links = self._facts(container), links_of(container, self.daemon.container)
        shared = self._shared(container)
        hosts = hosts_of(self.daemon, shared or container, links if shared is None else [])
        container.view = mounted(container, facts, hosts, resolver_of(self.daemon, shared or container), self.daemon.now_ns)
        name = (shared or container).hostname
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
            container.space = space = self._space(container, name, facts, shared)
            files = self._files(container)
            ran = under_init(program, arguments, files) if container.host.init else (program, arguments, files)
            main = container.main = space.spawn(ran[0], ran[1], environment, cwd, identity, ran[2])
            main.ended.callbacks.append(lambda event: self._exited(container, main))
            space.listens = lambda: self._listens(container, main)
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

    def _space(self, container: Container, name: str, facts: Facts, shared: Container | None) -> Space:
        """Its namespaces, of which the network's may be another's, and its cgroup, still without a process; `name` is its host name."""
        daemon, limits = self.daemon, limits_of(container.host)
        processes: dict[int, Process] = {}
        sandbox, charged = daemon.sandbox_memory(container), container.runtime.in_its_cgroup
        kernel = facts.cost("container kernel memory") + (sandbox if charged else 0)
        memory = Memory(daemon.memory, container.view, processes, kernel, lambda process: self._oom(container), 0 if charged else sandbox)
        memory.change(limits.memory, limits.reservation, limits.oom_score_adj)
        space = Space(daemon.clock, self.host_pids, container.view, name, daemon.cpus, daemon.cpus.group(limits), memory,
                      processes, facts, epoch_ns=daemon.epoch_ns)  # fmt: skip
        if shared is not None and shared.space is not None:
            facts.interfaces, space.listening = shared.space.facts.interfaces, shared.space.listening
        return space

    def _oom(self, container: Container) -> None:
        """The kernel kills a process of it for want of memory; the shim hears of it, and tells the daemon."""
        container.oom_killed = True
        with self.daemon.record.act("oom", container.id) as act:
            act.happened("kernel", "out of memory: the OOM killer ends a process", int(self.daemon.clock.now))
        self.daemon.tell(container, "oom")

    def _listens(self, container: Container, main: Process) -> None:
        """Its first process, or one that that has started, has taken its first port."""
        with self.daemon.record.act("program", container.id) as act:
            act.happened(main.name, "start: load, read the configuration, listen", main.started_ns)

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
        kernel = container.runtime.kernel
        return Facts(
            seen_by(kernel, self.daemon.machine), container.id, self.interfaces(container),
            resolve=lambda name: self.daemon.resolve(container, name),
            reach=lambda address, port, protocol: self.daemon.reach(container, address, port, protocol),
            cost=lambda name: round(self.profile[name].value), demand=self.daemon.demand, load=self._load,
            capabilities=capabilities_of(container.host), files_limit=limit_of(container.host, "nofile", UNLIMITED_FILES),
            memory_used=lambda: self.daemon.memory_seen(container), disk=lambda: self.daemon.disk,
            messages=kernel.messages if kernel else None,
        )  # fmt: skip

    def _load(self) -> str:
        """/proc/loadavg, of the host also in a container."""
        cpus = self.daemon.cpus
        averages = " ".join(f"{average:.2f}" for average in cpus.load.averages(cpus.now_ns))
        return f"{averages} {cpus.load.threads}/{len(self.host_pids.used)} {self.host_pids.next - 1}\n"

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
        if container.space is not None:
            container.space.memory.close()
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
        path = self._find(container, argv[0], main.cwd, main.environment)
        program, arguments = execs.loaded(container.view, path, argv, self.daemon.programs)
        into: Writer = output
        return container.space.spawn(program, arguments, main.environment, main.cwd, main.identity, Files(Empty(), into, into))

    def _health_changed(self, container: Container, status: str) -> None:
        self.daemon.tell(container, f"health_status: {status}")


def seen_by(kernel: Kernel | None, machine: Machine) -> Machine:
    """The machine as a program sees it that runs on a kernel of its sandbox; on the host's if there is none."""
    if kernel is None:
        return machine
    return replace(machine, kernel=kernel.release, kernel_version=kernel.version, memory=kernel.memory or machine.memory,
                   cpus=kernel.cpus or machine.cpus)


def limits_of(host: HostConfig) -> Limits:
    """What the cgroup of a container allows."""
    quota_ns, period_ns = None, (host.cpu_period or 100_000) * 1_000
    if host.nano_cpus:
        quota_ns, period_ns = host.nano_cpus * PERIOD_NS // _CPU_NS, PERIOD_NS
    elif host.cpu_quota > 0:
        quota_ns = host.cpu_quota * 1_000
    pids = host.pids_limit if host.pids_limit and host.pids_limit > 0 else None
    cpuset = cpuset_of(host.cpuset_cpus) if host.cpuset_cpus else None
    return Limits(quota_ns, period_ns, host.cpu_shares or WEIGHT, host.memory or None, host.memory_reservation, pids, cpuset,
                  host.oom_score_adj)  # fmt: skip


def _having(container: Container) -> frozenset[str]:
    """What its start has steps for."""
    mode, options = container.host.network_mode, container.host.security_opt or []
    having = {
        BRIDGED: mode not in ("host", "none") and not mode.startswith("container:"), PUBLISHED: bool(container.ports), OVERLAY: True,
        SECCOMP: not any(option.startswith("seccomp=unconfined") for option in options),
    }  # fmt: skip
    return frozenset(name for name, there in having.items() if there)


def _no_shim(name: str) -> DaemonError:
    """What containerd says of a runtime that is not installed."""
    return DaemonError("failed to create task for container: failed to start shim: failed to resolve runtime path: "
                       f'runtime "{name}" binary not installed "{shim_binary(name)}": file does not exist: unknown')  # fmt: skip


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

