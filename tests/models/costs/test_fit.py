"""The rows that costs were fitted on are met: this guards the fit, it predicts nothing."""

import pytest

from cutaway.models import costs
from cutaway.models.costs.fit import PAGES_BYTES, measured, simulated


@pytest.mark.parametrize("page_bytes", PAGES_BYTES)
def test_simulated_and_measured_cpu_time_agree_at_sixteen_connections(page_bytes: int) -> None:
    profile = costs.load("two-core-vm")
    row, run = measured(profile, page_bytes), simulated(profile, page_bytes, seconds=1)
    assert abs(run.server_cpu_us / row.server_cpu_us - 1) < 0.03
    assert abs(run.client_cpu_us / row.client_cpu_us - 1) < 0.06
