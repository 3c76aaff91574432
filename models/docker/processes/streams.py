"""What processes read from and write to: pipes, files, the output of a container; each takes its writer's time when it is full.

A writer that nobody reads waits, as on a full pipe; a writer whose reader has gone gets SIGPIPE's error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import simpy

from cutaway.models.docker.filesystem.view import View
from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

PIPE_BYTES = 64 * 1024
"""What a pipe holds, as Linux's."""


class Reader(Protocol):
    """Where a process reads."""

    def read(self, most: int = PIPE_BYTES) -> Steps:
        """Waits for bytes; the generator's value is b"" at the end of the input."""


class Writer(Protocol):
    """Where a process writes."""

    def write(self, data: bytes) -> Steps:
        """Waits for room. Raises BrokenPipeError."""

    def close(self) -> None: ...


class Empty:
    """/dev/null, to read."""

    def read(self, most: int = PIPE_BYTES) -> Steps:
        yield from ()
        return b""


class Nowhere:
    """/dev/null, to write."""

    def write(self, data: bytes) -> Steps:
        yield from ()

    def close(self) -> None:
        pass


class Pipe:
    """Bytes from one process to another."""

    def __init__(self, clock: Clock, capacity: int = PIPE_BYTES) -> None:
        self.clock = clock
        self.capacity = capacity
        self.buffer = bytearray()
        self.ended = False
        """Nobody writes any more."""
        self.broken = False
        """Nobody reads any more."""
        self._moved = clock.event()

    def read(self, most: int = PIPE_BYTES) -> Steps:
        while not self.buffer and not self.ended:
            yield self._moved
        taken = bytes(self.buffer[:most])
        del self.buffer[:most]
        self._tell()
        return taken

    def write(self, data: bytes) -> Steps:
        while data:
            if self.broken:
                raise BrokenPipeError
            if room := self.capacity - len(self.buffer):
                self.buffer += data[:room]
                data = data[room:]
                self._tell()
            else:
                yield self._moved

    def put(self, data: bytes) -> None:
        """Without waiting: what comes from outside, which counts for itself how much it may have under way."""
        self.buffer += data
        self._tell()

    def close(self) -> None:
        self.ended = True
        self._tell()

    def leave(self) -> None:
        """The reader goes."""
        self.broken = True
        self.buffer.clear()
        self._tell()

    def _tell(self) -> None:
        moved, self._moved = self._moved, self.clock.event()
        moved.succeed()


class FileWriter:
    """A file that output goes to."""

    def __init__(self, view: View, path: str, now_ns: Callable[[], int]) -> None:
        self.view = view
        self.path = path
        self.now_ns = now_ns

    def write(self, data: bytes) -> Steps:
        self.view.write(self.path, data, append=True, now_ns=self.now_ns())
        yield from ()

    def close(self) -> None:
        pass


class Bytes:
    """Bytes that are there, to read."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def read(self, most: int = PIPE_BYTES) -> Steps:
        taken, self.content = self.content[:most], self.content[most:]
        yield from ()
        return taken


class Collected:
    """Bytes that somebody wants as a whole: `$(...)`, a health check."""

    def __init__(self, most: int = 1 << 20) -> None:
        self.content = bytearray()
        self.most = most

    def write(self, data: bytes) -> Steps:
        self.content += data[: self.most - len(self.content)]
        yield from ()

    def close(self) -> None:
        pass


class Watcher:
    """One who sees an output: takes a chunk, or asks to wait."""

    def __init__(self, clock: Clock, take: Callable[[int, bytes], bool]) -> None:
        """`take` gets the stream (1 or 2) and bytes, and says whether it has room for more."""
        self.take = take
        self.clock = clock
        self.room: simpy.Event | None = None
        self.gone = False

    def has_room(self) -> None:
        """It can take more. Who waits for that goes on."""
        if self.room is not None:
            room, self.room = self.room, None
            room.succeed()

    def leave(self) -> None:
        self.gone = True
        self.has_room()


class Output:
    """What the processes of a container write: to its log, and to those who are attached."""

    def __init__(self, clock: Clock, log: Callable[[int, bytes], None]) -> None:
        self.clock = clock
        self.log = log
        self.watchers: list[Watcher] = []

    def watch(self, take: Callable[[int, bytes], bool]) -> Watcher:
        watcher = Watcher(self.clock, take)
        self.watchers.append(watcher)
        return watcher

    def leave(self, watcher: Watcher) -> None:
        watcher.leave()
        self.watchers = [one for one in self.watchers if one is not watcher]

    def stream(self, number: int) -> OutputStream:
        return OutputStream(self, number)

    def end(self) -> None:
        """Everybody has heard all."""
        for watcher in self.watchers:
            watcher.take(0, b"")
            watcher.leave()
        self.watchers.clear()

    def send(self, number: int, data: bytes) -> Steps:
        """Waits while somebody who watches has no room."""
        for watcher in self.watchers:
            while watcher.room is not None and not watcher.gone:
                yield watcher.room
        self.log(number, data)
        for watcher in self.watchers:
            if not watcher.take(number, data) and watcher.room is None:
                watcher.room = self.clock.event()


class OutputStream:
    """Standard output or standard error of a container."""

    def __init__(self, output: Output, number: int) -> None:
        self.output = output
        self.number = number

    def write(self, data: bytes) -> Steps:
        yield from self.output.send(self.number, data)

    def close(self) -> None:
        pass
