"""Simulated time beside real time: the clock goes on as the wall's does, slower, or as fast as it can while a command waits.

Everything happens in one thread: the event loop lets the simulation run in short slices, so that neither holds the other up.
"""

from __future__ import annotations

import asyncio
import math
import time
import traceback
from collections.abc import Callable
from typing import Any

import simpy

from cutaway.sim.clock import Clock
from cutaway.sim.clock import Process as Steps

SLICE_S = 0.01
"""Real time after which the event loop has its turn."""
FURTHEST_S = 1.0
"""The loop looks at the time at least so often."""
MAX = math.inf
_SECOND_NS = 1_000_000_000


class Live:
    """The pace of one clock."""

    def __init__(self, clock: Clock, speed: float = 1.0) -> None:
        """`speed` is simulated time a real time; `MAX` leaps to the next event while somebody waits for one, and is 1 else."""
        self.clock = clock
        self.speed = speed
        self.waiting = 0
        """Commands that wait for something to happen."""
        self.stopped = False
        self._poked = asyncio.Event()
        self._rebase()

    def _rebase(self) -> None:
        self._real_ns, self._simulated_ns = time.monotonic_ns(), int(self.clock.now)

    @property
    def _pace(self) -> float:
        return 1.0 if self.speed == MAX else self.speed

    def due_ns(self) -> int:
        """Where the clock should be now."""
        return self._simulated_ns + int((time.monotonic_ns() - self._real_ns) * self._pace)

    # --- the loop ---

    async def run(self) -> None:
        """Lets the simulation run until it is stopped."""
        while not self.stopped:
            self._poked.clear()
            behind = self.catch_up()
            if behind or self._leaps():
                await asyncio.sleep(0)
                continue
            try:
                await asyncio.wait_for(self._poked.wait(), self._until_next())
            except TimeoutError:
                continue

    def _leaps(self) -> bool:
        """Goes to the next event at once where somebody waits and the speed is the greatest."""
        if self.speed != MAX or not self.waiting or not self._comes_something():
            return False
        ends = time.monotonic() + SLICE_S
        while self.waiting and self._comes_something() and time.monotonic() < ends:
            self._step()
        self._rebase()
        return True

    def _comes_something(self) -> bool:
        self.clock.forget_idle()
        return self.clock.peek() != math.inf

    def _until_next(self) -> float:
        at = self.clock.peek()
        if at == math.inf:
            return FURTHEST_S
        return min(FURTHEST_S, max(0.0, (at - self.due_ns()) / _SECOND_NS / self._pace))

    def catch_up(self) -> bool:
        """Brings the clock to where it should be; whether it did not get there."""
        due, ends = self.due_ns(), time.monotonic() + SLICE_S
        there = self.clock.timeout(max(0, due - int(self.clock.now)))
        while not there.processed:
            self._step()
            if time.monotonic() > ends:
                # Too much happens to keep the pace: the simulation takes its time rather than to run after it.
                self._rebase()
                return True
        return False

    def _step(self) -> None:
        try:
            self.clock.step()
        except Exception:  # a defect in one process must not stop the others
            traceback.print_exc()

    def poke(self) -> None:
        """Something was put on the clock from outside."""
        self._poked.set()

    # --- from coroutines ---

    async def do(self, steps: Steps) -> Any:
        """Runs a process and gives its value, or raises what it raises; it goes on if nobody waits any more."""
        self.catch_up()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def guarded() -> Steps:
            try:
                value = yield from steps
            except Exception as error:
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(value)
        self.clock.process(guarded())
        return await self._waited(future)

    async def until(self, event: simpy.Event) -> Any:
        """Waits for an event of the simulation; its value."""
        if event.processed:
            return event.value
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()

        def happened(event: simpy.Event) -> None:
            if not future.done():
                future.set_result(event.value)
        assert event.callbacks is not None
        event.callbacks.append(happened)
        return await self._waited(future)

    async def _waited(self, future: asyncio.Future[Any]) -> Any:
        self.waiting += 1
        self.poke()
        try:
            return await future
        finally:
            self.waiting -= 1

    def now(self, act: Callable[[], Any]) -> Any:
        """Does something at the simulated moment that is due."""
        self.catch_up()
        try:
            return act()
        finally:
            self.poke()
