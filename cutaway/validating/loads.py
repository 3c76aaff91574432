"""Simulates a measured load, and reads its figures as the instruments of the measurement reported them."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

import numpy as np
import numpy.typing as npt

from cutaway.models import stack
from cutaway.models.clients import PROGRAM
from cutaway.models.container import PROXY
from cutaway.models.costs import Profile
from cutaway.models.layer import PROGRAM_LAYERS
from cutaway.models.servers.nginx import WORKER
from cutaway.sim.experiments import seed_of
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.traffic import books
from cutaway.validating.accounting import CLIENT_CPU, RUNS, SERVER_CPU, interrupts_charged
from cutaway.validating.apps import App
from cutaway.validating.setups import Load

Counts = npt.NDArray[np.int64]
HDR_STEP_US = 8
"""redis-benchmark's histogram tells latencies apart in such steps."""
SHARES = {"latency_p50": 0.50, "latency_p90": 0.90, "latency_p95": 0.95, "latency_p99": 0.99, "latency_p999": 0.999}


def figures(load: Load | App, profile: Profile) -> dict[str, float]:
    """What the measurement would have reported, by metric, in the rows' units (us, 1/s, byte/s, ratios; throttled time in s)."""
    if isinstance(load, App):
        machine = stack.build(load.stack, load.parts, load.clients, profile)
        span = Span(load.warm_up_ns, load.requests, load.span_ns or None)
        runs = [_figures_of_app(load, simulate(machine, seed_of(0, run), span).result) for run in range(RUNS)]
    else:
        machine = stack.build(load.stack, load.parts, load.clients, profile, load.neighbours)
        span = Span(load.warm_up_ns, duration_ns=load.span_ns, drain_ns=load.drain_ns)
        runs = [_figures(load, simulate(machine, seed_of(0, run), span).result) for run in range(RUNS)]
    return {metric: median(run[metric] for run in runs if metric in run) for metric in runs[0]}


def _figures_of_app(app: App, result: Result) -> dict[str, float]:
    counts = micros(result)
    if app.reports == "as wrk":
        counts = as_wrk_reports(counts, result, app.connections)
    latencies = _latencies(counts)
    if app.reports == "as redis-benchmark":
        latencies = as_redis_benchmark_reports(latencies)
    return {"throughput": result.throughput, "errors": _failed(result)} | latencies | _cpu(result, app.roles)


def _figures(load: Load, result: Result) -> dict[str, float]:
    latencies = micros(result)
    found = {"errors": _failed(result)}
    if load.rate_per_s:
        found["left_unserved"] = float(result.in_flight[1])
    else:
        found["throughput"] = result.throughput
        found["throughput_bytes"] = result.throughput * load.page_bytes
        latencies = as_wrk_reports(latencies, result, load.connections)
    return found | _latencies(latencies) | _cpu(result, (WORKER,), load.hogs) | _throttling(result, load)


def micros(result: Result) -> Counts:
    """(us): how many requests took so many whole microseconds."""
    filled = np.nonzero(result.histogram)[0]
    middle = np.array([sum(books.bucket_bounds(int(bucket))) // 2000 for bucket in filled], np.int64)
    counts = np.zeros(int(middle.max(initial=0)) + 1, np.int64)
    np.add.at(counts, middle, result.histogram[filled])
    return counts


def as_wrk_reports(counts: Counts, result: Result, connections: int) -> Counts:
    """wrk adds, for every sample above twice the mean time between a connection's requests, samples that time apart below it.

    That is its correction for coordinated omission, `stats_correct` of src/stats.c, wrk 4.1.
    """
    rounds = result.served // connections
    if rounds == 0:
        return counts
    expected = result.counted_ns // 1000 // rounds
    corrected = counts.copy()
    for late in np.nonzero(counts[2 * expected :])[0] + 2 * expected:
        corrected[np.arange(late - expected, expected, -expected)] += counts[late]
    return corrected


def as_redis_benchmark_reports(latencies: dict[str, float]) -> dict[str, float]:
    """Its histogram has steps of 8 us, and says of a quantile the highest value of its step.

    src/redis-benchmark.c, CONFIG_LATENCY_HISTOGRAM_MIN_VALUE, and deps/hdr_histogram; the mean is that of the steps' middles.
    """

    def in_steps(us: float) -> float:
        return us // HDR_STEP_US * HDR_STEP_US + HDR_STEP_US - 1

    return {name: us if name == "latency_mean" else in_steps(us) for name, us in latencies.items()}


def _failed(result: Result) -> float:
    """Requests that got no answer: timed out, lost or refused."""
    return float(sum(result.outcomes[name] for name in ("timed out", "lost", "refused")))


def _latencies(counts: Counts) -> dict[str, float]:
    total = int(counts.sum())
    if not total:
        return {}
    reached = np.cumsum(counts)
    found: dict[str, float] = {name: int(np.searchsorted(reached, share * total)) for name, share in SHARES.items()}
    return found | {"latency_mean": float(counts @ np.arange(len(counts))) / total, "latency_max": len(counts) - 1}


def _cpu(result: Result, server: Sequence[str], hogs: int = 0) -> dict[str, float]:
    """CPU time by who had it, as the scheduler counts run time."""
    served = max(result.served, 1)

    def of(role: str, column: str) -> int:
        return sum(counts[column] for name, counts in result.threads.items() if name == role or name.startswith(f"{role}#"))

    def of_server(column: str) -> int:
        return sum(of(role, column) for role in server)

    with_interrupts = interrupts_charged(result, SERVER_CPU)
    server_ns = of_server("running_ns") * with_interrupts
    found = {
        "server_cpu_per_request": server_ns / served / 1e3,
        "client_cpu_per_request": of(PROGRAM, "running_ns") * interrupts_charged(result, CLIENT_CPU) / served / 1e3,
        "server_cpu_share": server_ns / result.counted_ns,
        "server_user_fraction": _in_programs(result) / server_ns if server_ns else 0.0,
        "server_switches_voluntary_per_request": of_server("sleeps") / served,
        "server_switches_involuntary_per_request": of_server("preemptions") / served,
        "machine_cpu_per_request": sum(cpu["task_ns"] + cpu["irq_ns"] for cpu in result.cpus.values()) / served / 1e3,
    }
    if PROXY in result.threads:
        found["proxy_cpu_per_request"] = of(PROXY, "running_ns") * with_interrupts / served / 1e3
    if hogs:
        found["other_cpu_per_request"] = sum(of(f"hog {number}", "running_ns") for number in range(hogs)) * with_interrupts / served / 1e3
    return found


def _in_programs(result: Result) -> int:
    """CPU time in which programs of the server ran their own instructions."""
    return sum(int(ns) for layer, ns in zip(result.layers, result.layer_ns, strict=True) if layer in PROGRAM_LAYERS)


def _throttling(result: Result, load: Load) -> dict[str, float]:
    if not load.quota_percent or "container" not in result.groups:
        return {}
    group = result.groups["container"]
    periods = group["periods"]
    return {
        "periods": float(periods),
        "throttled": float(group["throttled_periods"]),
        "throttled_fraction": group["throttled_periods"] / periods if periods else 0.0,
        "throttled_time": group["throttled_ns"] / 1e9,
    }
