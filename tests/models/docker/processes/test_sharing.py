"""Containers that compete for the CPUs of one host: what each gets, by shares, quotas and cpusets, beside theory and the traffic engine."""

from collections.abc import Callable
from typing import Any

import pytest

from cutaway.models.costs import Profile
from cutaway.models.docker.container import Container
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.station import Station
from cutaway.sim.clock import Process as Steps
from cutaway.sim.machine import ClosedLoop, Cpu, Group, Kernel, Machine, Plan, Thread, Work
from cutaway.sim.results import result_of
from cutaway.sim.trace import SERVED
from cutaway.sim.traffic.engine import Traffic
from tests.models.docker.host import MACHINE, SECOND, Host, log

MS = 1_000_000
HOG = ("sh", "-c", "while :; do :; done")


@pytest.fixture
def host_of(profile: Profile) -> Callable[[int], Host]:
    return lambda cpus: Host(profile, cpus)


def cpu_ns(container: Container) -> int:
    assert container.space is not None
    return container.space.cpu_ns


def shares(host: Host, containers: list[Container], seconds: float = 4) -> list[float]:
    """CPU time a time of each, from now on."""
    before = [cpu_ns(one) for one in containers]
    host.let_pass(seconds)
    return [(cpu_ns(one) - was) / seconds / SECOND for one, was in zip(containers, before, strict=True)]


@pytest.mark.parametrize(("cpus", "limits", "expected"), [
    (1, [{}, {}], [1 / 2, 1 / 2]),
    (1, [{"CpuShares": 1024}, {"CpuShares": 512}], [2 / 3, 1 / 3]),
    (1, [{"NanoCpus": 250_000_000}, {}], [1 / 4, 3 / 4]),
    (1, [{"CpuQuota": 30_000, "CpuPeriod": 50_000}, {"CpuShares": 3072}], [1 / 4, 3 / 4]),      # the quota is more than its share
    (2, [{}, {}, {}], [2 / 3, 2 / 3, 2 / 3]),
    (2, [{"CpuShares": 2048}, {}, {}], [1, 1 / 2, 1 / 2]),
    (2, [{"CpusetCpus": "1"}, {"CpusetCpus": "1"}, {"CpusetCpus": "0"}], [1 / 2, 1 / 2, 1]),
    (2, [{"NanoCpus": 500_000_000}, {}], [1 / 2, 1]),
    (2, [{}] * 10, [1 / 5] * 10),
])  # fmt: skip
def test_hogs_get_their_share(host_of: Callable[[int], Host], cpus: int, limits: list[dict[str, Any]], expected: list[float]) -> None:
    """Weighted fair sharing of the CPUs that each may use, and no more than a quota; nothing is left idle that somebody may use."""
    host = host_of(cpus)
    found = shares(host, [host.run("busybox", *HOG, **one) for one in limits])
    assert found == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("percent", [25, 50])
def test_a_quota_is_met_period_by_period(host_of: Callable[[int], Host], percent: int) -> None:
    """As a real container was seen: 20 periods in two seconds, throttled in each, for all of the time that it does not run."""
    host = host_of(2)
    hog = host.run("busybox", *HOG, NanoCpus=percent * 10_000_000)
    assert hog.space is not None
    group = hog.space.group
    host.let_pass(0.05)         # in the middle of a period
    before = group.periods, group.throttled_periods, group.throttled_until(int(host.clock.now))
    assert shares(host, [hog], 2) == [pytest.approx(percent / 100, abs=0.01)]
    assert (group.periods - before[0], group.throttled_periods - before[1]) == (20, 20)
    assert (group.throttled_until(int(host.clock.now)) - before[2]) / 2 / SECOND == pytest.approx(1 - percent / 100, abs=0.01)


def test_threads_of_one_container_share_what_it_gets(host_of: Callable[[int], Host]) -> None:
    """Three loops in one weigh as much as one in another."""
    host = host_of(1)
    many = host.run("busybox", "sh", "-c", "for i in 1 2 3; do while :; do :; done & done; wait")
    assert shares(host, [many, host.run("busybox", *HOG)]) == pytest.approx([1 / 2, 1 / 2], abs=0.01)


def test_an_update_counts_at_once(host_of: Callable[[int], Host]) -> None:
    host = host_of(2)
    first, second = (host.run("busybox", *HOG, CpusetCpus="0") for _ in range(2))
    host.daemon.update(first, {"CpuShares": 3072})
    assert shares(host, [first, second]) == pytest.approx([3 / 4, 1 / 4], abs=0.01)
    host.daemon.update(second, {"CpusetCpus": "1"})
    assert shares(host, [first, second]) == pytest.approx([1, 1], abs=0.01)
    host.daemon.update(second, {"NanoCpus": 200_000_000})
    assert shares(host, [first, second]) == pytest.approx([1, 0.2], abs=0.01)


def test_who_stands_still_leaves_the_cpu(host_of: Callable[[int], Host]) -> None:
    """By `docker pause`, by SIGSTOP, and by its end."""
    host = host_of(1)
    first, second = (host.run("busybox", *HOG) for _ in range(2))
    for stop, go_on in (
        (host.daemon.lifecycle.pause, host.daemon.lifecycle.unpause),
        (lambda one: host.daemon.lifecycle.kill(one, "STOP"), lambda one: host.daemon.lifecycle.kill(one, "CONT")),
    ):
        host.done(stop(first))
        assert shares(host, [first, second], 1) == [0, pytest.approx(1, abs=0.001)]
        host.done(go_on(first))
        assert shares(host, [first, second], 1) == pytest.approx([1 / 2, 1 / 2], abs=0.02)
    host.done(host.daemon.lifecycle.kill(first, "KILL"))
    assert first.exit_code == 137 and second.status == "running"
    assert shares(host, [second], 1) == [pytest.approx(1, abs=0.001)]


@pytest.mark.parametrize(("limits", "rate"), [
    ({"CpusetCpus": "0"}, 1 / 2), ({"CpusetCpus": "0", "NanoCpus": 100_000_000}, 9 / 10), ({"CpusetCpus": "0", "CpuShares": 2}, 1),
    ({"CpusetCpus": "1"}, 1),
])  # fmt: skip
def test_a_hog_slows_a_server_unless_it_is_kept_away(host_of: Callable[[int], Host], limits: dict[str, Any], rate: float) -> None:
    """By a quota, by few shares, by another CPU; of 1,000 requests a second that it can answer."""
    host = host_of(2)
    worker = host.run("busybox", "sleep", "1000", CpusetCpus="0").main
    host.run("busybox", *HOG, **limits)
    assert worker is not None
    station, took = Station(worker, 1), list[int]()
    for _ in range(2):
        host.clock.process(asked(station, worker, MS, took))
    host.let_pass(2)
    assert len(took) / 2_000 == pytest.approx(rate, abs=0.02)


def test_a_start_and_a_container_take_cpu_time_from_each_other(host_of: Callable[[int], Host]) -> None:
    """The work of daemons and runtimes is as heavy as a container: it takes twice as long beside a loop, which has the rest."""
    host = host_of(1)
    one, group = host.run("busybox", "true"), host.daemon.daemons.group

    def start_ns() -> int:
        host.let_pass(1)
        began = int(host.clock.now)
        host.done(host.daemon.lifecycle.start(one))
        return int(host.clock.now) - began

    alone_ns, hog = start_ns(), host.run("busybox", *HOG)
    host.let_pass(1)
    before = group.used_ns, cpu_ns(hog), int(host.clock.now)
    beside_ns = start_ns()
    worked_ns = group.used_ns - before[0]
    assert beside_ns == pytest.approx(alone_ns + worked_ns, rel=0.02) and worked_ns > alone_ns / 2
    assert cpu_ns(hog) - before[1] == int(host.clock.now) - before[2] - worked_ns


def test_a_stopped_process_can_be_killed_and_shows_its_state(host_of: Callable[[int], Host]) -> None:
    host = host_of(1)
    container = host.run("busybox", "sh", "-c", "sleep 100 & kill -STOP 2; top -n1; kill -KILL 2; wait; echo over")
    host.let_pass(1)
    assert [line.split()[3] for line in log(container).splitlines() if "sleep 100" in line and line.split()[0] == "2"] == ["T"]
    assert container.status == "exited" and "over" in log(container)


def test_an_idle_machine_has_no_events(host_of: Callable[[int], Host]) -> None:
    """Nor has a loop that nobody competes with, so that a clock that leaps to the next event stays where it is."""
    host = host_of(2)
    for _ in range(10):
        host.run("nginx", NanoCpus=500_000_000)
    hog = host.run("busybox", "sh", "-c", "dd if=/dev/zero of=/dev/null & while :; do :; done")
    host.let_pass(1)
    assert shares(host, [hog], 1) == [2]
    while host.clock.peek() <= host.clock.now:
        host.clock.step()
    assert host.clock.peek() == float("inf")


def test_a_loop_that_a_trap_ends_hears_it(host_of: Callable[[int], Host]) -> None:
    host = host_of(1)
    container = host.run("busybox", "sh", "-c", "trap 'echo told; exit 3' TERM; while true; do :; done")
    assert shares(host, [container], 1) == [pytest.approx(1, abs=0.01)]
    assert host.stop(container) == 3 and "told" in log(container)


# --- beside the traffic engine ---------------------------------------------------------------------------------------------------------


def asked(station: Station, worker: Process, demand_ns: int, took: list[int]) -> Steps:
    """A client that asks again as soon as it is answered, a microsecond later."""
    clock = worker.clock
    while True:
        yield clock.timeout(1_000)
        began = int(clock.now)
        yield from station.serve(worker, demand_ns)
        took.append(int(clock.now) - began)


def here(host: Host, servers: list[dict[str, Any]], hogs: int, seconds: int) -> list[list[int]]:
    """Response times at each server, all on the first CPU."""
    for _ in range(hogs):
        host.run("busybox", *HOG, CpusetCpus="0")
    workers = [host.run("busybox", "sleep", "1000", CpusetCpus="0", **limits).main for limits in servers]
    found: list[list[int]] = [[] for _ in servers]
    for worker, took in zip(workers, found, strict=True):
        assert worker is not None
        station = Station(worker, 1)
        for _ in range(2):
            host.clock.process(asked(station, worker, MS, took))
    host.let_pass(seconds)
    return found


def there(servers: list[Group], hogs: int, seconds: int) -> Traffic:
    """The same in the traffic engine."""
    kernel = Kernel("host", "host kernel", MACHINE.slice_ns, MACHINE.tick_ns)
    groups = (*servers, *(Group(f"hog {k}", "host") for k in range(hogs)))
    threads = [Thread(f"hog {k}", ("cpu0",), kind="hog", group=f"hog {k}") for k in range(hogs)]
    plans, clients = [], []
    for k, group in enumerate(servers):
        threads += [Thread(f"server {k}", ("cpu0",), group=group.name), Thread(f"client {k}", (f"cpu{k + 1}",))]
        plans.append(Plan(f"plan {k}", (Work("client", "ask", f"client {k}", 1_000), Work("server", "serve", f"server {k}", MS))))
        clients.append(ClosedLoop(f"clients {k}", f"plan {k}", 2))
    cpus = tuple(Cpu(f"cpu{k}", "host") for k in range(len(servers) + 1))
    machine = Machine("test", ("client", "host kernel", "server"), (kernel,), cpus, tuple(threads), tuple(plans), tuple(clients), groups)
    traffic = Traffic(machine, seed=1)
    traffic.start_counting()
    traffic.advance(seconds * SECOND)
    traffic.settle()
    return traffic


def test_a_server_beside_hogs_is_slowed_as_the_traffic_engine_says(host_of: Callable[[int], Host]) -> None:
    """Throughput, and the 95th percentile, in which the hogs' slices are: within a few per cent."""
    ours, theirs = here(host_of(2), [{}], 2, 10)[0], result_of(there([Group("server", "host")], 2, 10), 1, 0)
    assert len(ours) == pytest.approx(theirs.served, rel=0.03)
    assert sorted(ours)[len(ours) * 95 // 100] == pytest.approx(theirs.percentile_ns(0.95), rel=0.1)


def test_two_servers_share_by_weight_as_in_the_traffic_engine(host_of: Callable[[int], Host]) -> None:
    ours = here(host_of(3), [{"CpuShares": 2048}, {}], 0, 10)
    theirs = there([Group("heavy", "host", weight=2048), Group("light", "host")], 0, 10).w.books[:, SERVED]
    assert [len(one) for one in ours] == pytest.approx([int(count) for count in theirs[:2]], rel=0.03)
    assert len(ours[0]) / len(ours[1]) == pytest.approx(2, rel=0.03)


def test_a_server_with_a_quota_has_its_tail_as_in_the_traffic_engine(host_of: Callable[[int], Host]) -> None:
    ours = here(host_of(2), [{"NanoCpus": 250_000_000}], 0, 10)[0]
    theirs = result_of(there([Group("server", "host", quota_ns=25 * MS)], 0, 10), 1, 0)
    assert len(ours) == pytest.approx(theirs.served, rel=0.03)
    assert sorted(ours)[len(ours) * 99 // 100] == pytest.approx(theirs.percentile_ns(0.99), rel=0.05)
