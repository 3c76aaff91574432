"""What a container has written, as the json-file driver keeps it: bounded, the oldest lines go first."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MOST_BYTES = 4 * 1024 * 1024
"""Kept of each container; json-file's own limit is none, a simulation over days needs one."""
LONGEST_LINE = 16 * 1024
"""Of one entry; what is longer is kept in pieces (daemon/logger/copier.go of moby)."""


@dataclass(frozen=True)
class Entry:
    """A line, or what was written of it before the process ended."""

    stream: int
    time_ns: int
    """Unix time."""
    data: bytes


class Log:
    """The log of one container."""

    def __init__(self, now_ns: Callable[[], int], *, lines: bool = True) -> None:
        """`lines` is off for a terminal, whose bytes are kept as they come."""
        self.now_ns = now_ns
        self.entries: deque[Entry] = deque()
        self.listeners: list[Callable[[Entry | None], None]] = []
        self.size = 0
        self._partial: dict[int, bytes] = {}
        self._lines = lines

    def write(self, stream: int, data: bytes) -> None:
        whole = self._partial.pop(stream, b"") + data
        while whole:
            at = whole.find(b"\n") + 1
            if not at and len(whole) < LONGEST_LINE:
                self._partial[stream] = whole
                return
            self._add(Entry(stream, self.now_ns(), whole[: at or LONGEST_LINE]))
            whole = whole[at or LONGEST_LINE :]

    def flush(self) -> None:
        """The process has ended: what is left is an entry too."""
        for stream, data in sorted(self._partial.items()):
            self._add(Entry(stream, self.now_ns(), data))
        self._partial.clear()

    def end(self) -> None:
        """Who follows hears that there is no more."""
        self.flush()
        for listener in list(self.listeners):
            listener(None)

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        self.size += len(entry.data)
        while self.size > MOST_BYTES:
            self.size -= len(self.entries.popleft().data)
        for listener in list(self.listeners):
            listener(entry)

    def select(self, streams: set[int], since_ns: int, until_ns: int, tail: int | None) -> Iterator[Entry]:
        """Entries in their order; of the last ones `tail`."""
        latest_ns = until_ns or self.now_ns()
        found = [entry for entry in self.entries if entry.stream in streams and since_ns <= entry.time_ns <= latest_ns]
        yield from found if tail is None else found[max(0, len(found) - tail) :]
