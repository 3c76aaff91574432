"""HTTP/1.1 on one connection: h11 reads and writes, this file has the limits and the ways in which an answer is given.

What h11 lets pass and a daemon must not: a length beside chunks, the preface of HTTP/2, a head that never ends.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import socket
import struct
import tempfile
import termios
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from cutaway.engine.http import MOST_JSON_BYTES, MULTIPLEXED, RAW, READ_BYTES, Answer, Hijacked, Reply, Request, Streamed, Typed
from cutaway.models.docker.errors import DaemonError, InvalidError, UnavailableError

MOST_HEAD_BYTES = 64 * 1024
HEAD_S, BODY_S = 10.0, 60.0
"""For a whole head, and between two pieces of a body."""
KEPT_BYTES = 256 * 1024
"""Of an archive, in memory; what is longer is in a file without a name."""
LATEST_READ_S = 0.5
"""An upgrade's first output waits so long at most for the client to read the head: docker-py loses what it reads together with it."""
TCP_READ_S = 0.005
"""Of TCP the kernel knows only what has been acknowledged; reading it takes a client a moment more."""
Respond = Callable[[Request], Awaitable[Answer]]


class Room:
    """What all archives that are on their way may take together, in bytes."""

    def __init__(self, most_bytes: int) -> None:
        self.left = most_bytes

    def take(self, size: int) -> None:
        """Raises UnavailableError."""
        if size > self.left:
            raise UnavailableError("too much is being sent at once; try again")
        self.left -= size


class BadRequest(Exception):  # noqa: N818
    """HTTP that cannot be: one sentence."""


class Connection:
    """One client's connection, request after request."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, common: Mapping[str, str], room: Room
    ) -> None:
        """`common` are headers of every answer; archives share `room` with those of other connections."""
        self.reader, self.writer = reader, writer
        self.respond = respond
        self.common = common
        self.room = room
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD_BYTES)
        self.first = True
        self.announced = 0
        """Length of the body in bytes, as the head says."""
        self.idle_since: float | None = None
        """When its last answer was through; None while something is asked."""

    async def serve(self) -> None:
        """Until the client goes, or something is wrong with what it says."""
        try:
            while await self._one():
                pass
        except (h11.RemoteProtocolError, BadRequest) as error:
            await self._refuse(getattr(error, "error_status_hint", 400), str(error))
        except (ConnectionError, TimeoutError):
            pass

    async def _one(self) -> bool:
        event = await self._head()
        self.idle_since = None
        if not isinstance(event, h11.Request):
            return False
        self.first = False
        request = self._request(event)
        answer = await self._answer(request)
        if isinstance(answer, Hijacked):
            await self._hijack(request, answer)
            return False
        if isinstance(answer, Streamed):
            try:
                await self._drain()
                await self._stream(request, answer)
            finally:
                await answer.pieces.aclose()      # also where the client has gone before the head
        else:
            await self._whole(request, answer)
            await self._drain()
        if self.http.our_state is h11.MUST_CLOSE or self.http.their_state is not h11.DONE:
            return False
        self.http.start_next_cycle()
        self.idle_since = asyncio.get_running_loop().time()
        return True

    async def _answer(self, request: Request) -> Answer:
        try:
            return await self.respond(request)
        except DaemonError as error:
            raise AssertionError("the router turns these into answers") from error

    def _request(self, event: h11.Request) -> Request:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        if "content-length" in headers and "transfer-encoding" in headers:
            raise BadRequest("a length and chunks at once")
        if event.http_version == b"1.1" and "host" not in headers:
            raise BadRequest("missing required Host header")
        if event.http_version not in (b"1.0", b"1.1"):
            raise BadRequest("HTTP/1.1 is spoken here")
        self.announced = int(headers.get("content-length", 0))
        target = urlsplit(event.target.decode("latin-1"))
        query = parse_qs(target.query, keep_blank_values=True)
        return Request(event.method.decode(), unquote(target.path), query, headers, "1.50", self._body, self._archive)

    # --- reading ---

    async def _head(self) -> Any:
        """The next request. It may be long in coming; once it has begun, or on a new connection, it has to be whole soon."""
        if not self.first and self.http.trailing_data[0] == b"":
            self.http.receive_data(await self.reader.read(READ_BYTES))
        async with asyncio.timeout(HEAD_S):
            return await self._next(None)

    async def _next(self, patience_s: float | None) -> Any:
        while True:
            event = self.http.next_event()
            if event is not h11.NEED_DATA:
                return event
            data = await asyncio.wait_for(self.reader.read(READ_BYTES), patience_s)
            if self.first and data.startswith((b"PRI * HTTP/2", b"\x16\x03")):
                raise BadRequest("HTTP/1.1 is spoken here")
            self.http.receive_data(data)

    async def _body(self, most: int) -> bytes:
        """The whole body. Raises InvalidError."""
        content = bytearray()
        async for piece in self._pieces(most):
            content += piece
        return bytes(content)

    @asynccontextmanager
    async def _archive(self, most: int) -> AsyncIterator[IO[bytes]]:
        """The whole body as a file to read, gone afterwards. Raises InvalidError, UnavailableError."""
        taken = 0
        with tempfile.SpooledTemporaryFile(KEPT_BYTES) as content:
            try:
                async for piece in self._pieces(most):
                    self.room.take(len(piece))
                    taken += len(piece)
                    content.write(piece)
                content.seek(0)
                yield content
            finally:
                self.room.left += taken

    async def _pieces(self, most: int) -> AsyncGenerator[bytes, None]:
        """A body as it comes. Raises InvalidError."""
        if self.announced > most:
            raise InvalidError(f"request body is larger than {most:,} bytes")
        await self._continue()
        size = 0
        while self.http.their_state is h11.SEND_BODY:
            event = await self._next(BODY_S)
            if isinstance(event, h11.Data):
                size += len(event.data)
                if size > most:
                    raise InvalidError(f"request body is larger than {most:,} bytes")
                yield bytes(event.data)
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionError

    async def _continue(self) -> None:
        if self.http.they_are_waiting_for_100_continue:
            self._send(h11.InformationalResponse(status_code=100, headers=[]))
            await self.writer.drain()

    async def _drain(self) -> None:
        """Takes in what is left of a body, within bounds."""
        left = MOST_JSON_BYTES
        while self.http.their_state is h11.SEND_BODY and left > 0:
            event = await self._next(BODY_S)
            left -= len(event.data) if isinstance(event, h11.Data) else 0
            if isinstance(event, h11.ConnectionClosed):
                return

    # --- writing ---

    def _send(self, event: Any) -> None:
        data = self.http.send(event)
        if data:
            self.writer.write(data)

    async def _whole(self, request: Request, answer: Reply) -> None:
        body = answer.body()
        headers = {**self.common, **answer.headers}
        if answer.status not in (204, 304):
            if body:
                headers.setdefault("Content-Type", answer.kind)
            headers["Content-Length"] = str(len(body))
        self._send(h11.Response(status_code=answer.status, headers=list(headers.items()), reason=_reason(answer.status)))
        if body and request.method != "HEAD" and answer.status not in (204, 304):
            self._send(h11.Data(data=body))
        self._send(h11.EndOfMessage())
        await self.writer.drain()

    async def _stream(self, request: Request, answer: Streamed) -> None:
        headers = {**self.common, "Content-Type": answer.kind, **answer.headers, "Transfer-Encoding": "chunked"}
        self._send(h11.Response(status_code=answer.status, headers=list(headers.items()), reason=_reason(answer.status)))
        await self.writer.drain()
        pump = asyncio.ensure_future(self._pump(answer.pieces))
        watch = asyncio.ensure_future(self._gone())
        try:
            await asyncio.wait({pump, watch}, return_when=asyncio.FIRST_COMPLETED)
            if not pump.done():
                raise ConnectionError
            pump.result()
        finally:
            for task in (pump, watch):
                task.cancel()
            await asyncio.gather(pump, watch, return_exceptions=True)
            await answer.pieces.aclose()
        self._send(h11.EndOfMessage())
        await self.writer.drain()

    async def _pump(self, pieces: AsyncGenerator[bytes, None]) -> None:
        async for piece in pieces:
            if piece:
                self._send(h11.Data(data=piece))
                await self.writer.drain()

    async def _gone(self) -> None:
        """Until the client has closed, or sends more than a request; what it sends meanwhile waits for its turn."""
        held = 0
        while (data := await self.reader.read(READ_BYTES)) and (held := held + len(data)) <= MOST_HEAD_BYTES:
            self.http.receive_data(data)

    async def _hijack(self, request: Request, answer: Hijacked) -> None:
        upgrade = request.headers.get("upgrade", "").lower() == "tcp"
        kind = MULTIPLEXED if answer.multiplexed and upgrade and request.at_least("1.42") else RAW
        if upgrade:
            while self.http.their_state is h11.SEND_BODY:
                await self._next(BODY_S)
            head = f"HTTP/1.1 101 UPGRADED\r\nContent-Type: {kind}\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
        else:
            head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
        self.writer.write((head + "".join(f"{name}: {value}\r\n" for name, value in self.common.items()) + "\r\n").encode())
        await self.writer.drain()
        await self._read_by_client()
        rest, _ = self.http.trailing_data
        await answer.talk(Typed(self.reader, rest), self.writer)

    async def _read_by_client(self) -> None:
        """Until all that was written has been taken out of the socket; of a Unix socket the kernel knows."""
        handle = self.writer.get_extra_info("socket")
        ends = asyncio.get_running_loop().time() + LATEST_READ_S
        while asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.001)
            (left,) = struct.unpack("i", fcntl.ioctl(handle.fileno(), termios.TIOCOUTQ, struct.pack("i", 0)))
            if left == 0:
                await asyncio.sleep(TCP_READ_S if handle.family != socket.AF_UNIX else 0)
                return

    async def _refuse(self, status: int, why: str) -> None:
        try:
            if self.http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                body = json.dumps({"message": why}).encode() + b"\n"
                headers = {**self.common, "Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
                self._send(h11.Response(status_code=status, headers=list(headers.items()), reason=_reason(status)))
                self._send(h11.Data(data=body))
                self._send(h11.EndOfMessage())
                await self.writer.drain()
        except (h11.LocalProtocolError, ConnectionError):
            pass


def _reason(status: int) -> bytes:
    return HTTPStatus(status).phrase.encode()
