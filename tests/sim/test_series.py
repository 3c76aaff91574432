"""The series of a run beside its trace, and what is cut from it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.sim.machine import EXPONENTIAL, FIXED, ClosedLoop, Cpu, Kernel, Machine, OpenLoop, Pause, Plan, Thread, Work
from cutaway.sim.series import Series
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.traffic import books
from cutaway.sim.traffic.engine import Traffic

US, MS, DAY = 1_000, 1_000_000, 24 * 3600 * 1_000_000_000


def queue() -> Machine:
    return Machine(
        "queue",
        ("kernel", "server"),
        (Kernel("kernel", "kernel", 3 * MS, 4 * MS),),
        (Cpu("cpu0", "kernel"),),
        (Thread("server", ("cpu0",)),),
        (Plan("request", (Work("server", "serve", "server", 60 * US, EXPONENTIAL),)),),
        (OpenLoop("clients", "request", 100 * US), OpenLoop("others", "request", 1 * MS)),
    )


def of(sizes: list[int], sums: list[int], ends: list[int]) -> Series:
    return Series(*(np.array(column, np.int64) for column in (sizes, sums, ends)))


COUNTED = of([5, 5, 5, 5, 2], [10, 20, 30, 40, 7], [100, 200, 300, 400, 450])


@pytest.mark.parametrize("requests", [3, 5, 1_000, 10_239, 10_240, 10_241, 25_000, 45_000])
def test_it_is_what_the_trace_says_in_batches(requests: int) -> None:
    """From time 0 on, though counting begins later; batches double when 2,048 are full, at 10,240 and 20,480 requests."""
    run = simulate(queue(), 1, Span(warm_up_ns=50 * MS, requests=requests), trace_one_in=1)
    assert run.trace is not None
    home = run.trace.requests[run.trace.requests["outcome"] == 1]
    home = home[np.argsort(home["ended"], kind="stable")]
    latencies, size = (home["ended"] - home["born"]).tolist(), 5
    while len(home) >= size * books.MOST_BATCHES:
        size *= 2
    series = run.result.series
    assert len(home) > requests and series.batch_requests == min(size, len(home))
    starts = range(0, len(home), size)
    assert series.requests.tolist() == [min(size, len(home) - k) for k in starts]
    assert series.latency_sum_ns.tolist() == [sum(latencies[k : k + size]) for k in starts]
    assert series.end_ns.tolist() == [int(home["ended"][min(k + size, len(home)) - 1]) for k in starts]


def test_without_a_warm_up_it_sums_to_what_is_counted() -> None:
    result = simulate(queue(), 2, Span(requests=12_345)).result
    assert int(result.series.requests.sum()) == result.served == 12_345
    assert int(result.series.latency_sum_ns.sum()) == result.latency_sum_ns
    assert result.as_document()["series"] == result.series.as_document()


def test_no_request_no_batch() -> None:
    series = simulate(queue(), 1, Span(duration_ns=1)).result.series
    assert len(series) == len(series.full()) == len(series.merged(4)) == len(series.after(0)) == series.batch_requests == 0


def test_sums_stop_before_they_wrap() -> None:
    """Connections that are answered after 36 years each: the sum of five is beyond 2**62 ns, that of two batches would wrap."""
    machine = Machine(
        "slow",
        ("client",),
        (Kernel("kernel", "client", MS, 0),),
        (Cpu("cpu0", "kernel"),),
        (Thread("client", ("cpu0",)),),
        (Plan("request", (Pause("client", "wait", 36 * 365 * DAY, FIXED),)),),
        (ClosedLoop("clients", "request", 60),),
    )
    traffic = Traffic(machine, 1)
    traffic.advance(40 * 365 * DAY)
    assert traffic.w.series["latency_sum"][:12].tolist() == [books.LARGEST_BATCH_NS] * 12


def test_a_batch_that_is_not_full_is_left_out_where_means_are_compared() -> None:
    assert COUNTED.full().requests.tolist() == [5, 5, 5, 5]
    assert COUNTED.full().full().requests.tolist() == [5, 5, 5, 5]


@pytest.mark.parametrize(("time_ns", "first"), [(0, 0), (1, 1), (99, 1), (100, 2), (101, 2), (250, 3), (400, 5), (10_000, 5)])
def test_after_a_time_no_batch_is_mixed(time_ns: int, first: int) -> None:
    assert COUNTED.after(time_ns).end_ns.tolist() == COUNTED.end_ns[first:].tolist()


def test_merged_batches_hold_the_same_requests() -> None:
    merged = COUNTED.merged(2)
    assert (merged.requests.tolist(), merged.latency_sum_ns.tolist(), merged.end_ns.tolist()) == ([10, 10], [30, 70], [200, 400])
    assert COUNTED.merged(3).latency_sum_ns.tolist() == [60] and len(COUNTED.merged(5)) == 0


@given(st.integers(0, 40), st.integers(1, 6), st.integers(1, 6))
def test_merging_twice_is_merging_by_the_product(count: int, one: int, two: int) -> None:
    series = of([5] * count, list(range(count)), list(range(10, 10 + count)))
    twice, once = series.merged(one).merged(two), series.merged(one * two)
    assert twice.as_document() == once.as_document()
