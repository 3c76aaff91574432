"""Limits of memory and processes: who is killed and who cannot fork, in the rows' terms."""

from __future__ import annotations

from typing import Any

import pytest

from cutaway.models import costs
from cutaway.validating import limits
from cutaway.validating.limits import Limit
from cutaway.validating.setups import setup_of
from tests.cutaway.validating.rows import row

PROFILE = costs.load("two-core-vm")


@pytest.mark.parametrize("most", [32 << 20, 64 << 20, 256 << 20])
def test_a_process_is_killed_just_below_its_limit(most: int) -> None:
    """Of marks of 8 MiB the last is missed, as the cgroup holds more than the process has touched."""
    setup = setup_of(row(limits.MEMORY, "docker", params={"limit_bytes": most}))
    assert setup == Limit(limits.MEMORY, most, True)
    found = limits.figures(setup, PROFILE)
    assert (found["touched_at_kill"], found["exit_code"], found["oom_killed"]) == (most - (8 << 20), 137, 1)


def test_a_cgroup_alone_ends_a_process_by_its_signal() -> None:
    found: dict[str, Any] = limits.figures(Limit(limits.MEMORY, 64 << 20, False), PROFILE)
    assert found["exit_code"] == -9 and 0 < found["time_to_touch_limit"] < found["start_to_death"] < 0.1


@pytest.mark.parametrize("most", [2, 20, 33])
def test_the_shell_counts_among_its_processes(most: int) -> None:
    assert limits.figures(Limit(limits.PROCESSES, most, True), PROFILE) == {"processes_started": most - 1}
