"""Requests in line, and the quota."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.models.costs import Profile
from cutaway.models.docker.processes.station import PERIOD_NS, Bandwidth, Station
from cutaway.sim.clock import Process
from tests.models.docker.host import Host

MS = 1_000_000


@pytest.mark.parametrize(("at_once", "ends"), [(1, [1, 2, 3, 4]), (2, [1, 1, 2, 2])])
def test_so_many_are_served_at_once_and_the_others_wait_in_order(profile: Profile, at_once: int, ends: list[int]) -> None:
    host = Host(profile)
    worker = host.run("busybox", "sleep", "1000").main
    assert worker is not None
    station, begun, found = Station(worker, at_once), int(host.clock.now), []

    def asking() -> Process:
        yield from station.serve(worker, MS)
        found.append((int(host.clock.now) - begun) // MS)
    for _ in range(4):
        host.clock.process(asking())
    host.let_pass(1)
    assert found == ends and worker.cpu_ns == 4 * MS


def test_who_has_used_the_quota_goes_on_in_the_next_period() -> None:
    bandwidth, half = Bandwidth(), Fraction(1, 2)
    assert bandwidth.end_of(0, 40 * MS, half) == 40 * MS
    assert bandwidth.end_of(40 * MS, 40 * MS, half) == PERIOD_NS + 30 * MS      # 10 ms are left, 30 in the next
    assert bandwidth.throttled_ns == 50 * MS
    assert bandwidth.end_of(0, 40 * MS, None) == 40 * MS


@given(st.lists(st.tuples(st.integers(0, 50 * MS), st.integers(1, 130 * MS)), min_size=1, max_size=30), st.fractions(Fraction(1, 20), 3))
def test_no_period_gives_more_than_the_quota(work: list[tuple[int, int]], cpus: Fraction) -> None:
    """In so many periods no more CPU time is used than they allow, however it comes."""
    bandwidth, now, used = Bandwidth(), 0, 0
    for pause, cpu in work:
        now = bandwidth.end_of(now + pause, cpu, cpus)
        used += cpu
        assert used <= (now // PERIOD_NS + 1) * max(1, int(cpus * PERIOD_NS))
