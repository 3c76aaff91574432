"""A request from step to step: parts that join, links that lose, disks and pools that are full, clients that do not wait."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from cutaway.sim.laws import check
from cutaway.sim.machine import (
    EXPONENTIAL,
    FIXED,
    Acquire,
    ClosedLoop,
    Cpu,
    Deadline,
    Detach,
    Disk,
    DiskAccess,
    Fork,
    Group,
    Kernel,
    Link,
    Machine,
    OpenLoop,
    Pause,
    Plan,
    Pool,
    Release,
    Step,
    Thread,
    Transfer,
    Work,
)
from cutaway.sim.trace import KINDS
from cutaway.sim.traffic import books
from cutaway.sim.traffic import tables as t
from cutaway.sim.traffic.engine import Traffic

US, MS, S = 1_000, 1_000_000, 1_000_000_000
LAYERS = ("client", "wire", "server")
ONE_AT_A_TIME = ClosedLoop("client", "plan", 1, think_ns=10 * MS, think_spread=FIXED)


def machine(*steps: Step, client: ClosedLoop | OpenLoop = ONE_AT_A_TIME, cpus: int = 2, link: Link | None = None) -> Machine:
    """A thread on each CPU, a link of 1 Gbit/s, a disk with two places, a pool of one."""
    names = tuple(f"cpu{k}" for k in range(cpus))
    return Machine(
        "test",
        LAYERS,
        (Kernel("kernel", "server", 3 * MS, 4 * MS),),
        tuple(Cpu(name, "kernel") for name in names),
        tuple(Thread(f"thread{k}", (name,)) for k, name in enumerate(names)),
        (Plan("plan", steps),),
        (client,),
        links=(link or Link("link", 1_000_000_000, 50 * US),),
        disks=(Disk("disk", 2, 3 * MS, 100_000_000),),
        pools=(Pool("lock", 1),),
    )


def work(ns: int, thread: int = 0, *, stopwatch: bool = False) -> Work:
    return Work("server", "work", f"thread{thread}", ns, stopwatch=stopwatch)


def run(made: Machine, until_ns: int = S, seed: int = 1) -> Traffic:
    """Settled, and no law broken."""
    traffic = Traffic(made, seed)
    traffic.advance(until_ns)
    traffic.settle()
    assert check(traffic) == []
    return traffic


def latency(traffic: Traffic) -> float:
    """Mean, ns."""
    return float(traffic.w.books[0][books.LATENCY_SUM] / traffic.served)


def outcomes(traffic: Traffic, client: int = 0) -> dict[str, int]:
    book = traffic.w.books[client]
    return {"served": int(book[t.SERVED]), "timed out": int(book[t.TIMED_OUT]), "lost": int(book[t.LOST])}


def ledger(traffic: Traffic) -> dict[tuple[str, str], float]:
    """Mean time of a request by layer and kind; what is 0 is left out."""
    cells = traffic.w.books[0][books.COUNTS : books.COUNTS + len(LAYERS) * t.KINDS].reshape(len(LAYERS), t.KINDS) / traffic.served
    return {(LAYERS[layer], KINDS[kind]): float(cells[layer, kind]) for layer, kind in np.argwhere(cells)}


# --- apart and together ------------------------------------------------------------------------------------------------------------


def test_a_pause_of_no_time_leaves_what_follows_to_who_led_there() -> None:
    """The waker pays for waking the next thread as if there were no pause; after a real one nobody does."""
    kernel = Kernel("host", "server", 3 * MS, 4 * MS, waker_ns=5 * US)

    def paid(ns: int) -> float:
        threads = tuple(Thread(f"thread{k}", (f"cpu{k}",), layer="server") for k in range(2))
        steps = (work(10 * US), Pause("server", "wait", ns), work(10 * US, 1))
        cpus = tuple(Cpu(f"cpu{k}", "host") for k in range(2))
        client = ClosedLoop("client", "plan", 1, think_ns=MS)
        traffic = run(Machine("test", LAYERS, (kernel,), cpus, threads, (Plan("plan", steps),), (client,)))
        return float(traffic.thread_counts("running_ns")[0] / traffic.served)

    assert paid(0) == pytest.approx(15 * US, rel=0.01) and paid(1) == pytest.approx(10 * US, rel=0.01)


def test_a_fork_lasts_as_long_as_its_longest_branch() -> None:
    traffic = run(machine(work(MS), Fork(((work(2 * MS),), (work(5 * MS, 1), Pause("wire", "wait", MS)), ())), work(MS)))
    assert traffic.served > 40 and latency(traffic) == 8 * MS
    assert ledger(traffic) == {("server", "running"): 7 * MS, ("wire", "device"): MS}


def test_forks_in_forks_join_in_turn() -> None:
    inner = Fork(((Pause("wire", "wait", 3 * MS),), (Pause("wire", "wait", 4 * MS), Fork(((Pause("wire", "wait", MS),),)))))
    traffic = run(machine(Fork(((inner, Pause("wire", "wait", MS)), (Pause("wire", "wait", 2 * MS),)))))
    assert latency(traffic) == 6 * MS


def test_the_mean_of_a_fork_of_exponential_branches_is_the_harmonic_number() -> None:
    """Three independent exponential times end after 1 + 1/2 + 1/3 of their mean."""
    branches = tuple((Pause("wire", f"branch {k}", 10 * MS, EXPONENTIAL),) for k in range(3))
    traffic = run(machine(Fork(branches), client=ClosedLoop("client", "plan", 50)), 80 * S)
    assert latency(traffic) == pytest.approx(10 * MS * (1 + 1 / 2 + 1 / 3), rel=0.005)


def test_a_fork_without_branches_is_nothing() -> None:
    assert latency(run(machine(Fork(()), work(MS)))) == MS


def test_nobody_waits_for_detached_work_but_it_takes_its_cpu() -> None:
    """The client sees 1 ms, while each request costs the server 4 ms."""
    traffic = run(machine(work(MS), Detach((work(3 * MS),)), Pause("wire", "home", 0)))
    assert latency(traffic) == MS
    assert traffic.w.layer_ns[2] / traffic.served == pytest.approx(4 * MS, rel=0.03)


# --- links, disks, pools -----------------------------------------------------------------------------------------------------------


def test_a_link_queues_transmits_and_propagates() -> None:
    """125,000 bytes at 1 Gbit/s take 1 ms, and 50 us to arrive; the second of two at once waits for the first."""
    traffic = run(machine(Fork(((Transfer("wire", "send", "link", 125_000),), (Transfer("wire", "send", "link", 125_000),)))))
    assert latency(traffic) == 2 * MS + 50 * US
    assert traffic.w.devices[0].busy_ns == traffic.w.devices[0].count * MS


def test_a_loaded_link_meets_m_d_1() -> None:
    """Wait = rho s / 2 / (1 - rho): constant transmission, Poisson arrivals, 60 % load."""
    made = machine(Transfer("wire", "send", "link", 12_500), client=OpenLoop("client", "plan", 166_667), link=Link("link", 1_000_000_000))
    service = 100 * US
    assert latency(run(made, 60 * S)) == pytest.approx(service * (1 + 0.6 / 2 / 0.4), rel=0.01)


def test_what_finds_no_room_in_a_queue_is_sent_again_after_tcps_time_out() -> None:
    """Three at once into a queue of two: the third comes 200 ms later, and the bytes on the link are those of three."""
    link = Link("link", 1_000_000_000, 50 * US, queue_bytes=250_000)
    send = (Transfer("wire", "send", "link", 125_000),)
    traffic = run(machine(Fork((send, send, send)), client=replace(ONE_AT_A_TIME, think_ns=3 * S)), 2 * S)
    assert latency(traffic) == 3 * MS + 50 * US
    traffic = run(machine(Fork((send, send, send)), client=replace(ONE_AT_A_TIME, think_ns=3 * S), link=link), 2 * S)
    assert traffic.served == 1 and latency(traffic) == 200 * MS + MS + 50 * US
    assert traffic.w.devices[0].bytes_lost == 125_000 and traffic.w.devices[0].bytes_out == 375_000


def test_each_transfer_has_time_outs_of_its_own() -> None:
    """Lost once on each of two transfers: twice 200 ms, not 200 and 400."""
    link = Link("link", 1_000_000_000, queue_bytes=125_000)
    fill = Detach((Transfer("wire", "fill", "link", 125_000),))
    lost_once = (fill, Pause("wire", "a moment", 10), Transfer("wire", "send", "link", 125_000))
    traffic = run(machine(*lost_once, *lost_once, client=replace(ONE_AT_A_TIME, think_ns=9 * S), link=link), 2 * S)
    assert traffic.served == 1
    assert latency(traffic) == 2 * (200 * MS + MS + 10)


def test_a_link_that_takes_nothing_loses_the_request_after_all_retries() -> None:
    """Fifteen retries, up to 102.4 s apart; then the client asks again, once, whether the whole or a branch was lost."""
    never = Transfer("wire", "send", "link", 5_000)
    link = Link("link", 1_000_000_000, queue_bytes=1_000)
    retries_ns = sum(200 * MS << min(k, 9) for k in range(15))
    for steps in ((never,), (Fork(((never,), (Pause("wire", "wait", MS),))), Pause("wire", "home", MS))):
        traffic = run(machine(*steps, client=ClosedLoop("client", "plan", 3), link=link), retries_ns + MS)
        assert outcomes(traffic) == {"served": 0, "timed out": 0, "lost": 3}
        assert traffic.in_flight == 3


def test_detached_work_that_is_lost_is_missed_by_nobody() -> None:
    link = Link("link", 1_000_000_000, queue_bytes=1_000)
    steps = (Detach((Transfer("wire", "send", "link", 5_000),)), Pause("wire", "wait", 10 * S))
    traffic = run(machine(*steps, client=ClosedLoop("client", "plan", 3), link=link), 2000 * S)
    assert outcomes(traffic)["lost"] == 0 and traffic.in_flight == 3


def test_a_disk_serves_its_depth_at_once() -> None:
    """3 ms and 100,000 bytes at 100 MB/s: 4 ms; two places make two waves of four accesses."""
    access = (DiskAccess("server", "read", "disk", 100_000),)
    traffic = run(machine(Fork((access,) * 4)))
    assert latency(traffic) == 8 * MS
    assert traffic.w.devices[1].bytes_out == 400_000 * traffic.served


def test_a_lock_lets_one_in_at_a_time_in_order() -> None:
    held = (Acquire("server", "lock", "lock"), Pause("server", "hold", 2 * MS), Release("server", "unlock", "lock"))
    traffic = run(machine(*held, client=ClosedLoop("client", "plan", 5)), 10 * S)
    assert traffic.served / 10 == pytest.approx(500, abs=1)
    assert traffic.w.books[0][books.LATENCY_MAX] == 10 * MS
    assert ledger(traffic)["server", "place"] == pytest.approx(8 * MS, rel=0.01)


def test_large_transfers_do_not_wrap() -> None:
    """3 GiB at 10 Gbit/s; 2**33 bits times 10**9 would not fit in 64 bits."""
    link = Link("link", 10_000_000_000)
    traffic = run(machine(Transfer("wire", "send", "link", 3 << 30), link=link), 6 * S)
    assert traffic.served == 2 and latency(traffic) == (3 << 30) * 8 // 10


# --- clients that do not wait ------------------------------------------------------------------------------------------------------


def test_who_waits_too_long_goes_on_and_the_server_works_for_nobody() -> None:
    """5 ms of work, 2 ms of patience: all time out, each as soon as patience ends; the thread's queue grows by what is left."""
    traffic = run(machine(Deadline(2 * MS), work(5 * MS), client=ClosedLoop("client", "plan", 1)))
    assert outcomes(traffic) == {"served": 0, "timed out": 499, "lost": 0}
    assert traffic.w.layer_ns[2] == S


def test_two_deadlines_end_a_request_once() -> None:
    traffic = run(machine(Deadline(2 * MS), Deadline(3 * MS), Pause("wire", "wait", 20 * MS), client=ClosedLoop("client", "plan", 4)))
    assert outcomes(traffic)["timed out"] == pytest.approx(4 * 500, abs=8)
    assert traffic.in_flight == 4


def test_a_deadline_that_is_met_does_not_touch_the_next_request() -> None:
    traffic = run(machine(Deadline(3 * MS), work(2 * MS), client=ClosedLoop("client", "plan", 1)))
    assert outcomes(traffic) == {"served": 499, "timed out": 0, "lost": 0}


def test_deadlines_cut_the_tail_of_an_exponential_wait() -> None:
    """The share above one mean is 1 / e."""
    steps = (Deadline(10 * MS), Pause("wire", "wait", 10 * MS, EXPONENTIAL))
    found = outcomes(run(machine(*steps, client=OpenLoop("client", "plan", MS)), 40 * S))
    assert found["timed out"] / (found["served"] + found["timed out"]) == pytest.approx(math.exp(-1), rel=0.02)


def test_a_client_that_thinks_after_a_time_out_thinks_as_after_an_answer() -> None:
    steps = (Deadline(MS), Pause("wire", "wait", 50 * MS))
    traffic = run(machine(*steps, client=ClosedLoop("client", "plan", 10, 9 * MS, EXPONENTIAL)), 100 * S)
    assert outcomes(traffic)["timed out"] / 100 == pytest.approx(10 / 0.010, rel=0.01)


def test_the_stopwatch_starts_when_its_work_does() -> None:
    """wrk takes its time just before it writes: what lies before is not in the latency, nor in the ledger."""
    traffic = run(machine(Pause("wire", "before", 4 * MS), work(MS), work(2 * MS, stopwatch=True)))
    assert latency(traffic) == 2 * MS
    assert ledger(traffic) == {("server", "running"): 2 * MS}


# --- what cannot be ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "client", "says"),
    [
        ((Fork(((Deadline(MS),),)),), ONE_AT_A_TIME, "deadline stands in a branch"),
        ((Detach((work(1, stopwatch=True),)),), ONE_AT_A_TIME, "stopwatch stands in a branch"),
        ((Detach((work(1),)),), ClosedLoop("client", "plan", 1), "takes no time"),
        ((work(0), Pause("wire", "wait", 0)), ClosedLoop("client", "plan", 1), "takes no time"),
        ((Deadline(0), work(MS)), ONE_AT_A_TIME, "deadline below 1 ns"),
        ((work(MS),), OpenLoop("client", "plan", 0), "expected 1 ns or more"),
        ((work(-1),), ONE_AT_A_TIME, "may be negative"),
        ((work(1 << 60),), ONE_AT_A_TIME, "longer than"),
        ((Transfer("wire", "send", "disc", 1),), ONE_AT_A_TIME, "no link or disk is called 'disc'"),
        ((work(MS, 7),), ONE_AT_A_TIME, "no thread is called 'thread7'"),
    ],
)
def test_load_that_cannot_be_is_refused_in_a_sentence(steps: tuple[Step, ...], client: ClosedLoop | OpenLoop, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Traffic(machine(*steps, client=client), 1)


def test_a_plan_of_many_parts_at_many_cpus_stays_in_its_tables() -> None:
    """One event may set out hundreds of branches and wake hundreds of CPUs: the agenda must have room before."""
    branches = tuple((work(US, k % 100),) for k in range(250))
    made = machine(Fork(branches), *(Detach((work(US, k),)) for k in range(100)), client=ClosedLoop("client", "plan", 40), cpus=100)
    group = Group("group", "kernel", quota_ns=50 * US, period_ns=MS)
    traffic = run(replace(made, groups=(group,), threads=tuple(replace(thread, group="group") for thread in made.threads)), 200 * MS)
    assert traffic.served > 40
