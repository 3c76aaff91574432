"""What an Engine does, told step by step as each begins and ends; and the gate at which the next step can be held.

An act is one thing that was asked for: a pull, a start, a page. Its steps follow each other on the simulated clock. While the record
holds, a step that would begin stands at the gate until it is let through; everything else on the clock goes on.
Read first: docs/models/docker/record.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

import simpy

from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

Kind = Literal["pull", "create", "start", "program", "exec", "stop", "kill", "pause", "unpause", "oom", "remove", "build", "page"]
"""`program` is the container's own program from its execve until it listens, which no command waits for; `oom` the kernel's
kill for want of memory, which no command asks for."""
KEPT = 256
"""Acts that are over and remembered."""


@dataclass(slots=True)
class Step:
    """One step of an act."""

    who: str
    what: str
    takes_ns: int | None
    """How long it is priced to take; None where that is not known beforehand."""
    begun_ns: int
    """Simulated time; waiting for a CPU counts, standing at the gate does not."""
    ended_ns: int | None = None
    works: bool = False
    """It keeps a CPU busy."""


@dataclass(slots=True)
class LayerProgress:
    """How far the pull of a layer is."""

    digest: str
    size: int
    """Bytes, unpacked."""
    status: str = ""
    """As the client is told: `Downloading`, `Extracting`, `Pull complete`."""
    done: int = 0
    of: int = 0
    """Bytes done of what the status does; 0 where it does not count."""


@dataclass(slots=True, eq=False)
class Act:
    """One thing that was asked for; to be used in `with`, which ends it."""

    record: Record
    number: int
    kind: Kind
    subject: str
    """A container's id, or its name before it has one; an image's name."""
    said: str = ""
    """What was asked in its own words: `GET /`, a command."""
    client: str = ""
    """Who asked, as it names itself, where the model is told."""
    steps: list[Step] = field(default_factory=list)
    layers: dict[str, LayerProgress] = field(default_factory=dict)
    """Of a pull, by digest, the lowest first."""
    over: bool = False
    error: str = ""

    def begins(self, who: str, what: str, takes_ns: int | None = None, *, works: bool = False) -> Steps:
        """A step begins, once the gate lets it through; those of one act do not overlap."""
        yield from self.record.passing(self, who, what)
        self._add(Step(who, what, takes_ns, self.record.now_ns, works=works))

    def _add(self, step: Step) -> None:
        self.steps.append(step)
        for listener in list(self.record.listeners):
            listener(self, step)

    def ends(self) -> None:
        """The step that began last."""
        step = self.steps[-1]
        step.ended_ns = self.record.now_ns
        if step.works:
            self.record.worked_ns[step.who] = self.record.worked_ns.get(step.who, 0) + (step.takes_ns or step.ended_ns - step.begun_ns)

    def happened(self, who: str, what: str, begun_ns: int) -> None:
        """A step that is over when it is told of."""
        self._add(Step(who, what, None, begun_ns, self.record.now_ns))

    def __enter__(self) -> Act:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.steps and self.steps[-1].ended_ns is None:
            self.ends()
        self.over, self.error = True, "" if error is None else str(error)
        self.record.is_over(self)


@dataclass(slots=True, eq=False)
class Standing:
    """A step at the gate."""

    act: Act
    who: str
    what: str
    let_through: simpy.Event


class Record:
    """The acts of one daemon, and its gate."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.going: dict[int, Act] = {}
        """Acts that are not over, by number, the oldest first."""
        self.past: deque[Act] = deque(maxlen=KEPT)
        self.holding = False
        self.standing: deque[Standing] = deque()
        """At the gate, in the order in which they came."""
        self.worked_ns: dict[str, int] = {}
        """CPU time of the steps that are over, by who did them."""
        self.listeners: list[Callable[[Act, Step], None]] = []
        """Hear each step as it begins, or as it is told of."""
        self.count = 0
        """Acts so far."""

    @property
    def now_ns(self) -> int:
        return int(self.clock.now)

    def act(self, kind: Kind, subject: str, said: str = "", client: str = "") -> Act:
        """One begins."""
        self.count += 1
        made = self.going[self.count] = Act(self, self.count, kind, subject, said, client)
        return made

    def is_over(self, act: Act) -> None:
        self.past.append(self.going.pop(act.number))

    # --- the gate ---

    def passing(self, act: Act, who: str, what: str) -> Steps:
        """Waits while the record holds."""
        if self.holding:
            standing = Standing(act, who, what, self.clock.event())
            self.standing.append(standing)
            yield standing.let_through

    def hold(self) -> None:
        """Every step from now on stands at the gate."""
        self.holding = True

    def let_one(self) -> None:
        """The one that has stood for longest goes on."""
        if self.standing:
            self.standing.popleft().let_through.succeed()

    def let_all(self) -> None:
        """The gate opens and stays open."""
        self.holding = False
        while self.standing:
            self.let_one()
