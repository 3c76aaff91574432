"""wrk before a server that closes: it counts the answer, closes its end and opens the next connection, and then asks again.

Serves: ask and accept. The time of connecting is in no latency: wrk looks at its watch when the new connection can be written to
(src/wrk.c, reconnect_socket and socket_writeable). Read first: models/clients.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.models.clients import Client
from cutaway.models.operations import Accept, Afterwards, CloseConnection, Connect, Operation, SystemCall
from cutaway.sim.machine import Step

CALLS = 5
"""epoll_ctl to forget the old connection and to know the new one, fcntl and setsockopt of the new one."""


class Reconnecting(Client):
    """One request of one connection, and the way to the next."""

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        yield from super().lower(operation)
        match operation:
            case Accept(thread=thread):
                known = SystemCall(thread, "epoll_ctl, fcntl, setsockopt", CALLS, "client reconnect")
                yield Afterwards(thread, (CloseConnection(thread, first=False), Connect(thread), known))
