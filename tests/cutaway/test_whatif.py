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


def test_overhead_is_counted_from_bare_metal_run_for_run(narrower: WhatIf) -> None:
    """Two ways: the difference of the two stacks' mean CPU time a request, and the figure."""
    (overhead,) = [pair for pair in narrower.pairs("container") if pair.key == "overhead"]
    cpu = FIGURES[-3]
    own, bare = (narrower.base.figure(stack, cpu).mean for stack in ("container", "bare metal"))
    assert cpu.key == "cpu_time" and sum(overhead.before) / 4 == pytest.approx(own - bare) and own - bare > 1
    assert not [pair for pair in narrower.pairs("bare metal") if pair.key == "overhead"]


def test_without_bare_metal_overhead_is_that_of_the_layers_it_lacks(scenario: Scenario) -> None:
    alone = scenario.with_({"stacks": {"vm": scenario.stacks["vm"].model_dump(mode="json", by_alias=True)}, "run.requests": 300})
    found = what_if(alone, {"clients.think": "2 ms"}, ["vm"])
    overhead = {pair.key: pair.before for pair in found.pairs("vm")}["overhead"]
    layers = {pair.key: pair.before for pair in found.layers("vm")}
    lacking = ("bridge and NAT", "vhost", "hypervisor", "halt polling", "guest kernel")
    assert found.bare == "" and overhead == pytest.approx([sum(layers[layer][run] for layer in lacking) for run in range(4)])


def test_layers_sum_to_the_cpu_time_of_a_request(narrower: WhatIf) -> None:
    cpu = {pair.key: pair.after for pair in narrower.pairs("container")}["cpu_time"]
    sums = [sum(values) for values in zip(*(pair.after for pair in narrower.layers("container")), strict=True)]
    assert sums == pytest.approx(list(cpu))


def test_money_follows_throughput_and_a_first_price_is_of_both_sides(scenario: Scenario) -> None:
    """Goal: a million requests cost the price of the hour over millions an hour, before and after."""
    few = scenario.with_({"run.requests": 300})
    found = what_if(few, {"prices": {"host": "0.36 USD/h"}, "clients.think": "2 ms"}, ["bare metal"])
    assert set(found.changes) == {"clients.think"}
    pairs = {pair.key: pair for pair in found.pairs("bare metal")}
    assert pairs["money_per_million"].unit == "USD"
    assert list(pairs["money_per_million"].after) == pytest.approx([100 / rate for rate in pairs["throughput"].after])
    dearer = what_if(few.set("prices", {"host": "1 USD/h"}), {"prices.host": "2 USD/h"}, ["bare metal"])
    money = {pair.key: pair for pair in dearer.pairs("bare metal")}["money_per_million"]
    assert list(money.after) == pytest.approx([2 * one for one in money.before])


def test_one_run_cannot_tell_noise(scenario: Scenario) -> None:
    found = what_if(scenario, {"run.replications": 1, "run.requests": 200, "clients.think": "2 ms"}, ["bare metal"])
    document = found.document()["stacks"]["bare metal"]["throughput"]
    assert document["within_noise"] is None and document["difference"]["half_width"] is None


def test_the_command_says_what_one_run_cannot_tell() -> None:
    one = ["--set", "run.requests=200", "--set", "run.replications=1", "--set", "clients.think=2 ms"]
    printed = CliRunner().invoke(app, ["whatif", "lecture/three-stacks", "--stack", "bare metal", *one]).stdout
    assert "no interval is known" in " ".join(printed.split()) and "add --set run.replications=8" in " ".join(printed.split())
    assert "±" not in printed and "noise" not in printed


def test_the_command_needs_a_change_and_prints_both_sides(tmp_path: Path) -> None:
    quick = ["lecture/three-stacks", "--stack", "bare metal", "--set", "run.requests=200", "--set", "run.replications=2"]
    assert CliRunner().invoke(app, ["whatif", "lecture/three-stacks"]).exit_code == 2
    told = CliRunner().invoke(app, ["whatif", *quick, "--set", "clients.think=2 ms", "--json"])
    assert told.exit_code == 0 and json.loads(told.stdout)["changes"] == {"clients.think": "2 ms"}
    printed = CliRunner().invoke(app, ["whatif", *quick, "--set", "clients.think=2 ms"]).stdout
    assert "What if clients.think were 2 ms?" in printed and max(map(len, printed.splitlines())) <= 80
