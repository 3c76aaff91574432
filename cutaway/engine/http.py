"""HTTP/1.1 on one connection: h11 reads and writes, this file has the limits and the ways in which an answer is given.

What h11 lets pass and a daemon must not: a length beside chunks, and the preface of HTTP/2.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import re
import struct
import termios
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from cutaway.models.docker.errors import DaemonError, InvalidError

MOST_HEAD_BYTES = 64 * 1024
MOST_JSON_BYTES = 4 * 1024 * 1024
MOST_LEVELS = 64
MOST_BODY_BYTES = 64 * 1024 * 1024
HEAD_S, BODY_S = 10.0, 60.0
READ_BYTES = 64 * 1024
RAW, MULTIPLEXED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"
LATEST_READ_S = 0.5
"""An upgrade's first output waits so long at most for the client to read the head: docker-py loses what it reads together with it."""


@dataclass
class Request:
    """A request, its body still on the way."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Mapping[str, str]
    version: str
    """Of the API, as `1.50`."""
    body: Callable[[int], Awaitable[bytes]]
    parts: dict[str, str] = field(default_factory=dict)
    """What the path's pattern names."""
    document: Any = None
    """The body, where it is JSON and has been read."""

    @property
    def plain_path(self) -> str:
        """Without the version before it."""
        return re.sub(r"^/v\d+\.\d+(?=/)", "", self.path)

    def get(self, name: str, otherwise: str = "") -> str:
        """The first of that name, as Go's Form.Get."""
        return self.query.get(name, [otherwise])[0]

    def flag(self, name: str) -> bool:
        """As the daemon reads truth (api/server/httputils/form.go of moby)."""
        return self.get(name).strip().lower() not in ("", "0", "no", "false", "none")

    def number(self, name: str) -> int | None:
        """Raises InvalidError."""
        text = self.get(name)
        try:
            return int(text) if text else None
        except ValueError:
            raise InvalidError(f'strconv.Atoi: parsing "{text}": invalid syntax') from None

    def at_least(self, version: str) -> bool:
        return _numbers(self.version) >= _numbers(version)

    async def json(self) -> Any:
        """The body; None if there is none. Raises InvalidError."""
        content = await self.body(MOST_JSON_BYTES)
        if not content.strip():
            return None
        kind = self.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/json":
            raise InvalidError(f"unsupported Content-Type header ({kind}): must be 'application/json'")
        self.document = parsed_json(content)
        return self.document


def parsed_json(content: bytes) -> Any:
    """One JSON value. Raises InvalidError."""
    try:
        text = content.decode()
        value, end = json.JSONDecoder().raw_decode(text.lstrip())
        rest = text.lstrip()[end:].strip()
    except (ValueError, RecursionError):
        raise InvalidError("invalid JSON: it cannot be read") from None
    if rest:
        raise InvalidError("unexpected content after JSON")
    if _levels(value) > MOST_LEVELS:
        raise InvalidError(f"invalid JSON: more than {MOST_LEVELS} levels")
    return value


def _levels(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        if isinstance(one, dict | list):
            waiting += [(child, depth + 1) for child in (one.values() if isinstance(one, dict) else one)]
    return deepest


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@dataclass
class Reply:
    """An answer that is whole."""

    status: int = 200
    document: Any = None
    content: bytes | None = None
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        if self.content is not None:
            return self.content
        if self.document is None:
            return b""
        return (json.dumps(self.document, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


@dataclass
class Streamed:
    """An answer that comes bit by bit; its head goes out at once. What the pieces hold is let go when the client goes."""

    pieces: AsyncGenerator[bytes, None]
    kind: str = "application/json"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Hijacked:
    """The connection becomes a pipe in both directions."""

    talk: Callable[[Typed, asyncio.StreamWriter], Awaitable[None]]
    multiplexed: bool = False


Answer = Reply | Streamed | Hijacked
Respond = Callable[[Request], Awaitable[Answer]]


class BadRequest(Exception):  # noqa: N818
    """HTTP that cannot be: one sentence."""


class Connection:
    """One client's connection, request after request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, respond: Respond, common: Mapping[str, str]) -> None:
        self.reader, self.writer = reader, writer
        self.respond = respond
        self.common = common
        """Headers of every answer."""
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD_BYTES)
        self.first = True
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
        event = await self._next(HEAD_S if self.first else None)
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
        target = urlsplit(event.target.decode("latin-1"))
        query = parse_qs(target.query, keep_blank_values=True)
        return Request(event.method.decode(), unquote(target.path), query, headers, "1.50", self._body)

    # --- reading ---

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
        await self._continue()
        while self.http.their_state is h11.SEND_BODY:
            event = await self._next(BODY_S)
            if isinstance(event, h11.Data):
                content += event.data
                if len(content) > most:
                    raise InvalidError(f"request body is larger than {most:,} bytes")
            elif isinstance(event, h11.ConnectionClosed):
                raise ConnectionError
        return bytes(content)

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
        """Until the client has closed; what it sends meanwhile waits for its turn."""
        while data := await self.reader.read(READ_BYTES):
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
        handle = self.writer.get_extra_info("socket").fileno()
        ends = asyncio.get_running_loop().time() + LATEST_READ_S
        while asyncio.get_running_loop().time() < ends:
            await asyncio.sleep(0.001)
            (left,) = struct.unpack("i", fcntl.ioctl(handle, termios.TIOCOUTQ, struct.pack("i", 0)))
            if left == 0:
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


class Typed:
    """What a client sends on a connection that it has taken over, with what came along with its request."""

    def __init__(self, reader: asyncio.StreamReader, first: bytes) -> None:
        self.reader, self.first = reader, first

    async def read(self, most: int = READ_BYTES) -> bytes:
        if self.first:
            taken, self.first = self.first[:most], self.first[most:]
            return taken
        return await self.reader.read(most)


def _reason(status: int) -> bytes:
    from http import HTTPStatus

    return HTTPStatus(status).phrase.encode()
