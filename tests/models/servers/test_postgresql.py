"""Statements in the processes of their connections, and pgbench's transactions."""

from __future__ import annotations

import pytest

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.costs import Profile
from cutaway.models.generators.pgbench import Pgbench
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.operations import Accept, Afterwards, Ask, Compute, FlushFile, Receive, Send, Serve
from cutaway.models.servers.postgresql import Postgresql, PostgresqlPart
from cutaway.models.servers.program import Place
from cutaway.sim.machine import DiskAccess, Machine, Respond, Work
from cutaway.sim.simulate import Span, simulate

SIMPLE = PostgresqlPart(script="simple-update", cpus=(1,))


def machine(part: PostgresqlPart, connections: int, profile: Profile) -> Machine:
    load = ClosedLoopPart(where="loopback", connections=connections, cpus=(0,))
    return stack.build("native", [HardwarePart(cpus=2), LinuxPart(), part], load, profile)


def test_a_transaction_is_what_pgbench_sends(profile: Profile) -> None:
    program = Postgresql(profile, SIMPLE, Place(("cpu0",), connections=4))
    exchanges = program.exchanges()
    assert [one.what for one in exchanges] == ["BEGIN", "UPDATE", "SELECT", "INSERT", "END"]
    assert exchanges[0].request_bytes == len(b"Q\0\0\0\0BEGIN;\0") and exchanges[-1].response_bytes == len(b"C\0\0\0\0COMMIT\0Z\0\0\0\0I")
    [alone] = Postgresql(profile, PostgresqlPart(), Place(("cpu0",))).exchanges()
    assert alone.what == "SELECT"


def test_only_the_end_of_a_transaction_is_flushed_before_it_is_answered(profile: Profile) -> None:
    program = Postgresql(profile, SIMPLE, Place(("cpu0",), connections=4))
    update = list(program.lower(Serve("postgresql", 80, 20, "UPDATE", last=False)))
    end = list(program.lower(Serve("postgresql", 10, 18, "END")))
    assert [type(item) for item in update] == [Receive, Compute, Compute, Send]
    assert [type(item) for item in end] == [Receive, Compute, Compute, FlushFile, Respond, Send]
    built = machine(SIMPLE, 4, profile)
    assert [step.disk for step in built.plans[0].steps if isinstance(step, DiskAccess)] == ["log"]
    assert "log" not in {disk.name for disk in machine(PostgresqlPart(), 4, profile).disks}


def test_each_connection_has_a_process_of_its_own(profile: Profile) -> None:
    [backends] = [thread for thread in machine(SIMPLE, 7, profile).threads if thread.name == "postgresql"]
    assert (backends.count, backends.choose, backends.batch) == (7, "by connection", 1)


def test_pgbench_goes_on_at_once_within_a_transaction_and_begins_the_next_in_the_next_round(profile: Profile) -> None:
    client = Pgbench(profile, ClosedLoopPart(), "postgresql")
    first, later = (next(iter(client.lower(Ask("client", 60, "x", first=first)))) for first in (True, False))
    assert isinstance(first, Work) and first.next_round and first.stopwatch
    assert isinstance(later, Work) and not later.next_round and not later.stopwatch
    assert [type(item) for item in client.lower(Accept("client", 20, "x", last=False))] == [Receive, Compute]
    assert [type(item) for item in client.lower(Accept("client", 20, "x"))] == [Receive, Compute, Afterwards]


@pytest.mark.parametrize("script", ["select-only", "simple-update"])
def test_the_fitted_costs_meet_the_rows_that_they_were_fitted_on(script: str, profile: Profile) -> None:
    built = machine(PostgresqlPart(script=script, cpus=(1,)), 4, profile)  # type: ignore[arg-type]
    result = simulate(built, 1, Span(100_000_000, duration_ns=1_000_000_000)).result
    row = f"apps.postgresql-15-pgbench-{script}.native.c=4.mode={script}"
    for thread, who in (("postgresql", "server"), ("client", "client")):
        ns = sum(found["running_ns"] for name, found in result.threads.items() if name.partition("#")[0] == thread)
        assert abs(ns / result.served / 1e3 / profile.rows[f"{row}.{who}_cpu_per_request"].value - 1) < 0.03
    assert abs(result.throughput / profile.rows[f"{row}.throughput"].value - 1) < 0.03
