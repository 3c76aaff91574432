"""Errors of predictions: of each row, and by group and stack, beside the bars that they are held to.

An error is predicted over measured less 1. A prediction between the quartiles of the measurement is within its spread, and counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, groupby
from statistics import median

from cutaway.models.costs.row import Row

KINDS = ("throughput and CPU time", "mean and p50", "tails", "start-up", "memory", "other")
"""Kinds of figures, each with a bar of its own."""
BARS = {"throughput and CPU time": 0.08, "mean and p50": 0.10, "tails": 0.25, "start-up": 0.20, "memory": 0.10}
"""Median absolute error that is asked for."""
WORST = 0.19
"""The worst absolute error of throughput, CPU time, mean and p50 that is asked for."""


@dataclass(frozen=True, slots=True)
class Score:
    """One row and what was predicted for it."""

    row: Row
    predicted: float | None
    why_not: str = ""
    """Why there is no prediction."""
    by_factor: float | None = None
    """What the calibrated figure times a constant gives."""

    @property
    def error(self) -> float | None:
        """With its sign; None where nothing was predicted or measured 0."""
        return relative(self.predicted, self.row.median)

    @property
    def error_by_factor(self) -> float | None:
        """That of the constant factor."""
        return relative(self.by_factor, self.row.median)

    @property
    def within_spread(self) -> bool:
        """Whether the prediction lies between the quartiles of what was measured."""
        return self.predicted is not None and self.row.q1 <= self.predicted <= self.row.q3

    @property
    def kind(self) -> str:
        """The kind of figure."""
        return kind_of(self.row)


@dataclass(frozen=True, slots=True)
class Summary:
    """The errors of some rows: absolute ones and their mean with the sign (bias)."""

    count: int
    median: float
    worst: float
    mean: float
    bias: float
    within_spread: int
    by_factor: float | None
    """The median absolute error of the constant factor over the rows that it reaches."""


def relative(predicted: float | None, measured: float) -> float | None:
    """Predicted over measured less 1."""
    return None if predicted is None or measured == 0 else predicted / measured - 1


def kind_of(row: Row) -> str:
    """By its metric."""
    if row.group in ("lifecycle", "memory"):
        return "start-up" if row.group == "lifecycle" else "memory"
    metric = row.metric
    # bytes a second are requests a second times the page: the same error again
    if metric in ("throughput", "server_cpu_per_request", "client_cpu_per_request", "proxy_cpu_per_request"):
        return "throughput and CPU time"
    if metric in ("latency_mean", "latency_p50"):
        return "mean and p50"
    return "tails" if metric in ("latency_p95", "latency_p99") else "other"


def summary(scores: Iterable[Score]) -> Summary | None:
    """None where no row has an error."""
    known = [(score, error) for score in scores if (error := score.error) is not None]
    if not known:
        return None
    absolute = [abs(error) for _, error in known]
    factor = [abs(error) for score, _ in known if (error := score.error_by_factor) is not None]
    return Summary(
        count=len(known),
        median=median(absolute),
        worst=max(absolute),
        mean=sum(absolute) / len(absolute),
        bias=sum(error for _, error in known) / len(known),
        within_spread=sum(score.within_spread for score, _ in known),
        by_factor=median(factor) if factor else None,
    )


def by_kind(scores: Iterable[Score]) -> dict[str, list[Score]]:
    """In the order of KINDS."""
    of_kind: dict[str, list[Score]] = {kind: [] for kind in KINDS}
    for score in scores:
        of_kind[score.kind].append(score)
    return {kind: found for kind, found in of_kind.items() if found}


@dataclass(frozen=True, slots=True)
class Pair:
    """Two stacks under the same load whose measured difference exceeds its spread, and whether the prediction has them in that order."""

    metric: str
    load: str
    lower: str
    higher: str
    kept: bool


def pairs(scores: Sequence[Score]) -> list[Pair]:
    """Every comparison of two stacks under the same load; a difference counts where the quartiles do not overlap."""

    def load(score: Score) -> tuple[str, str, str]:
        return score.row.what, str(sorted(score.row.params.items())), score.row.metric

    found = []
    ranked = [score for score in scores if score.predicted is not None and score.kind in ("throughput and CPU time", "mean and p50")]
    for (what, params, metric), group in groupby(sorted(ranked, key=lambda score: (*load(score), score.row.median)), key=load):
        for one, two in combinations(group, 2):                                # in the measured order
            if one.row.stack != two.row.stack and one.row.q3 < two.row.q1:
                assert one.predicted is not None and two.predicted is not None
                found.append(Pair(metric, f"{what} {params}", one.row.stack, two.row.stack, one.predicted < two.predicted))
    return found
