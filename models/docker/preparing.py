"""What a start needs before PID 1 can begin: its mounts, its environment, its program; then its namespaces, its cgroup and its terminal.

`lifecycle` starts what is prepared here, once its phases are over. Read first: docs/models/docker/engine.md.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from cutaway.models.docker.container import Container
from cutaway.models.docker.effects import refuse_start
from cutaway.models.docker.errors import ConflictError, DaemonError, InvalidError
from cutaway.models.docker.links import environment as link_environment
from cutaway.models.docker.links import links_of
from cutaway.models.docker.logs import files_of
from cutaway.models.docker.mounting import mounted
from cutaway.models.docker.naming import hosts_of, resolver_of
from cutaway.models.docker.platforms.holding import held, is_charged
from cutaway.models.docker.platforms.runtimes import Kernel
from cutaway.models.docker.platforms.step import BRIDGED, OVERLAY, PUBLISHED, SECCOMP
from cutaway.models.docker.privileges import UNLIMITED_FILES, capabilities_of, check_start, limit_of
from cutaway.models.docker.processes import exec as execs
from cutaway.models.docker.processes.facts import Facts, Machine
from cutaway.models.docker.processes.fair import WEIGHT
from cutaway.models.docker.processes.limits import PERIOD_NS, Limits
from cutaway.models.docker.processes.memory import Memory
from cutaway.models.docker.processes.process import Process, environment_of
from cutaway.models.docker.processes.space import Space
from cutaway.models.docker.processes.streams import Pipe
from cutaway.models.docker.programs.init import under_init
from cutaway.models.docker.specification import NANO_CPUS, HostConfig, cpuset_of
from cutaway.models.docker.users import identity_of

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon


def prepare(daemon: Daemon, container: Container) -> Callable[[], Process]:
    """Finds all that a start needs, so that what is missing is told before anything is made; the value begins PID 1.

    Raises DaemonError, also when PID 1 is begun.
    """
    refuse_start(container.host)
    check_start(container.host)
    container.log.file_bytes, container.log.most_files = files_of(container.host.log_config.config)
    facts, links = _facts(daemon, container), links_of(container, daemon.container)
    shared = _shared(daemon, container)
    hosts = hosts_of(daemon, shared or container, links if shared is None else [])
    container.view = mounted(container, facts, hosts, resolver_of(daemon, shared or container), daemon.now_ns)
    name = (shared or container).hostname
    identity, home = identity_of(container.view, container.config.user, container.host.group_add or [])
    environment = {"PATH": execs.DEFAULT_PATH, "HOSTNAME": name} | ({"TERM": "xterm"} if container.config.tty else {})
    environment |= link_environment(container, links) | environment_of(container.config.env)
    environment.setdefault("HOME", home)
    cwd = container.config.working_dir or "/"
    container.tree.make_directories(cwd, daemon.now_ns)
    argv = container.argv
    path = found(container, argv[0], cwd, environment)
    try:
        program, arguments = execs.loaded(container.view, path, argv, daemon.programs)
    except OSError as error:
        raise _cannot_run(argv[0], error) from None

    def begin() -> Process:
        if container.removing:      # while it started
            raise ConflictError("container is marked for removal and cannot be started")
        container.space = space = _space(daemon, container, name, facts, shared)
        files = space.open(container.output, container.size if container.config.tty else None, reads=container.config.open_stdin)
        container.terminal, container.stdin = files.terminal, files.stdin if isinstance(files.stdin, Pipe) else None
        ran = under_init(program, arguments, files) if container.host.init else (program, arguments, files)
        container.main = space.spawn(ran[0], ran[1], environment, cwd, identity, ran[2])
        return container.main
    return begin


def having(container: Container) -> frozenset[str]:
    """What its start has steps for."""
    mode, options = container.host.network_mode, container.host.security_opt or []
    having = {
        BRIDGED: mode not in ("host", "none") and not mode.startswith("container:"), PUBLISHED: bool(container.ports), OVERLAY: True,
        SECCOMP: not any(option.startswith("seccomp=unconfined") for option in options),
    }  # fmt: skip
    return frozenset(name for name, there in having.items() if there)


def _shared(daemon: Daemon, container: Container) -> Container | None:
    """Whose network it is in: None for its own. Raises NotFoundError, ConflictError."""
    mode = container.host.network_mode
    if not mode.startswith("container:"):
        return None
    other = daemon.container(mode.removeprefix("container:"))
    if not other.has_process:
        raise ConflictError(f"cannot join network of a non running container: {other.id}")
    return other


def _space(daemon: Daemon, container: Container, name: str, facts: Facts, shared: Container | None) -> Space:
    """Its namespaces, of which the network's may be another's, and its cgroup, still without a process; `name` is its host name."""
    limits = limits_of(container.host)
    processes: dict[int, Process] = {}
    memory = _memory(daemon, container, processes)
    memory.change(limits.memory, limits.reservation, limits.oom_score_adj)
    space = Space(daemon.clock, daemon.host_pids, container.view, name, daemon.cpus, daemon.cpus.group(limits), memory,
                  processes, facts, epoch_ns=daemon.epoch_ns)  # fmt: skip
    if shared is not None and shared.space is not None:
        facts.interfaces, space.listening = shared.space.facts.interfaces, shared.space.listening
    return space


def _memory(daemon: Daemon, container: Container, processes: dict[int, Process]) -> Memory:
    """Its cgroup's, and what the host holds for it beside that."""
    charged, beside, runtime = 0, 0, container.runtime
    for one in held("docker", runtime.name, published=having(container) >= {BRIDGED, PUBLISHED}):
        size = round(daemon.profile[one.cost].value) * one.times
        if one.once_a_host:
            daemon.memory.hold_once(one.what, size)
        elif is_charged(one, runtime):
            charged += size
        else:
            beside += size

    def killed(process: Process) -> None:
        """The shim hears of it, and tells the daemon."""
        container.oom_killed = True
        with daemon.record.act("oom", container.id) as act:
            act.happened("kernel", "out of memory: the OOM killer ends a process", int(daemon.clock.now))
        daemon.tell(container, "oom")
    return Memory(daemon.memory, container.view, processes, charged, killed, beside)


def _memory_seen(daemon: Daemon, container: Container) -> int:
    """Bytes in use as a program of a container sees it: of a sandbox that has a memory of its own, its own."""
    kernel = container.runtime.kernel
    if kernel is None or kernel.memory is None:
        return daemon.memory.used
    return (container.space.memory.usage if container.space else 0) + round(daemon.profile["guest system memory"].value)


def _facts(daemon: Daemon, container: Container) -> Facts:
    kernel = container.runtime.kernel
    return Facts(
        _seen_by(kernel, daemon.machine), container.id, daemon.networking.interfaces(container),
        resolve=lambda name: daemon.networking.resolve(container, name),
        reach=lambda address, port, protocol: daemon.networking.reach(container, address, port, protocol),
        cost=lambda name: round(daemon.profile[name].value), demand=daemon.demand, load=lambda: _load(daemon),
        capabilities=capabilities_of(container.host), files_limit=limit_of(container.host, "nofile", UNLIMITED_FILES),
        memory_used=lambda: _memory_seen(daemon, container), disk=lambda: daemon.disk,
        messages=kernel.messages if kernel else None,
    )  # fmt: skip


def _seen_by(kernel: Kernel | None, machine: Machine) -> Machine:
    """The machine as a program sees it that runs on a kernel of its sandbox; on the host's if there is none."""
    if kernel is None:
        return machine
    return replace(machine, kernel=kernel.release, kernel_version=kernel.version, memory=kernel.memory or machine.memory,
                   cpus=kernel.cpus or machine.cpus)


def _load(daemon: Daemon) -> str:
    """/proc/loadavg, of the host also in a container."""
    cpus = daemon.cpus
    averages = " ".join(f"{average:.2f}" for average in cpus.load.averages(cpus.now_ns))
    return f"{averages} {cpus.load.threads}/{len(daemon.host_pids.used)} {daemon.host_pids.next - 1}\n"


def limits_of(host: HostConfig) -> Limits:
    """What the cgroup of a container allows."""
    quota_ns, period_ns = None, (host.cpu_period or 100_000) * 1_000
    if host.nano_cpus:
        quota_ns, period_ns = host.nano_cpus * PERIOD_NS // NANO_CPUS, PERIOD_NS
    elif host.cpu_quota > 0:
        quota_ns = host.cpu_quota * 1_000
    pids = host.pids_limit if host.pids_limit and host.pids_limit > 0 else None
    cpuset = cpuset_of(host.cpuset_cpus) if host.cpuset_cpus else None
    return Limits(quota_ns, period_ns, host.cpu_shares or WEIGHT, host.memory or None, host.memory_reservation, pids, cpuset,
                  host.oom_score_adj)  # fmt: skip


def found(container: Container, command: str, cwd: str, environment: Mapping[str, str]) -> str:
    """The path of a program, as execve finds it. Raises DaemonError."""
    try:
        return execs.found(container.view, command, cwd, environment)
    except OSError as error:
        raise _cannot_run(command, error) from None


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
