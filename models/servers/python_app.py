"""A Python web application in gunicorn with synchronous workers: a connection a request, accepted, answered, closed.

Serves: serve. Hands down: handshake, receive, compute, system calls, send, close connection. A worker takes one request at a time
(gunicorn/workers/sync.py); who finds all of them busy waits in the queue of connections. Header and body are two writes.
Not modelled: keep-alive, threads and asynchronous workers, the application's own I/O, the collector of garbage.
Read first: docs/models/servers/python_app.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from cutaway.models.layer import Fittings, Held
from cutaway.models.operations import Afterwards, CloseConnection, Compute, Handshake, Operation, Receive, Send, Serve, SystemCall
from cutaway.models.part import Part
from cutaway.models.placement import CpuNumbers
from cutaway.models.servers.program import Exchange, Program
from cutaway.sim.machine import Respond, Step, Thread

WORKER = "python"
REQUEST_BYTES = 44
"""`GET /cpu HTTP/1.1` with a host line, as wrk sends it."""
RESPONSE_BYTES = 171
"""Status line, Server, Date, Connection, Content-Type and Content-Length as gunicorn writes them, and a number for a body."""
SYSTEM_CALLS = 8
"""Around accept, recv, send and close: accept again without success, select, fcntl, getsockname, setsockopt, shutdown."""


class PythonAppPart(Part):
    """gunicorn with synchronous workers, and an application that counts."""

    kind: Literal["python app"] = "python app"
    workers: int = Field(default=1, ge=1, le=1024, description="processes; each answers one request at a time")
    loops: int = Field(default=18_000, ge=0, le=10_000_000, description="turns of a loop that multiplies and adds; 18,000 are about 1 ms")
    cpus: CpuNumbers = ()
    """CPUs of its kernel that the workers may run on; empty for all that are free."""


class PythonApp(Program[PythonAppPart]):
    """One request in a worker."""

    thread = WORKER
    start_cost = "python start"

    def exchanges(self) -> tuple[Exchange, ...]:
        return (Exchange(REQUEST_BYTES, RESPONSE_BYTES),)

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Serve(thread=thread, request_bytes=request, response_bytes=response):
                yield from self.answer(thread, request, response)
            case _:
                yield operation

    def answer(self, thread: str, request_bytes: int, response_bytes: int, asked_by: str = "") -> Iterator[Step | Operation]:
        """`asked_by` is the thread of another program of this stack that asks, in place of a client."""
        within = bool(asked_by)
        if not within:
            yield Handshake(thread)
        yield Receive(thread, request_bytes, sender=asked_by, within=within)
        yield SystemCall(thread, "accept", 1, "accept")                                    # told here: all has come before it is woken
        yield Compute(thread, "python", "gunicorn: parse, call the application", "python request")
        if self.part.loops:
            yield self.work("python", "the application", thread, ("python loop", self.part.loops))
        yield SystemCall(thread, "fcntl, setsockopt, shutdown, select", SYSTEM_CALLS, "python other kernel work")
        if not within:
            yield Respond()
        yield Compute(thread, "python", "gunicorn: make the answer", "python response")
        yield Send(thread, response_bytes, writes=2, local=within, within=within)
        yield Afterwards(thread, (CloseConnection(thread, self.place.loopback if within else (), within),))

    def fittings(self) -> Fittings:
        workers = Thread(
            name=WORKER,
            cpus=self.place.cpus,
            group=self.place.group,
            count=self.part.workers,
            choose="first free",
            poll_ns=self.ns("event loop round"),
            batch=1,
            sleep_ns=self.ns("context switch"),
        )
        return Fittings(threads=(workers,))

    @classmethod
    def holds(cls, part: PythonAppPart) -> tuple[Held, ...]:
        return (
            Held("gunicorn: master", "python", "gunicorn master memory"),
            Held("gunicorn: workers", "python", "gunicorn worker memory", part.workers),
        )

    @classmethod
    def forks(cls, part: PythonAppPart) -> int:
        return part.workers
