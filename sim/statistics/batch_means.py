"""An interval from a single run: its requests in a few long batches whose means are nearly independent.

Nonoverlapping batch means with 15 to 30 batches [Schmeiser 1982: more gain little, and are less independent], and von Neumann's ratio,
which tells when the batches are still too short to be taken as independent [von Neumann 1941; as used by Fishman and Yarberry 1997].
Replications need no such test and are what the commands use; this is for a run that cannot be repeated, or for its own sake.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cutaway.sim.series import Series
from cutaway.sim.statistics.intervals import Estimate, estimate

MOST = 30
LEAST = 10
"""With fewer batches no interval is given."""
_Z_95 = 1.6448536
"""The test's level is 5 %, on the side of means that follow each other."""


@dataclass(frozen=True, slots=True)
class BatchMeans:
    """The mean latency of one run."""

    estimate: Estimate
    """ns; the half width is infinite with fewer than LEAST batches."""
    batches: int
    batch_requests: int
    correlation: float
    """Of neighbouring batches, by von Neumann's ratio; about 0 when they are independent."""
    independent: bool
    """Whether the test finds nothing against independence. If not, the interval is too narrow: the run is too short."""


def batch_means(series: Series, warm_up_ns: int = 0, confidence: float = 0.95) -> BatchMeans:
    """The mean latency of what came home after the warm-up."""
    counted = series.full().after(warm_up_ns)
    factor = max(-(-len(counted) // MOST), 1)
    batches = counted[len(counted) % factor :].merged(factor)
    means = [ns / requests for ns, requests in zip(batches.latency_sum_ns.tolist(), batches.requests.tolist(), strict=True)]
    if len(means) < LEAST:
        unknown = Estimate(math.fsum(means) / max(len(means), 1), math.inf, confidence)
        return BatchMeans(unknown, len(means), batches.batch_requests, 0.0, False)
    correlation = neighbours_correlation(means)
    independent = correlation <= _Z_95 * math.sqrt((len(means) - 2) / (len(means) * len(means) - 1))
    return BatchMeans(estimate(means, confidence), len(means), batches.batch_requests, correlation, independent)


def neighbours_correlation(values: Sequence[float]) -> float:
    """1 less half of von Neumann's ratio, for two or more values: the correlation of neighbours, less an end effect; 0 when all are equal.

    Of independent normal values its mean is 0 and its variance (n - 2) / (n^2 - 1).
    """
    mean = math.fsum(values) / len(values)
    around = math.fsum((value - mean) * (value - mean) for value in values)
    steps = math.fsum((after - before) * (after - before) for before, after in pairwise(values))
    return 1 - steps / (2 * around) if around else 0.0
