"""A profile that is calibrated without a group of rows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutaway.cli import app
from cutaway.models import costs
from cutaway.models.costs.fit import with_costs
from cutaway.validating import session
from cutaway.validating.left_out import not_knowing, profile_without


@pytest.fixture(scope="module")
def measurements(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped rows of two groups, one of them all wrong: a null system call of a second, nginx of an hour."""
    file = tmp_path_factory.mktemp("rows") / "two-core-vm.jsonl"
    rows = [json.loads(line) for line in session.SHIPPED.read_text(encoding="utf-8").splitlines()]
    kept = [row for row in rows if row["group"] in ("micro", "nginx") and row["use"] == "calibrate"]
    for row in kept:
        if row["group"] == "nginx":
            row["median"] = row["q1"] = row["q3"] = 3.6e9
    file.write_text("\n".join(map(json.dumps, kept)) + "\n", encoding="utf-8")
    file.with_suffix(".machine.json").write_bytes(session.SHIPPED.with_suffix(".machine.json").read_bytes())
    return file


def test_rows_of_the_group_have_no_part_in_it(measurements: Path, tmp_path: Path) -> None:
    found = profile_without(measurements, "nginx", "two-core-vm", tmp_path, workers=1)
    profile = costs.read(found.file)
    assert found.left_out == 84
    assert all(profile[name].value < 10**9 for name in ("nginx request", "sendfile per KiB", "TCP send"))
    assert abs(float(profile["null system call"].value) - 73.8) < 0.1


def test_what_no_other_row_tells_is_the_middle_of_its_range(measurements: Path, tmp_path: Path) -> None:
    """Goal: the prediction inherits nothing of the group. Method: what the base fitted on it is 54 ns; its range is 30 to 90 ns."""
    found = profile_without(measurements, "nginx", "two-core-vm", tmp_path, workers=1)
    cost = costs.read(found.file)["sendfile per KiB"]
    assert "sendfile per KiB" in found.middle and "context switch" not in found.middle
    assert (cost.value, cost.record.kind, cost.record.standard_error) == (60, "assumption", "")
    assert "was 54 ns" in cost.record.derived and not any(source.startswith("nginx.") for source in cost.record.source)
    assert "the 84 calibration rows of group 'nginx'. " in found.told() and "client read" in found.told()


def test_costs_without_a_range_rest_on_it_all_the_same_and_are_named(measurements: Path, tmp_path: Path) -> None:
    found = profile_without(measurements, "nginx", "two-core-vm", tmp_path, workers=1)
    assert {"nginx request", "receive copy per KiB"} <= set(found.kept) and "sendfile per KiB" not in found.kept
    assert "rest on the group all the same: " in found.told() and "nginx request" in found.told()


def test_what_the_base_has_of_the_group_changes_nothing_that_has_a_range() -> None:
    base = costs.load("two-core-vm")
    other = with_costs(base, {"sendfile per KiB": 80.0, "client read": 800.0})
    for name in ("sendfile per KiB", "client read"):
        assert not_knowing(base, "nginx")[name].value == not_knowing(other, "nginx")[name].value
    assert not_knowing(base, "nginx")["context switch"] == base["context switch"]


def test_where_no_row_is_for_validation_it_says_so(measurements: Path) -> None:
    told = CliRunner().invoke(app, ["validate", str(measurements)])
    assert told.exit_code == 2 and "rows is marked validate; only such rows are predicted." in told.stderr


def test_a_group_that_is_not_there_gets_the_nearest(measurements: Path) -> None:
    told = CliRunner().invoke(app, ["validate", str(measurements), "--leave-out", "nginks"])
    assert told.exit_code == 2 and "Did you mean 'nginx'?" in told.stderr
