"""The Python door: load, change, run, and get arrays and tables, without touching a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import cutaway
from cutaway.models.costs.calibration import SHIPPED
from cutaway.models.costs.row import MeasurementError
from cutaway.models.stack import StackError
from cutaway.scenarios import Scenario, ScenarioError


def test_all_public_names_are_there() -> None:
    assert all(getattr(cutaway, name) is not None for name in cutaway.__all__)
    assert dir(cutaway) == cutaway.__all__
    with pytest.raises(AttributeError, match="no attribute 'comparee'"):
        cutaway.comparee  # noqa: B018


def test_public_names_are_loaded_when_they_are_asked_for() -> None:
    """Goal: commands start at once. What a module below needs is its own affair."""
    heavy = "{'cutaway.api', 'numba', 'numpy', 'pandas', 'pyarrow', 'scipy'}"
    code = (
        f"import sys, cutaway; from cutaway import scenarios; assert not {heavy} & {{*sys.modules}}, {heavy} & {{*sys.modules}}\n"
        "from cutaway import *; assert load and __version__ == cutaway.__version__ and cutaway.load is load\n"
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_change_makes_a_copy(quick: Scenario) -> None:
    other = quick.set("clients.connections", 3)
    assert (other.clients.connections, quick.clients.connections) == (3, 32)
    assert quick.with_({"run.seed": 5, "clients.think": "2 ms"}).clients.think == 2_000_000


def test_a_wrong_change_is_one_sentence(quick: Scenario) -> None:
    with pytest.raises(ScenarioError, match=r"clients\.connections is 0; expected at least 1"):
        quick.set("clients.connections", 0)
    with pytest.raises(ScenarioError, match="Did you mean 'connections'"):
        quick.set("clients.conections", 4)


def test_a_run_gives_integer_arrays_that_sum(quick: Scenario) -> None:
    result = cutaway.run(quick, "container")
    assert result.ledger_ns.dtype == np.int64
    assert int(result.ledger_ns.sum()) == result.latency_sum_ns
    assert int(result.histogram.sum()) == result.served == 400


def test_a_run_is_one_of_the_comparison(quick: Scenario, compared: cutaway.Comparison) -> None:
    for number in range(2):
        alone = cutaway.run(quick, "vm", replication=number)
        assert alone.fingerprint == compared.results["vm"][number].fingerprint
        assert alone.latency_sum_ns == compared.results["vm"][number].latency_sum_ns


def test_a_stack_runs_the_same_alone_and_beside_others(quick: Scenario, compared: cutaway.Comparison) -> None:
    alone = cutaway.compare(quick, ["container"])
    assert [one.fingerprint for one in alone.results["container"]] == [one.fingerprint for one in compared.results["container"]]


def test_sampled_traces_of_two_stacks_have_the_same_requests(quick: Scenario) -> None:
    """Goal: what is sampled can be compared, request for request. All but those under way at either end are in both."""
    first, second = (cutaway.trace(quick, stack, one_in=10).requests[["connection", "number"]].tolist() for stack in ("bare metal", "vm"))
    both = set(first) & set(second)
    assert len(both) > 0.8 * max(len(first), len(second))


def test_the_trace_has_every_request_or_one_in_k(quick: Scenario) -> None:
    whole, sampled = cutaway.trace(quick, "vm"), cutaway.trace(quick, "vm", one_in=10)
    assert ((whole.requests["number"] + whole.requests["connection"]) % 10 == 0).sum() == len(sampled.requests)
    assert set(sampled.requests["request"]) <= set(whole.requests["request"])


def test_a_stack_that_is_not_there_is_one_sentence(quick: Scenario) -> None:
    sentence = r"'vn' is not a stack of the scenario; expected one of bare metal, container, vm\. Did you mean 'vm'\?"
    for of in (cutaway.run, cutaway.trace, cutaway.machine):
        with pytest.raises(StackError, match=sentence):
            of(quick, "vn")
    with pytest.raises(StackError, match=sentence):
        cutaway.compare(quick, ["vm", "vn"])


@pytest.mark.parametrize("one_in", [0, -1])
def test_a_trace_records_something(one_in: int, quick: Scenario) -> None:
    with pytest.raises(ValueError, match=f"one_in is {one_in}; expected 1"):
        cutaway.trace(quick.set("run.trace", "off"), "vm", one_in=one_in)


def test_the_machine_can_be_looked_at(quick: Scenario) -> None:
    machine = cutaway.machine(quick, "vm")
    assert [plan.name for plan in machine.plans] == ["request"]
    assert "guest cpu0" in [cpu.name for cpu in machine.cpus]


def test_a_table_has_a_row_a_run(compared: cutaway.Comparison) -> None:
    frame = compared.to_pandas()
    assert len(frame) == 9
    assert set(frame["stack"]) == {"bare metal", "vm", "container"}
    assert (frame.groupby("replication")["seed"].nunique() == 1).all()


def test_both_sides_of_a_change_are_a_table(quick: Scenario) -> None:
    found = cutaway.what_if(quick, {"clients.connections": 8}, ["vm"])
    told, table = found.document()["stacks"]["vm"], found.to_pandas()
    figures = table[table.layer.isna()].set_index("figure")
    one = figures.loc["mean latency"]
    assert (one.before, one.after) == tuple(told["mean_latency"][side]["mean"] for side in ("before", "after"))
    assert (one.difference, one.difference_half_width) == tuple(told["mean_latency"]["difference"].values())
    assert one.within_noise == told["mean_latency"]["within_noise"]
    layers = table[table.layer.notna()]
    assert set(layers.layer) == set(told["cpu_by_layer"])
    assert layers.after.sum() == pytest.approx(figures.loc["CPU time a request"].after)
    alone = cutaway.what_if(quick.set("run.replications", 1), {"clients.connections": 8}, ["vm"]).table()
    assert alone["difference_half_width"].null_count == alone["within_noise"].null_count == alone.num_rows


def test_costs_of_a_machine_are_made_used_and_tested(tmp_path: Path) -> None:
    """The rows of one load: a profile of the others predicts it as the command does."""
    rows = [json.loads(line) for line in (SHIPPED / "two-core-amd-vm.jsonl").read_text(encoding="utf-8").splitlines()]
    asked = {"body_bytes": 612, "connections": 64}
    kept = [one for one in rows if one["group"] == "micro" or (one["params"] == asked and one["stack"] == "native")]
    file = tmp_path / "mine.jsonl"
    file.write_text("".join(json.dumps(one) + "\n" for one in kept), encoding="utf-8")
    file.with_suffix(".machine.json").write_text('{"name": "mine", "date": "2026-01-02"}', encoding="utf-8")
    made = cutaway.calibrate(file)
    assert (made.rows, made.kept_back) == (532, 17)
    (tmp_path / "mine.toml").write_text(made.text, encoding="utf-8")
    mine = cutaway.load_profile(tmp_path / "mine.toml")
    assert mine["null system call"].value > 2 * cutaway.load_profile("two-core-vm")["null system call"].value

    def error_of(validation: cutaway.Validation) -> float:
        (error,) = [one["error"] for one in validation.document()["scores"] if one["id"].endswith(".throughput")]
        return abs(error)

    assert error_of(cutaway.validate(file, tmp_path / "mine.toml")) < 0.2 < 1 < error_of(cutaway.validate(file, "two-core-vm"))
    with pytest.raises(MeasurementError, match="no profile is named after its machine 'mine'"):
        cutaway.validate(file)
    with pytest.raises(MeasurementError, match=r"no row is of group 'ngin'.*Did you mean 'nginx'"):
        cutaway.validate(file, "two-core-vm", only=["ngin"])


def test_files_are_left_alone(tmp_path: Path) -> None:
    code = 'import cutaway; cutaway.run(cutaway.load("lecture/three-stacks").set("run.requests", 50), "vm")'
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=True)
    assert list(tmp_path.iterdir()) == []
