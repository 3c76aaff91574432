"""The one place where delays come in, and what happens at one instant."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cutaway.sim.clock import LATEST_NS, Clock, Process


@pytest.mark.parametrize("delay", [math.nan, math.inf, -1, 1.0, 0.5, True, "1", None])
def test_a_delay_is_a_whole_number_from_0_on(delay: Any) -> None:
    clock = Clock(initial_time=0)
    with pytest.raises(ValueError, match="delay"):
        clock.timeout(delay)
    assert clock.peek() == math.inf and clock.now == 0


def test_time_ends_at_2_to_the_62() -> None:
    clock = Clock(initial_time=0)
    clock.timeout(LATEST_NS)
    clock.run()
    assert clock.now == LATEST_NS
    with pytest.raises(ValueError, match="out of the simulated time"):
        clock.timeout(1)


def test_timeouts_that_nobody_waits_for_are_forgotten() -> None:
    clock = Clock(initial_time=0)
    early, late = clock.timeout(5), clock.timeout(10)

    def waits() -> Process:
        yield early | clock.timeout(7)
        yield late
    clock.process(waits())
    while clock.peek() < 7:
        clock.step()
    clock.forget_idle()
    assert clock.peek() == 10      # not 7: what was waited for has come
    clock.run()
    assert clock.now == 10
