"""Every shipped scenario comes to what is kept of it: figures, ledger, and the fingerprint of each run.

After a change that moves them on purpose: `python -m tests.refresh`, and the reason in CHANGELOG.md.
"""

import pytest

import cutaway
from tests.goldens import FOLDER, file_of, golden


@pytest.mark.parametrize("scenario", cutaway.names())
def test_a_shipped_scenario_comes_to_what_is_kept(scenario: str) -> None:
    assert golden(scenario).splitlines() == file_of(scenario).read_text(encoding="utf-8").splitlines()


def test_nothing_is_kept_of_scenarios_that_are_gone() -> None:
    kept = {path.relative_to(FOLDER).with_suffix("").as_posix() for path in FOLDER.rglob("*.txt")}
    assert kept == set(cutaway.names())
