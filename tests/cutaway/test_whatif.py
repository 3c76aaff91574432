"""What if: pairs of runs, before and after a change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutaway.cli import app
from cutaway.scenarios import Scenario, load
from cutaway.scenarios.problems import ScenarioError
from cutaway.whatif import FIGURES, WhatIf, what_if

THROUGHPUT = FIGURES[0]


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("lecture/three-stacks").with_({"run.requests": 1000, "run.replications": 4})


@pytest.fixture(scope="module")
def narrower(scenario: Scenario) -> WhatIf:
    """A quota below what the container needs: 13.5 us a request and 30,000 requests a second are 0.4 CPUs."""
    return what_if(scenario, {"stacks.container.layers.docker.cpus": "0.1"}, ["bare metal", "container"])


def test_a_change_that_changes_nothing_is_exactly_nothing(scenario: Scenario) -> None:
    """Common random numbers: not merely within noise, but equal to the nanosecond."""
    found = what_if(scenario, {"stacks.container.layers.docker.memory": "8 GiB"}, ["container"])
    for metric in FIGURES:
        moved = found.difference("container", metric)
        assert (moved.mean, moved.half_width) == (0, 0)


def test_a_quota_throttles_the_stack_that_has_it_and_no_other(narrower: WhatIf) -> None:
    document = narrower.document()["stacks"]
    assert document["container"]["throttled"]["after"]["mean"] > 20
    assert not document["container"]["throughput"]["within_noise"] and document["container"]["throughput"]["difference"]["mean"] < 0
    assert document["bare metal"]["throughput"]["difference"] == {"mean": 0, "half_width": 0}


def test_pairs_are_narrower_than_two_independent_sides(scenario: Scenario) -> None:
    """A page twice the size: the difference of pairs is known far better than either side."""
    found = what_if(scenario, {"server.page": "1224 B"}, ["vm"])
    moved = found.difference("vm", THROUGHPUT)
    assert moved.half_width < 0.5 * found.base.figure("vm", THROUGHPUT).half_width


def test_keys_of_the_run_hold_for_both_sides(scenario: Scenario) -> None:
    found = what_if(scenario, {"run.replications": 2, "clients.think": "2 ms"}, ["bare metal"])
    assert [len(side.results["bare metal"]) for side in (found.base, found.changed)] == [2, 2]
    assert found.changes == {"clients.think": "2 ms"}


def test_a_wrong_key_is_refused(scenario: Scenario) -> None:
    with pytest.raises(ScenarioError, match="Did you mean 'connections'"):
        what_if(scenario, {"clients.conections": 3}, ["bare metal"])


def test_the_command_needs_a_change_and_prints_both_sides(tmp_path: Path) -> None:
    quick = ["lecture/three-stacks", "--stack", "bare metal", "--set", "run.requests=200", "--set", "run.replications=2"]
    assert CliRunner().invoke(app, ["whatif", "lecture/three-stacks"]).exit_code == 2
    told = CliRunner().invoke(app, ["whatif", *quick, "--set", "clients.think=2 ms", "--json"])
    assert told.exit_code == 0 and json.loads(told.stdout)["changes"] == {"clients.think": "2 ms"}
    printed = CliRunner().invoke(app, ["whatif", *quick, "--set", "clients.think=2 ms"]).stdout
    assert "What if clients.think were 2 ms?" in printed and max(map(len, printed.splitlines())) <= 80
