"""Redis: one thread that reads every request of a round, carries each out, and writes all answers when the round has been read.

Serves: serve. Hands down: receive, compute, system calls, send. Answers are put aside while a round is read, and written before the loop
looks for events again (src/server.c, beforeSleep, and src/networking.c, handleClientsWithPendingWrites).
Not modelled: persistence and replication (off), several databases, I/O threads, expiry, pipelines, the event loop's cron.
Read first: docs/models/servers/redis.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from cutaway.models.layer import Fittings, Held
from cutaway.models.operations import Compute, Operation, Receive, Send, Serve, SystemCall
from cutaway.models.part import Part
from cutaway.models.placement import CpuNumbers
from cutaway.models.servers.program import Exchange, Program
from cutaway.models.units import Size
from cutaway.sim.machine import Respond, Step, Thread

THREAD = "redis"
EVENTS = 10_000 + 128
"""Ready connections taken at one epoll_wait: as many as there may be (src/server.h, CONFIG_FDSET_INCR, and maxclients)."""
KEY_BYTES = 16
"""redis-benchmark's key, `key:__rand_int__`."""


class RedisPart(Part):
    """Redis, asked for one key or told to set it."""

    kind: Literal["redis"] = "redis"
    operation: Literal["get", "set"] = "get"
    """What every request is."""
    value: Size = Field(default=3, le=2**29, description="size of the value; Redis takes no string above 512 MiB")
    cpus: CpuNumbers = ()
    """CPUs of its kernel that it may run on; empty for all that are free."""


class Redis(Program[RedisPart]):
    """One command in the event loop."""

    thread = THREAD
    start_cost = "redis start"

    def exchanges(self) -> tuple[Exchange, ...]:
        key, value = bulk_bytes(KEY_BYTES), bulk_bytes(self.part.value)
        if self.part.operation == "get":
            return (Exchange(array_bytes(2) + bulk_bytes(len("GET")) + key, value, "GET"),)
        return (Exchange(array_bytes(3) + bulk_bytes(len("SET")) + key + value, len("+OK\r\n"), "SET"),)

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Serve(thread=thread, request_bytes=request, response_bytes=response, what=what):
                yield Receive(thread, request)
                yield Compute(thread, "redis", f"parse and carry out {what}", "redis command")
                yield Respond()
                # the answer leaves when all that was ready has been read
                yield replace(self.work("redis", "before it sleeps: the answers", thread, "redis answer"), next_round=True)
                yield SystemCall(thread, "read, write: beyond one byte", 0, "redis other kernel work")
                yield Send(thread, response)
            case _:
                yield operation

    def fittings(self) -> Fittings:
        loop = Thread(
            name=THREAD,
            cpus=self.place.cpus,
            group=self.place.group,
            poll_ns=self.ns("event loop round"),
            batch=EVENTS,
            sleep_ns=self.ns("context switch"),
        )
        return Fittings(threads=(loop,))

    @classmethod
    def holds(cls, part: RedisPart) -> tuple[Held, ...]:
        return (Held("redis: process", "redis", "redis memory"),)


def array_bytes(items: int) -> int:
    """`*2` and the end of its line."""
    return len(f"*{items}\r\n")


def bulk_bytes(size_bytes: int) -> int:
    """A string with its length before it, as the protocol has it."""
    return len(f"${size_bytes}\r\n") + size_bytes + len("\r\n")
