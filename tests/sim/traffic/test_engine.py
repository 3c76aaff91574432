"""What the engine refuses to go on with."""

from __future__ import annotations

import pytest

from cutaway.sim.machine import Cpu, Fork, Kernel, Machine, OpenLoop, Plan, Step, Thread, Work
from cutaway.sim.traffic import engine
from cutaway.sim.traffic.engine import Overloaded, Traffic

US, S = 1_000, 1_000_000_000


def machine(*steps: Step, interval_ns: int) -> Machine:
    """One server of one CPU, and requests that arrive at their own rate."""
    return Machine(
        "server",
        ("kernel", "server"),
        (Kernel("kernel", "kernel", 3_000_000, 0),),
        (Cpu("cpu0", "kernel"),),
        (Thread("server", ("cpu0",)),),
        (Plan("request", steps),),
        (OpenLoop("clients", "request", interval_ns),),
    )


def test_more_requests_under_way_than_memory_should_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_UNDER_WAY", 4096)
    traffic = Traffic(machine(Work("server", "serve", "server", 100 * US), interval_ns=10 * US), 1)
    told = r"^server: after 0\.0\d+ s of simulated time 4,\d+ requests are under way at once; expected at most 4,096\."
    with pytest.raises(Overloaded, match=told):
        traffic.advance(100 * S)


def test_a_run_of_too_many_events_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_EVENTS", 1_000_000)
    traffic = Traffic(machine(Work("server", "serve", "server", 1 * US), interval_ns=100 * US), 1)
    with pytest.raises(Overloaded, match=r"1,048,576 events have happened; expected at most 1,000,000\."):
        traffic.advance(3600 * S)


def test_a_step_parts_into_no_more_branches_than_a_trace_can_number() -> None:
    branch = (Work("server", "serve", "server", 1 * US),)
    with pytest.raises(ValueError, match="parts into 256 branches; expected at most 255"):
        Traffic(machine(Fork((branch,) * 256), interval_ns=100 * US), 1)
