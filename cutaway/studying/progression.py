"""How many replications a point gets: a number of the study, or as many as a precision takes.

With a precision, a point goes on in rounds: after each, the figures so far say how many it will take in all. All stacks of a point get the
same replications, so that they can be compared pair by pair. A round is decided on all of its figures, in the order of replications: so a
study has the same runs whoever ran them, and whenever it was stopped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from cutaway.models.units import SHARE
from cutaway.scenarios.study_file import Precision
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.sim.statistics import estimate
from cutaway.sim.statistics.simultaneous import confidence_of_each
from cutaway.sim.statistics.stopping import RelativePrecision
from cutaway.studying.batches import Batch, batches, runs_a_file
from cutaway.studying.columns import BY_NAME

GROWTH = 2
"""A round at most doubles the replications: a forecast from few of them may be far off."""


def confidence(study: LoadedStudy) -> float:
    """Of each interval, such that the stopping metrics of all stacks of a point hold together if the study says so."""
    asked = float(study.study.confidence)
    precision = study.study.precision
    if precision is None or study.study.correction == "none":
        return asked
    return confidence_of_each(len(precision.of) * len(study.stacks), asked)


def watched(study: LoadedStudy) -> tuple[str, ...]:
    """The metrics that are looked at while a study runs, for its rule or for who waits."""
    return study.study.precision.of if study.study.precision else ("mean latency",)


class Progression:
    """One point: which batches it needs next, and whether it has enough."""

    def __init__(self, study: LoadedStudy, point: int) -> None:
        self.point = point
        self.stacks = len(study.stacks)
        self.size = runs_a_file(study)
        self.precision = study.study.precision
        self.asked = study.replications() if self.precision is None else self.precision.at_least
        self.given = 0
        self.confidence = confidence(study)
        self.rule = _rule(self.precision, self.confidence) if self.precision else None
        self.watched = watched(study)
        self.figures: dict[tuple[int, str], list[float]] = {}
        self.open: set[Batch] = set()
        self.arrived: dict[Batch, Mapping[str, Sequence[float]]] = {}
        self.has_failed = False

    def next_batches(self) -> Iterator[Batch]:
        """What is to be run now; nothing while a round is open, or when the point has enough."""
        if self.open or self.given >= self.asked:
            return
        found = list(batches(self.point, self.stacks, self.given, self.asked, self.size))
        self.open = set(found)
        self.given = self.asked
        yield from found

    def arrive(self, batch: Batch, figures: Mapping[str, Sequence[float]] | None) -> None:
        """The figures of a batch, none of them if nobody asks; None if it failed. With the last of a round, the next one is decided."""
        self.open.discard(batch)
        if figures is None:
            self.has_failed = True
        else:
            self.arrived[batch] = figures
        if not self.open and not self.has_failed:
            self._take_round()
            if self.rule is not None:
                self.asked = self._asked_next(self.rule)

    @property
    def is_done(self) -> bool:
        return not self.open and self.given >= self.asked

    def widest(self) -> float:
        """The largest half width over its mean so far, of the metrics that are watched; 0 where none is known."""
        found = [estimate(values, self.confidence) for values in self.figures.values() if len(values) > 1]
        return max((one.half_width / abs(one.mean) for one in found if one.mean), default=0.0)

    def _take_round(self) -> None:
        for batch in sorted(self.arrived):
            for name in self.watched:
                self.figures.setdefault((batch.stack, name), []).extend(self.arrived[batch].get(BY_NAME[name].key, ()))
        self.arrived.clear()

    def _asked_next(self, rule: RelativePrecision) -> int:
        wide = [values for values in self.figures.values() if not rule.reached(values)]
        if not wide:
            return self.given
        needed = max(rule.needed(values) or rule.most for values in wide)
        return min(max(needed, self.given + 1), GROWTH * self.given, rule.most)


def _rule(precision: Precision, confidence: float) -> RelativePrecision:
    return RelativePrecision(float(precision.within), confidence, precision.at_least, precision.at_most)


def in_words(study: LoadedStudy) -> str:
    """How many replications, and why."""
    precision = study.study.precision
    if precision is None:
        return f"{study.replications()} replications"
    within = f"{', '.join(precision.of)} within {SHARE.text(precision.within)}"
    return f"{precision.at_least} to {precision.at_most} replications, until {within}"
