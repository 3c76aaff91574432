"""redis-benchmark: one thread that reads all answers of a round and writes the next commands in the next.

Serves: ask and accept. Its latency ends where it begins to read the answer, so the reading is work that goes on afterwards
(src/redis-benchmark.c, readHandler). Between two commands it takes a connection from the events of one kind and puts it to the other.
Not modelled: pipelines, several threads, random keys. Read first: models/clients.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cutaway.models.clients import Client
from cutaway.models.operations import Accept, Afterwards, Ask, Compute, Operation, Receive, Send, SystemCall
from cutaway.sim.machine import Step

EPOLL_CALLS = 2
"""Of epoll_ctl after a read and after a write each: delete one kind of event, add the other (src/ae_epoll.c)."""


class RedisBenchmark(Client):
    """One command of one connection."""

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Ask(thread=thread, size_bytes=size):
                write = self.work("client", "write the request", thread, "redis-benchmark write")
                closed = self.part.kind == "closed loop"
                yield replace(write, next_round=closed, stopwatch=closed)
                yield Send(thread, size, local=bool(self.answered_by))
                yield Afterwards(thread, (SystemCall(thread, "epoll_ctl", EPOLL_CALLS),))
            case Accept(thread=thread, size_bytes=size):
                yield Receive(thread, size, sender=self.answered_by)
                rest = (Compute(thread, "client", "read the answer", "redis-benchmark read"), SystemCall(thread, "epoll_ctl", EPOLL_CALLS))
                yield Afterwards(thread, rest)
            case _:
                yield operation
