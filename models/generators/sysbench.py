"""sysbench: a thread a connection, which writes a statement, blocks until its answer is there, and writes the next.

Serves: ask and accept. Latency counts a whole transaction, from before its first statement until after its last answer.
Not modelled: a rate, its report between. Read first: models/clients.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cutaway.models.clients import Client
from cutaway.models.layer import Fittings
from cutaway.models.operations import Accept, Ask, Compute, Operation, Receive, Send
from cutaway.sim.machine import Step


class Sysbench(Client):
    """One statement of one connection."""

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Ask(thread=thread, size_bytes=size, first=first):
                write = self.work("client", "write the statement", thread, "sysbench write")
                begins = first and self.part.kind == "closed loop"
                yield replace(write, next_round=begins, stopwatch=begins)
                yield Send(thread, size, local=bool(self.answered_by))
            case Accept(thread=thread, size_bytes=size):
                yield Receive(thread, size, sender=self.answered_by)
                yield Compute(thread, "client", "read the answer", "sysbench read")
            case _:
                yield operation

    def fittings(self) -> Fittings:
        found = super().fittings()
        return replace(found, threads=tuple(replace(thread, count=self.part.connections, batch=1, poll_ns=0) for thread in found.threads))
