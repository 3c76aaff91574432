"""A process: a program that runs in some namespaces, may be signalled and frozen, and ends with a code.

A program is a generator of events on the simulated clock. All that it waits for goes through `sleep` and `wait`, so that it can be stopped
there: killed, or frozen with its cgroup, which keeps what is left of its sleep.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import simpy

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.groups import Burst, Thread
from cutaway.models.docker.processes.streams import Reader, Writer
from cutaway.sim.clock import LATEST_NS, Clock
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.processes.space import Space
    from cutaway.models.docker.processes.terminal import Terminal

PIECE_NS = 4_000_000
"""CPU time is asked for in pieces of this length, so that a busy loop does not make an event of every instruction."""
LONG_NS = LATEST_NS
"""For ever: its end is no event."""
SMALL_BYTES = 400 << 10
"""What a small program holds, as a shell or `sleep`: assumed, 200 KiB to 1 MiB of private pages."""


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
    ended_by: int = 0
    """The signal that ended it; 0 if it ended by itself."""
    used_ns: int = 0
    """CPU time, as far as it is booked."""
    resident: int = 0
    """Bytes of memory that are its own."""
    bursts: set[Burst] = field(default_factory=set)
    """CPU time that it wants and has not had yet."""
    handlers: dict[int, Callable[[], None]] = field(default_factory=dict)
    children: dict[int, Process] = field(default_factory=dict)
    """Those that are alive, by their pid in the namespace."""
    _owed_ns: int = 0
    _steps: simpy.Process | None = None
    _frozen: simpy.Event | None = None
    _frozen_by: set[str] = field(default_factory=set)
    _thread: Thread | None = None

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
        """It wants so much CPU time, and has it when the host's CPUs have let it."""
        self._owed_ns += duration_ns
        if self._owed_ns >= PIECE_NS:
            yield from self._pay()

    def _pay(self) -> Steps:
        owed, self._owed_ns = self._owed_ns, 0
        if owed:
            if self._thread is None:
                self._thread = self.space.thread(deque())
            yield from self.wait(self.burst(owed, [self._thread]))

    def spin(self) -> Steps:
        """It computes until a signal ends it."""
        while True:
            yield from self.compute(LONG_NS)

    def burst(self, duration_ns: int, threads: list[Thread]) -> simpy.Event:
        """CPU time for one of some threads, which share what waits for them; the event is when it has had it, or the process ended."""
        burst = Burst(self, duration_ns, self.clock.event())
        self.bursts.add(burst)
        self.space.cpus.add(burst, threads[0].waiting, threads)
        return burst.ended

    def hold(self, resident: int) -> None:
        """Its own memory is so large now. Raises Killed, if it is ended for want of memory."""
        more, self.resident = resident - self.resident, resident
        self.space.memory.grow(more)

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
    def cpu_ns(self) -> int:
        """CPU time that it has had."""
        return self.used_ns + self.space.cpus.unbooked_ns(lambda thread: thread.burst is not None and thread.burst.process is self)

    @property
    def state(self) -> str:
        """As `ps` shows it."""
        if self._frozen_by:
            return "T" if "signal" in self._frozen_by else "D"
        return "R" if self.bursts or (self._steps is not None and self.clock.active_process is self._steps) else "S"

    @property
    def name(self) -> str:
        return self.argv[0].rpartition("/")[2]

    # --- what is done to it ---

    def begin(self, program: Program) -> None:
        self._steps = self.clock.process(self._live(program))

    def signal(self, number: int, *, from_inside: bool = False) -> None:
        """Its handler runs, or the signal's action.

        PID 1 of a namespace heeds only what it has a handler for, and SIGKILL and SIGSTOP from outside of it.
        """
        if self.code is not None:
            return
        if number == signals.CONT:
            self.thaw("signal")
        if number in self.handlers:
            self.handlers[number]()
        elif self.inner_pid == 1 and (from_inside or number not in (signals.KILL, signals.STOP)):
            return
        elif number == signals.STOP:
            self.freeze("signal")
        elif number not in signals.IGNORED:
            self.kill(number)

    def kill(self, number: int) -> None:
        """It ends now."""
        if self._steps is None or not self._steps.is_alive:
            return
        if number == signals.KILL:
            self.thaw("signal")
        if self.clock.active_process is self._steps:
            raise Killed(number)
        self._steps.interrupt(Killed(number))

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    def freeze(self, why: str) -> None:
        """It stands still, by its cgroup or a signal, until all who froze it have thawed it."""
        if self.code is not None:
            return
        self._frozen_by.add(why)
        if self._frozen is None:
            self._frozen = self.clock.event()
            for burst in self.bursts:
                if burst.thread is not None:
                    self.space.cpus.hold(burst.thread)
            if self._steps is not None and self._steps.is_alive and self.clock.active_process is not self._steps:
                self._steps.interrupt(_FREEZE)

    def thaw(self, why: str) -> None:
        self._frozen_by.discard(why)
        if self._frozen is not None and not self._frozen_by:
            frozen, self._frozen = self._frozen, None
            frozen.succeed()
            for burst in list(self.bursts):
                if burst.thread is not None:
                    self.space.cpus.wake(burst.thread)

    def thawed(self) -> Steps:
        """Until it is not frozen."""
        while self._frozen is not None:
            yield self._frozen

    def _stopped(self, stop: simpy.Interrupt) -> None:
        if isinstance(stop.cause, Killed):
            raise stop.cause

    def _live(self, program: Program) -> Steps:
        try:
            try:
                code = yield from program(self, self.argv)
            except Exit as end:
                code = end.code
            yield from self._pay()
            self._end(code or 0)
        except Killed as killed:
            self._end_by(killed)
        except simpy.Interrupt as stop:
            self._end_by(stop.cause) if isinstance(stop.cause, Killed) else self._end(1)
        except OSError as error:
            # A call of the kernel that the program did not look after, as a full disk.
            yield from self.files.stderr.write(f"{self.name}: {error.filename}: {error.strerror}\n".encode())
            self._end(1)

    def _end_by(self, killed: Killed) -> None:
        self.ended_by = killed.number
        self._end(128 + killed.number)

    def _end(self, code: int) -> None:
        self.code = code
        bursts, self.bursts = self.bursts, set()
        for burst in bursts:
            self.space.cpus.drop(burst)
        self.hold(0)
        self.space.gone(self)
        self.ended.succeed(code)


def environment_of(pairs: list[str]) -> dict[str, str]:
    """`NAME=value` lines as Docker keeps them; a later one wins."""
    return dict(pair.partition("=")[::2] for pair in pairs if "=" in pair)
