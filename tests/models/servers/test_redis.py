"""One command in Redis, and what redis-benchmark makes of it."""

from __future__ import annotations

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.costs import Profile
from cutaway.models.generators.redis_benchmark import RedisBenchmark
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.operations import Accept, Afterwards, Ask, Compute, Receive, Send, Serve, SystemCall
from cutaway.models.servers.program import Place
from cutaway.models.servers.redis import Redis, RedisPart
from cutaway.sim.machine import Respond, Work
from cutaway.sim.simulate import Span, simulate


def redis(profile: Profile, part: RedisPart | None = None) -> Redis:
    return Redis(profile, part or RedisPart(), Place(("cpu0",)))


def test_an_answer_is_written_when_all_of_a_round_has_been_read(profile: Profile) -> None:
    items = list(redis(profile).lower(Serve("redis", 36, 9, "GET")))
    assert [type(item) for item in items] == [Receive, Compute, Respond, Work, SystemCall, Send]
    answers = items[3]
    assert isinstance(answers, Work) and answers.next_round and not answers.stopwatch
    [loop] = redis(profile).fittings().threads
    assert loop.count == 1 and loop.batch > 10_000


def test_messages_are_as_long_as_the_protocol_has_them(profile: Profile) -> None:
    [get] = redis(profile, RedisPart(value=3)).exchanges()
    [put] = redis(profile, RedisPart(operation="set", value=3)).exchanges()
    asked, told = b"*2\r\n$3\r\nGET\r\n$16\r\nkey:__rand_int__\r\n", b"$3\r\nxxx\r\n"
    assert (get.request_bytes, get.response_bytes) == (len(asked), len(told))
    asked, told = b"*3\r\n$3\r\nSET\r\n$16\r\nkey:__rand_int__\r\n$3\r\nxxx\r\n", b"+OK\r\n"
    assert (put.request_bytes, put.response_bytes) == (len(asked), len(told))


def test_redis_benchmark_counts_until_it_begins_to_read(profile: Profile) -> None:
    client = RedisBenchmark(profile, ClosedLoopPart(), "redis")
    write, send, turned = list(client.lower(Ask("client", 36)))
    assert isinstance(write, Work) and write.next_round and write.stopwatch and send == Send("client", 36, local=True)
    assert isinstance(turned, Afterwards)
    receive, rest = list(client.lower(Accept("client", 9)))
    assert isinstance(receive, Receive) and isinstance(rest, Afterwards) and isinstance(rest.operations[0], Compute)


def test_the_fitted_costs_meet_the_rows_that_they_were_fitted_on(profile: Profile) -> None:
    """10 connections on the bare system; GET and SET were measured apart, and have the same costs."""
    for operation in ("get", "set"):
        part = RedisPart(operation=operation, cpus=(1,))  # type: ignore[arg-type]
        load = ClosedLoopPart(where="loopback", connections=10, cpus=(0,))
        machine = stack.build("native", [HardwarePart(cpus=2), LinuxPart(), part], load, profile)
        result = simulate(machine, 1, Span(100_000_000, duration_ns=500_000_000)).result
        for thread, who in (("redis", "server"), ("client", "client")):
            us = result.threads[thread]["running_ns"] / result.served / 1e3
            assert abs(us / profile.rows[f"apps.redis.native.c=10.operation={operation}.{who}_cpu_per_request"].value - 1) < 0.04
    assert abs(result.throughput / profile.rows["apps.redis.native.c=10.operation=get.throughput"].value - 1) < 0.05
