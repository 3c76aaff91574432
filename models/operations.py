"""The vocabulary between layers: what one layer asks of the layers beneath it. Frozen data, no behaviour.

An application speaks of messages and files (Receive, Send, Open, SendFile); the network lowers messages to packets (Deliver, Transmit);
a hypervisor lowers a guest's packets to work of its own and to packets of the host. Each operation names the thread that does it.
Read first: models/layer.py, then any layer file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Hop = Literal["loopback", "veth", "bridge", "DNAT in OUTPUT", "DNAT in PREROUTING", "tap"]
"""What a packet crosses on this machine before the socket that it is for, in the order of its way in."""


@dataclass(frozen=True, slots=True)
class Operation:
    """Something that `thread` wants done."""

    thread: str


# --- computing and the kernel ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Compute(Operation):
    """Instructions in user space; `cost` names them in the profile."""

    layer: str
    what: str
    cost: str


@dataclass(frozen=True, slots=True)
class SystemCall(Operation):
    """An entry into the kernel and what it does there; `cost` is its work beyond the bare entry, if it is known apart.

    No calls: work of calls that stand elsewhere in the plan.
    """

    what: str
    calls: int = 1
    cost: str = ""


# --- files -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenFile(Operation):
    """Walk the path and open; on an overlay there are two file systems to walk."""

    overlay: bool = False


@dataclass(frozen=True, slots=True)
class StatFile(Operation):
    """Ask for the size and times of an open file."""

    overlay: bool = False


@dataclass(frozen=True, slots=True)
class CloseFile(Operation):
    """Give the file back."""


@dataclass(frozen=True, slots=True)
class ReadFile(Operation):
    """Copy from the page cache, or from the disk when the page is not there."""

    size_bytes: int
    overlay: bool = False
    cached: bool = True


@dataclass(frozen=True, slots=True)
class FlushFile(Operation):
    """Write to a file and wait until it is on its disk (fdatasync); `cost` is the CPU time of both calls."""

    size_bytes: int
    disk: str
    cost: str


# --- messages: what applications see of the network --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Receive(Operation):
    """Take a message from a socket: everything from the wire (or from the sender on this machine) to the data in hand.

    sender: thread whose CPU and context the packets arrive in, when the sender is on this machine; empty when they come by an interrupt.
    """

    size_bytes: int
    hops: tuple[Hop, ...] = ()
    sender: str = ""
    calls: int = 1
    """System calls that it takes to read all of it."""
    spliced: bool = False
    """It goes on by splice(2): its pages are handed to a pipe, not copied, and who sends them on pays for that."""
    within: bool = False
    """From another program of the same stack: the message stays on the loopback of their own name space, which is the hops."""


@dataclass(frozen=True, slots=True)
class Send(Operation):
    """Put a message into a socket and the packets on their way.

    from_file: the body is taken from the page cache (sendfile), or from another socket (splice), without a copy.
    corked: only full segments leave until the push.
    """

    size_bytes: int
    hops: tuple[Hop, ...] = ()
    from_file: bool = False
    corked: bool = False
    writes: int = 1
    """Calls that write it; what a call writes leaves in packets of its own, unless corked."""
    header_bytes: int = 0
    """What of it the program has copied in before the file's pages; 0 where it does not matter how packets are filled."""
    local: bool = False
    """The receiver is on this machine: its receiving half runs here and now, in the sender's context."""
    within: bool = False
    """To another program of the same stack, as with Receive."""


@dataclass(frozen=True, slots=True)
class Connect(Operation):
    """Open a connection: a socket, and the first half of the handshake, which on this machine is all of it."""

    hops: tuple[Hop, ...] = ()
    within: bool = False


@dataclass(frozen=True, slots=True)
class Handshake(Operation):
    """The way of the packets by which a client has opened its connection to the thread's program."""

    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseConnection(Operation):
    """Close one's end of a connection; who does it `first` is charged for the way of both."""

    hops: tuple[Hop, ...] = ()
    within: bool = False
    first: bool = True


# --- packets: what networks see of each other --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Packets:
    """The packets of one message: `data` of them (large ones count once where the device segments), and `acks` the other way.

    rest: the last one follows by itself when the sender pushes, so the reader has taken what was there and comes back for it.
    """

    data: int
    acks: int
    size_bytes: int
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Deliver(Operation):
    """Bring packets up from below: the lowest layer that knows where they come from begins."""

    packets: Packets
    hops: tuple[Hop, ...] = ()
    sender: str = ""


@dataclass(frozen=True, slots=True)
class Transmit(Operation):
    """Send packets down and out, in the context of `thread`."""

    packets: Packets
    hops: tuple[Hop, ...] = ()


# --- what the engine should know of the plan -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Afterwards(Operation):
    """Operations that go on when the answer is on its way, and that the client does not wait for."""

    operations: tuple[Operation, ...]


# --- requests: what the top of a stack is asked for ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ask(Operation):
    """A client writes its request, or a further question of the same request."""

    size_bytes: int
    what: str = ""
    first: bool = True


@dataclass(frozen=True, slots=True)
class Serve(Operation):
    """A server program answers one request, or one question of it."""

    request_bytes: int
    response_bytes: int
    what: str = ""
    last: bool = True


@dataclass(frozen=True, slots=True)
class Accept(Operation):
    """A client reads the answer."""

    size_bytes: int
    what: str = ""
    last: bool = True
