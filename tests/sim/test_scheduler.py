"""The scheduler, seen from outside: shares by weight, quotas and their tails, steal, interrupts, neighbours."""

from __future__ import annotations

import pytest

from cutaway.sim.laws import check
from cutaway.sim.machine import EXPONENTIAL, ClosedLoop, Cpu, Group, Kernel, Machine, OpenLoop, Plan, Thread, Work
from cutaway.sim.traffic.engine import Traffic

MS = 1_000_000
S = 1000 * MS
HOST = Kernel("host", "host kernel", 3 * MS, 4 * MS)
LAYERS = ("client", "guest kernel", "host kernel", "server")


def run(
    threads: list[Thread],
    *,
    cpus: tuple[Cpu, ...] = (Cpu("cpu0", "host"),),
    kernels: tuple[Kernel, ...] = (HOST,),
    groups: tuple[Group, ...] = (),
    plan: tuple[Work, ...] = (),
    client: OpenLoop | ClosedLoop | None = None,
    seconds: int = 20,
) -> Traffic:
    """A machine after some seconds, settled; no law may be broken."""
    clients = (client,) if client else ()
    traffic = Traffic(Machine("test", LAYERS, kernels, cpus, tuple(threads), (Plan("plan", plan),), clients, groups), seed=1)
    traffic.advance(S)
    traffic.start_counting()
    traffic.advance((1 + seconds) * S)
    traffic.settle()
    assert check(traffic) == []
    return traffic


def share(traffic: Traffic, thread: str) -> float:
    """Of the time elapsed."""
    return float(traffic.thread_counts("running_ns")[traffic.built.threads.index(thread)] / traffic.counted_ns)


def hog(name: str, *, cpus: tuple[str, ...] = ("cpu0",), weight: int = 1024, group: str = "") -> Thread:
    return Thread(name, cpus, kind="hog", weight=weight, group=group)


def test_two_hogs_share_a_cpu_by_weight() -> None:
    traffic = run([hog("heavy", weight=2048), hog("light")])
    assert share(traffic, "heavy") == pytest.approx(2 / 3, abs=0.002)
    assert share(traffic, "heavy") + share(traffic, "light") == pytest.approx(1, abs=1e-9)


def test_groups_share_by_weight_however_many_threads_they_hold() -> None:
    groups = (Group("many", "host"), Group("one", "host"))
    threads = [hog("a", group="many"), hog("b", group="many"), hog("c", group="many"), hog("d", group="one")]
    traffic = run(threads, groups=groups)
    assert share(traffic, "d") == pytest.approx(1 / 2, abs=0.005)
    assert share(traffic, "a") == pytest.approx(1 / 6, abs=0.005)


def test_nested_groups_divide_what_their_parent_gets() -> None:
    groups = (
        Group("parent", "host", weight=3072),
        Group("child", "host", parent="parent", weight=1024),
        Group("sibling", "host", parent="parent"),
    )
    traffic = run([hog("in child", group="child"), hog("in sibling", group="sibling"), hog("outside")], groups=groups)
    assert share(traffic, "outside") == pytest.approx(1 / 4, abs=0.005)
    assert share(traffic, "in child") == pytest.approx(3 / 8, abs=0.005)


def test_hogs_of_one_group_on_two_cpus_get_its_weight_once() -> None:
    """calc_group_shares: a group's weight is split over the CPUs, so two threads of it weigh as much as one outside, together."""
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    threads = [hog("g0", group="g"), hog("g1", cpus=("cpu1",), group="g"), hog("f0"), hog("f1", cpus=("cpu1",))]
    traffic = run(threads, cpus=cpus, groups=(Group("g", "host"),))
    assert share(traffic, "g0") == pytest.approx(1 / 3, abs=0.005)
    assert share(traffic, "f1") == pytest.approx(2 / 3, abs=0.005)


@pytest.mark.parametrize("percent", [10, 25, 50])
def test_a_quota_gives_its_share_and_no_more(percent: int) -> None:
    traffic = run([hog("hog", group="g")], groups=(Group("g", "host", quota_ns=percent * MS),))
    assert share(traffic, "hog") == pytest.approx(percent / 100, abs=0.003)
    group = traffic.w.groups[0]
    assert group.throttled_periods >= group.periods - 2


def test_a_quota_holds_over_several_cpus() -> None:
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    threads = [hog("a", group="g"), hog("b", cpus=("cpu1",), group="g")]
    traffic = run(threads, cpus=cpus, groups=(Group("g", "host", quota_ns=60 * MS),))
    assert share(traffic, "a") + share(traffic, "b") == pytest.approx(0.6, abs=0.01)


def test_a_throttled_server_answers_late_by_the_rest_of_its_period() -> None:
    """At 25 % a server that could work all the time stands still for about 75 of 100 ms: the tail, not the middle, shows it."""
    thread = Thread("server", ("cpu0",), group="g")
    traffic = run(
        [thread, Thread("client", ("cpu1",))],
        cpus=(Cpu("cpu0", "host"), Cpu("cpu1", "host")),
        groups=(Group("g", "host", quota_ns=25 * MS),),
        plan=(Work("client", "ask", "client", 1000), Work("server", "serve", "server", MS, EXPONENTIAL)),
        client=ClosedLoop("clients", "plan", 2),
    )
    book = traffic.w.books[0]
    assert traffic.served / traffic.counted_ns * S == pytest.approx(250, rel=0.05)
    from cutaway.sim.results import result_of

    result = result_of(traffic, 1, 0)
    assert result.percentile_ns(0.5) < 5 * MS
    assert 68 * MS < result.percentile_ns(0.98) < 82 * MS
    assert book[1] == traffic.served


def test_a_guest_that_shares_its_core_with_a_hog_loses_half_of_its_time() -> None:
    """Equal weights: the guest's CPU turns half of the time, and what its hog lacks is steal, not its own waiting."""
    guest = Kernel("guest", "guest kernel", 3 * MS, 4 * MS)
    threads = [Thread("vcpu0", ("cpu0",), kind="vcpu"), hog("host hog"), hog("guest hog", cpus=("guest cpu0",))]
    traffic = run(threads, cpus=(Cpu("cpu0", "host"), Cpu("guest cpu0", "guest", "vcpu0")), kernels=(HOST, guest))
    stolen = traffic.thread_counts("stolen_ns")[traffic.built.threads.index("guest hog")] / traffic.counted_ns
    assert share(traffic, "guest hog") == pytest.approx(1 / 2, abs=0.005)
    assert stolen == pytest.approx(1 / 2, abs=0.005)
    assert traffic.w.cpus[1].lost_ns / traffic.counted_ns == pytest.approx(1 / 2, abs=0.005)


def test_a_guest_in_a_guest_loses_at_both_levels() -> None:
    middle, inner = Kernel("middle", "guest kernel", 3 * MS, 4 * MS), Kernel("inner", "guest kernel", 3 * MS, 4 * MS)
    threads = [
        Thread("vcpu0", ("cpu0",), kind="vcpu"),
        hog("on the host"),
        Thread("vcpu1", ("middle cpu0",), kind="vcpu"),
        hog("in the middle", cpus=("middle cpu0",)),
        hog("inside", cpus=("inner cpu0",)),
    ]
    cpus = (Cpu("cpu0", "host"), Cpu("middle cpu0", "middle", "vcpu0"), Cpu("inner cpu0", "inner", "vcpu1"))
    traffic = run(threads, cpus=cpus, kernels=(HOST, middle, inner), seconds=40)
    assert share(traffic, "in the middle") == pytest.approx(1 / 4, abs=0.005)
    assert share(traffic, "inside") == pytest.approx(1 / 4, abs=0.005)


def test_interrupt_work_runs_before_a_hog() -> None:
    """A request that needs only interrupt work does not wait behind a thread that computes for ever."""
    threads = [hog("hog"), Thread("softirq", ("cpu0",), kind="interrupt")]
    traffic = run(threads, plan=(Work("server", "take", "softirq", 10_000),), client=OpenLoop("clients", "plan", MS))
    book = traffic.w.books[0]
    assert traffic.served > 15_000
    assert book[10] < 200_000


def test_a_server_beside_a_hog_gets_half_when_it_never_sleeps_and_waits_a_tick() -> None:
    """16 connections: throughput halves, and the tail is the 4 ms tick, as measured on a real machine (4.16 ms)."""
    from cutaway.sim.results import result_of

    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    threads = [Thread("server", ("cpu0",)), Thread("client", ("cpu1",))]
    plan = (Work("client", "ask", "client", 1000), Work("server", "serve", "server", 7000))
    alone = run(threads, cpus=cpus, plan=plan, client=ClosedLoop("clients", "plan", 16))
    beside = run([*threads, hog("hog")], cpus=cpus, plan=plan, client=ClosedLoop("clients", "plan", 16))
    assert beside.served / alone.served == pytest.approx(0.5, abs=0.01)
    assert result_of(beside, 1, 0).percentile_ns(0.99) == pytest.approx(4 * MS, rel=0.06)


def test_an_idle_cpu_takes_a_waiting_thread() -> None:
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    both = ("cpu0", "cpu1")
    traffic = run([hog("a", cpus=both), hog("b", cpus=both), hog("c", cpus=both)], cpus=cpus)
    assert sum(share(traffic, name) for name in "abc") == pytest.approx(2, abs=0.001)


def test_a_thread_stays_where_it_may_run() -> None:
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    traffic = run([hog("a"), hog("b")], cpus=cpus)
    assert traffic.w.cpus[1].task_ns == 0
