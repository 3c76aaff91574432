"""What a stack asks of its server program: who answers, what is asked and answered, what it holds and how it starts.

A program is the topmost layer. It serves `Serve` by operations of its own, and says with `exchanges` what one request is: a page has
one question and one answer, a transaction several. To add a program, copy redis.py, and enter it in models/parts.py.
Read first: models/layer.py, then redis.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

from cutaway.models.costs import Profile
from cutaway.models.layer import Held, Layer
from cutaway.models.operations import Hop, Operation, Receive, Send, Serve
from cutaway.models.part import Part
from cutaway.sim.machine import Respond, Step

P = TypeVar("P", bound=Part)


@dataclass(frozen=True, slots=True)
class Exchange:
    """One question of a client, and its answer."""

    request_bytes: int
    response_bytes: int
    what: str = ""
    """Which question it is, where there are several."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a program runs, and for whom."""

    cpus: tuple[str, ...]
    group: str = ""
    """Its cgroup."""
    slower_by: str = ""
    """The factor of its CPU time, in a guest."""
    connections: int = 1
    """Of all clients together."""
    behind: tuple[str, ...] = ()
    """CPUs of the program that it asks itself; the same where none are named."""
    loopback: tuple[Hop, ...] = ()
    """What packets without data cross between two programs of this stack, beside the way of all packets of their kernel."""


class Program(Layer, Generic[P]):
    """A server program on its stack."""

    thread: ClassVar[str]
    """The role of the threads that answer."""
    start_cost: ClassVar[str]
    """From its first instruction to where it listens."""

    def __init__(self, profile: Profile, part: P, place: Place) -> None:
        super().__init__(profile, place.slower_by)
        self.part = part
        self.place = place

    def exchanges(self) -> tuple[Exchange, ...]:
        """What one request is made of, in order."""
        raise NotImplementedError

    def exchange(self, asked: Serve, *work: Operation) -> Iterator[Step | Operation]:
        """One exchange of several: the question is taken, worked on and answered; with the last the request is served."""
        yield Receive(asked.thread, asked.request_bytes)
        yield from work
        if asked.last:
            yield Respond()
        yield Send(asked.thread, asked.response_bytes)

    @classmethod
    def roles(cls, part: P) -> tuple[str, ...]:
        """Of all threads that work for an answer."""
        return (cls.thread,)

    @classmethod
    def behind(cls, part: P) -> tuple[Part, ...]:
        """Programs that it asks itself; they start before it."""
        return ()

    @classmethod
    def holds(cls, part: P) -> tuple[Held, ...]:
        """Its memory once it runs."""
        raise NotImplementedError

    @classmethod
    def forks(cls, part: P) -> int:
        """Processes that it starts before it answers."""
        return 0
