"""Output on its way to a client: frames, terminals, bounded buffers; and what a client types on its way to a process."""

from __future__ import annotations

import asyncio
import select
import struct
from collections import deque
from collections.abc import AsyncIterator, Callable
from functools import partial

from cutaway.engine.http import Typed
from cutaway.engine.live import Live
from cutaway.models.docker.processes.streams import Output, Pipe, Watcher
from cutaway.models.docker.processes.terminal import Terminal

MOST_BYTES = 1024 * 1024
"""Waiting for a client; then the process that writes waits, as on a full pipe."""
GONE_S = 0.25
"""Between two looks whether a client is still there that has half-closed its connection: no event tells of it."""
LAST_INPUT_S = 0.5
"""For what a client sent before it went."""


def framed(stream: int, data: bytes) -> bytes:
    """Docker's multiplexed form: stream, length, bytes."""
    return struct.pack(">BxxxI", stream, len(data)) + data


class Feed:
    """What an output sends to one client."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.waiting: deque[tuple[int, bytes]] = deque()
        self.size = 0
        self.ended = False
        self._more = asyncio.Event()
        self.output: Output | None = None
        self.watcher: Watcher | None = None

    def take(self, stream: int, data: bytes) -> bool:
        """Called by the simulation."""
        if stream == 0:
            self.ended = True
        else:
            self.waiting.append((stream, data))
            self.size += len(data)
        self._more.set()
        return self.size < MOST_BYTES

    def watch(self, output: Output) -> None:
        self.output, self.watcher = output, output.watch(self.take)

    def end(self) -> None:
        self.ended = True
        self._more.set()

    def leave(self) -> None:
        """The client has gone."""
        if self.output is not None and self.watcher is not None:
            self.live.now(partial(self.output.leave, self.watcher))

    async def pieces(self) -> AsyncIterator[tuple[int, bytes]]:
        """Until the output ends."""
        while True:
            while self.waiting:
                stream, data = self.waiting.popleft()
                self.size -= len(data)
                yield stream, data
                if self.watcher is not None and self.size < MOST_BYTES // 2:
                    self.live.now(self.watcher.has_room)
            if self.ended:
                return
            self._more.clear()
            await self._more.wait()


class Detached(Exception):  # noqa: N818
    """The client typed the keys that leave without ending anything."""


class Keys:
    """Finds the detach keys in what is typed."""

    def __init__(self, text: str) -> None:
        """`ctrl-p,ctrl-q`; Docker's own for nothing. Raises ValueError."""
        self.wanted = bytes(_key(part) for part in (text or "ctrl-p,ctrl-q").split(","))
        self.held = b""

    def take(self, data: bytes) -> bytes:
        """What goes on to the process. Raises Detached."""
        passed = b""
        for byte in data:
            self.held += bytes([byte])
            if self.held == self.wanted:
                raise Detached
            if not self.wanted.startswith(self.held):
                passed += self.held
                self.held = b""
        return passed


def _key(text: str) -> int:
    if len(text) == 1:
        return ord(text)
    if text.startswith("ctrl-") and len(text) == 6:
        letter = text[5]
        if letter.isalpha():
            return ord(letter.lower()) - 96
        if letter in "@[\\]^_":
            return ord(letter) - 64
    raise ValueError(text)


async def talk(
    reader: Typed,
    writer: asyncio.StreamWriter,
    feed: Feed,
    live: Live,
    *,
    raw: bool,
    wanted: set[int],
    pipe: Callable[[], Pipe | Terminal | None],
    keys: Keys | None,
    close_stdin: bool,
) -> None:
    """Both directions of an attached process, until its output ends or the client goes.

    `pipe` gives where its input goes, once there is one.
    """
    typing = asyncio.ensure_future(_typed(reader, live, pipe, keys, close_stdin))
    showing = asyncio.ensure_future(_shown(writer, feed, raw=raw, wanted=wanted))
    gone = asyncio.ensure_future(_gone(writer))
    try:
        done, _ = await asyncio.wait({typing, showing, gone}, return_when=asyncio.FIRST_COMPLETED)
        if typing in done and typing.exception() is None:
            await asyncio.wait({showing, gone}, return_when=asyncio.FIRST_COMPLETED)      # so far it only said that it types no more
        elif gone in done:
            await asyncio.wait({typing}, timeout=LAST_INPUT_S)
    finally:
        for task in (typing, showing, gone):
            task.cancel()
        await asyncio.gather(typing, showing, gone, return_exceptions=True)
        feed.leave()


async def _gone(writer: asyncio.StreamWriter) -> None:
    """Until the client has closed both directions, which a Unix socket knows at once; one of TCP when the next output is refused."""
    asking = select.poll()
    asking.register(writer.get_extra_info("socket").fileno(), 0)
    while not asking.poll(0):
        await asyncio.sleep(GONE_S)


async def _shown(writer: asyncio.StreamWriter, feed: Feed, *, raw: bool, wanted: set[int]) -> None:
    async for stream, data in feed.pieces():
        if raw or stream in wanted:
            writer.write(data if raw else framed(stream, data))
            await writer.drain()


async def _typed(
    reader: Typed, live: Live, pipe: Callable[[], Pipe | Terminal | None], keys: Keys | None, close_stdin: bool
) -> None:
    held = b""
    while True:
        data = await reader.read(64 * 1024)
        into = pipe()
        if not data:
            while into is None and held:
                await asyncio.sleep(0.01)
                into = pipe()
            if into is not None:
                live.now(partial(_give, into, held))
                if close_stdin and isinstance(into, Pipe):
                    live.now(into.close)
            return
        if keys is not None:
            data = keys.take(data)
        if into is None:
            held += data
            while (into := pipe()) is None:
                await asyncio.sleep(0.01)
            data, held = held, b""
        live.now(partial(_give, into, data))
        while isinstance(into, Pipe) and len(into.buffer) > MOST_BYTES and not into.broken:
            await asyncio.sleep(0.01)


def _give(into: Pipe | Terminal, data: bytes) -> None:
    if isinstance(into, Terminal):
        into.typed(data)
    elif data and not into.broken:
        into.put(data)
