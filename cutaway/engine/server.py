"""The socket: opened where only its owner gets at it, served until it is told to end, gone afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from pathlib import Path

from cutaway.engine import handlers, routing
from cutaway.engine.connection import Connection, Room
from cutaway.engine.engine import VERSION, Engine
from cutaway.engine.http import Answer, Request

MOST_CONNECTIONS = 256
ARCHIVES_AT_ONCE = 8
"""What comes in together is bounded by as many archives of the greatest size."""
COMMON = {"Api-Version": routing.API, "Ostype": "linux", "Server": f"Docker/{VERSION} (linux)"}
assert handlers


class SocketRefused(Exception):  # noqa: N818
    """A path that cannot be listened at: one sentence."""


class SocketBusy(SocketRefused):
    """Somebody listens there."""


def bound(path: Path) -> socket.socket:
    """A socket at a path, of mode 0600. Raises SocketRefused, SocketBusy, OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.exists() or path.is_symlink():
        _make_way(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        made.bind(str(path))
    except OSError as error:
        made.close()
        if "too long" in str(error):
            raise SocketRefused(f"{path}: is too long for a socket; expected at most 107 bytes.") from None
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        os.umask(before)
    made.listen(MOST_CONNECTIONS)
    return made


def _make_way(path: Path) -> None:
    """Takes away a socket that nobody listens at any more."""
    if not stat.S_ISSOCK(path.lstat().st_mode):
        raise SocketRefused(f"{path}: is there already and is no socket; name another path.")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        try:
            asking.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise SocketBusy(f"{path}: another Engine listens there; end it, or name another path with --socket.")


class Server:
    """Serves one Engine at one socket."""

    def __init__(self, engine: Engine, listening: socket.socket) -> None:
        self.engine = engine
        self.listening = listening
        self.room = Room(ARCHIVES_AT_ONCE * engine.most_archive_bytes)
        self.connections: dict[asyncio.Task[None], Connection] = {}

    async def run(self, ended: asyncio.Event) -> None:
        """Until `ended`."""
        server = await asyncio.start_unix_server(self._connected, sock=self.listening, limit=64 * 1024)
        pacing = asyncio.ensure_future(self.engine.live.run())
        try:
            await ended.wait()
        finally:
            server.close()
            self.engine.live.stopped = True
            self.engine.live.poke()
            for task in list(self.connections):
                task.cancel()
            await asyncio.gather(*self.connections, pacing, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connection = Connection(reader, writer, self._answer, COMMON, self.room)
        self.connections[task] = connection
        try:
            if len(self.connections) > MOST_CONNECTIONS and not self._make_room():
                writer.write(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                await writer.drain()
            else:
                await connection.serve()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.connections.pop(task, None)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()

    def _make_room(self) -> bool:
        """Closes the connection that has been idle for longest, as docker-py keeps 25 of them; whether there was one."""
        idle = [(connection.idle_since, task) for task, connection in self.connections.items() if connection.idle_since is not None]
        if not idle:
            return False
        _, task = min(idle, key=lambda one: one[0])
        self.connections.pop(task).idle_since = None
        task.cancel()
        return True

    async def _answer(self, request: Request) -> Answer:
        return await routing.answer(self.engine, request)
