"""All published sources: each point for validating is predicted or named, with the reason why not.

Points for calibrating that made no profile are predicted as well where a rule reaches them, and counted apart.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from multiprocessing import get_context
from typing import Any

from cutaway.models.costs.row import Row
from cutaway.sim.experiments import Progress
from cutaway.validating import scores
from cutaway.validating.published import figures, points, unreached
from cutaway.validating.published.case import TakenOver
from cutaway.validating.published.factor import by_factor
from cutaway.validating.published.points import Point, Source
from cutaway.validating.published.reproducing import Reproduction, reproduce
from cutaway.validating.published.sources import REACHED
from cutaway.validating.scores import Score, Summary


@dataclass(frozen=True)
class Verdict:
    """What came of one source."""

    source: str
    title: str
    points: int
    made: tuple[str, ...]
    """How its machines were made."""
    used: tuple[str, ...]
    """The points for calibrating that made them, or that a prediction goes on from."""
    scores: tuple[Score, ...]
    """Every point for validating whose figure is not taken over."""
    taken_over: tuple[Score, ...]
    """Those whose figure is one for calibrating as it stands."""
    unused: tuple[Score, ...]
    """Points for calibrating that made no machine, where a rule reaches them."""
    reproduction: Reproduction | None = None
    """The source's figure, where it has one and it was asked for."""

    @property
    def asked(self) -> int:
        """Points for validating."""
        return len(self.scores) + len(self.taken_over)

    def predicted(self) -> list[Score]:
        return [score for score in self.scores if score.predicted is not None]

    def summary(self) -> Summary | None:
        return scores.summary(self.scores)

    def why_not(self) -> Counter[str]:
        return Counter(score.why_not for score in self.scores if score.predicted is None)


@dataclass(frozen=True)
class Published:
    """What came of all of them."""

    verdicts: tuple[Verdict, ...]

    def scores(self) -> list[Score]:
        return [score for verdict in self.verdicts for score in verdict.scores]

    def taken_over(self) -> list[Score]:
        return [score for verdict in self.verdicts for score in verdict.taken_over]

    @property
    def asked(self) -> int:
        """Points for validating."""
        return sum(verdict.asked for verdict in self.verdicts)

    def predicted(self) -> list[Score]:
        return [score for score in self.scores() if score.predicted is not None]

    def worst(self) -> list[Score]:
        """Largest error first."""
        return sorted(self.predicted(), key=lambda score: (-abs(score.error or 0), score.row.id))

    def beside_factor(self) -> tuple[int, float, float] | None:
        """Points that the plain model reaches as well: how many, the median error of this one, and of that one."""
        both = scores.summary(score for score in self.predicted() if score.error_by_factor is not None)
        return (both.count, both.median, both.by_factor) if both and both.by_factor is not None else None

    def document(self) -> dict[str, Any]:
        """All of it, for programs; docs/validation.md explains the keys."""
        return {
            "points": sum(verdict.points for verdict in self.verdicts),
            "asked": self.asked,
            "predicted": len(self.predicted()),
            "taken_over": len(self.taken_over()),
            "summary": _summary(self.scores()),
            "sources": {verdict.source: _document(verdict) for verdict in self.verdicts},
        }


def validate(names: Sequence[str] = (), *, drawn: bool = False, workers: int = 1, progress: Progress | None = None) -> Published:
    """The named sources, or all; `drawn` with their figures. Raises PublishedError."""
    sources = [points.load(name) for name in names or points.names()]
    pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn")) if workers > 1 else None
    judge = partial(verdict_on, drawn=drawn)
    verdicts = []
    with pool or nullcontext():
        found: Iterable[Verdict] = pool.map(judge, sources) if pool else map(judge, sources)
        for done, verdict in enumerate(found, 1):
            verdicts.append(verdict)
            if progress:
                progress(done, len(sources))
    return Published(tuple(verdicts))


def verdict_on(source: Source, *, drawn: bool = False) -> Verdict:
    """Its machines are made of points for calibrating; then every other point is asked for, without what came of it."""
    known = source.known()
    asked = [point for point in source.points if point.use == "validate"]
    if source.name not in REACHED:
        why = unreached.SOURCES[source.name]
        missed = tuple(Score(_row(source, point), None, why) for point in asked)
        return Verdict(source.name, source.title, len(source.points), (), (), missed, (), ())
    case = REACHED[source.name](known)
    made, before = tuple(case.made), frozenset(known.used)
    answers = {point.id: case.figure(point.asked) for point in source.points if point.use == "validate" or point.id not in before}
    native = source.known()

    def score(point: Point) -> Score:
        answer = answers[point.id]
        row = _row(source, point)
        if isinstance(answer, str):
            return Score(row, None, answer)
        # of a point for calibrating the plain model would find the point itself
        return Score(row, answer, by_factor=by_factor(native, point.asked) if point.use == "validate" else None)

    of_native = [point for point in asked if isinstance(answers[point.id], TakenOver)]
    predicted = tuple(score(point) for point in asked if point not in of_native)
    left = [point for point in source.points if point.id in answers and point.use == "calibrate" and point.id not in known.used]
    unused = tuple(score(point) for point in left if not isinstance(answers[point.id], str))
    figure = figures.FIGURES.get(source.name) if drawn else None
    reproduction = reproduce(figure, source, case) if figure else None
    used, taken_over = tuple(sorted(known.used)), tuple(map(score, of_native))
    return Verdict(source.name, source.title, len(source.points), made, used, predicted, taken_over, unused, reproduction)


def _row(source: Source, point: Point) -> Row:
    """As a measured row; one standard deviation to either side stands for its quartiles."""
    return Row(
        id=point.id,
        group=source.name,
        what=point.what,
        stack=point.stack,
        params=point.params,
        metric=point.metric,
        unit=point.unit,
        median=point.value,
        q1=point.value - point.deviation,
        q3=point.value + point.deviation,
        n=point.n,
        use=point.use,
    )


def _summary(of: Sequence[Score]) -> dict[str, Any]:
    found = scores.summary(of)
    return asdict(found) if found else {}


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "title": verdict.title,
        "points": verdict.points,
        "made": list(verdict.made),
        "used": list(verdict.used),
        "predicted": len(verdict.predicted()),
        "unreached": dict(verdict.why_not()),
        "missing": unreached.SOURCES.get(verdict.source, ""),
        "summary": _summary(verdict.scores),
        "taken_over": _summary(verdict.taken_over),
        "unused": _summary(verdict.unused),
        "scores": [_score(score) for score in (*verdict.scores, *verdict.taken_over, *verdict.unused)],
    }


def _score(score: Score) -> dict[str, Any]:
    return {
        "id": score.row.id,
        "use": score.row.use,
        "published": score.row.median,
        "unit": score.row.unit,
        "predicted": score.predicted,
        "error": score.error,
        "within_spread": score.within_spread,
        "by_factor": score.by_factor,
        "error_by_factor": score.error_by_factor,
        "why_not": score.why_not,
    }
