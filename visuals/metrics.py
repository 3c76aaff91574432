"""Numbers that run along: CPU time so far, throughput, and the latency's percentiles and heat map."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cutaway.sim.trace import SERVED, Table, Trace

STEPS = 512
"""Percentiles so far are renewed this many times in a run."""


class BusyTime:
    """CPU time of a set of stints up to any time, by two prefix sums: stints may lie beside each other on several CPUs."""

    def __init__(self, stints: Table) -> None:
        self.origin = int(stints["start"][0]) if len(stints) else 0
        self.starts = np.sort(stints["start"] - self.origin)
        self.ends = np.sort(stints["end"] - self.origin)
        self.started, self.ended = (np.concatenate([[0], np.cumsum(times)]) for times in (self.starts, self.ends))

    def until(self, time_ns: int) -> int:
        """CPU time that has passed by then."""
        now = time_ns - self.origin
        begun, over = int(np.searchsorted(self.starts, now, "right")), int(np.searchsorted(self.ends, now, "right"))
        return int((begun - over) * now - self.started[begun] + self.ended[over])

    def within(self, from_ns: int, to_ns: int) -> int:
        return self.until(to_ns) - self.until(from_ns)


class Latencies:
    """The served requests of a trace in the order in which they ended."""

    def __init__(self, trace: Trace) -> None:
        # What ended during the warm-up is in the trace to be seen, and does not count.
        served = trace.requests[(trace.requests["outcome"] == SERVED) & (trace.requests["ended"] >= trace.meta["start_ns"])]
        order = np.argsort(served["ended"], kind="stable")
        self.ended: npt.NDArray[np.int64] = served["ended"][order]
        self.latency: npt.NDArray[np.int64] = (served["ended"] - served["born"])[order]
        self.sampled = max(int(trace.meta.get("sampled", 1)), 1)
        self.start_ns, self.end_ns = int(trace.meta["start_ns"]), int(trace.meta["end_ns"])
        self._known: dict[int, tuple[int, int] | None] = {}

    def count(self, time_ns: int) -> int:
        """Traced requests that were served by then."""
        return int(np.searchsorted(self.ended, time_ns, "right"))

    def throughput(self, time_ns: int) -> float:
        """Requests a second so far; of a sampled trace each stands for its neighbours."""
        return self.count(time_ns) * self.sampled / max(time_ns - self.start_ns, 1) * 1e9

    def so_far(self, time_ns: int) -> tuple[int, int] | None:
        """p50 and p99 of all requests served so far, at the last of `STEPS` marks."""
        mark = (time_ns - self.start_ns) * STEPS // max(self.end_ns - self.start_ns, 1)
        return self.percentiles(min(int(mark), STEPS)) if mark > 0 else self._of(self.latency[: self.count(time_ns)])

    def percentiles(self, mark: int) -> tuple[int, int] | None:
        """p50 and p99 up to one of the marks, each looked up once."""
        if mark not in self._known:
            self._known[mark] = self._up_to(mark)
        return self._known[mark]

    def _up_to(self, mark: int) -> tuple[int, int] | None:
        return self._of(self.latency[: self.count(self.start_ns + mark * (self.end_ns - self.start_ns) // STEPS)])

    @staticmethod
    def _of(latency: npt.NDArray[np.int64]) -> tuple[int, int] | None:
        """The smallest latency that 50 % and 99 % of the requests did not exceed."""
        if not len(latency):
            return None
        ranks = [max(-(-len(latency) * percent // 100) - 1, 0) for percent in (50, 99)]
        both = np.partition(latency, ranks)
        return int(both[ranks[0]]), int(both[ranks[1]])

    def bounds(self) -> tuple[int, int]:
        """Least and greatest latency, 1 ns at least."""
        return (max(int(self.latency.min()), 1), max(int(self.latency.max()), 2)) if len(self.latency) else (1000, 1_000_000)

    def heat(self, columns: int, rows: int, low: int, high: int) -> npt.NDArray[np.int64]:
        """How many requests ended when, with about which latency; [time, latency], both from low to high, latency by ratios."""
        if not len(self.ended):
            return np.zeros((columns, rows), np.int64)
        when = (self.ended - self.start_ns) * columns // max(self.end_ns - self.start_ns, 1)
        height = np.log(np.maximum(self.latency, 1) / low) / np.log(high / low) * rows
        cells = np.clip(when, 0, columns - 1) * rows + np.clip(height.astype(np.int64), 0, rows - 1)
        return np.bincount(cells, minlength=columns * rows).reshape(columns, rows)

    def lines(self, columns: int) -> list[tuple[int, int, int]]:
        """(stretch, p50, p99) of each of so many stretches of time that has requests."""
        edges = self.start_ns + np.arange(columns + 1) * (self.end_ns - self.start_ns) // columns
        cuts = np.searchsorted(self.ended, edges)
        found = []
        for column in range(columns):
            both = self._of(self.latency[cuts[column] : cuts[column + 1]])
            if both:
                found.append((column, *both))
        return found
