"""A process: a program that runs in some namespaces, may be signalled and frozen, and ends with a code.

A program is a generator of events on the simulated clock. All that it waits for goes through `sleep` and `wait`, so that it can be stopped
there: killed, or frozen with its cgroup, which keeps what is left of its sleep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.streams import Reader, Writer
from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.processes.space import Space
    from cutaway.models.docker.processes.terminal import Terminal

TICK_NS = 4_000_000
"""CPU time is let pass in pieces of this length, so that a busy loop does not make an event of every instruction."""


class Killed(Exception):  # noqa: N818
    """A signal ends the process."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class Exit(Exception):  # noqa: N818
    """The program ends itself, from wherever it is."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code & 0xFF


_FREEZE = object()
Program = Callable[["Process", tuple[str, ...]], Steps]
"""What a process runs, with its arguments; the generator's value is its exit code."""


@dataclass(frozen=True)
class Identity:
    """Who a process is for the kernel."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    name: str = "root"


@dataclass
class Files:
    """What a process has open."""

    stdin: Reader
    stdout: Writer
    stderr: Writer
    terminal: Terminal | None = None


@dataclass
class Process:
    """One process of the simulated kernel."""

    clock: Clock
    space: Space
    """Its namespaces and cgroup."""
    pid: int
    """In the host's namespace."""
    inner_pid: int
    """In its own."""
    parent: Process | None
    argv: tuple[str, ...]
    environment: dict[str, str]
    cwd: str
    identity: Identity
    files: Files
    started_ns: int
    ended: simpy.Event
    """Its value is the exit code."""
    code: int | None = None
    cpu_ns: int = 0
    resident: int = 0
    """Bytes of memory."""
    handlers: dict[int, Callable[[], None]] = field(default_factory=dict)
    children: dict[int, Process] = field(default_factory=dict)
    """Those that are alive, by their pid in the namespace."""
    _owed_ns: int = 0
    _steps: simpy.Process | None = None
    _frozen: simpy.Event | None = None

    # --- what a program does ---

    def sleep(self, duration_ns: int) -> Steps:
        """Time passes for it, as long as it is not frozen."""
        left = duration_ns
        while left > 0:
            began = self.clock.now
            try:
                yield from self.thawed()
                began = self.clock.now
                yield self.clock.timeout(left)
                return
            except simpy.Interrupt as stop:
                self._stopped(stop)
                left -= int(self.clock.now - began)

    def wait(self, event: simpy.Event) -> Steps:
        """Until something happens; the value is the event's."""
        while True:
            try:
                yield from self.thawed()
                if event.processed:
                    return event.value
                return (yield event)
            except simpy.Interrupt as stop:
                self._stopped(stop)

    def compute(self, duration_ns: int) -> Steps:
        """It has the CPU."""
        self.cpu_ns += duration_ns
        self._owed_ns += duration_ns
        if self._owed_ns >= TICK_NS:
            yield from self._pay()

    def _pay(self) -> Steps:
        """Lets the CPU time pass that it has had, and what it waits for its cgroup's quota."""
        owed, self._owed_ns, now_ns = self._owed_ns, 0, int(self.clock.now)
        yield from self.sleep(self.space.bandwidth.end_of(now_ns, owed, self.space.limits.cpus) - now_ns)

    def read(self, most: int = 1 << 16) -> Steps:
        """From its standard input."""
        return (yield from self._patiently(self.files.stdin.read(most)))

    def write(self, data: bytes | str) -> Steps:
        """To its standard output."""
        yield from self._patiently(self.files.stdout.write(data.encode() if isinstance(data, str) else data))

    def complain(self, text: str) -> Steps:
        """A line to its standard error."""
        yield from self._patiently(self.files.stderr.write(f"{text}\n".encode()))

    def _patiently(self, steps: Steps) -> Steps:
        """Steps of something that it waits for, through which it can be stopped."""
        try:
            event = next(steps)
            while True:
                event = steps.send((yield from self.wait(event)))
        except StopIteration as end:
            return end.value
        except BrokenPipeError:
            raise Killed(signals.PIPE) from None

    @property
    def name(self) -> str:
        return self.argv[0].rpartition("/")[2]

    # --- what is done to it ---

    def begin(self, program: Program) -> None:
        self._steps = self.clock.process(self._live(program))

    def signal(self, number: int, *, from_inside: bool = False) -> None:
        """Its handler runs, or the signal's action.

        PID 1 of a namespace is not ended by what it has no handler for, but by SIGKILL from outside of it.
        """
        if self.code is not None:
            return
        if number in self.handlers:
            self.handlers[number]()
        elif self.inner_pid == 1:
            if number == signals.KILL and not from_inside:
                self.kill(number)
        elif number not in signals.IGNORED:
            self.kill(number)

    def kill(self, number: int) -> None:
        """It ends now."""
        if self._steps is None or not self._steps.is_alive:
            return
        if self.clock.active_process is self._steps:
            raise Killed(number)
        self._steps.interrupt(Killed(number))

    def freeze(self) -> None:
        if self._frozen is None and self.code is None:
            self._frozen = self.clock.event()
            if self._steps is not None and self._steps.is_alive and self.clock.active_process is not self._steps:
                self._steps.interrupt(_FREEZE)

    def thaw(self) -> None:
        if self._frozen is not None:
            frozen, self._frozen = self._frozen, None
            frozen.succeed()

    def thawed(self) -> Steps:
        """Until it is not frozen."""
        while self._frozen is not None:
            yield self._frozen

    def _stopped(self, stop: simpy.Interrupt) -> None:
        if isinstance(stop.cause, Killed):
            raise stop.cause

    def _live(self, program: Program) -> Steps:
        try:
            code = yield from program(self, self.argv)
            yield from self._pay()
            self._end(code or 0)
        except Exit as end:
            self._end(end.code)
        except Killed as killed:
            self._end(128 + killed.number)
        except simpy.Interrupt as stop:
            self._end(128 + stop.cause.number if isinstance(stop.cause, Killed) else 1)
        except OSError as error:
            # A call of the kernel that the program did not look after, as a full disk.
            yield from self.files.stderr.write(f"{self.name}: {error.filename}: {error.strerror}\n".encode())
            self._end(1)

    def _end(self, code: int) -> None:
        self.code = code
        self.space.gone(self)
        self.ended.succeed(code)


def environment_of(pairs: list[str]) -> dict[str, str]:
    """`NAME=value` lines as Docker keeps them; a later one wins."""
    return dict(pair.partition("=")[::2] for pair in pairs if "=" in pair)
