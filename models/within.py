"""Messages between two programs of one stack: they go over the loopback of the programs' own name space, and nowhere else.

Serves: receive and send, of messages within the stack. Hands down: the rest. The receiving half runs in the sender's context, so a message
crosses loopback once, with its receipt. Not modelled: Unix sockets, programs in different name spaces.
Read first: models/network.py.
"""

from __future__ import annotations

from collections.abc import Iterator

from cutaway.models.costs import Profile
from cutaway.models.layer import Layer
from cutaway.models.operations import Operation, Receive, Send
from cutaway.sim.machine import Step


class Within(Layer):
    """The way between two programs."""

    def __init__(self, profile: Profile, out: Layer, into: Layer) -> None:
        """`out` and `into` are the kernel's network as its senders and its receivers see it; the way is charged by one of them."""
        super().__init__(profile)
        self.out = out
        self.into = into

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Send(within=True):
                yield from self.out.lower(operation)
            case Receive(within=True):
                yield from self.into.lower(operation)
            case _:
                yield operation
