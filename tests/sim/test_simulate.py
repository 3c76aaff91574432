"""A whole run: what is counted, and when it ends."""

from __future__ import annotations

from cutaway.sim.laws import check
from cutaway.sim.machine import FIXED, Cpu, Kernel, Machine, OpenLoop, Plan, Thread, Work
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.traffic.engine import Traffic

MS = 1_000_000
OVERLOADED = Machine(
    "overloaded",
    ("server",),
    (Kernel("host", "server", 3 * MS, 4 * MS),),
    (Cpu("cpu0", "host"),),
    (Thread("server", ("cpu0",), layer="server"),),
    (Plan("plan", (Work("server", "answer", "server", 2 * MS),)),),
    (OpenLoop("client", "plan", 1 * MS, FIXED),),
)
"""A request a millisecond, of two milliseconds of work."""


def test_who_is_waited_for_counts_with_its_latency() -> None:
    """100 arrive in 100 ms and are served after 200 ms, the last 101 ms after it came."""
    result = simulate(OVERLOADED, 1, Span(duration_ns=100 * MS, drain_ns=1000 * MS)).result
    assert (result.served, result.in_flight[1], result.counted_ns) == (100, 0, 200 * MS)
    assert result.latency_max_ns == 101 * MS


def test_waiting_has_an_end() -> None:
    result = simulate(OVERLOADED, 1, Span(duration_ns=100 * MS, drain_ns=30 * MS)).result
    assert (result.counted_ns, result.served, result.in_flight[1]) == (130 * MS, 64, 36)


def test_without_waiting_a_run_ends_with_its_time() -> None:
    result = simulate(OVERLOADED, 1, Span(duration_ns=100 * MS)).result
    assert (result.counted_ns, result.served, result.in_flight[1]) == (100 * MS, 49, 51)


def test_ended_arrivals_stay_ended_and_the_laws_hold() -> None:
    traffic = Traffic(OVERLOADED, 1)
    traffic.advance(10 * MS)
    traffic.end_arrivals()
    issued = traffic.in_flight + traffic.served
    traffic.advance(1000 * MS)
    traffic.settle()
    assert (traffic.served, traffic.in_flight) == (issued, 0) and check(traffic) == []
