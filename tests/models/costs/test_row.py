"""Files of measured rows: what is read, and what is refused with file, line and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutaway.models.costs.row import MeasurementError, read

ROW: dict[str, Any] = {
    "id": "micro.a.native.time_per_op", "group": "micro", "what": "a", "stack": "native", "params": {"client_cpu": 1},
    "metric": "time_per_op", "unit": "ns", "median": 2.0, "q1": 1.0, "q3": 3.0, "n": 3, "samples": [1.0, 2.0, 3.0], "command": "a",
    "steal": 0.0, "use": "calibrate",
}  # fmt: skip


def written(folder: Path, *lines: str) -> Path:
    file = folder / "rows.jsonl"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def test_rows_are_read_with_what_they_have_beyond(tmp_path: Path) -> None:
    [row] = read(written(tmp_path, json.dumps(ROW), ""))
    assert (row.median, row.use, row.number("client_cpu"), row.number("server_cpu", 7)) == (2.0, "calibrate", 1.0, 7.0)


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ((), "is empty; expected one measured row a line."),
        (("{",), ":1: is no JSON; expected one measured row a line."),
        (("[" * 100_000,), ":1: is no JSON; expected one measured row a line."),
        (("3",), ":1: the row: "),
        ((json.dumps(ROW | {"use": "both"}),), ":1: use: input should be 'calibrate' or 'validate'."),
        ((json.dumps(ROW | {"median": float("nan")}),), ":1: median: input should be a finite number."),
        ((json.dumps({key: ROW[key] for key in ROW if key != "unit"}),), ":1: unit: field required."),
        ((json.dumps(ROW), json.dumps(ROW)), ":2: id is 'micro.a.native.time_per_op', which stands in an earlier line"),
    ],
)
def test_what_is_no_row_gets_one_sentence(tmp_path: Path, lines: tuple[str, ...], told: str) -> None:
    file = written(tmp_path, *lines)
    with pytest.raises(MeasurementError) as found:
        read(file)
    assert str(found.value).startswith(str(file)) and told in str(found.value) and "\n" not in str(found.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(MeasurementError, match=r"none\.jsonl: cannot be read: no such file or directory\."):
        read(tmp_path / "none.jsonl")
