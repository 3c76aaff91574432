"""What server programs share: they wait for signals, take ports, start others, and tell the time in their logs."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cutaway.models.docker.dates import written
from cutaway.models.docker.filesystem.nodes import File
from cutaway.models.docker.filesystem.view import View
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Identity, Process
from cutaway.sim.clock import Process as Steps

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Signals:
    """What a process has been sent and has not looked at yet."""

    def __init__(self, process: Process, *numbers: int) -> None:
        self.process = process
        self.waiting: deque[int] = deque()
        self._sent = process.clock.event()
        for number in numbers:
            process.handlers[number] = self._handler(number)

    def _handler(self, number: int) -> Callable[[], None]:
        return lambda: self.send(number)

    def send(self, number: int) -> None:
        self.waiting.append(number)
        if not self._sent.triggered:
            self._sent.succeed()

    def next(self) -> Steps:
        """Waits for one; its number."""
        while not self.waiting:
            self._sent = self.process.clock.event()
            yield from self.process.wait(self._sent)
        return self.waiting.popleft()


class Listener:
    """A program that takes connections but speaks a protocol that is not simulated."""

    def __init__(self, process: Process, protocol: str) -> None:
        self.process = process
        self.protocol = protocol


def listen(process: Process, port: int, server: object) -> bool:
    """Takes a TCP port of the container; false if another has it."""
    return process.space.listen(port, server)


def leave(process: Process, server: object) -> None:
    """Gives up all ports of a server."""
    for place, other in list(process.space.listening.items()):
        if other is server:
            del process.space.listening[place]


def worker(process: Process, argv: tuple[str, ...], identity: Identity, resident: int, *ends: int) -> Process:
    """A child of a server that waits until it is told to end."""
    def body(child: Process, _argv: tuple[str, ...]) -> Steps:
        child.hold(resident)
        told = Signals(child, *(ends or (signals.TERM, signals.QUIT)))
        yield from told.next()
        return 0
    return process.space.spawn(body, argv, process.environment, "/", identity, process.files, process)


def end_all(process: Process, children: list[Process], number: int) -> Steps:
    """Tells children to end, and waits for them."""
    for child in children:
        child.signal(number)
    for child in children:
        if child.code is None:
            yield from process.wait(child.ended)


def account(view: View, name: str, otherwise: Identity) -> Identity:
    """An account of the container; `otherwise` if it has none of that name."""
    try:
        table = view.node("/etc/passwd")
    except OSError:
        return otherwise
    for line in table.bytes.decode(errors="replace").splitlines() if isinstance(table, File) else []:
        columns = line.split(":")
        if columns[0] == name and len(columns) > 3:
            return Identity(int(columns[2]), int(columns[3]), (), name)
    return otherwise


def cpus_of(process: Process) -> int:
    """CPUs that a container may use."""
    allowed = process.space.limits.cpuset
    return len(allowed) if allowed is not None else int(process.space.facts.machine.cpus)


def moment(process: Process, form: str) -> str:
    """Now as `strftime` writes it, in UTC; %L is milliseconds, %U microseconds, %b a month in English."""
    now_ns = process.space.now_ns
    month = _MONTHS[int(written(now_ns, "%m")) - 1]
    below = now_ns % 1_000_000_000
    form = form.replace("%L", f"{below // 1_000_000:03}").replace("%U", f"{below // 1_000:06}").replace("%b", month)
    return written(now_ns, form)
