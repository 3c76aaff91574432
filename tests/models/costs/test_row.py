"""Files of measured rows: what is read, and what is refused with file, line and key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cutaway.models.costs.row import SHIPPED, MeasurementError, read

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
        (("3",), ":1: the row is 3; expected a mapping of keys to values"),
        ((json.dumps(ROW | {"use": "both"}),), ":1: use is \"both\"; expected 'calibrate' or 'validate'"),
        ((json.dumps(ROW | {"median": float("nan")}),), ":1: median is NaN; expected a finite number"),
        ((json.dumps({key: ROW[key] for key in ROW if key != "unit"}),), ":1: unit is missing; expected it in the row"),
        ((json.dumps({"medain" if key == "median" else key: value for key, value in ROW.items()}),), "Did you mean 'median'?"),
        ((json.dumps(ROW | {"use": "Calibrat"}),), "expected 'calibrate' or 'validate'. Did you mean 'calibrate'?"),
        ((json.dumps(ROW | {"params": {"a": [1]}}),), ":1: params.a is a list; expected a text or a whole number or a number"),
        ((json.dumps(ROW | {"n": 0}),), ":1: micro.a.native.time_per_op: n is 0; expected at least 1 sample."),
        ((json.dumps(ROW | {"q1": 2.5}),), "q1, median and q3 are 2.5, 2 and 3; expected each at least as large as the one before."),
        ((json.dumps(ROW | {"q1": -1.0}),), "q1 is -1 ns; expected a time of at least 0."),
        ((json.dumps(ROW | {"what": "redis", "metric": "thruoghput"}),), "metric is 'thruoghput', which 'redis' does not have. Did"),
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


def test_what_may_be_is_read(tmp_path: Path) -> None:
    """A code that a process ends with, a difference of two moments, a metric that is new, and one of another kind of row."""
    ended = ROW | {"id": "1", "metric": "exit_code", "unit": "1", "median": -9, "q1": -9, "q3": -9}
    after = ROW | {"id": "2", "metric": "after", "median": -261, "q1": -310, "q3": -100}
    new = ROW | {"id": "3", "what": "redis", "metric": "joules_per_request"}
    other = ROW | {"id": "4", "what": "redis", "metric": "cpu_share"}
    assert len(read(written(tmp_path, *map(json.dumps, (ended, after, new, other))))) == 4


def test_every_shipped_row_is_possible(tmp_path: Path) -> None:
    """Read as a file of one's own, which is looked at more closely."""
    for file in sorted(SHIPPED.glob("*.jsonl")):
        copy = tmp_path / file.name
        copy.write_bytes(file.read_bytes())
        assert len(read(copy)) == len(copy.read_text(encoding="utf-8").splitlines()) > 0
