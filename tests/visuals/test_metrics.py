"""CPU time and percentiles, against counting them plainly."""

from __future__ import annotations

import numpy as np

from cutaway.sim.trace import Trace
from cutaway.visuals.metrics import BusyTime, Latencies
from cutaway.visuals.strips import unbroken


def test_busy_time_is_the_sum_of_the_stints_parts(traces: list[Trace]) -> None:
    stints = traces[1].stints
    busy = BusyTime(stints)
    for now in np.random.default_rng(2).integers(0, traces[1].meta["end_ns"], 40).tolist():
        assert busy.until(now) == sum(max(min(int(row["end"]), now) - int(row["start"]), 0) for row in stints)


def test_percentiles_are_latencies_that_occurred(traces: list[Trace]) -> None:
    latencies = Latencies(traces[0])
    end = traces[0].meta["end_ns"]
    both = latencies.so_far(end)
    every = sorted((traces[0].requests["ended"] - traces[0].requests["born"]).tolist())
    assert both == (every[149], every[296])
    assert latencies.so_far(0) is None and latencies.throughput(end) == len(every) / end * 1e9


def test_the_heat_map_counts_every_request_once(traces: list[Trace]) -> None:
    for trace in traces:
        latencies = Latencies(trace)
        low, high = latencies.bounds()
        assert latencies.heat(40, 12, low, high).sum() == len(trace.requests)
        assert sum(1 for _ in latencies.lines(10)) == 10


def test_where_no_request_ended_no_line_leads_over() -> None:
    assert unbroken([(0, 1, 2), (1, 1, 2), (5, 9, 9), (7, 1, 1)]) == [[(0, 1, 2), (1, 1, 2)], [(5, 9, 9)], [(7, 1, 1)]]
    assert unbroken([]) == []
