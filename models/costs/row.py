"""Measured rows: one figure of one machine a line, as `cutaway measure` writes them and calibration and validation read them.

A row marked `calibrate` may be fitted, one marked `validate` never. Read first: docs/models/costs.md.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.models import files

MOST_BYTES = 256 * 1024 * 1024
"""A file of rows; the largest known has 4 MB."""


class MeasurementError(ValueError):
    """A file of measurements that cannot be used; says which, where and why."""


class Row(BaseModel):
    """One figure: the median of `n` samples with its quartiles."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    group: str
    what: str
    """What was done, in words; rows of the same `what` differ in stack and `params`."""
    stack: str
    params: dict[str, str | int | float]
    metric: str
    unit: str
    median: float = Field(allow_inf_nan=False)
    q1: float = Field(allow_inf_nan=False)
    q3: float = Field(allow_inf_nan=False)
    n: int
    samples: tuple[float, ...] = ()
    """At most 30 of them."""
    runs: int = 0
    """Runs that the samples are of; 0 where the row does not say."""
    mean: float | None = Field(default=None, allow_inf_nan=False)
    """Of single events, beside their median."""
    quantiles: tuple[float, ...] = ()
    """Of single events: equally spaced, the last is the maximum."""
    use: Literal["calibrate", "validate"]

    def number(self, param: str, otherwise: float = 0) -> float:
        """A parameter as a number."""
        return float(self.params.get(param, otherwise))


def read(file: Path) -> list[Row]:
    """All rows of a file of one JSON object a line. Raises MeasurementError."""
    try:
        lines = files.text_of(file, MOST_BYTES, "measured rows").splitlines()
    except files.FileRefused as refused:
        raise MeasurementError(f"{file}{f':{refused.line}' if refused.line else ''}: {refused}") from None
    rows, seen = [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        row = _row(file, number, line)
        if row.id in seen:
            raise MeasurementError(f"{file}:{number}: id is '{row.id}', which stands in an earlier line; expected each id once.")
        seen.add(row.id)
        rows.append(row)
    if not rows:
        raise MeasurementError(f"{file}: is empty; expected one measured row a line.")
    return rows


def complaint(wrong: ValueError) -> str:
    """What is wrong, in one line: of pydantic's, the key and the first thing that it says."""
    if not isinstance(wrong, ValidationError):
        return str(wrong)
    first = wrong.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "the row"
    return f"{key}: {first['msg'][:1].lower()}{first['msg'][1:]}"


def _row(file: Path, number: int, line: str) -> Row:
    try:
        found: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise MeasurementError(f"{file}:{number}: is no JSON; expected one measured row a line.") from None
    try:
        return Row.model_validate(found)
    except ValidationError as error:
        raise MeasurementError(f"{file}:{number}: {complaint(error)}.") from None
