"""The course of a run: latencies of consecutive batches of served requests, from time 0 on, the warm-up included.

The engine keeps it (`sim.traffic.books`); `sim.warm_up` reads from it where the start ends, `sim.batch_means` makes an interval of one run.
All in integers: sums, never means. Left out: which client a request belongs to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Series:
    """Batches of requests in the order in which they came home. All hold equally many, but the last, which may hold fewer."""

    requests: Integers
    """(batches)"""
    latency_sum_ns: Integers
    """(batches)"""
    end_ns: Integers
    """(batches): when the last request of each came home, ns since the start of the run."""

    def __len__(self) -> int:
        return len(self.requests)

    @property
    def batch_requests(self) -> int:
        """Requests in each full batch; 0 of an empty series."""
        return int(self.requests[0]) if len(self) else 0

    def full(self) -> Series:
        """Without a last batch that holds fewer requests than the others."""
        return self if not len(self) or self.requests[-1] == self.requests[0] else self[:-1]

    def after(self, time_ns: int) -> Series:
        """The batches whose requests all came home after that time."""
        began_before = int(np.searchsorted(self.end_ns, time_ns, side="right")) + 1
        # the batch under way at that time is mixed; at time 0 none is
        return self[began_before if time_ns > 0 else 0 :]

    def merged(self, factor: int) -> Series:
        """Full batches of `factor` times as many requests, from the first on; what is left over at the end is dropped."""
        whole = self.full()
        count = len(whole) // factor
        requests, sums = (column[: count * factor].reshape(count, factor) for column in (whole.requests, whole.latency_sum_ns))
        ends = whole.end_ns[: count * factor].reshape(count, factor)
        return Series(requests.sum(axis=1), sums.sum(axis=1), ends[:, -1])

    def as_document(self) -> dict[str, list[int]]:
        """The columns as plain integers."""
        return {
            "requests": self.requests.tolist(),
            "latency_sum_ns": self.latency_sum_ns.tolist(),
            "end_ns": self.end_ns.tolist(),
        }

    def __getitem__(self, batches: slice) -> Series:
        return Series(self.requests[batches], self.latency_sum_ns[batches], self.end_ns[batches])
