"""A published figure, simulated: curves or bars with a band, and the published points with what each was used for.

The band is what the publication's own spread leaves open: the machine is made twice more, of the figures for calibrating moved by one
standard deviation, all of them down and all of them up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from cutaway.validating.published.case import Answer, Case
from cutaway.validating.published.figures import Figure, Panel, Params, SetUp
from cutaway.validating.published.points import Asked, Point, Source

Standing = Literal["made the machine", "for calibrating", "predicted", "not modelled"]
"""What a point was used for: only those that are predicted tell how right the model is."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A published point in a panel."""

    x: float
    value: float
    deviation: float
    standing: Standing


@dataclass(frozen=True, slots=True)
class Series:
    """A set-up in a panel: simulated values and the band stand at `at`; none where the model does not reach it."""

    label: str
    at: tuple[float, ...]
    simulated: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Reproduction:
    """All series of a figure, panel by panel."""

    figure: Figure
    panels: tuple[tuple[Series, ...], ...]


def reproduce(figure: Figure, source: Source, case: Case) -> Reproduction:
    """`case` has answered for the source's points, so it knows which of them made its machine."""
    cases = (case, *(type(case)(source.known(deviations)) for deviations in (-1, 1)))
    return Reproduction(figure, tuple(tuple(_all_series(figure, panel, source, cases)) for panel in figure.panels))


def _all_series(figure: Figure, panel: Panel, source: Source, cases: tuple[Case, ...]) -> Iterator[Series]:
    for place, set_up in enumerate(figure.set_ups):
        marks = tuple(_marks(figure, panel, set_up, source, cases[0], place))
        asked = [_asked(panel, set_up, {figure.along: x}) for x in figure.at] if figure.along else [_asked(panel, set_up, {})]
        found = [_numbers([case.answer(one) for case in cases]) for one in asked] if figure.along or marks else []
        at = figure.at if figure.along else (place,)
        if all(found) and found:
            told = [[_turn(value, x) for value in one] if panel.turn else one for one, x in zip(found, at, strict=True)]
            middle, low, high = zip(*((one[0], min(one), max(one)) for one in told), strict=True)
            yield Series(set_up.label, tuple(map(float, at)), middle, low, high, marks)
        elif marks:
            yield Series(set_up.label, (), (), (), (), tuple(replace(mark, standing="not modelled") for mark in marks))


def _numbers(answers: list[Answer]) -> list[float]:
    """None of them where one is a reason why not."""
    found = [answer for answer in answers if not isinstance(answer, str)]
    return found if len(found) == len(answers) else []


def _asked(panel: Panel, set_up: SetUp, at: Params) -> Asked:
    params = panel.params | set_up.params | at
    return Asked("", panel.what, set_up.stack, tuple(sorted(params.items())), panel.metric, panel.unit)


def _marks(figure: Figure, panel: Panel, set_up: SetUp, source: Source, case: Case, place: int) -> Iterator[Mark]:
    for point in source.points:
        if _belongs(point, panel, set_up):
            x = float(point.params[figure.along]) if figure.along else float(place)
            value = _turn(point.value, x) if panel.turn else point.value
            yield Mark(x, value, value * point.deviation / point.value, _standing(point, case))          # of a turn to first order


def _belongs(point: Point, panel: Panel, set_up: SetUp) -> bool:
    wanted = panel.params | set_up.params
    return (point.what, point.stack, point.metric) == (panel.what, set_up.stack, panel.metric) and all(
        point.params.get(key) == value for key, value in wanted.items()
    )


def _turn(per_s: float, connections: float) -> float:
    """Microseconds from one request of a connection to its next."""
    return connections / per_s * 1e6


def _standing(point: Point, case: Case) -> Standing:
    if point.use == "validate":
        return "predicted"
    return "made the machine" if point.id in case.known.used else "for calibrating"
