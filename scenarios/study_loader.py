"""Loading a study: from a path or a name to the study file, the scenario that it varies, and the values of its axes.

All that is wrong comes in one ScenarioError, each mistake with its line. Every value of an axis is tried on the scenario by itself; whether
two of them go together is seen when their point is run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cutaway.models.copies import COUNT, MOST_COPIES
from cutaway.models.units import FROM_FILE
from cutaway.scenarios import catalogue, limits, reading
from cutaway.scenarios.loader import digest, find_among, load_base, plain, restored
from cutaway.scenarios.problems import Place, Problem, ScenarioError, choices, nearest, printable
from cutaway.scenarios.schema import Scenario
from cutaway.scenarios.sentences import place_of, sentences
from cutaway.scenarios.study_axes import Point, RangeError, Values, how_many, laid_out, points, written
from cutaway.scenarios.study_file import Figure, Study

Where = tuple[str | int, ...]


@dataclass(frozen=True)
class LoadedStudy:
    """A study that is in order."""

    text: str
    """The file, as it was read."""
    study: Study
    varied: Scenario
    """The scenario as the study found it."""
    base: Scenario
    """The same with what the study sets for all of its points."""
    stacks: tuple[str, ...]
    axes: tuple[Values, ...]

    @property
    def points(self) -> Iterator[Point]:
        return points(self.axes)

    def count(self) -> int:
        return how_many(self.axes)

    def scenario(self, point: Point) -> Scenario:
        """The scenario of a point. Raises ScenarioError where its values do not go together."""
        return self.base.with_(dict(point.changes)) if point.changes else self.base

    @property
    def figures(self) -> tuple[Figure, ...]:
        """The pictures that are asked for, or those that every study has."""
        usual = ("throughput", "mean latency", "p99 latency")
        return self.study.figures or tuple(Figure.model_validate({"y": name}) for name in usual)

    def replications(self) -> int:
        """Runs of each point and stack, where their number is fixed."""
        return self.study.replications or self.base.run.replications

    @property
    def least_runs(self) -> int:
        """Runs of all points and stacks; with a precision, those before the first look."""
        precision = self.study.precision
        return self.count() * len(self.stacks) * (precision.at_least if precision else self.replications())

    @property
    def most_runs(self) -> int:
        """The same, if no point is precise before its last replication."""
        return self.count() * len(self.stacks) * self.most_replications

    @property
    def most_replications(self) -> int:
        """Runs that a point has on each stack, at most."""
        return self.study.precision.at_most if self.study.precision else self.replications()

    def content(self) -> dict[str, Any]:
        """All that its results depend on, of plain values: equal for studies that differ in words, comments and figures only."""
        elsewhere = {"title", "question", "figures", "base", "stacks", "set_", "axes"}
        said = self.study.model_dump(mode="json", by_alias=True, exclude=elsewhere)
        axes = [{"key": one.key, "values": _canonical(one.values), "with": _canonical(one.axis.with_)} for one in self.axes]
        return {**said, "scenario": digest(self.base), "stacks": list(self.stacks), "axes": axes}

    def digest(self) -> str:
        """A name for its results."""
        canonical = json.dumps(self.content(), sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        return blake2b(canonical.encode(), digest_size=16).hexdigest()


def load_study(path_or_name: str | Path) -> LoadedStudy:
    """A study from a file, or a shipped one by its name (`study/overhead`). Raises ScenarioError."""
    path, shown_as = find_among(path_or_name, catalogue.studies(), "study")
    text = reading.text_of(path, shown_as)
    return _loaded(text, shown_as, lambda name, place: load_base(name, place, path), tried=True)


def is_study(path_or_name: str | Path) -> bool:
    """Whether a name or a file is meant as a study: it says so in its first key or in another."""
    if str(path_or_name) in catalogue.studies():
        return True
    try:
        return re.search(r"^study *:", reading.text_of(Path(path_or_name), str(path_or_name)), re.MULTILINE) is not None
    except ScenarioError:
        return False


def restored_study(text: str, shown_as: str, varied: Mapping[str, Any], varied_as: str) -> LoadedStudy:
    """A study from what a folder of results keeps: its text, and what `loader.dumped` made of the scenario. Raises ScenarioError.

    The values of its axes were tried when it was begun; with thousands of them it would take longer than whatever is asked of the folder.
    """
    return _loaded(text, shown_as, lambda name, place: restored(varied, varied_as), tried=False)


def _loaded(text: str, shown_as: str, base_of: Callable[[str, Place], Scenario], *, tried: bool) -> LoadedStudy:
    document = reading.read_text(text, shown_as)
    places: dict[Where, Place] = {}
    data = plain(document.root, (), places)
    study = _validated(data, places, document.problems)
    return _Checker(study, places, tried).checked(text, base_of(study.base, place_of(("base",), places)))


def _validated(data: Any, places: dict[Where, Place], problems: list[Problem]) -> Study:
    try:
        study = Study.model_validate(data, context=FROM_FILE, by_alias=True, by_name=False)
    except ValidationError as invalid:
        raise ScenarioError([*problems, *sentences(invalid.errors(include_url=False), Study, data, places)]) from None
    if problems:
        raise ScenarioError(problems)
    return study


class _Checker:
    """What a study says as a whole: stacks that are there, keys and values that the scenario takes."""

    def __init__(self, study: Study, places: dict[Where, Place], tried: bool) -> None:
        """`tried`: whether each value of an axis is tried on the scenario."""
        self.study = study
        self.places = places
        self.tried = tried
        self.problems: list[Problem] = []

    def checked(self, text: str, varied: Scenario) -> LoadedStudy:
        study = self.study
        settings = {**study.set_, **({"run.seed": study.seed} if study.seed is not None else {})}
        base = self._set(varied, settings)
        stacks = tuple(dict.fromkeys(study.stacks or base.stacks))                        # a study may set a stack of its own
        self._stacks(stacks, base)
        self._raise()
        axes = tuple(self._axes())
        self._figures([one.key for one in study.axes])
        loaded = LoadedStudy(text, study, varied, base, stacks, tuple(values for _, values in axes))
        if not self._is_too_large(loaded) and self.tried:
            for number, values in axes:
                self._try_values(base, number, values)
        self._raise()
        return loaded

    def _is_too_large(self, loaded: LoadedStudy) -> bool:
        """Seen before any value is tried, which takes a while with many of them."""
        count, most = loaded.count(), loaded.most_runs
        if count > limits.STUDY_POINTS.value:
            self._note(("axes",), f"the axes make {count:,} points; expected at most {limits.STUDY_POINTS.value:,}.")
        if most > limits.STUDY_RUNS.value:
            self._note(("study",), f"the study may take {most:,} runs; expected at most {limits.STUDY_RUNS.value:,}.")
        return count > limits.STUDY_POINTS.value or most > limits.STUDY_RUNS.value

    def _set(self, varied: Scenario, settings: dict[str, Any]) -> Scenario:
        """All settings at once, since some only go together; what is wrong is told of the one that is wrong by itself, if there is one."""
        if not settings:
            return varied
        try:
            return varied.with_(settings)
        except ScenarioError as wrong:
            for key, value in settings.items():
                self._try(varied, {key: value}, ("set", key))
            for problem in wrong.problems if not self.problems else ():
                self._note(("set",), problem.text)
            raise ScenarioError(self.problems) from None

    def _note(self, path: Where, text: str) -> None:
        self.problems.append(Problem(place_of(path, self.places), text))

    def _raise(self) -> None:
        if self.problems:
            raise ScenarioError(self.problems)

    def _stacks(self, stacks: tuple[str, ...], base: Scenario) -> None:
        for name in stacks:
            if name not in base.stacks:
                expected = f"expected {choices(base.stacks)}.{nearest(name, base.stacks)}"
                self._note(("stacks",), f"stacks has '{printable(name)}', which is no stack of the scenario; {expected}")
        if (other := self.study.compare_with) is not None and other not in stacks:
            expected = f"expected {choices(stacks)}.{nearest(other, stacks)}"
            self._note(("compare with",), f"compare with is '{printable(other)}', which is no stack of the study; {expected}")

    def _axes(self) -> Iterator[tuple[int, Values]]:
        """The axes that can be laid out, each with its position."""
        seen: set[str] = set()
        for number, axis in enumerate(self.study.axes):
            where: Where = ("axes", number)
            for key in (axis.key, *axis.with_):
                if key in seen:
                    self._note(where, f"{printable(key)} is varied twice; expected each key in one axis.")
                seen.add(key)
                if key == "run.replications":
                    self._note(where, f"{key} is varied; expected 'replications' or 'precision' of the study, the same at every point.")
            try:
                yield number, laid_out(axis)
            except RangeError as wrong:
                self._note(where, f"{printable(axis.key)} {wrong}")

    def _try_values(self, base: Scenario, number: int, values: Values) -> None:
        for index, value in enumerate(values.values):
            others = {key: more[index] for key, more in values.axis.with_.items()}
            self._try(base, {values.key: value} | others, ("axes", number))

    def _try(self, base: Scenario, changes: Mapping[str, Any], where: Where) -> None:
        keys = dict(changes)
        copies = keys.pop(COUNT, 1)
        if type(copies) is not int or not 1 <= copies <= MOST_COPIES:
            self._note(where, f"{COUNT} is {printable(written(copies))}; expected a whole number of copies from 1 to {MOST_COPIES}.")
        try:
            base.with_(keys)
        except ScenarioError as wrong:
            for problem in wrong.problems:
                self._note(where, problem.text)

    def _figures(self, keys: list[str]) -> None:
        for number, figure in enumerate(self.study.figures):
            if figure.x is not None and figure.x not in keys:
                expected = f"expected {choices(keys)}.{nearest(figure.x, keys)}" if keys else "the study has no axis."
                self._note(("figures", number, "x"), f"figures[{number}].x is '{printable(figure.x)}', which is no axis; {expected}")


def _canonical(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _canonical(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in value]
    return value if isinstance(value, bool | int) or value is None else str(value)
