"""The clients: who asks, how often, and from where.

Serves: ask and accept. Hands down: compute, send, receive. A closed loop is wrk with one thread: it reads all answers of a round of its
event loop and writes the next requests in the next round. An open loop asks at given times, whatever the server does.
A client on another machine has a kernel and CPUs of its own there; all of that is charged to the client.
Not modelled: connection set-up (connections stay open), clients of several threads, wrk's rewriting of latencies.
Read first: docs/models/clients.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from cutaway.models.costs import Profile
from cutaway.models.layer import Fittings, Layer
from cutaway.models.operations import Accept, Ask, Compute, Deliver, Operation, Receive, Send, Transmit
from cutaway.models.part import Part
from cutaway.models.placement import CLIENT, HOST, CpuNumbers
from cutaway.models.units import Count, Duration, Rate, S, mean_interval_ns
from cutaway.sim.machine import EXPONENTIAL, FIXED, ClosedLoop, Cpu, OpenLoop, Step, Thread, Work

PROGRAM = "client"
READ_BYTES = 8192
"""What wrk reads at once (RECVBUF of src/wrk.h)."""

Where = Literal["another machine", "loopback", "veth"]


class ClientPart(Part):
    """What closed and open loops have in common."""

    where: Where = "another machine"
    """At the other end of the wire; or on the server's machine, over loopback or from a namespace of its own over a veth pair."""
    cpus: CpuNumbers = (0,)
    """The one CPU, or the CPUs, that the client's thread may run on."""
    spin: Duration = Field(default=0, le=1 * S, description="how long its thread polls before it sleeps")


class ClosedLoopPart(ClientPart):
    """Connections that each wait for the answer before they ask again."""

    kind: Literal["closed loop"] = "closed loop"
    connections: Count = 16
    """Clients at once, each with a connection of its own that stays open."""
    think: Duration = 0
    """Mean time from an answer to the next request."""

    def load(self, plan: str) -> ClosedLoop:
        return ClosedLoop("clients", plan, self.connections, self.think)


class OpenLoopPart(ClientPart):
    """Requests that arrive at a rate of their own."""

    kind: Literal["open loop"] = "open loop"
    rate: Rate = Field(gt=0, description="requests a second, as `800 /s`")
    arrivals: Literal["poisson", "constant"] = "poisson"
    """Whether the times between arrivals vary (exponentially) or not."""
    connections: Count = 128
    """Connections that the arrivals use in turn."""
    lead: Duration = Field(default=0, le=1 * S, description="it wakes this long before a request is due, and polls until then; 0 for never")

    def load(self, plan: str) -> OpenLoop:
        spread = EXPONENTIAL if self.arrivals == "poisson" else FIXED
        thread = PROGRAM if self.lead else ""
        return OpenLoop("clients", plan, mean_interval_ns(self.rate), spread, self.connections, thread, self.lead)


class Client(Layer):
    """The load generator."""

    def __init__(self, profile: Profile, part: ClosedLoopPart | OpenLoopPart, answered_by: str) -> None:
        """`answered_by` is the thread whose CPU the answer arrives on, when it is on this machine."""
        super().__init__(profile)
        self.part = part
        self.answered_by = answered_by

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Ask(thread=thread, size_bytes=size):
                write = self.work("client", "write the request", thread, "client write")
                closed = self.part.kind == "closed loop"
                yield replace(write, next_round=closed, stopwatch=closed)                 # an open loop counts from the time it was due
                yield Send(thread, size, local=bool(self.answered_by))
            case Accept(thread=thread, size_bytes=size):
                calls = -(-size // READ_BYTES)
                yield Receive(thread, size, sender=self.answered_by, calls=calls)
                yield Compute(thread, "client", "read the answer", "client read")
            case _:
                yield operation

    def fittings(self) -> Fittings:
        site = CLIENT if self.part.where == "another machine" else HOST
        thread = Thread(
            name=PROGRAM,
            cpus=site.cpus(self.part.cpus),
            layer="client",
            poll_ns=self.ns("event loop round"),
            sleep_ns=self.ns("context switch"),
            spin_ns=self.part.spin,
        )
        return Fittings(threads=(thread,))


class ClientMachine(Layer):
    """The hardware under a client on another machine: its network card, and CPUs that nothing is taken from."""

    def __init__(self, profile: Profile, part: ClosedLoopPart | OpenLoopPart) -> None:
        super().__init__(profile)
        self.part = part

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Deliver(packets=packets):
                yield self._card("take from the client's receive ring", CLIENT.softirq, "NIC receive", packets.data + packets.acks)
            case Transmit(thread=thread, packets=packets):
                yield self._card("put in the client's transmit ring", thread, "NIC transmit", packets.data + packets.acks)
            case _:
                yield operation

    def _card(self, what: str, thread: str, cost: str, packets: int) -> Work:
        return self.work("client", what, thread, (cost, packets))

    def fittings(self) -> Fittings:
        return Fittings(cpus=tuple(Cpu(name, CLIENT.kernel) for name in CLIENT.cpus(tuple(range(max(self.part.cpus) + 1)))))
