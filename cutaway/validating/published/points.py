"""Published points: one figure of one source, with what it was of.

Those marked `calibrate` may make a profile, those marked `validate` never. A rule is given a source's `Known` points and, of the others,
what was `Asked` without what came of it: it cannot look.
Read first: models/costs/published/README.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.models import costs, files
from cutaway.models.complaints import complaint
from cutaway.models.costs.row import MeasurementError
from cutaway.scenarios.problems import choices, nearest

MOST_BYTES = costs.MOST_BYTES
FOLDER = Path(costs.__file__).parent / "published"


class PublishedError(MeasurementError):
    """A file of published points that cannot be used, or a source that is not there."""


class Point(BaseModel):
    """One figure as it was published."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    what: str
    stack: str
    params: dict[str, str | int | float]
    metric: str
    unit: str
    value: float = Field(allow_inf_nan=False)
    spread: str = ""
    n: int = 0
    note: str = ""
    use: Literal["calibrate", "validate"]

    @property
    def deviation(self) -> float:
        """One standard deviation, in the point's unit; 0 where none is stated."""
        stated = re.match(r"sd ([\d.]+)", self.spread)
        return float(stated[1]) if stated else 0.0

    @property
    def asked(self) -> Asked:
        return Asked(self.id, self.what, self.stack, tuple(sorted(self.params.items())), self.metric, self.unit)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a point is of, and not what came of it."""

    id: str
    what: str
    stack: str
    params: tuple[tuple[str, str | int | float], ...]
    metric: str
    unit: str

    def number(self, param: str, otherwise: float = 0) -> float:
        return float(dict(self.params).get(param, otherwise))

    def text(self, param: str) -> str:
        return str(dict(self.params).get(param, ""))


class Known:
    """The points of a source that may be used, and which of them were."""

    def __init__(self, source: str, points: tuple[Point, ...], deviations: float = 0) -> None:
        """Each figure is moved by so many of its standard deviations."""
        assert all(point.use == "calibrate" for point in points)
        self.source = source
        self.points = tuple(point.model_copy(update={"value": point.value + deviations * point.deviation}) for point in points)
        self.deviations = deviations
        self.used: set[str] = set()

    def __call__(self, what: str, metric: str = "", stack: str = "", **params: str | float) -> float:
        """The figure of these points, the median where there are several; what is left out may be anything."""
        found = list(self._such(what, metric, stack, params))
        if not found:
            raise PublishedError(f"{self.source}: no point for calibrating is of '{what}' {metric} {stack} {params}")
        self.used |= {point.id for point in found}
        return median(point.value for point in found)

    def _such(self, what: str, metric: str, stack: str, params: dict[str, str | float]) -> Iterator[Point]:
        for point in self.points:
            as_asked = point.what == what and metric in ("", point.metric) and stack in ("", point.stack)
            if as_asked and all(point.params.get(key) == value for key, value in params.items()):
                yield point


@dataclass(frozen=True)
class Source:
    """The points of one source."""

    name: str
    title: str
    points: tuple[Point, ...]

    def known(self, deviations: float = 0) -> Known:
        return Known(self.name, tuple(point for point in self.points if point.use == "calibrate"), deviations)


def names() -> list[str]:
    """The sources that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


@lru_cache
def load(name: str) -> Source:
    """Raises PublishedError."""
    if name not in names():
        hint = nearest(name, names())
        raise PublishedError(f"no published source is named '{name}'; expected {choices(names())}.{hint}")
    file = FOLDER / f"{name}.toml"
    try:
        document = files.toml_of(files.text_of(file, MOST_BYTES, "published points"), "published points in TOML")
    except files.FileRefused as refused:
        raise PublishedError(f"{file.name}{f':{refused.line}' if refused.line else ''}: {refused}") from None
    head, listed = document.get("source"), document.get("point")
    if not isinstance(head, dict) or not isinstance(head.get("title"), str) or not isinstance(listed, list):
        raise PublishedError(f"{file.name}: [source] with a title and [[point]] are missing; expected both.")
    return Source(name, head["title"], tuple(_point(file, number, found) for number, found in enumerate(listed, 1)))


def _point(file: Path, number: int, found: object) -> Point:
    try:
        return Point.model_validate(found)
    except ValidationError as error:
        raise PublishedError(f"{file.name}: point {number}: {complaint(error, tuple(Point.model_fields), 'a point')}") from None
