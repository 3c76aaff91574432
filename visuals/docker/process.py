"""The process that draws, its end of the connection to the Engine; Pygame is loaded only there.

It asks for a snapshot when it has drawn the last one, so at most one is under way.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Literal

from cutaway.visuals.docker.snapshot import Snapshot

MORE = "more"
NICE = 5
"""A request to the Engine goes before a picture."""
Wish = Literal["step", "go", "faster", "slower"]
"""step: let the next step through, or hold from now on. go: hold nothing. faster, slower: another pace of simulated time."""


@dataclass(frozen=True)
class Wanted:
    """How it is to look, and where it goes."""

    size: tuple[int, int] = (1920, 1080)
    language: str = "ko"
    look: str = "light"
    record: Path | None = None
    """A file to write instead of a window."""


class Ended(Exception):  # noqa: N818
    """There is no Engine any more."""


class Remote:
    """The Engine, seen from the window."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._is_asked = False

    def snapshot(self) -> Snapshot | None:
        """The newest; None if none has come since. Raises Ended."""
        try:
            newest: Snapshot | None = None
            if self._is_asked and self.connection.poll():
                newest, self._is_asked = self.connection.recv(), False
            if not self._is_asked:
                self.connection.send(MORE)
                self._is_asked = True
            return newest
        except (EOFError, OSError):
            raise Ended from None

    def wish(self, wish: Wish) -> None:
        """Asks the Engine for something. Raises Ended."""
        try:
            self.connection.send(wish)
        except OSError:
            raise Ended from None


def draw(connection: Connection, wanted: Wanted) -> None:
    """The process: says whether it can, then draws until one of the two ends."""
    from cutaway.visuals import display
    from cutaway.visuals.docker.window import Recorder, Window

    signal.signal(signal.SIGINT, signal.SIG_IGN)          # of a Ctrl-C the Engine tells it
    os.nice(NICE)
    try:
        shown = Window(wanted) if wanted.record is None else Recorder(wanted)
    except Exception as error:
        connection.send(error)
        return
    connection.send("")
    try:
        shown.run(Remote(connection))
    except Ended:
        pass
    except OSError as error:
        sys.stderr.write(f"{wanted.record}: {error.strerror or error}\n")
    finally:
        display.close_display()
