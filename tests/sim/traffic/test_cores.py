"""CPUs that sleep, halt, stand still and are interrupted: what a wake-up takes and to which account it goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutaway.sim.laws import check
from cutaway.sim.machine import EXPONENTIAL, FIXED, ClosedLoop, Cpu, Group, Kernel, Machine, OpenLoop, Plan, Spread, Thread, Work
from cutaway.sim.results import result_of
from cutaway.sim.trace import KINDS
from cutaway.sim.traffic import books
from cutaway.sim.traffic import tables as t
from cutaway.sim.traffic.engine import Traffic

US, MS, S = 1_000, 1_000_000, 1_000_000_000
LAYERS = ("client", "guest kernel", "host kernel", "server")
HOST = Kernel("host", "host kernel", 3 * MS, 4 * MS)
GUEST = Kernel("guest", "guest kernel", 3 * MS, 4 * MS)
CLIENT = ClosedLoop("client", "plan", 1, think_ns=10 * MS, think_spread=FIXED)


def hog(name: str, *cpus: str, group: str = "") -> Thread:
    return Thread(name, cpus, kind="hog", group=group)


def machine(
    *threads: Thread,
    kernels: tuple[Kernel, ...] = (HOST,),
    cpus: tuple[Cpu, ...] = (Cpu("cpu0", "host"),),
    steps: tuple[Work, ...] = (),
    clients: tuple[ClosedLoop | OpenLoop, ...] = (),
    groups: tuple[Group, ...] = (),
) -> Machine:
    return Machine("test", LAYERS, kernels, cpus, threads, (Plan("plan", steps),), clients, groups)


def run(made: Machine, until_ns: int = 10 * S) -> Traffic:
    """Settled, and no law broken."""
    traffic = Traffic(made, 1)
    traffic.advance(until_ns)
    traffic.settle()
    assert check(traffic) == []
    return traffic


def share(traffic: Traffic, thread: str) -> float:
    return float(traffic.thread_counts("running_ns")[traffic.built.threads.index(thread)] / traffic.counted_ns)


def waited(traffic: Traffic) -> dict[str, float]:
    """Mean time of the first client's requests by kind; what is 0 is left out."""
    cells = traffic.w.books[0][books.COUNTS : books.COUNTS + len(LAYERS) * t.KINDS].reshape(len(LAYERS), t.KINDS).sum(axis=0)
    served = traffic.w.books[0][t.SERVED]
    return {kind: float(ns / served) for kind, ns in zip(KINDS, cells, strict=True) if ns}


# --- wake-ups ----------------------------------------------------------------------------------------------------------------------


def test_waking_costs_the_waker_takes_its_time_and_costs_the_woken() -> None:
    """14 us of the waker's CPU, 23 us of nobody's, 8 us at the start of the woken thread's burst."""
    kernel = replace(HOST, waker_ns=14 * US, wake_latency_ns=23 * US, wakee_ns=8 * US)
    threads = (Thread("asks", ("cpu0",)), Thread("serves", ("cpu1",)))
    steps = (Work("client", "ask", "asks", 5 * US), Work("server", "serve", "serves", 10 * US))
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    traffic = run(machine(*threads, kernels=(kernel,), cpus=cpus, steps=steps, clients=(CLIENT,)))
    # both threads are woken once; the waker pays after its own work, while the other CPU comes up
    assert waited(traffic) == {"running": 8 * US + 5 * US + 8 * US + 10 * US, "waking": 2 * 23 * US}
    assert traffic.w.cpus[0].task_ns / traffic.served == pytest.approx(8 * US + 5 * US + 14 * US, rel=0.01)


@pytest.mark.parametrize(("hogs", "cpus"), [(4, 2), (6, 4), (7, 3)])
def test_new_threads_go_where_the_fewest_are(hogs: int, cpus: int) -> None:
    """Each CPU gets as many busy loops as the others, or one more, wherever they are said to begin."""
    names = tuple(f"cpu{k}" for k in range(cpus))
    traffic = run(machine(*(hog(f"hog{k}", *names) for k in range(hogs)), cpus=tuple(Cpu(name, "host") for name in names)), S)
    on = [int(traffic.w.tasks[traffic.built.threads.index(f"hog{k}")].cpu) for k in range(hogs)]
    assert max(on.count(c) for c in range(cpus)) - min(on.count(c) for c in range(cpus)) <= 1
    assert sum(share(traffic, f"hog{k}") for k in range(hogs)) == pytest.approx(cpus, rel=1e-3)


def test_a_load_generator_that_looks_out_is_awake_when_a_request_is_due() -> None:
    """Every millisecond: woken by its timer 60 us before (23 us to come up, 8 us to get on), it spins for the rest and asks at once."""
    kernel = replace(HOST, wake_latency_ns=23 * US, wakee_ns=8 * US)
    made = machine(Thread("asks", ("cpu0",), sleep_ns=US), kernels=(kernel,), steps=(Work("client", "ask", "asks", 5 * US),))
    client = OpenLoop("clients", "plan", MS, FIXED, 1)
    asleep, awake = (run(replace(made, clients=(one,))) for one in (client, replace(client, thread="asks", lead_ns=60 * US)))
    assert waited(asleep) == {"waking": 23 * US, "running": 8 * US + 5 * US}
    assert sum(waited(awake).values()) == pytest.approx(5 * US, abs=10)                       # but for the very first
    # awake from 37 us before, 5 us of work, and the way to sleep
    assert awake.w.cpus[0].task_ns / awake.served == pytest.approx(37 * US + 5 * US + US, rel=0.01)


def test_a_thread_that_polls_goes_to_sleep_when_its_time_is_over() -> None:
    """20 us of polling, then the price of sleeping; who is asked within the 20 us pays neither that nor a wake-up."""
    kernel = replace(HOST, wake_latency_ns=23 * US)
    thread = Thread("serves", ("cpu0",), sleep_ns=US, spin_ns=20 * US)
    made = machine(thread, kernels=(kernel,), steps=(Work("server", "serve", "serves", 5 * US),))
    seldom, often = (run(replace(made, clients=(OpenLoop("clients", "plan", gap, FIXED, 1),))) for gap in (100 * US, 20 * US))
    assert waited(seldom) == {"waking": 23 * US, "running": 5 * US}
    assert seldom.w.cpus[0].task_ns / seldom.served == pytest.approx(5 * US + 20 * US + US, rel=0.01)
    assert sum(waited(often).values()) == pytest.approx(5 * US, abs=10)
    assert share(often, "serves") == pytest.approx(1, abs=1e-3)


def test_who_is_woken_with_another_waits_in_the_run_queue_once_the_cpu_is_up() -> None:
    kernel = replace(HOST, wake_latency_ns=50 * US)
    threads = (Thread("first", ("cpu0",)), Thread("second", ("cpu0",)))
    plans = (Plan("a", (Work("server", "one", "first", 300 * US),)), Plan("b", (Work("server", "two", "second", 300 * US),)))
    clients = (replace(CLIENT, name="a", plan="a"), replace(CLIENT, name="b", plan="b"))
    traffic = run(replace(machine(*threads, kernels=(kernel,), clients=clients), plans=plans), 10 * MS)
    counts = {
        name: {column: int(traffic.thread_counts(f"{column}_ns")[index]) for column in ("waking", "runnable", "running")}
        for index, name in enumerate(traffic.built.threads[:2])
    }
    assert counts == {
        "first": {"waking": 50 * US, "runnable": 0, "running": 300 * US},
        "second": {"waking": 50 * US, "runnable": 300 * US, "running": 300 * US},
    }


def test_a_cpu_that_is_just_going_idle_turns_back_cheaply() -> None:
    """Called again 22 us after it went idle, within the 30 us that going idle takes: no interrupt, and the woken thread pays nothing."""
    kernel = replace(
        HOST, waker_ns=14 * US, wake_latency_ns=23 * US, wakee_ns=8 * US, going_idle_ns=20 * US, turn_back_ns=15 * US, nudge_ns=US
    )
    threads = (Thread("asks", ("cpu0",)), Thread("serves", ("cpu1",)))
    steps = (
        Work("server", "again", "serves", 40 * US),
        Work("client", "ask", "asks", 5 * US),
        Work("server", "serve", "serves", 10 * US),
    )
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    traffic = run(machine(*threads, kernels=(kernel,), cpus=cpus, steps=steps, clients=(CLIENT,)))
    # "serves" pays 14 us for waking "asks", then goes idle; 23 us + 8 us + 5 us after the ring it is called again: 22 us later
    quick = run(machine(*threads, kernels=(replace(kernel, going_idle_ns=30 * US),), cpus=cpus, steps=steps, clients=(CLIENT,)))
    assert waited(traffic)["waking"] == pytest.approx(3 * 23 * US, rel=1e-3)
    # 22 us after going idle it is past the 15 us that turning back takes: it turns at once
    assert waited(quick)["waking"] == pytest.approx(2 * 23 * US, rel=1e-3)
    assert waited(quick)["running"] == pytest.approx(waited(traffic)["running"] - 8 * US, rel=1e-3)


def test_a_busy_cpu_is_kicked_and_notices_late() -> None:
    """The waker pays 3 us; the hog's CPU notices after 7 us; the woken thread pays 2 us."""
    kernel = replace(HOST, kick_ns=3 * US, kick_latency_ns=7 * US, kicked_ns=2 * US)
    threads = (Thread("asks", ("cpu0",)), Thread("serves", ("cpu1",)), hog("hog", "cpu1"))
    steps = (Work("client", "ask", "asks", 5 * US), Work("server", "serve", "serves", 10 * US))
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    traffic = run(machine(*threads, kernels=(kernel,), cpus=cpus, steps=steps, clients=(CLIENT,)))
    # the median: some wake-ups find the server in debt to the hog, and wait for its tick
    assert result_of(traffic, 1, 0).percentile_ns(0.5) == pytest.approx(5 * US + 7 * US + 2 * US + 10 * US, rel=2e-3)
    assert traffic.w.cpus[0].task_ns / traffic.served == pytest.approx(8 * US, rel=0.01)


# --- interrupts and stalls ---------------------------------------------------------------------------------------------------------


def test_an_interrupted_request_waits_in_the_run_queue_for_as_long() -> None:
    threads = (Thread("serves", ("cpu0",)), Thread("softirq", ("cpu0",), kind="interrupt"))
    plans = (
        Plan("plan", (Work("server", "serve", "serves", 5 * MS),)),
        Plan("noise", (Work("host kernel", "receive", "softirq", 100 * US),)),
    )
    clients = (ClosedLoop("client", "plan", 1), OpenLoop("noise", "noise", MS, FIXED))
    traffic = run(replace(machine(*threads, clients=clients), plans=plans))
    assert waited(traffic)["running"] == 5 * MS
    assert waited(traffic)["run queue"] == pytest.approx(5 * MS / 0.9 - 5 * MS, rel=0.01)


def test_stalls_take_their_share_of_a_busy_cpu() -> None:
    cpus = (Cpu("cpu0", "host", stall_interval_ns=10 * MS, stall_ns=MS, stall_spread=Spread("uniform", 1000)),)
    assert share(run(machine(hog("hog", "cpu0"), cpus=cpus), 60 * S), "hog") == pytest.approx(0.9, abs=0.005)


def test_a_stall_of_no_time_is_none() -> None:
    cpus = (Cpu("cpu0", "host", stall_interval_ns=10 * MS, stall_ns=0),)
    assert share(run(machine(hog("hog", "cpu0"), cpus=cpus)), "hog") == 1


def test_ticks_cost_what_they_cost_while_the_cpu_works() -> None:
    traffic = run(machine(hog("hog", "cpu0"), kernels=(replace(HOST, tick_cost_ns=40 * US),)))
    assert share(traffic, "hog") == pytest.approx(0.99, abs=1e-4)
    idle = run(machine(Thread("sleeps", ("cpu0",)), kernels=(replace(HOST, tick_cost_ns=40 * US),)))
    assert idle.w.cpus[0].irq_ns == 0


# --- guests ------------------------------------------------------------------------------------------------------------------------


def guest(*threads: Thread, vcpus: int = 1, cores: int = 1, steps: tuple[Work, ...] = (), kernel: Kernel = GUEST, **vcpu: int) -> Machine:
    """Virtual CPUs that may run on every core, and threads on host or guest."""
    names = tuple(f"cpu{k}" for k in range(cores))
    cpus = (*(Cpu(name, "host") for name in names), *(Cpu(f"guest{k}", "guest", "vcpu") for k in range(vcpus)))
    own = Thread("vcpu", names, kind="vcpu", count=vcpus, **vcpu)  # type: ignore[arg-type]
    return machine(own, *threads, kernels=(HOST, kernel), cpus=cpus, steps=steps, clients=(CLIENT,) if steps else ())


def test_two_hogs_of_a_guest_share_what_a_hog_of_the_host_leaves() -> None:
    """The host's ticks fall on the guest's: a guest whose tick was due while it stood still must take it when it turns again."""
    traffic = run(guest(hog("host hog", "cpu0"), hog("a", "guest0"), hog("b", "guest0")), 20 * S)
    assert [share(traffic, name) for name in ("host hog", "a", "b")] == pytest.approx([1 / 2, 1 / 4, 1 / 4], abs=0.01)


def test_a_tick_of_a_guest_is_also_an_exit_below() -> None:
    """40 us of the guest's kernel and 10 us of the vCPU's own layer at each tick of 4 ms."""
    kernel = replace(GUEST, tick_ns=4 * MS, tick_cost_ns=40 * US, tick_exit_ns=10 * US)
    without, traffic = (run(guest(hog("a", "guest0"), kernel=one)) for one in (replace(kernel, tick_exit_ns=0), kernel))
    assert share(without, "a") - share(traffic, "a") == pytest.approx(10 / 4000, rel=0.01)
    below = int(traffic.w.tasks[traffic.built.threads.index("vcpu")].layer)
    assert int(traffic.w.layer_ns[below] - without.w.layer_ns[below]) == pytest.approx(10 * S / (4 * MS) * 10 * US, rel=0.01)


def test_entering_and_halting_a_guest_cost_its_thread() -> None:
    traffic = run(
        guest(Thread("serves", ("guest0",)), steps=(Work("server", "serve", "serves", 10 * US),), halt_ns=2 * US, resume_ns=3 * US)
    )
    assert waited(traffic) == {"running": 10 * US, "waking": 3 * US}
    assert traffic.w.cpus[0].task_ns / traffic.served == pytest.approx(15 * US, rel=0.01)
    assert traffic.w.cpus[1].task_ns / traffic.served == pytest.approx(10 * US, rel=0.01)


def test_halt_polling_answers_at_once_and_burns_the_core() -> None:
    steps = (Work("server", "serve", "serves", 10 * US),)
    traffic = run(guest(Thread("serves", ("guest0",)), steps=steps, halt_ns=2 * US, resume_ns=3 * US, spin_ns=20 * MS))
    assert waited(traffic)["waking"] == pytest.approx(3 * US, abs=1)
    assert traffic.w.cpus[0].idle_ns < 20 * MS
    assert traffic.w.cpus[1].idle_ns == pytest.approx(10 * S, rel=0.01)


def test_a_request_in_a_guest_that_lost_its_core_is_stolen_from() -> None:
    """A hog of equal weight beside the guest: 40 ms of work take about 80 ms, and the guest's kernel sees steal, not its own queue."""
    steps = (Work("server", "serve", "serves", 40 * MS),)
    found = waited(run(guest(hog("host hog", "cpu0"), Thread("serves", ("guest0",)), steps=steps), 60 * S))
    assert found["running"] == 40 * MS and "run queue" not in found
    assert found["stolen"] == pytest.approx(40 * MS, rel=0.1)


def test_a_thread_woken_in_a_guest_that_stands_still_may_have_it_first() -> None:
    """Awake long enough to deserve the CPU, it must not wait for the guest's hog to use its slice, once the guest turns again."""
    steps = (Work("server", "serve", "serves", 10 * US),)
    parts = (hog("host hog", "cpu0"), hog("guest hog", "guest0"), Thread("serves", ("guest0",)))
    # thinking at random: a fixed pause locks into step with the 8 ms in which host hog and guest take turns
    made = replace(guest(*parts, steps=steps), clients=(replace(CLIENT, think_spread=EXPONENTIAL),))
    found = waited(run(made, 60 * S))
    assert found.get("run queue", 0) < 200 * US
    # it comes while the guest stands still half of the time, and then waits 2 ms of its 4
    assert found["stolen"] == pytest.approx(MS, rel=0.1)


def test_a_guest_on_two_cores_runs_its_threads_at_once() -> None:
    traffic = run(guest(hog("a", "guest0", "guest1"), hog("b", "guest0", "guest1"), vcpus=2, cores=2))
    assert share(traffic, "a") == share(traffic, "b") == pytest.approx(1, abs=0.001)


def test_a_quota_of_a_vcpu_thread_holds_its_guest_down() -> None:
    made = guest(hog("inside", "guest0"))
    threads = tuple(replace(thread, group="machine") if thread.kind == "vcpu" else thread for thread in made.threads)
    traffic = run(replace(made, threads=threads, groups=(Group("machine", "host", quota_ns=30 * MS),)))
    assert share(traffic, "inside") == pytest.approx(0.3, abs=0.005)
    assert traffic.w.cpus[1].lost_ns / traffic.counted_ns == pytest.approx(0.7, abs=0.005)


def test_a_quota_inside_a_guest_is_of_the_guests_time() -> None:
    made = replace(guest(hog("inside", "guest0", group="part")), groups=(Group("part", "guest", quota_ns=30 * MS),))
    traffic = run(made)
    assert share(traffic, "inside") == pytest.approx(0.3, abs=0.005)
    assert traffic.w.cpus[0].idle_ns / traffic.counted_ns == pytest.approx(0.7, abs=0.005)


# --- balance and quotas ------------------------------------------------------------------------------------------------------------


def test_a_cpu_whose_group_is_throttled_takes_no_thread_of_that_group() -> None:
    """It would sleep there unseen: its old CPU no longer has it, and the new one may not run it."""
    cpus = (Cpu("cpu0", "host"), Cpu("cpu1", "host"))
    group = Group("group", "host", quota_ns=40 * MS)
    threads = tuple(hog(f"hog{k}", "cpu0", "cpu1", group="group") for k in range(5))
    traffic = run(machine(*threads, cpus=cpus, groups=(group,)), 20 * S)
    shares = [share(traffic, thread.name) for thread in threads]
    assert sum(shares) == pytest.approx(0.4, abs=0.01)
    assert min(shares) > 0.02


def test_a_started_hog_that_runs_already_goes_on() -> None:
    made = machine(hog("hog", "cpu0"), Thread("sleeps", ("cpu0",)))
    traffic = Traffic(made, 1)
    traffic.advance(10 * MS)
    traffic.start_hog("hog")
    traffic.advance(20 * MS)
    traffic.settle()
    assert check(traffic) == [] and share(traffic, "hog") == 1
