"""Measured rows: one figure of one machine a line, as `cutaway measure` writes them and calibration and validation read them.

A row marked `calibrate` may be fitted, one marked `validate` never. Read first: docs/models/costs.md.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cutaway.models import files
from cutaway.models.complaints import complaint
from cutaway.models.names import nearest_name

SHIPPED = Path(__file__).parent / "measured"
TIMES = ("ns", "us", "ms", "s")
DIFFERENCES = ("after",)
"""Times that may be negative: of a wake-up, how much earlier the waker's call ended than the wakee ran."""
SLIP = 0.85
"""How much of a name must be that of a known one, so that it is taken for a slip."""
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
        if file.parent != SHIPPED and (wrong := _misnamed(row)):
            raise MeasurementError(f"{file}:{number}: {row.id}: {wrong}")
        seen.add(row.id)
        rows.append(row)
    if not rows:
        raise MeasurementError(f"{file}: is empty; expected one measured row a line.")
    return rows


@lru_cache
def _known_metrics() -> dict[str, frozenset[str]]:
    """The metrics of the rows that come with the program, by what was done."""
    found: dict[str, set[str]] = {}
    for file in sorted(SHIPPED.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            found.setdefault(row["what"], set()).add(row["metric"])
    return {what: frozenset(metrics) for what, metrics in found.items()}


def _impossible(row: Row) -> str:
    """What no measurement can have given, or nothing. A metric may be new; one that is nearly a known one is a slip of the pen."""
    if row.n < 1:
        return f"n is {row.n}; expected at least 1 sample"
    if not row.q1 <= row.median <= row.q3:
        return f"q1, median and q3 are {row.q1:g}, {row.median:g} and {row.q3:g}; expected each at least as large as the one before"
    if row.unit in TIMES and row.metric not in DIFFERENCES and row.q1 < 0:
        return f"q1 is {row.q1:g} {row.unit}; expected a time of at least 0"
    return ""


def _misnamed(row: Row) -> str:
    known = _known_metrics().get(row.what, frozenset())
    if not known or row.metric in known:
        return ""
    near = nearest_name(row.metric, sorted(known), SLIP)
    everywhere = any(row.metric in metrics for metrics in _known_metrics().values())
    return f"metric is '{row.metric}', which '{row.what}' does not have. Did you mean '{near}'?" if near and not everywhere else ""


def _row(file: Path, number: int, line: str) -> Row:
    try:
        found: Any = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise MeasurementError(f"{file}:{number}: is no JSON; expected one measured row a line.") from None
    try:
        row = Row.model_validate(found)
    except ValidationError as error:
        raise MeasurementError(f"{file}:{number}: {complaint(error, tuple(Row.model_fields))}") from None
    if wrong := _impossible(row):
        raise MeasurementError(f"{file}:{number}: {row.id}: {wrong}.")
    return row
