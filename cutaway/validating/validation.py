"""A whole validation: every row meant for it predicted, or named with the reason why not.

Rows that share a set-up share its simulation. Nothing is left out: a row is either scored or unreached.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from typing import Any

from cutaway.models import costs
from cutaway.models.costs.row import Row
from cutaway.sim.experiments import Progress
from cutaway.validating import hogs, limits, loads, scores, starts
from cutaway.validating.factor import ConstantFactor
from cutaway.validating.hogs import Hogs
from cutaway.validating.left_out import Without
from cutaway.validating.limits import Limit
from cutaway.validating.scores import BARS, Pair, Score
from cutaway.validating.setups import Missing, Setup, Start, setup_of

NOT_FIGURES = {
    "foreign_cpu_share": "what else ran on the measured machine",
    "cpu0_softirq_share": "sampled by the tick, too coarse to compare",
    "cpu1_softirq_share": "sampled by the tick, too coarse to compare",
    "softirq_cpu_per_request": "sampled by the tick, too coarse to compare",
    "ksoftirqd_cpu_per_request": "ksoftirqd is not modelled",
    "latency_from_send_p50": "the time from sending is not counted apart",
    "latency_from_send_p99": "the time from sending is not counted apart",
}
"""Metrics that the model does not predict, and why."""


@dataclass(frozen=True)
class Validation:
    """What was predicted of a file of measurements."""

    profile: str
    scores: tuple[Score, ...]
    calibrated: int
    """Rows of the file that are meant for calibration, and were not looked at."""
    without: Without | None = None
    """The group that the costs were calibrated without."""

    def predicted(self) -> list[Score]:
        """Rows with a prediction."""
        return [score for score in self.scores if score.predicted is not None]

    def measured_zero(self) -> list[Score]:
        """Predicted rows that were measured 0, so that there is no relative error, and no statistic has them."""
        return [score for score in self.predicted() if score.error is None]

    def unreached(self) -> Counter[str]:
        """Why the other rows have none, and how many each."""
        return Counter(score.why_not for score in self.scores if score.predicted is None)

    def by_kind(self) -> dict[str, list[Score]]:
        """Predicted rows by kind of figure."""
        return scores.by_kind(self.predicted())

    def by_group(self) -> dict[tuple[str, str, str], list[Score]]:
        """Predicted rows by kind of figure, what was done, and stack."""
        found: dict[tuple[str, str, str], list[Score]] = {}
        for kind, of_kind in self.by_kind().items():
            for score in sorted(of_kind, key=lambda score: (score.row.what, score.row.stack)):
                found.setdefault((kind, score.row.what, score.row.stack), []).append(score)
        return found

    def worst(self) -> list[Score]:
        """All that have a bar, largest error first."""
        judged = [score for score in self.predicted() if score.kind in BARS and score.error is not None]
        return sorted(judged, key=lambda score: (-abs(score.error or 0), score.row.id))

    def pairs(self) -> list[Pair]:
        """Comparisons of two stacks."""
        return scores.pairs(self.scores)

    def document(self) -> dict[str, Any]:
        """All of it, for programs; docs/validation.md explains the keys."""
        return {
            "profile": self.profile,
            "rows": len(self.scores),
            "predicted": len(self.predicted()),
            "calibration_rows": self.calibrated,
            "unreached": dict(self.unreached()),
            "measured_zero": {"rows": len(zero := self.measured_zero()), "predicted_zero": sum(not score.predicted for score in zero)},
            "left_out": self.without.document() if self.without else None,
            "by_kind": {kind: _summary(of_kind) for kind, of_kind in self.by_kind().items()},
            "by_group": [
                {"kind": kind, "what": what, "stack": stack, **_summary(group)} for (kind, what, stack), group in self.by_group().items()
            ],
            "rank_order": {"comparisons": len(self.pairs()), "kept": sum(pair.kept for pair in self.pairs())},
            "scores": [_document(score) for score in self.scores],
        }


def validate(rows: Sequence[Row], profile: str, *, workers: int = 1, progress: Progress | None = None) -> Validation:
    """Predicts every row that is not meant for calibration."""
    asked = [row for row in rows if row.use == "validate"]
    setups = {row.id: setup_of(row) for row in asked}
    predicted = _predicted([one for one in dict.fromkeys(setups.values()) if not isinstance(one, Missing)], profile, workers, progress)
    factor = ConstantFactor(rows)
    return Validation(profile, tuple(_score(row, setups[row.id], predicted, factor) for row in asked), len(rows) - len(asked))


def _predicted(setups: Sequence[Setup], profile: str, workers: int, progress: Progress | None) -> dict[Setup, dict[str, float]]:
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if workers > 1 else None
    found: dict[Setup, dict[str, float]] = {}
    with pool or nullcontext():
        jobs = [(setup, profile) for setup in setups]
        figures: Iterable[dict[str, float]] = pool.map(_figures, jobs) if pool else map(_figures, jobs)
        for done, (setup, one) in enumerate(zip(setups, figures, strict=True), 1):
            found[setup] = one
            if progress:
                progress(done, len(setups))
    return found


def _figures(job: tuple[Setup, str]) -> dict[str, float]:
    setup, name = job
    profile = costs.load(name)
    if isinstance(setup, Start):
        return starts.figures(setup, profile)
    if isinstance(setup, Limit):
        return limits.figures(setup, profile)
    return hogs.figures(setup, profile) if isinstance(setup, Hogs) else loads.figures(setup, profile)


def _score(row: Row, setup: Setup | Missing, predicted: dict[Setup, dict[str, float]], factor: ConstantFactor) -> Score:
    if isinstance(setup, Missing):
        return Score(row, None, setup.why)
    value = predicted[setup].get(row.metric)
    if value is None:
        return Score(row, None, NOT_FIGURES.get(row.metric, f"{row.metric} is not a figure of the model"))
    by_factor = None if isinstance(setup, Start | Hogs | Limit) else factor.predicted(setup, row.metric)
    return Score(row, value, by_factor=by_factor)


def _summary(of: Sequence[Score]) -> dict[str, Any]:
    found = scores.summary(of)
    return asdict(found) if found else {}


def _document(score: Score) -> dict[str, Any]:
    return {
        "id": score.row.id,
        "measured": score.row.median,
        "quartiles": [score.row.q1, score.row.q3],
        "unit": score.row.unit,
        "predicted": score.predicted,
        "error": score.error,
        "within_spread": score.within_spread,
        "by_factor": score.by_factor,
        "error_by_factor": score.error_by_factor,
        "kind": score.kind,
        "why_not": score.why_not,
    }
