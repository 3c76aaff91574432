"""What a run comes to, at the borders of 64 bits."""

from __future__ import annotations

import pytest

from cutaway.sim.machine import FIXED, ClosedLoop, Cpu, Kernel, Machine, Pause, Plan, Thread
from cutaway.sim.results import TooLarge
from cutaway.sim.simulate import Run, Span, simulate

DAY = 24 * 3600 * 1_000_000_000


def waiting(connections: int) -> Run:
    """Each connection has one answer, after 20 days."""
    machine = Machine(
        "slow",
        ("client",),
        (Kernel("kernel", "client", 1_000_000, 0),),
        (Cpu("cpu0", "kernel"),),
        (Thread("client", ("cpu0",)),),
        (Plan("request", (Pause("client", "wait", 20 * DAY, FIXED),)),),
        (ClosedLoop("clients", "request", connections),),
    )
    return simulate(machine, 1, Span(requests=connections))


def test_latencies_sum_exactly_up_to_62_bits() -> None:
    result = waiting(2_000).result
    assert result.latency_sum_ns == int(result.ledger_ns.sum()) == 2_000 * 20 * DAY


@pytest.mark.parametrize("connections", [3_000, 6_000, 12_000])
def test_beyond_that_no_figure_is_given(connections: int) -> None:
    """6,000 times 20 days is beyond 2**63 ns: negative in 64 bits; 12,000 times is beyond 2**64: positive again, and wrong."""
    with pytest.raises(TooLarge, match=rf"slow: the latencies of {connections:,} requests sum to about .* expected at most 4\.61e\+09 s"):
        waiting(connections)
