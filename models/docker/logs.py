"""What a container has written, as the json-file driver keeps it: in files that rotate, the oldest goes first.

Without `max-size` that driver keeps all; here a bound holds in any case, for a simulation may go on for days.
Read first: daemon/logger/jsonfilelog/jsonfilelog.go of moby.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from cutaway.models.docker.errors import DaemonError, InvalidError
from cutaway.models.docker.units import decimal_size_of_text

MOST_BYTES, FILES = 4 * 1024 * 1024, 4
"""Kept of each container, whatever it asks for; and in how many files, where it names no `max-size`."""
LONGEST_LINE = 16 * 1024
"""Of one entry; what is longer is kept in pieces (daemon/logger/copier.go of moby)."""
AROUND_BYTES = len('{"log":"","stream":"stdout","time":"2026-01-01T00:00:00.000000000Z"}\n')
"""What json-file writes around the text of an entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line, or what was written of it before the process ended."""

    stream: int
    time_ns: int
    """Unix time."""
    data: bytes

    @property
    def size(self) -> int:
        """Bytes in the driver's file."""
        return AROUND_BYTES + len(self.data) + self.data.count(b"\n")


Listener = Callable[[bool], None]
"""Hears that there is more; True if the container has ended, so that there is no more."""


class Log:
    """The log of one container."""

    def __init__(self, now_ns: Callable[[], int], file_bytes: int = MOST_BYTES // FILES, files: int = FILES) -> None:
        self.now_ns = now_ns
        self.entries: deque[Entry] = deque()
        self.written = 0
        """Entries, with those that have gone."""
        self.listeners: list[Listener] = []
        self.file_bytes, self.most_files = file_bytes, files
        self._files: deque[int] = deque([0])
        """Entries in each file, the current one last."""
        self._size = 0
        """Bytes of the current file."""
        self._partial: dict[int, bytes] = {}

    def write(self, stream: int, data: bytes) -> None:
        whole, at = self._partial.pop(stream, b"") + data, 0
        while at < len(whole):
            ends = whole.find(b"\n", at, at + LONGEST_LINE) + 1 or at + LONGEST_LINE
            if ends > len(whole):
                self._partial[stream] = whole[at:]
                return
            self._add(Entry(stream, self.now_ns(), whole[at:ends]))
            at = ends

    def flush(self) -> None:
        """The process has ended: what is left is an entry too."""
        for stream, data in sorted(self._partial.items()):
            self._add(Entry(stream, self.now_ns(), data))
        self._partial.clear()

    def end(self) -> None:
        """Who follows hears that there is no more."""
        self.flush()
        self._tell(True)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hears what comes from now on; the value ends it."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def _tell(self, ended: bool) -> None:
        for listener in list(self.listeners):
            listener(ended)

    def _add(self, entry: Entry) -> None:
        if self._size >= self.file_bytes:
            self._rotate()
        self.entries.append(entry)
        self.written += 1
        self._size += entry.size
        self._files[-1] += 1
        self._tell(False)

    def _rotate(self) -> None:
        self._files.append(0)
        self._size = 0
        if len(self._files) > self.most_files:
            for _ in range(self._files.popleft()):
                self.entries.popleft()

    def select(self, streams: set[int], since_ns: int, until_ns: int, tail: int | None) -> Iterator[Entry]:
        """Entries in their order; of the last ones `tail`."""
        latest_ns = until_ns or self.now_ns()
        found = [entry for entry in self.entries if entry.stream in streams and since_ns <= entry.time_ns <= latest_ns]
        yield from found if tail is None else found[max(0, len(found) - tail) :]

    def later(self, number: int) -> list[Entry]:
        """Those after the first `number` that were ever written, as far as they are still there."""
        return [*islice(reversed(self.entries), max(0, self.written - number))][::-1]


def files_of(options: Mapping[str, str]) -> tuple[int, int]:
    """Bytes of a file, and how many there are at most, as a container's log options say. Raises DaemonError."""
    size, files = options.get("max-size"), options.get("max-file", "1")
    try:
        most_files = int(files)
    except ValueError:
        raise _wrong(f'strconv.Atoi: parsing "{files}": invalid syntax') from None
    if most_files < 1:
        raise _wrong("max-file cannot be less than 1")
    if size is None:
        return MOST_BYTES // FILES, FILES
    try:
        asked = decimal_size_of_text(size)
    except InvalidError as error:
        raise _wrong(error.message) from None
    if asked <= 0:
        raise _wrong("max-size must be a positive number")
    return max(1, min(asked, MOST_BYTES // most_files)), most_files


def _wrong(why: str) -> DaemonError:
    return DaemonError(f"failed to create task for container: failed to initialize logging driver: {why}")
