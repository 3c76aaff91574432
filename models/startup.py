"""How a stack comes up: from the command to the first answer, as processes on the integer clock.

Serves: a process of its own for a plain program and a virtual machine (that of containers is in models/docker/run.py), and the book of
its phases; `start_up` of models/stack.py puts them one after the other. Each step of a start-up is a phase: who does it, from when to when,
and the costs that made it.
Starts at once share what models/contention.py says: a phase works on CPUs, waits and keeps none, and may hold a lock of the kernel.
Not modelled: starts that compete for the disk, cold page caches, pulling an image. Read first: docs/models/startup.md.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from cutaway.models.contention import Host, Shared
from cutaway.models.costs import Cost, Profile
from cutaway.models.layer import times_as_text
from cutaway.sim.clock import Clock, Process
from cutaway.sim.machine import CostUse

Draw = Callable[[Cost], Fraction]
ENOUGH = 64
"""CPUs, for one start."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of a start-up."""

    who: str
    what: str
    start_ns: int
    end_ns: int
    costs: tuple[CostUse, ...]


class Watch(Protocol):
    """Who is told of steps as they come, and may let them wait."""

    def begins(self, who: str, what: str, takes_ns: int | None = None, *, works: bool = False) -> Process:
        """A step is to begin; it does when this is through. `works` if it keeps a CPU busy."""

    def ends(self) -> None:
        """The step that began last."""


class Unwatched:
    """Nobody is told."""

    def begins(self, who: str, what: str, takes_ns: int | None = None, *, works: bool = False) -> Process:
        yield from ()

    def ends(self) -> None:
        pass


class Start:
    """One start on the clock, and the book of its phases."""

    def __init__(
        self, clock: Clock, profile: Profile, draw: Draw = lambda cost: cost.value, host: Shared | None = None, watch: Watch | None = None,
    ) -> None:
        """`draw` gives a cost its value this time; the profile's value by default. `host` is what starts at once share; by default it has
        CPUs enough, and nobody else."""
        self.clock = clock
        self.profile = profile
        self.draw = draw
        self.host: Shared = host or Host(clock, ENOUGH)
        self.watch = watch or Unwatched()
        self.phases: list[Phase] = []

    def phase(
        self, who: str, what: str, *uses: str | tuple[str, int], waits: str = "", holds: str = "", several_threads: bool = False
    ) -> Process:
        """Time passes and is written down: on CPUs, but for the cost that it `waits`; all of it under the lock that it `holds`.

        `several_threads`: alone it keeps as many CPUs busy as the threads of a Go program do.
        """
        pairs = [(use, 1) if isinstance(use, str) else use for use in uses]
        duration_ns = round(sum((self.draw(self.profile[name]) * times for name, times in pairs), Fraction(0)))
        waiting_ns = min(round(self.draw(self.profile[waits])), duration_ns) if waits else 0
        threads = self.profile["threads of a start"].value if several_threads else Fraction(1)
        yield from self.watch.begins(who, what, duration_ns, works=waiting_ns < duration_ns)
        with ExitStack() as held:
            if holds:
                yield held.enter_context(self.host.lock(holds).request())
            start_ns = int(self.clock.now)
            yield from self.host.work(duration_ns - waiting_ns, threads)
            yield self.clock.timeout(waiting_ns)
        costs = tuple(CostUse(name, times_as_text(Fraction(times))) for name, times in pairs)
        self.phases.append(Phase(who, what, start_ns, int(self.clock.now), costs))
        self.watch.ends()


def server_process(start: Start, workers: int, who: str = "nginx", cost: str = "nginx start") -> Process:
    """A server program from its execve to the process that waits for connections."""
    yield from start.phase("kernel", "fork and exec", "fork and exec")
    yield from start.phase(who, "load libraries, read the configuration, listen", cost)
    if workers:
        yield from start.phase("kernel", "fork the workers", ("fork", workers))


def virtual_machine(start: Start) -> Process:
    """QEMU from its command to the guest's first process, and on to where services start."""
    yield from start.phase("QEMU", "start, set up the machine", "QEMU start", "QEMU to firmware")
    yield from start.phase("firmware", "find the boot device", "firmware")
    yield from start.phase("firmware", "load the kernel", "kernel load")
    yield from start.phase("guest kernel", "decompress itself", "kernel decompression")
    yield from start.phase("guest kernel", "devices, root file system, first process", "kernel start")
    yield from start.phase("guest init", "mount, configure the network, start services", "guest services")
