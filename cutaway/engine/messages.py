"""Messages of a command that goes on, one JSON object a line, as pull and build tell of themselves."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncGenerator
from typing import Any, Protocol

from cutaway.engine.http import Answer, Streamed
from cutaway.engine.live import Live
from cutaway.models.docker.errors import CommandFailedError, DaemonError
from cutaway.sim.clock import Process as Steps

MOST_BYTES = 1024 * 1024
"""Waiting for a client; then what tells so much has to wait."""


class Source(Protocol):
    """What tells, if it can be held back and ended."""

    def room(self, there_is: bool) -> None: ...

    def cancel(self) -> None: ...


class Messages:
    """On their way to one client."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.source: Source | None = None
        self._lines: deque[bytes] = deque()
        self._size = 0
        self._is_full = False
        self._more = asyncio.Event()

    def put(self, message: dict[str, Any]) -> None:
        """Called by the simulation."""
        self._lines.append(line(message))
        self._size += len(self._lines[-1])
        if self._size > MOST_BYTES and self.source is not None:
            self._is_full = True
            self.source.room(False)
        self._more.set()

    async def answer(self, steps: Steps) -> Answer:
        """Messages as they come; what goes wrong before the first is an ordinary error, and a message after."""
        task = asyncio.ensure_future(self.live.do(steps))
        task.add_done_callback(self._ended)
        await self._more.wait()
        if not self._lines:
            task.result()
        pieces = self._pieces(task)
        await anext(pieces)      # it has begun, so it cancels what tells even where the client has gone before the first message
        return Streamed(pieces)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled():
            task.exception()      # looked at, so that nobody complains where the client has gone
        self._more.set()

    async def _pieces(self, task: asyncio.Task[Any]) -> AsyncGenerator[bytes, None]:
        try:
            yield b""
            while self._lines or not task.done():
                while self._lines:
                    yield self._next()
                if not task.done():
                    self._more.clear()
                    await self._more.wait()
        finally:
            if not task.done() and self.source is not None:
                self.live.now(self.source.cancel)
        if (error := task.exception()) is not None:
            if not isinstance(error, DaemonError):
                raise error
            code = {"code": error.code} if isinstance(error, CommandFailedError) else {}
            yield line({"errorDetail": {**code, "message": error.message}, "error": error.message})

    def _next(self) -> bytes:
        taken = self._lines.popleft()
        self._size -= len(taken)
        if self._is_full and self._size < MOST_BYTES // 2 and self.source is not None:
            self._is_full = False
            source = self.source
            self.live.now(lambda: source.room(True))
        return taken


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\r\n"
