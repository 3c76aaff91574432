"""What starts at the same moment share on one host: its CPUs, and locks of its kernel.

Serves: `Host`; `Locks`, its half that a simulated Docker host has, too. Work takes its time when the CPUs suffice for all that runs, and
longer by the same factor for all where they do not: work of several threads wants as many CPUs. A lock is held by one at a time, in the
order of asking.
Not modelled: priorities, disks. Read first: docs/models/startup.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil
from typing import Protocol

from simpy import Event, Resource

from cutaway.sim.clock import Clock, Process


@dataclass(eq=False, slots=True)
class _Work:
    left_ns: Fraction
    """At full speed."""
    threads: Fraction
    done: Event


class Shared(Protocol):
    """What a start asks of the host that it shares."""

    def work(self, duration_ns: int, threads: Fraction = Fraction(1)) -> Process:
        """Ends when so much was done: after `duration_ns` at full speed, which takes `threads` CPUs all the time (a mean, from 1 on)."""

    def lock(self, name: str) -> Resource:
        """Taken by `with host.lock(name).request() as turn: yield turn`."""


class Locks:
    """Of a kernel, by name."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._locks: dict[str, Resource] = {}

    def lock(self, name: str) -> Resource:
        return self._locks.setdefault(name, Resource(self.clock))


class Host(Locks):
    """CPUs and locks, for starts alone. With one work at a time nothing waits."""

    def __init__(self, clock: Clock, cpus: int) -> None:
        super().__init__(clock)
        self.cpus = cpus
        self._running: list[_Work] = []
        self._settled_ns = 0
        self._next: Event | None = None

    def work(self, duration_ns: int, threads: Fraction = Fraction(1)) -> Process:
        self._settle()
        one = _Work(Fraction(duration_ns), threads, self.clock.event())
        self._running.append(one)
        self._plan()
        try:
            yield one.done
        finally:
            if one in self._running:                                        # given up half-way
                self._settle()
                self._running.remove(one)
                self._plan()

    @property
    def wanted(self) -> Fraction:
        """CPUs that would be busy now, if there were enough."""
        return sum((one.threads for one in self._running), Fraction(0))

    @property
    def _speed(self) -> Fraction:
        return min(Fraction(1), self.cpus / self.wanted)

    def _settle(self) -> None:
        """Takes what was done since the last time off all that runs."""
        now_ns = int(self.clock.now)
        if self._running:
            done_ns = (now_ns - self._settled_ns) * self._speed
            for one in self._running:
                one.left_ns -= done_ns
        self._settled_ns = now_ns

    def _plan(self) -> None:
        """The next end; one that was planned before no longer counts."""
        self._next = None
        if self._running:
            first_ns = max(min(one.left_ns for one in self._running), Fraction(0))
            self._next = self.clock.timeout(ceil(first_ns / self._speed))
            self._next.callbacks.append(self._came)

    def _came(self, event: Event) -> None:
        if event is not self._next:
            return
        self._settle()
        for one in [one for one in self._running if one.left_ns <= 0]:
            self._running.remove(one)
            one.done.succeed()
        self._plan()
