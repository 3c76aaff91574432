"""A fixed part of the shipped measurements is predicted at every run: the errors are printed, and agreed bounds hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutaway.models import costs
from cutaway.models.costs.row import MeasurementError, Row, read
from cutaway.validating import session
from cutaway.validating.scores import summary
from cutaway.validating.validation import Validation, validate

pytestmark = pytest.mark.slow

STACKS = ("native", "native-veth", "docker-host", "docker-bridge", "docker-nat")
CONNECTIONS = (1, 16, 64)
BOUNDS = {"throughput and CPU time": 0.06, "mean and p50": 0.08, "start-up": 0.20, "memory": 0.05}
"""Median absolute errors that are agreed for these rows; they may become smaller, never larger."""


def is_of_the_part(row: Row) -> bool:
    if row.use == "calibrate" or row.group in ("lifecycle", "memory"):
        return True
    simple = row.what == "nginx static, closed loop" and row.number("body_bytes") == 612
    return simple and row.stack in STACKS and row.number("connections") in CONNECTIONS


@pytest.fixture(scope="module")
def validation() -> Validation:
    return validate([row for row in read(session.SHIPPED) if is_of_the_part(row)], "two-core-vm")


def test_a_fixed_part_is_predicted_within_agreed_bounds(validation: Validation) -> None:
    found = {kind: summary(scores) for kind, scores in validation.by_kind().items()}
    for kind, one in found.items():
        assert one is not None
        print(f"{kind:24} {one.count:4} rows, median {one.median:.1%}, worst {one.worst:.1%}, bias {one.bias:+.1%}")
    medians = {kind: one.median for kind, one in found.items() if one and kind in BOUNDS}
    assert medians.keys() == BOUNDS.keys()
    assert {kind: median for kind, median in medians.items() if median > BOUNDS[kind]} == {}


def test_the_model_beats_a_constant_factor(validation: Validation) -> None:
    for kind in ("throughput and CPU time", "mean and p50"):
        found = summary(validation.by_kind()[kind])
        assert found is not None and found.by_factor is not None and found.median < found.by_factor


def test_no_row_is_left_out(validation: Validation) -> None:
    assert len(validation.predicted()) + sum(validation.unreached().values()) == len(validation.scores)
    assert {score.row.use for score in validation.scores} == {"validate"}
    document = validation.document()
    assert document["rows"] == len(document["scores"]) == len(validation.scores)
    with_error = sum(one["count"] for one in document["by_kind"].values() if one)
    assert document["measured_zero"]["rows"] > 0 and with_error + document["measured_zero"]["rows"] == document["predicted"]


def test_the_order_of_stacks_is_kept_where_it_was_measured_for_certain(validation: Validation) -> None:
    pairs = validation.pairs()
    assert len(pairs) > 30 and sum(pair.kept for pair in pairs) / len(pairs) > 0.8


def test_the_profile_is_that_of_the_measured_machine(tmp_path: Path) -> None:
    assert session.profile_of(session.SHIPPED) == "two-core-vm"
    stranger = tmp_path / "two-core-vn.jsonl"
    with pytest.raises(MeasurementError, match=r"'two-core-vn'; give --profile, one of .*Did you mean 'two-core-vm'\?"):
        session.profile_of(stranger)
    (tmp_path / "two-core-vn.machine.json").write_text('{"name": "bare-metal"}')
    assert session.profile_of(stranger) in costs.names()


# --- applications ----------------------------------------------------------------------------------------------------------------------

APPS = {
    "PostgreSQL 15, pgbench select-only": {"throughput and CPU time": 0.09, "mean and p50": 0.09, "tails": 0.30},
    "PostgreSQL 15, pgbench simple-update": {"throughput and CPU time": 0.06, "mean and p50": 0.09, "tails": 0.25},
    "nginx -> python web application": {"throughput and CPU time": 0.08, "mean and p50": 0.07, "tails": 0.25},
    "nginx -> python web application without work": {"throughput and CPU time": 0.20, "mean and p50": 0.10, "tails": 0.35},
    "python web application": {"throughput and CPU time": 0.03, "mean and p50": 0.04, "tails": 0.25},
    "redis": {"throughput and CPU time": 0.07, "mean and p50": 0.10, "tails": 0.25},
}
"""Agreed bounds of the median absolute error, by what was done."""


@pytest.fixture(scope="module")
def applications() -> Validation:
    return validate([row for row in read(session.SHIPPED) if row.use == "calibrate" or row.what in APPS], "two-core-vm")


@pytest.mark.parametrize("what", APPS)
def test_an_application_is_predicted_within_agreed_bounds(what: str, applications: Validation) -> None:
    for kind, bound in APPS[what].items():
        one = summary(score for score in applications.by_kind()[kind] if score.row.what == what)
        assert one is not None
        print(f"{what}: {kind:24} {one.count:4} rows, median {one.median:.1%}, worst {one.worst:.1%}, bias {one.bias:+.1%}")
        assert one.median < bound
        assert kind == "tails" or one.by_factor is None or one.median < one.by_factor
