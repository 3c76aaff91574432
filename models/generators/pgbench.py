"""pgbench with one thread: reads an answer and writes the next statement of the transaction at once; a new transaction in the next round.

Serves: ask and accept. A connection's state machine goes on until it must wait, but comes back to the loop at a transaction's end
(src/bin/pgbench/pgbench.c, advanceConnectionState); latency counts from before the first statement until after the last answer.
Not modelled: several threads, prepared statements, a rate. Read first: models/clients.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cutaway.models.clients import Client
from cutaway.models.operations import Accept, Afterwards, Ask, Compute, Operation, Receive, Send
from cutaway.sim.machine import Step


class Pgbench(Client):
    """One statement of one connection."""

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Ask(thread=thread, size_bytes=size, first=first):
                write = self.work("client", "write the statement", thread, "pgbench write")
                begins = first and self.part.kind == "closed loop"
                yield replace(write, next_round=begins, stopwatch=begins)
                yield Send(thread, size, local=bool(self.answered_by))
            case Accept(thread=thread, size_bytes=size, last=last):
                yield Receive(thread, size, sender=self.answered_by)
                yield Compute(thread, "client", "read the answer", "pgbench read")
                if last:
                    yield Afterwards(thread, (Compute(thread, "client", "count and log the transaction", "pgbench transaction"),))
            case _:
                yield operation
