"""Published ports: a real listener on loopback for each TCP port that a running container publishes.

Whoever connects there is a request of the simulation: it waits for its turn in the container, costs its simulated time and is answered with
what the simulated server finds. Only 127.0.0.1 is ever bound, whatever address the client of the Engine names. UDP ports are in the books
only. Read first: docs/models/docker/servers.md.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import dataclass, field
from typing import Any, Literal

import h11

from cutaway.engine.live import Live
from cutaway.models.docker.container import Container
from cutaway.models.docker.programs.servers.web import Answer, Question, WebServer
from cutaway.models.docker.record import Record
from cutaway.models.docker.specification import port_of

Publish = Literal["real", "unprivileged", "none"]
"""Which ports are opened: all, those from 1024 up, none."""
LOOPBACK = "127.0.0.1"
FIRST_FREE = 1024
"""Ports below it are refused unless the session was told to open them, as a kernel refuses them to all but root."""
MOST_CONNECTIONS, MOST_HEAD_BYTES, MOST_BODY_BYTES = 512, 64 * 1024, 1024 * 1024
IDLE_S = 65.0
"""After which a connection is closed that asks nothing (nginx, keepalive_timeout)."""
READ_BYTES = 64 * 1024


@dataclass
class Door:
    """One port that is open."""

    port: int
    container: Container
    listening: socket.socket
    task: asyncio.Task[None] | None = None
    visits: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def server(self) -> WebServer | None:
        """Who answers behind it; None if nobody does, or speaks something else than HTTP."""
        space = self.container.space
        for name, places in self.container.ports.items():
            if space is not None and any(port == self.port for _, port in places):
                found = space.listening.get(port_of(name))
                return found if isinstance(found, WebServer) else None
        return None


class Publisher:
    """Opens and closes the ports of one Engine."""

    def __init__(self, live: Live, publish: Publish = "unprivileged") -> None:
        self.live = live
        self.publish = publish
        self.record = Record(live.clock)
        """Where pages are told of; that of the daemon, once there is one."""
        self.doors: dict[int, Door] = {}

    def open(self, address: str, port: int, protocol: str, container: Container) -> None:
        """Raises OSError. To be called in the event loop's thread."""
        if protocol != "tcp" or self.publish == "none":
            return
        if port < FIRST_FREE and self.publish != "real":
            raise PermissionError(errno.EACCES, "permission denied")
        listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((LOOPBACK, port))
            listening.listen(MOST_CONNECTIONS)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        door = self.doors[port] = Door(port, container, listening)
        door.task = asyncio.get_running_loop().create_task(self._receive(door))

    def close(self, address: str, port: int, protocol: str) -> None:
        """The port is refused from now on; who is connected is cut off."""
        door = self.doors.pop(port, None) if protocol == "tcp" else None
        if door is not None:
            assert door.task is not None
            door.task.cancel()
            door.listening.close()
            for visit in list(door.visits):
                visit.cancel()

    def close_all(self) -> None:
        for port in list(self.doors):
            self.close(LOOPBACK, port, "tcp")

    async def _receive(self, door: Door) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(door.listening)
            except OSError:
                await asyncio.sleep(0.1)          # out of descriptors: those who are there go first
                continue
            if len(door.visits) >= MOST_CONNECTIONS:
                connection.close()
                continue
            visit = loop.create_task(self._visited(door, connection))
            door.visits.add(visit)
            visit.add_done_callback(door.visits.discard)

    async def _visited(self, door: Door, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader, writer = await asyncio.open_connection(sock=connection)
        try:
            await Visit(self.live, self.record, door, reader, writer).serve()
            writer.close()
        except (ConnectionError, TimeoutError, asyncio.CancelledError, h11.RemoteProtocolError):
            pass
        finally:
            writer.transport.abort()


class Visit:
    """One connection, request after request."""

    def __init__(self, live: Live, record: Record, door: Door, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.live = live
        self.record = record
        self.door = door
        self.reader, self.writer = reader, writer
        self.http = h11.Connection(h11.SERVER, max_incomplete_event_size=MOST_HEAD_BYTES)

    async def serve(self) -> None:
        """Until the client goes. Raises ConnectionError, TimeoutError, h11.RemoteProtocolError."""
        while isinstance(event := await self._next(), h11.Request):
            if (server := self.door.server) is None:
                raise ConnectionResetError
            await self._body()
            question = self._question(event)
            with self.record.act("page", self.door.container.id, f"{question.method} {question.path}", question.agent) as act:
                answer: Answer = await self.live.do(server.answer(question, act))
            await self._send(answer)
            if self.http.our_state is h11.MUST_CLOSE or self.http.their_state is not h11.DONE:
                return
            self.http.start_next_cycle()

    def _question(self, event: h11.Request) -> Question:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in event.headers}
        interfaces = self.door.container.space.facts.interfaces if self.door.container.space else []
        client = interfaces[0].gateway if interfaces else LOOPBACK
        path = event.target.decode("latin-1")
        return Question(event.method.decode("ascii"), path, headers.get("host", ""), client or LOOPBACK, headers.get("user-agent", "-"))

    async def _next(self) -> Any:
        while (event := self.http.next_event()) is h11.NEED_DATA:
            if self.http.they_are_waiting_for_100_continue:
                self._write(self.http.send(h11.InformationalResponse(status_code=100, headers=[])))
            data = await asyncio.wait_for(self.reader.read(READ_BYTES), IDLE_S)
            self._count(received=len(data))
            self.http.receive_data(data)
        return event

    async def _body(self) -> None:
        left = MOST_BODY_BYTES
        while self.http.their_state is h11.SEND_BODY:
            event = await self._next()
            left -= len(event.data) if isinstance(event, h11.Data) else 0
            if left < 0 or isinstance(event, h11.ConnectionClosed):
                raise ConnectionResetError

    async def _send(self, answer: Answer) -> None:
        headers = list(answer.headers.items())
        events: list[Any] = [h11.Response(status_code=answer.status, headers=headers, reason=answer.reason.encode())]
        events += [h11.Data(data=answer.body)] * bool(answer.body)
        self._write(b"".join(self.http.send(event) or b"" for event in [*events, h11.EndOfMessage()]))
        await self.writer.drain()

    def _write(self, data: bytes | None) -> None:
        if data:
            self._count(sent=len(data))
            self.writer.write(data)

    def _count(self, *, received: int = 0, sent: int = 0) -> None:
        space = self.door.container.space
        if space is not None and space.facts.interfaces:
            space.facts.interfaces[0].received += received
            space.facts.interfaces[0].sent += sent
