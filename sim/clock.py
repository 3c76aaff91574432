"""The clock of what is rare: SimPy's environment on whole nanoseconds, the one place where delays come in.

What runs on it is a SimPy process: a start-up, a warm-up, a change of load. `sim.world` lets it and the traffic take turns.
"""

from __future__ import annotations

from collections.abc import Generator
from heapq import heappop
from typing import Any

import simpy

Process = Generator[simpy.Event, Any, Any]
LATEST_NS = 1 << 62
"""Times and durations above 146 years are refused: 64-bit integers would wrap at twice that."""


class Clock(simpy.Environment):
    """SimPy's environment where a wrong delay is refused.

    SimPy itself takes a delay of nan, fires it first, and keeps nan as the time.
    """

    def timeout(self, delay: float = 0, value: Any = None) -> simpy.events.Timeout:
        """An event after `delay` ns, a whole number from 0 on. Raises ValueError."""
        if isinstance(delay, bool) or not isinstance(delay, int):
            raise ValueError(f"a delay of {delay!r} is not a whole number of nanoseconds")
        if delay < 0 or self.now + delay > LATEST_NS:
            raise ValueError(f"a delay of {delay} ns at {self.now} ns leads out of the simulated time, 0 to {LATEST_NS} ns")
        return super().timeout(delay, value)

    def forget_idle(self) -> None:
        """Takes away the next timeouts as long as nobody waits for them any more, as for the grace of a stop that was not needed.

        For a clock that leaps to what comes next: it would go there for nothing.
        """
        while self._queue and isinstance(event := self._queue[0][-1], simpy.Timeout) and event.callbacks == []:
            heappop(self._queue)
