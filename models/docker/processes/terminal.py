"""A terminal: what a kernel does between a keyboard and a process: echo, lines, Ctrl-C, Ctrl-D, and `\\r\\n` for `\\n`."""

from __future__ import annotations

from collections.abc import Callable

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.streams import Output, Pipe
from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

_INTERRUPT, _END, _QUIT, _ERASE, _KILL_LINE = 0x03, 0x04, 0x1C, (0x7F, 0x08), 0x15


class Terminal:
    """One terminal, as a writer and a reader of its processes."""

    def __init__(self, clock: Clock, output: Output, on_signal: Callable[[int], None]) -> None:
        self.clock = clock
        self.output = output
        self.on_signal = on_signal
        """To the processes in the foreground."""
        self.input = Pipe(clock)
        self.line = bytearray()
        self.rows, self.columns = 24, 80

    def read(self, most: int = 1 << 16) -> Steps:
        taken = yield from self.input.read(most)
        if not taken and not self.input.broken:
            self.input.ended = False      # Ctrl-D ends one read, not the terminal
        return taken

    def write(self, data: bytes) -> Steps:
        yield from self.output.send(1, data.replace(b"\n", b"\r\n"))

    def close(self) -> None:
        pass

    def resize(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.on_signal(signals.WINCH)

    def typed(self, data: bytes) -> None:
        """Keys arrive."""
        echo = bytearray()
        for key in data:
            if key in (_INTERRUPT, _QUIT):
                echo += b"^C\r\n" if key == _INTERRUPT else b"^\\\r\n"
                self.line.clear()
                self.on_signal(signals.INT if key == _INTERRUPT else signals.QUIT)
            elif key == _END:
                if self.line:
                    self._deliver()
                else:
                    self.input.close()
            elif key in _ERASE:
                if self.line:
                    self.line.pop()
                    echo += b"\b \b"
            elif key == _KILL_LINE:
                echo += b"\b \b" * len(self.line)
                self.line.clear()
            elif key in b"\r\n":
                echo += b"\r\n"
                self.line += b"\n"
                self._deliver()
            else:
                echo.append(key)
                self.line.append(key)
        if echo:
            self.clock.process(self.output.send(1, bytes(echo)))

    def _deliver(self) -> None:
        self.input.put(bytes(self.line))
        self.line.clear()
