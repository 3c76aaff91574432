"""The instruments of the measurement: wrk's correction, and the histogram in microseconds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cutaway.models import costs
from cutaway.sim.results import Result
from cutaway.validating import loads
from cutaway.validating.setups import Load, setup_of
from tests.cutaway.validating.rows import row


def corrected_plainly(counts: list[int], expected: int) -> list[int]:
    """As wrk's loop does it, one value after the other: `stats_correct` of src/stats.c."""
    data = list(counts)
    for n in range(2 * expected, len(data)):
        m = n - expected
        while data[n] and m > expected:
            data[m] += counts[n]
            m -= expected
    return data


@pytest.fixture(scope="module")
def result() -> Result:
    load = setup_of(row(params={"connections": 2, "body_bytes": 612, "duration_s": 1}))
    assert isinstance(load, Load)
    from cutaway.models import stack
    from cutaway.sim.simulate import Span, simulate

    machine = stack.build("native", load.parts, load.clients, costs.load("two-core-vm"))
    return simulate(machine, 1, Span(duration_ns=50_000_000)).result


def test_samples_are_added_as_wrk_adds_them(result: Result) -> None:
    """10 requests of one connection in 100 us are 10 us apart: a sample of 57 us brings 47, 37, 27 and 17 us."""
    counts = np.zeros(60, np.int64)
    counts[[3, 12, 20, 57]] = [5, 2, 1, 3]
    slow = replace(result, outcomes={**result.outcomes, "served": 10}, counted_ns=100_000)
    assert loads.as_wrk_reports(counts, slow, 1).tolist() == corrected_plainly(counts.tolist(), 10)
    assert loads.as_wrk_reports(counts, slow, 1)[[47, 37, 27, 17, 7]].tolist() == [3, 3, 3, 3, 0]


def test_every_request_is_in_the_histogram_of_microseconds(result: Result) -> None:
    counts = loads.micros(result)
    assert counts.sum() == result.served
    assert float(counts @ np.arange(len(counts))) / result.served == pytest.approx(result.mean_ns / 1000, abs=0.6)


def test_figures_are_in_the_rows_units(result: Result) -> None:
    params = {"connections": 16, "quota_percent": 50, "duration_s": 1}
    load = setup_of(row("nginx under CFS quota, closed loop", "docker-nat", params=params))
    assert isinstance(load, Load)
    found = loads.figures(load, costs.load("two-core-vm"))
    assert 0.45 < found["server_cpu_share"] < 0.56
    assert found["server_cpu_per_request"] == pytest.approx(found["server_cpu_share"] * 1e6 / found["throughput"], rel=0.01)
    own_ns = sum(costs.load("two-core-vm")[f"nginx {part}"].value for part in ("request", "response", "keep-alive"))
    assert found["server_user_fraction"] == pytest.approx(float(own_ns) / 1000 / found["server_cpu_per_request"], rel=0.05)
    assert found["latency_p50"] < found["latency_mean"] < found["latency_p99"] and 40_000 < found["latency_p99"] < 55_000
    assert found["throttled_fraction"] == 1 and found["periods"] == pytest.approx(10, abs=1)


def test_an_open_loop_counts_from_its_first_arrival_until_a_second_after_the_last() -> None:
    """At twice what nginx can do the last answer is about a second late, and the load generator waits for it: nobody is left unserved."""
    load = setup_of(row("nginx static, open loop (Poisson)", params={"connections": 128, "rate_per_s": 250_000, "duration_s": 1}))
    assert isinstance(load, Load) and (load.warm_up_ns, load.drain_ns) == (0, 1_000_000_000)
    found = loads.figures(load, costs.load("two-core-vm"))
    assert "throughput" not in found and found["errors"] == found["left_unserved"] == 0
    assert found["latency_p50"] == pytest.approx(found["latency_max"] / 2, rel=0.1) and 600_000 < found["latency_max"] < 1_000_000


def test_what_is_unanswered_at_the_end_is_left_unserved(result: Result) -> None:
    load = setup_of(row("nginx static, open loop (Poisson)", params={"connections": 128, "rate_per_s": 2000}))
    assert isinstance(load, Load)
    found = loads._figures(load, replace(result, outcomes={**result.outcomes, "lost": 2}, in_flight=(0, 500)))
    assert (found["left_unserved"], found["errors"]) == (500, 2)


def test_a_closed_loop_counts_after_a_warm_up_and_no_longer_than_it_sends() -> None:
    load = setup_of(row(params={"connections": 2, "body_bytes": 612, "duration_s": 1}))
    assert isinstance(load, Load) and (load.warm_up_ns, load.drain_ns) == (100_000_000, 0)


def test_redis_benchmark_names_the_highest_value_of_a_step() -> None:
    """Its rows hold 47, 71 and 103 us, never 45: steps of 8 us; the mean is a mean."""
    reported = loads.as_redis_benchmark_reports({"latency_p50": 40.0, "latency_p95": 47.0, "latency_p99": 48.0, "latency_mean": 45.5})
    assert reported == {"latency_p50": 47.0, "latency_p95": 47.0, "latency_p99": 55.0, "latency_mean": 45.5}
