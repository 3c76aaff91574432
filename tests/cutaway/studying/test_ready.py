"""The ready studies, tiny: each stack at the first and the last point is run once, and gives what the study's figures are of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cutaway.scenarios import catalogue
from cutaway.scenarios.study_loader import load_study
from cutaway.studying.batches import Batch
from cutaway.studying.columns import BY_NAME, AxisColumn
from cutaway.studying.conducting import brief_of
from cutaway.studying.job import Job, run

SMALL = {"run.requests": None, "run.duration": "20 ms", "run.warm up": "1 ms"}


@pytest.mark.parametrize("name", catalogue.studies())
def test_first_and_last_point(name: str) -> None:
    study = load_study(name)
    watched = tuple(BY_NAME[figure.y].key for figure in study.figures)
    brief = replace(brief_of(study), base=study.base.with_(SMALL), watched=watched)
    columns = [AxisColumn.of(axis)[1] for axis in study.axes]
    for point in study.points:
        if point.number not in (0, study.count() - 1):
            continue
        at = tuple(values[index] for values, index in zip(columns, point.at, strict=True))
        for number, stack in enumerate(study.stacks):
            _, figures = run(brief, Job(Batch(point.number, number, 0, 0), stack, point.changes, at, point.copies))
            assert set(figures) == set(watched)
            assert all(value >= 0 for values in figures.values() for value in values), (point, stack, figures)
