"""Scenarios of ordinary parts meet queueing theory within intervals that could fail: half-widths of at most 2 %."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest

from cutaway.sim.machine import (
    EXPONENTIAL,
    FIXED,
    Acquire,
    ClosedLoop,
    Cpu,
    Group,
    Kernel,
    Machine,
    OpenLoop,
    Pause,
    Plan,
    Pool,
    Release,
    Spread,
    Step,
    Thread,
    Work,
)
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.statistics import Estimate, estimate

MS = 1_000_000
S = 1000 * MS
LAYERS = ("client", "server")


def machine(
    threads: list[Thread],
    steps: list[Work],
    client: OpenLoop | ClosedLoop,
    *,
    cpus: int = 1,
    slice_ns: int = 3 * MS,
    tick_ns: int = 4 * MS,
    groups: tuple[Group, ...] = (),
) -> Machine:
    """One kernel, and a plan of the steps given."""
    kernel = Kernel("kernel", "server", slice_ns, tick_ns)
    return Machine(
        "test",
        LAYERS,
        (kernel,),
        tuple(Cpu(f"cpu{k}", "kernel") for k in range(cpus)),
        tuple(threads),
        (Plan("plan", tuple(steps)),),
        (client,),
        groups,
    )


def replicated(
    made: Machine, of: Callable[[Result], float], *, seeds: int = 20, requests: int = 40_000, warm_up_ns: int = 20 * S
) -> Estimate:
    return estimate([of(simulate(made, seed, Span(warm_up_ns, requests)).result) for seed in range(seeds)])


def assert_met(found: Estimate, expected: float) -> None:
    assert found.half_width < 0.02 * expected
    # five standard deviations of the mean: a right model fails once in a million
    assert abs(found.mean - expected) < 2.4 * found.half_width


def test_one_server_meets_m_m_1() -> None:
    """Mean response is 1 / (mu - lambda) [Kleinrock 1975, 3.2]: 300 /s on a server of 500 /s."""
    made = machine(
        [Thread("server", ("cpu0",))], [Work("server", "serve", "server", 2 * MS, EXPONENTIAL)], OpenLoop("clients", "plan", S // 300)
    )
    assert_met(replicated(made, lambda result: result.mean_ns / 1e9), 1 / 200)


def test_the_tail_of_m_m_1_is_exponential() -> None:
    """The 99th percentile of the response is ln 100 / (mu - lambda)."""
    made = machine(
        [Thread("server", ("cpu0",))], [Work("server", "serve", "server", 2 * MS, EXPONENTIAL)], OpenLoop("clients", "plan", S // 250)
    )
    assert_met(replicated(made, lambda result: result.percentile_ns(0.99) / 1e9, requests=100_000), math.log(100) / 250)


@pytest.mark.parametrize("servers", [2, 3])
def test_several_cpus_meet_m_m_c(servers: int) -> None:
    """Erlang's C formula [Kleinrock 1975, 3.5]: threads that any CPU may run, at 75 % load."""
    names = tuple(f"cpu{k}" for k in range(servers))
    threads = [Thread("server", names, count=400, choose="first free")]
    service, rate = 20 * MS, 0.75 * servers / 0.020
    # slices longer than any service: first come, first served
    made = machine(
        threads,
        [Work("server", "serve", "server", service, EXPONENTIAL)],
        OpenLoop("clients", "plan", round(S / rate), connections=100_000),
        cpus=servers,
        slice_ns=100 * S,
    )
    offered = rate * 0.020
    queued = offered**servers / math.factorial(servers) / (1 - offered / servers)
    waits = queued / (sum(offered**k / math.factorial(k) for k in range(servers)) + queued)
    assert_met(replicated(made, lambda result: result.mean_ns / 1e9, requests=120_000), 0.020 + waits / (servers / 0.020 - rate))


@pytest.mark.parametrize(
    "spread", [FIXED, EXPONENTIAL, Spread("lognormal", permille=2000)], ids=["fixed", "exponential", "lognormal, cv 2"]
)
def test_a_shared_cpu_meets_m_g_1_processor_sharing(spread: Spread) -> None:
    """Mean response is s / (1 - rho), whatever the shape of the service [Kleinrock 1976, 4.4]: short slices, a thread a request."""
    threads = [Thread("server", ("cpu0",), count=1000)]
    made = machine(
        threads,
        [Work("server", "serve", "server", 20 * MS, spread)],
        OpenLoop("clients", "plan", 40 * MS, connections=1000),
        slice_ns=MS // 4,
        tick_ns=MS // 4,
    )
    assert_met(replicated(made, lambda result: result.mean_ns / 1e9, seeds=24, requests=12_000), 0.020 / (1 - 0.5))


def test_one_queue_meets_pollaczek_and_khinchine() -> None:
    """First come, first served: wait = lambda E[S^2] / 2 / (1 - rho) [Kleinrock 1975, 5.6], lognormal service with cv 1.5."""
    made = machine(
        [Thread("server", ("cpu0",))],
        [Work("server", "serve", "server", 2 * MS, Spread("lognormal", permille=1500))],
        OpenLoop("clients", "plan", 4 * MS),
    )
    second_moment = 0.002**2 * (1 + 1.5**2)
    assert_met(replicated(made, lambda result: result.mean_ns / 1e9, seeds=30, requests=80_000), 0.002 + 250 * second_moment / 2 / 0.5)


def test_a_closed_network_meets_mean_value_analysis() -> None:
    """Two stations and a think time, 12 customers: exact MVA [Reiser and Lavenberg 1980]."""
    threads = [Thread("first", ("cpu0",)), Thread("second", ("cpu1",))]
    steps = [Work("server", "one", "first", 4 * MS, EXPONENTIAL), Work("server", "two", "second", 7 * MS, EXPONENTIAL)]
    made = machine(threads, steps, ClosedLoop("clients", "plan", 12, 50 * MS, EXPONENTIAL), cpus=2)
    assert_met(replicated(made, lambda result: result.throughput), mva([0.004, 0.007], think=0.050, customers=12))


def mva(demands: list[float], think: float, customers: int) -> float:
    """Throughput of a closed network of queueing stations, by the exact recursion."""
    queues = [0.0] * len(demands)
    throughput = 0.0
    for number in range(1, customers + 1):
        times = [demand * (1 + queue) for demand, queue in zip(demands, queues, strict=True)]
        throughput = number / (think + sum(times))
        queues = [throughput * time for time in times]
    return throughput


def test_machines_that_one_repairman_serves_meet_theory() -> None:
    """M/M/1 with a finite source [Kleinrock 1975, 3.8]: 8 machines that run 100 ms, repaired one by one in 20 ms."""
    made = machine(
        [Thread("server", ("cpu0",))],
        [Work("server", "repair", "server", 20 * MS, EXPONENTIAL)],
        ClosedLoop("clients", "plan", 8, 100 * MS, EXPONENTIAL),
    )
    weights = [math.perm(8, broken) * 0.2**broken for broken in range(9)]
    assert_met(replicated(made, lambda result: result.throughput), 50 * (1 - weights[0] / sum(weights)))


def test_a_pool_of_places_meets_m_m_c() -> None:
    """Two places that are held for an exponential time are two servers."""
    steps: list[Step] = [
        Acquire("server", "wait", "places"),
        Pause("server", "hold", 20 * MS, EXPONENTIAL),
        Release("server", "leave", "places"),
    ]
    made = Machine(
        "test",
        LAYERS,
        (Kernel("kernel", "server", MS, MS),),
        (Cpu("cpu0", "kernel"),),
        (Thread("server", ("cpu0",)),),
        (Plan("plan", tuple(steps)),),
        (OpenLoop("clients", "plan", S // 70),),
        pools=(Pool("places", 2),),
    )
    offered = 1.4
    queued = offered**2 / 2 / (1 - offered / 2)
    waits = queued / (1 + offered + queued)
    assert_met(replicated(made, lambda result: result.mean_ns / 1e9), 0.020 + waits / (100 - 70))
