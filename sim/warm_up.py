"""Where the start of a run ends, and whether a warm-up is long enough: MSER-5 on the series of batches.

MSER cuts as many batches as make the interval of the rest's mean smallest [White 1997; White, Cobb and Spratt 2000]; the 5 is that of
batches of five requests, which here are the shortest. Where it would cut more than half, the run is too short to say [Hoad, Robinson and
Davies 2010]. Series of replications are averaged first, as Welch does [1983]: noise shrinks, the start stays. In whole numbers, so ties
and cuts are the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cutaway.sim.series import Series
from cutaway.sim.statistics.intervals import estimate

SPARED = 5
"""The last values are never all that is left: the statistic of a few may be small by chance [Hoad, Robinson and Davies 2010]."""
SURE = 0.99
"""Confidence with which the replications must agree that the start moves the mean, before it is called too short."""
LEAST = 5
"""Replications: the t test takes the bias as about normal, and with rare stalls three alike happen by chance."""
WORTH_TELLING = 0.5
"""Of the half width of the mean's interval: moved by that much, an interval of 95 % holds the true value in 83 % of all cases."""


@dataclass(frozen=True, slots=True)
class Truncation:
    """What MSER-5 would cut from the start of a run."""

    batches: int
    of: int
    """Batches in all."""
    time_ns: int
    """When the last of those batches ended, mean of the replications; 0 if none is cut."""

    @property
    def run_too_short(self) -> bool:
        """The cut lies in the second half: the rest is no longer than the start, and may be a part of it. Also without any batch."""
        return 2 * self.batches > self.of or self.of == 0


@dataclass(frozen=True, slots=True)
class Verdict:
    """On the warm-up of replications of one machine."""

    finding: Literal["enough", "warm-up too short", "run too short"]
    truncation: Truncation
    bias: float
    """By how much what is counted too early moves the mean latency, as a share of it; 0 when the warm-up is enough."""


def mser(values: Sequence[int]) -> int:
    """How many of the n values to cut from the start: the d that makes sum((x - mean)^2) / (n - d)^2 of the others smallest.

    In whole numbers: with m others, their sum s and their sum of squares q, the statistic is (m q - s^2) / m^3. Of several such d
    the least is taken.
    """
    best, best_over, best_cubed = 0, -1, 1
    total = squares = 0
    for cut in range(len(values) - 1, -1, -1):
        total += values[cut]
        squares += values[cut] * values[cut]
        left = len(values) - cut
        if left < SPARED:
            continue
        over, cubed = left * squares - total * total, left * left * left
        if best_over < 0 or over * best_cubed <= best_over * cubed:
            best, best_over, best_cubed = cut, over, cubed
    return best


def averaged(replications: Sequence[Series]) -> Series:
    """The sum of the series, batch by batch, in batches of the longest one's length; as long as the shortest; ends are the mean.

    For one replication or more. A sum serves as well as the mean, and is whole.
    """
    longest = max(series.batch_requests for series in replications)
    alike = [series.merged(max(longest // max(series.batch_requests, 1), 1)) for series in replications]
    shortest = min(len(series) for series in alike)
    alike = [series[:shortest] for series in alike]
    first = alike[0]
    requests, sums, ends = (first.requests * 0 for _ in range(3))
    for series in alike:
        requests, sums = requests + series.requests, sums + series.latency_sum_ns
        ends = ends + series.end_ns // len(alike)  # the sum of the ends themselves might wrap
    return Series(requests, sums, ends)


def truncation(replications: Sequence[Series]) -> Truncation:
    """MSER-5 on the mean series of one replication or more."""
    series = averaged(replications)
    cut = mser(series.latency_sum_ns.tolist())
    return Truncation(cut, len(series), int(series.end_ns[cut - 1]) if cut else 0)


def judge(replications: Sequence[Series], warm_up_ns: int) -> Verdict:
    """Whether the warm-up of these replications is enough, as far as that is clear.

    MSER-5 alone cuts at random places where nothing is to be cut. So it is believed only when what it would cut moves the mean: in the same
    direction over the replications, with a confidence of SURE, and by more than WORTH_TELLING of the mean's own interval. Of
    fewer than LEAST replications nothing is clear.
    """
    found = truncation(replications)
    bias = _clear_bias(replications, warm_up_ns) if _settled_ns(found, replications, warm_up_ns) > warm_up_ns else 0.0
    if not bias:
        return Verdict("enough", found, 0.0)
    return Verdict("run too short" if found.run_too_short else "warm-up too short", found, bias)


def _settled_ns(cut: Truncation, replications: Sequence[Series], warm_up_ns: int) -> int:
    """When the start has ended, and not before the warm-up; of runs that are too short, when half of what is counted has come home."""
    if not cut.run_too_short:
        return max(cut.time_ns, warm_up_ns)
    counted = [series.full().after(warm_up_ns) for series in replications]
    return min(int(series.end_ns[len(series) // 2]) if len(series) else warm_up_ns for series in counted)


def _clear_bias(replications: Sequence[Series], warm_up_ns: int) -> float:
    """By which share the mean latency after the warm-up exceeds that of the settled rest; 0 unless it is clear.

    Each half of the replications is cut where the other half says: a cut looks for the place where the rest is calmest, so on its own
    runs it would find a bias where there is none.
    """
    if len(replications) < LEAST:
        return 0.0
    halves = replications[::2], replications[1::2]
    counted, settled = [], []
    for half, other in (halves, halves[::-1]):
        settled_ns = _settled_ns(truncation(other), other, warm_up_ns)
        counted += [_mean_ns(series.after(warm_up_ns)) for series in half]
        settled += [_mean_ns(series.after(settled_ns)) for series in half]
    if not all(counted) or not all(settled):
        return 0.0
    bias = estimate([early - late for early, late in zip(counted, settled, strict=True)], SURE)
    if bias.is_zero or abs(bias.mean) <= WORTH_TELLING * estimate(counted).half_width:
        return 0.0
    return bias.mean / (math.fsum(settled) / len(settled))


def _mean_ns(series: Series) -> float:
    total_ns, requests = sum(series.latency_sum_ns.tolist()), sum(series.requests.tolist())
    return float(total_ns / requests) if requests else 0.0
