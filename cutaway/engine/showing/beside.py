"""The window's process beside the Engine: it draws, the Engine answers; neither waits for the other.

It asks for a snapshot when it has drawn the last one, so at most one is under way. When it ends, nothing is held any more and the
Engine goes on.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from multiprocessing import get_context
from typing import Any

from cutaway.engine.live import MAX
from cutaway.engine.showing.snapshots import Snapshots
from cutaway.models.docker.record import Act, Step
from cutaway.visuals.docker.process import MORE, Wanted, Wish, draw
from cutaway.visuals.docker.snapshot import Snapshot
from cutaway.visuals.figures import faster

OPENS_S, FINISHES_S = 30.0, 60.0
"""Within which a window opens, and a film is finished."""
MOST_WAITING = 200
"""Pictures of steps that are to be drawn yet; further steps are left out until there is room."""
CLOSED = "The window is closed; the Engine goes on, and nothing is held. Ctrl-C ends it."


class Beside:
    """The Engine's end."""

    def __init__(self, wanted: Wanted) -> None:
        """Raises what the window's process could not do: display.NoDisplayError, film.RecordingError."""
        context = get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.wanted = wanted
        self.process = context.Process(target=draw, args=(theirs, wanted), daemon=True)
        self.process.start()
        theirs.close()
        self._waiting: deque[Snapshot] = deque()
        said = self._first()
        if isinstance(said, Exception):
            self.close()
            raise said

    def _first(self) -> Any:
        """What it says when it is there."""
        from cutaway.visuals.display import NoDisplayError

        try:
            return self.connection.recv() if self.connection.poll(OPENS_S) else NoDisplayError("No display: the window did not open.")
        except (EOFError, OSError):
            return NoDisplayError("No display: the window's process has ended.")

    def serve(self, snapshots: Snapshots) -> None:
        """Answers it from now on, in the event loop that runs."""
        self.snapshots = snapshots
        if self.wanted.record is not None and self.wanted.record.suffix.lower() == ".png":
            snapshots.record.listeners.append(self._step_begins)
        asyncio.get_running_loop().add_reader(self.connection.fileno(), self._heard)

    def _step_begins(self, act: Act, step: Step) -> None:
        """Each has a picture of its own, however short it is."""
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(self.snapshots.take())

    def _heard(self) -> None:
        try:
            said = self.connection.recv()
            if said == MORE:
                self.connection.send(self._next())
            else:
                self._wished(said)
        except (EOFError, OSError):
            self._gone()

    def _next(self) -> Snapshot:
        if self._waiting:
            return self._waiting.popleft()
        self.snapshots.engine.live.catch_up()
        return self.snapshots.take()

    def _wished(self, wish: Wish) -> None:
        record, live = self.snapshots.record, self.snapshots.engine.live
        live.catch_up()
        match wish:
            case "step" if record.holding:
                record.let_one()
            case "step":
                record.hold()
            case "go":
                record.let_all()
            case "faster" | "slower":
                live.change(faster(1.0 if live.speed == MAX else live.speed, 1 if wish == "faster" else -1))
        live.poke()

    def _gone(self) -> None:
        asyncio.get_running_loop().remove_reader(self.connection.fileno())
        self.connection.close()
        self.snapshots.record.let_all()
        self.snapshots.engine.live.poke()
        sys.stderr.write(f"{CLOSED}\n")

    def close(self) -> None:
        """The Engine ends: what is to be drawn yet is drawn first, and a film is finished."""
        try:
            while self._waiting and self.connection.poll(OPENS_S):
                if self.connection.recv() == MORE:
                    self.connection.send(self._waiting.popleft())
        except (EOFError, OSError):      # the window is closed
            pass
        if not self.connection.closed:
            self.connection.close()
        self.process.join(FINISHES_S)
        if self.process.is_alive():
            self.process.terminate()
            self.process.join()
