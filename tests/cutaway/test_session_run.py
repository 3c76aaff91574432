"""What the commands that simulate end with: their exit codes, and the line before the first compilation."""

from __future__ import annotations

import json

import pytest

from cutaway import session
from cutaway.scenarios import Scenario


@pytest.fixture(scope="module")
def short(quick: Scenario) -> Scenario:
    return quick.with_({"run.requests": 100, "run.replications": 2})


def test_a_met_target_ends_with_0_and_a_missed_one_with_3(short: Scenario, capsys: pytest.CaptureFixture[str]) -> None:
    for most, code in (("1 s", 0), ("1 us", 3)):
        aimed = short.with_({"expect": [{"what": "p99 latency", "stack": "vm", "at most": most}]})
        assert session.compare(aimed, stacks=["vm"], workers=1, check_laws=False, as_json=True) == code
        assert bool(json.loads(capsys.readouterr().out)["missed"]) == (code == 3)


def test_a_target_of_a_stack_that_did_not_run_is_not_missed(short: Scenario) -> None:
    aimed = short.with_({"expect": [{"what": "p99 latency", "stack": "vm", "at most": "1 us"}]})
    assert session.compare(aimed, stacks=["container"], workers=1, check_laws=False, as_json=True) == 0


def test_the_laws_hold(short: Scenario) -> None:
    assert session.compare(short, stacks=list(short.stacks), workers=1, check_laws=True, as_json=True) == 0


def test_the_first_compilation_is_announced(short: Scenario, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(session, "is_cached", lambda: False)
    session.compare(short, stacks=["vm"], workers=1, check_laws=False, as_json=True)
    told = capsys.readouterr()
    assert told.err.count("Compiling the engine") == 1
    json.loads(told.out)
