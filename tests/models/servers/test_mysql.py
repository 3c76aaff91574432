"""Statements in the threads of their connections, and sysbench's read-only transaction."""

from __future__ import annotations

import pytest

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.costs import Profile
from cutaway.models.generators.sysbench import Sysbench
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.operations import Accept, Ask, Compute, Receive, Send, Serve
from cutaway.models.servers.mysql import Mysql, MysqlPart
from cutaway.models.servers.program import Place
from cutaway.sim.machine import Machine, Respond, Work
from cutaway.sim.simulate import Span, simulate


def machine(connections: int, profile: Profile, cpus: int = 8) -> Machine:
    load = ClosedLoopPart(connections=connections, cpus=tuple(range(8)))
    return stack.build("native", [HardwarePart(cpus=cpus), LinuxPart(), MysqlPart()], load, profile)


def test_messages_are_as_long_as_the_protocol_makes_them(profile: Profile) -> None:
    begin, point, *_ = Mysql(profile, MysqlPart(), Place(("cpu0",))).exchanges()
    assert begin.request_bytes == len(b"\x0a\0\0\0" + b"\x17" + b"\1\0\0\0" + b"\0" + b"\1\0\0\0")
    assert point.request_bytes == begin.request_bytes + len(b"\0\0" + b"\7\0\0\0")
    column = b"\3def\4test\6sbtest\6sbtest\1c\1c" + b"\x0c\x08\0\x78\0\0\0\xfe\1\0\0\0\0"
    packets = [b"\1", column, b"\xfe\0\0\2\0", b"\0\0\0", b"\xfe\0\0\2\0"]
    assert point.response_bytes == sum(len(b"\0\0\0\0" + packet) for packet in packets)


def test_a_transaction_is_as_large_as_the_counters_beside_the_published_runs_say(profile: Profile) -> None:
    """20 and 152 bytes a packet beyond 66 of headers: mysql/results/bml-10run/decoded-0-0.csv of kvm-docker-comparison."""
    exchanges = Mysql(profile, MysqlPart(), Place(("cpu0",))).exchanges()
    assert len(exchanges) == 16
    assert sum(one.request_bytes for one in exchanges) / 16 == pytest.approx(20, abs=0.5)
    assert sum(one.response_bytes for one in exchanges) / 16 == pytest.approx(152, rel=0.02)


def test_a_statement_is_read_carried_out_and_answered(profile: Profile) -> None:
    program = Mysql(profile, MysqlPart(), Place(("cpu0",), connections=4))
    assert [type(item) for item in program.lower(Serve("mysql", 20, 74, "SELECT", last=False))] == [Receive, Compute, Send]
    assert [type(item) for item in program.lower(Serve("mysql", 14, 11, "COMMIT"))] == [Receive, Compute, Respond, Send]


def test_both_ends_have_a_thread_a_connection(profile: Profile) -> None:
    threads = {thread.name: thread for thread in machine(7, profile).threads}
    assert [(threads[name].count, threads[name].batch, threads[name].poll_ns) for name in ("mysql", "client")] == [(7, 1, 0)] * 2


def test_sysbench_looks_at_its_watch_once_a_transaction(profile: Profile) -> None:
    client = Sysbench(profile, ClosedLoopPart(), "mysql")
    first, later = (next(iter(client.lower(Ask("client", 60, "x", first=first)))) for first in (True, False))
    assert isinstance(first, Work) and first.stopwatch and isinstance(later, Work) and not later.stopwatch
    assert [type(item) for item in client.lower(Accept("client", 20, "x"))] == [Receive, Compute]


def test_threads_of_their_own_go_on_side_by_side_until_the_cpus_are_full(profile: Profile) -> None:
    one, four, many = (simulate(machine(count, profile, 4), 1, Span(50_000_000, count * 40)).result for count in (1, 4, 40))
    assert four.throughput == pytest.approx(4 * one.throughput, rel=0.05)
    busy = sum(cpu["task_ns"] + cpu["irq_ns"] for name, cpu in many.cpus.items() if name.startswith("cpu")) / (4 * many.counted_ns)
    assert 0.95 < busy <= 1 and 16 * profile.ns("mysql statement") * many.throughput < 4e9
