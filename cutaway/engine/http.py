"""What a handler is asked and what it may answer; `connection` brings the one and takes the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import IO, Any

from cutaway.models.docker.errors import InvalidError

MOST_JSON_BYTES = 4 * 1024 * 1024
MOST_LEVELS = 64
READ_BYTES = 64 * 1024
RAW, MULTIPLEXED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"


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
    """The whole body in memory, of so many bytes at most. Raises InvalidError."""
    archive: Callable[[int], AbstractAsyncContextManager[IO[bytes]]]
    """The same as a file, gone when the context ends. Raises InvalidError, UnavailableError."""
    parts: dict[str, str] = field(default_factory=dict)
    """What the path's pattern names."""

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
        return parsed_json(content)


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


class Typed:
    """What a client sends on a connection that it has taken over, with what came along with its request."""

    def __init__(self, reader: asyncio.StreamReader, first: bytes) -> None:
        self.reader, self.first = reader, first

    async def read(self, most: int = READ_BYTES) -> bytes:
        if self.first:
            taken, self.first = self.first[:most], self.first[most:]
            return taken
        return await self.reader.read(most)
