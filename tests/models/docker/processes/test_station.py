"""Requests in line."""

import pytest

from cutaway.models.costs import Profile
from cutaway.models.docker.processes.station import Station
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
