"""What a run comes to: counts, latencies, the ledger, and the accounts of CPUs, threads, groups and links.

A `Result` holds integers only, so that it has the same bytes everywhere; rates and means are computed from them when asked for.
Times are nanoseconds. docs/results.md explains every column.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cutaway.sim import trace
from cutaway.sim.series import Series
from cutaway.sim.traffic import books
from cutaway.sim.traffic import tables as t
from cutaway.sim.traffic.engine import Traffic

Integers = npt.NDArray[np.int64]
LARGEST_SUM_NS = 2**62
"""Latencies that sum to more are refused: the books hold 64 bits, which wrap at twice that and say nothing."""

BESIDE_THE_SERVER = ("client", "neighbours")
"""Layers whose CPU time is none of the server's: who asks it, and who computes beside it."""

CPU_COLUMNS = ("idle_ns", "task_ns", "irq_ns", "lost_ns", "switches", "wakes")
THREAD_COLUMNS = ("running_ns", "runnable_ns", "waking_ns", "throttled_ns", "stolen_ns", "sleeping_ns", "sleeps", "preemptions", "rounds")
GROUP_COLUMNS = ("ran_ns", "periods", "throttled_periods", "throttled_ns")
DEVICE_COLUMNS = ("count", "bytes_in", "bytes_out", "bytes_lost", "busy_ns")


class TooLarge(Exception):  # noqa: N818
    """A run whose sums leave 64 bits: its figures would be wrong without a sign of it."""


@dataclass(frozen=True)
class Result:
    """One run of one machine, after its warm-up."""

    stack: str
    seed: int
    fingerprint: str
    """Hash over every event of the run."""
    counted_ns: int
    """Simulated time after the warm-up."""
    events: int
    layers: tuple[str, ...]
    outcomes: dict[str, int]
    """Requests by what became of them, and `issued`."""
    in_flight: tuple[int, int]
    """Requests in flight when counting began, and at the end."""
    latency_sum_ns: int
    latency_max_ns: int
    ledger_ns: Integers
    """(layers, kinds): where the served requests spent their time; sums to latency_sum_ns."""
    histogram: Integers
    """(buckets): served requests by latency; see sim.traffic.books."""
    series: Series
    """Latencies of consecutive batches of requests from time 0 on, the warm-up included."""
    layer_ns: Integers
    """(layers): CPU time charged to each layer, for whatever reason."""
    cpus: dict[str, dict[str, int]]
    threads: dict[str, dict[str, int]]
    groups: dict[str, dict[str, int]]
    devices: dict[str, dict[str, int]]

    @property
    def served(self) -> int:
        return self.outcomes["served"]

    @property
    def throughput(self) -> float:
        """Served requests a second."""
        return self.served / (self.counted_ns / 1e9)

    @property
    def mean_ns(self) -> float:
        """Mean latency of served requests."""
        return self.latency_sum_ns / self.served if self.served else 0.0

    def percentile_ns(self, share: float) -> int:
        """The latency that `share` (0 to 1) of the requests do not exceed, within 1/1024; 0 when none was served."""
        if not self.served:
            return 0
        rank = min(max(int(np.ceil(share * self.served)), 1), self.served)
        bucket = int(np.searchsorted(np.cumsum(self.histogram), rank))
        return min(books.bucket_bounds(bucket)[1], self.latency_max_ns)

    @property
    def cpu_ns_per_request(self) -> float:
        """CPU time of the server's layers, for one served request: the client's and the neighbours' own are left out."""
        served_by = [index for index, layer in enumerate(self.layers) if layer not in BESIDE_THE_SERVER]
        return int(self.layer_ns[served_by].sum()) / self.served if self.served else 0.0

    def utilization(self, cpu: str) -> float:
        """The share of the time that a CPU worked."""
        return (self.cpus[cpu]["task_ns"] + self.cpus[cpu]["irq_ns"]) / self.counted_ns

    @property
    def queue_grew(self) -> bool:
        """Whether more arrived than were served, so that latency has no steady value."""
        grown = self.in_flight[1] - self.in_flight[0]
        return grown > 50 and grown * 20 > self.served

    def warnings(self) -> list[str]:
        """What a reader must know before trusting the figures."""
        before, after = self.in_flight
        if self.queue_grew:
            grew = f"{self.stack}: the queue grew from {before} to {after} requests"
            return [f"{grew}; more arrive than are served, and latency has no steady value."]
        return []

    def as_document(self) -> dict[str, Any]:
        """Plain integers and texts, for JSON; the histogram as [bucket, count] of those that are not empty."""
        document = asdict(self)
        filled = np.nonzero(self.histogram)[0]
        document["histogram"] = [[int(bucket), int(self.histogram[bucket])] for bucket in filled]
        document["ledger_ns"] = [[int(ns) for ns in row] for row in self.ledger_ns]
        document["series"] = self.series.as_document()
        document["layer_ns"] = [int(ns) for ns in self.layer_ns]
        document["layers"], document["in_flight"], document["kinds"] = list(self.layers), list(self.in_flight), list(trace.KINDS)
        return document


def result_of(traffic: Traffic, seed: int, in_flight_before: int) -> Result:
    """Reads a settled engine. `in_flight_before` is what was under way when counting began. Raises TooLarge."""
    w, machine = traffic.w, traffic.machine
    book = w.books.sum(axis=0)
    layers = len(machine.layers)
    ledger_end = books.COUNTS + layers * t.KINDS
    series = _series(w)
    _refuse_wrapped_sums(machine.name, book[ledger_end:], series)
    outcomes = {"issued": int(book[books.ISSUED])}
    outcomes |= {name: int(book[code]) for code, name in enumerate(trace.OUTCOMES) if code != trace.IN_FLIGHT}
    return Result(
        stack=machine.name,
        seed=seed,
        fingerprint=traffic.fingerprint,
        counted_ns=traffic.counted_ns,
        events=int(w.world[0].events),
        layers=machine.layers,
        outcomes=outcomes,
        in_flight=(in_flight_before, traffic.in_flight),
        latency_sum_ns=int(book[books.LATENCY_SUM]),
        latency_max_ns=int(w.books[:, books.LATENCY_MAX].max()),
        ledger_ns=book[books.COUNTS : ledger_end].reshape(layers, t.KINDS),
        histogram=book[ledger_end:],
        series=series,
        layer_ns=w.layer_ns.copy(),
        cpus=_rows(traffic.built.cpus, w.cpus, CPU_COLUMNS),
        threads={
            name: {column: int(traffic.thread_counts(column)[index]) for column in THREAD_COLUMNS}
            for index, name in enumerate(traffic.built.threads)
        },
        groups=_rows([group.name for group in machine.groups], w.groups, GROUP_COLUMNS),
        devices=_rows(traffic.built.devices, w.devices, DEVICE_COLUMNS),
    )


def _series(w: t.Tables) -> Series:
    used = w.series[: int(w.world[0].batch) + 1]
    used = used[used["requests"] > 0]
    return Series(*(np.array(used[column]) for column in ("requests", "latency_sum", "end")))


def _refuse_wrapped_sums(stack: str, histogram: Integers, series: Series) -> None:
    """The histogram knows each latency within 1/1024, and Python's integers do not wrap; the series knows of the warm-up, too."""
    counted_ns = sum(int(histogram[bucket]) * books.bucket_bounds(int(bucket))[0] for bucket in np.nonzero(histogram)[0])
    sums = ((int(histogram.sum()), counted_ns), (sum(series.requests.tolist()), sum(series.latency_sum_ns.tolist())))
    requests, least_ns = max(sums, key=lambda one: one[1])
    if least_ns > LARGEST_SUM_NS:
        found = f"the latencies of {requests:,} requests sum to about {least_ns / 1e9:.3g} s"
        raise TooLarge(f"{stack}: {found}; expected at most {LARGEST_SUM_NS / 1e9:.3g} s. Simulate a shorter time or fewer connections.")


def _rows(names: list[str], table: t.Array, columns: tuple[str, ...]) -> dict[str, dict[str, int]]:
    return {name: {column: int(table[column][index]) for column in columns} for index, name in enumerate(names)}
