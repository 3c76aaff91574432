"""Busy loops under weights and quotas, as they were measured: hard facts of the scheduler, so the bounds are narrow."""

from __future__ import annotations

import pytest

from cutaway.models import costs
from cutaway.models.costs.row import read
from cutaway.validating import hogs, session

ROWS = [row for row in read(session.SHIPPED) if row.what in hogs.WHATS]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_shares_and_throttling_meet_the_measurement(row: object) -> None:
    from cutaway.models.costs.row import Row

    assert isinstance(row, Row)
    predicted = hogs.figures(hogs.hogs_of(row), costs.load("two-core-vm"))[row.metric]
    assert predicted == pytest.approx(row.median, rel=0.02)
