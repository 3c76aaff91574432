"""The namespaces and the cgroup that the processes of a container share, and the table of processes in them."""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutaway.models.docker.filesystem.view import View, failure
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.cpus import Cpus
from cutaway.models.docker.processes.groups import Burst, Group, Thread
from cutaway.models.docker.processes.limits import Limits
from cutaway.models.docker.processes.memory import Memory
from cutaway.models.docker.processes.process import SMALL_BYTES, Files, Identity, Process, Program
from cutaway.models.docker.processes.streams import Empty, Output, Pipe
from cutaway.models.docker.processes.terminal import Terminal
from cutaway.sim.clock import Clock


class Pids:
    """Process numbers of a namespace, given out in order and around, as Linux does."""

    def __init__(self, first: int, largest: int = 4_194_304) -> None:
        self.next, self.first, self.largest = first, first, largest
        self.used: set[int] = set()

    def take(self) -> int:
        while self.next in self.used:
            self._step()
        number = self.next
        self.used.add(number)
        self._step()
        return number

    def _step(self) -> None:
        self.next = self.next + 1 if self.next < self.largest else self.first


@dataclass
class Space:
    """One container's namespaces: its processes, its mounts, its name."""

    clock: Clock
    host_pids: Pids
    view: View
    hostname: str
    cpus: Cpus
    """The host's, which all containers share."""
    group: Group
    """Its cgroup, as far as it is about CPUs."""
    memory: Memory
    """Its cgroup, as far as it is about memory."""
    processes: dict[int, Process]
    """Those that are alive, by their number in the namespace."""
    facts: Any
    """What its kernel and network show of themselves; see programs.facts."""
    pids: Pids = field(default_factory=lambda: Pids(1))
    listening: dict[tuple[int, str], object] = field(default_factory=dict)
    """Who answers at a port, by port and protocol."""
    frozen: bool = False
    epoch_ns: int = 0
    """Unix time at the clock's zero."""
    listens: Callable[[], None] | None = None
    """Told when the first port is taken."""

    @property
    def now_ns(self) -> int:
        """Unix time."""
        return self.epoch_ns + int(self.clock.now)

    def spawn(
        self,
        program: Program,
        argv: Sequence[str],
        environment: Mapping[str, str],
        cwd: str,
        identity: Identity,
        files: Files,
        parent: Process | None = None,
    ) -> Process:
        """A new process. Raises OSError where the cgroup has as many as it may."""
        if self.limits.pids is not None and len(self.processes) >= self.limits.pids:
            raise failure(errno.EAGAIN, "fork")
        process = Process(
            self.clock, self, self.host_pids.take(), self.pids.take(), parent, tuple(argv), dict(environment), cwd, identity, files,
            int(self.clock.now), self.clock.event(),
        )  # fmt: skip
        self.processes[process.inner_pid] = process
        if parent is not None:
            parent.children[process.inner_pid] = process
        process.begin(program)
        if self.frozen:
            process.freeze("cgroup")
        process.hold(SMALL_BYTES)
        return process

    def open(self, output: Output, size: tuple[int, int] | None, *, reads: bool) -> Files:
        """What a program that Docker begins has open: a terminal of so many rows and columns, or without a `size` a stream each.

        Without a terminal it finds its input at its end, unless it `reads`, by a pipe.
        """
        if size is None:
            return Files(Pipe(self.clock) if reads else Empty(), output.stream(1), output.stream(2))
        made = Terminal(self.clock, output, lambda number: self._to_foreground(made, number))
        made.rows, made.columns = size
        return Files(made, made, made, made)

    def _to_foreground(self, terminal: Terminal, number: int) -> None:
        """A key's signal goes to all processes of the terminal."""
        for process in list(self.processes.values()):
            if process.files.terminal is terminal:
                process.signal(number)

    def thread(self, waiting: deque[Burst]) -> Thread:
        """A thread of its processes, that works off what waits there."""
        return Thread(group=self.group, waiting=waiting)

    def listen(self, port: int, server: object) -> bool:
        """Takes a TCP port; false if another has it."""
        if (port, "tcp") in self.listening:
            return False
        self.listening[port, "tcp"] = server
        if self.listens is not None:
            told, self.listens = self.listens, None
            told()
        return True

    def gone(self, process: Process) -> None:
        """A process has ended; with PID 1 the kernel kills all others."""
        self.processes.pop(process.inner_pid, None)
        self.pids.used.discard(process.inner_pid)
        self.host_pids.used.discard(process.pid)
        if process.parent is not None:
            process.parent.children.pop(process.inner_pid, None)
        if process.inner_pid == 1:
            for other in list(self.processes.values()):
                other.kill(signals.KILL)

    @property
    def limits(self) -> Limits:
        return self.group.limits

    def limit(self, limits: Limits) -> None:
        """Its cgroup allows something else from now on; what it uses too much is reclaimed, or killed."""
        self.cpus.change(self.group, limits)
        self.memory.change(limits.memory, limits.reservation, limits.oom_score_adj)

    @property
    def cpu_ns(self) -> int:
        """CPU time of all that ever ran in it."""
        return self.group.used_ns + self.cpus.unbooked_ns(lambda thread: thread.group is self.group)

    def freeze(self) -> None:
        self.frozen = True
        for process in self.processes.values():
            process.freeze("cgroup")

    def thaw(self) -> None:
        self.frozen = False
        for process in self.processes.values():
            process.thaw("cgroup")
