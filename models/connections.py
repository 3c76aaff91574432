"""Connections that come and go: the handshake, accepting and closing, for programs that answer one request a connection.

Serves: connect, handshake, close connection. Hands down: deliver and transmit, of packets without data. On one machine the handshake
runs in the context of who connects (three packets), and whoever closes first sends the first of the last two.
Not modelled: the queue of connections that nobody has accepted yet and its limit, SYN cookies, ports that are used up (TIME_WAIT).
Read first: docs/models/connections.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.models.costs import Profile
from cutaway.models.layer import Layer
from cutaway.models.operations import CloseConnection, Connect, Deliver, Handshake, Operation, Packets, Transmit
from cutaway.models.placement import Site
from cutaway.sim.machine import Step

HANDSHAKE = Packets(3, 0, 0)
"""SYN, SYN and acknowledgement, acknowledgement."""
FAREWELL = Packets(2, 0, 0)
"""A FIN of each end; each acknowledges the other's."""


class Connections(Layer):
    """The life of a connection in one kernel, above its network."""

    def __init__(self, profile: Profile, site: Site, slower_by: str = "") -> None:
        super().__init__(profile, slower_by)
        self.site = site

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Connect(thread=thread, hops=hops, within=within):
                yield self.work(self.site.layer, "socket, connect: the handshake", thread, "connect")
                if within:                                                                # a client's way is the server's: Handshake
                    yield Deliver(thread, HANDSHAKE, hops, sender=thread)
            case Handshake(thread=thread, hops=hops):
                yield Deliver(thread, HANDSHAKE, hops)
            case CloseConnection(thread=thread, hops=hops, within=within, first=first):
                yield self.work(self.site.layer, "close the connection", thread, "close connection")
                if within and first:
                    yield Deliver(thread, FAREWELL, hops, sender=thread)
                elif first:
                    yield Transmit(thread, FAREWELL, hops)
            case _:
                yield operation
