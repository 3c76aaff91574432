"""Capacity of scenarios: which stacks, copies of them, what binds, what is told, and the same bytes whatever the number of workers."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

import cutaway
from cutaway.cli import app
from cutaway.models.copies import memory_of_copies
from cutaway.models.hardware import WIRE_OUT
from cutaway.planning.capacity import Capacity, StackCapacity
from cutaway.planning.points import NO_ROOM
from cutaway.planning.saturation import busiest, highest_use
from cutaway.scenarios import Scenario, ScenarioError

FEW = {"run.requests": 300, "run.replications": 2, "run.warm up": "20 ms"}
SHIPPED = "whatif/vm-or-container"


@pytest.fixture(scope="module")
def small() -> Scenario:
    return cutaway.load(SHIPPED).with_(FEW)


@pytest.fixture(scope="module")
def copies(small: Scenario) -> Capacity:
    """A third of memory for what a copy in a virtual machine holds: that binds; containers are many."""
    return cutaway.capacity(small.with_({"machine.memory": "1.5 GiB"}), "count", ["p99 < 5 ms"])


def answer(found: Capacity, stack: str) -> StackCapacity:
    return next(one for one in found.stacks if one.stack == stack)


# --- what is busiest ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "stack", "what", "chiefly"),
    [
        ({"clients.rate": "2500 /s", "server.workers": 1, "server.loops": 5000}, "container", "CPU cpu", "thread python"),
        ({"stacks.container.layers.docker.cpus": 0.13}, "container", "quota of container", ""),
        ({"clients.rate": "1500 /s", "stacks.vm.layers.kvm.vcpus": 1}, "vm", "CPU cpu", "vCPU thread"),
    ],
)
def test_the_resource_that_is_scarce_is_busiest(changes: dict[str, object], stack: str, what: str, chiefly: str, small: Scenario) -> None:
    """Goal: a quota, and a CPU with the thread or the virtual CPU that makes its work, are named where they are what there is least of."""
    changed = small.with_(changes)
    use = busiest(cutaway.machine(changed, stack), cutaway.compare(changed, [stack]).results[stack])
    assert use.what.startswith(what) and use.layer == "python" and use.share > 0.7
    assert use.chiefly.startswith(chiefly) and bool(use.chiefly) == bool(chiefly)


def test_a_narrow_wire_is_busiest_and_no_client_counts_as_the_server() -> None:
    wide = cutaway.load("lecture/three-stacks").with_({**FEW, "server.page": "512 KiB", "machine.nic": "100 Mbit/s"})
    machine, results = cutaway.machine(wide, "container"), cutaway.compare(wide, ["container"]).results["container"]
    use = busiest(machine, results)
    assert (use.what, use.layer) == (WIRE_OUT, "wire") and use.share > 0.95
    assert highest_use(machine, results[0]) == pytest.approx(use.share, rel=0.05)


# --- copies ------------------------------------------------------------------------------------------------------------------------------


def test_memory_binds_where_it_is_short_and_its_border_is_exact(copies: Capacity, small: Scenario) -> None:
    """Two ways: the search over copies, and the largest number whose memory fits."""
    vm = answer(copies, "vm")
    assert vm.fit is not None and vm.fit.binds == "memory"
    assert vm.found.last.value == vm.fit.by_memory < vm.fit.by_cpu
    assert vm.found.missed is not None and vm.found.missed.trouble == NO_ROOM
    (built,) = [one for one in cutaway.compare(small, ["vm"]).stacks]
    held = [memory_of_copies(built.memory, count, in_guests=True) for count in (vm.fit.by_memory, vm.fit.by_memory + 1)]
    assert held[0] <= 1.5 * 2**30 < held[1]


def test_a_guest_s_promise_holds_fewer_than_what_it_holds(copies: Capacity) -> None:
    fits = [one.fit for one in copies.stacks if one.fit]
    assert [fit.by_promise for fit in fits] == [1, 2]
    assert all(fit.by_promise is not None and fit.by_promise < fit.by_memory for fit in fits)


def test_cpu_time_of_a_copy_and_a_ceiling_make_the_account(small: Scenario) -> None:
    """A goal on utilization is the ceiling: half of the CPUs hold half as many."""
    whole, half = (
        cutaway.capacity(small, "count", ["p99 < 1 us", *more], ["container"]).stacks[0].fit for more in ([], ["utilization <= 50 %"])
    )
    assert whole is not None and half is not None and whole.cpus_each == half.cpus_each
    assert whole.by_cpu == int(8 / whole.cpus_each) and half.by_cpu == int(4 / whole.cpus_each)


# --- keys and stacks ---------------------------------------------------------------------------------------------------------------------


def test_a_key_of_one_stack_is_searched_there_alone(small: Scenario) -> None:
    found = cutaway.capacity(small, "stacks.container.layers.docker.cpus", ["p99 < 50 ms"], first="0.05", within="20 %")
    assert [one.stack for one in found.stacks] == ["container"] and not found.stacks[0].found.more_is_worse
    assert found.document()["stacks"]["container"]["looked_for"] == "smallest"


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"vary": "clients.rat"}, "Did you mean 'rate'?"),
        ({"vary": "title"}, "title is no number"),
        ({"vary": "run.requests"}, "--vary: run.requests says how long and how often is run"),
        ({"vary": "machine.memory"}, "--vary: machine.memory changes nothing of stack 'vm'."),
        ({"vary": "stacks.vm.layers.kvm.vcpus", "stacks": ["container"]}, "--stack: 'container' has nothing of stacks.vm.layers.kvm.vcpus"),
        ({"vary": "stacks.container.layers.docker.cpus"}, "--from: none is given, and"),
        ({"vary": "clients.rate", "first": "5"}, "--from: '5': expected a rate with its unit"),
        ({"vary": "clients.connections", "last": "x"}, "--to: 'x' is no whole number"),
        ({"vary": "clients.rate", "first": "9 /s", "last": "8 /s"}, "--to: 8 /s is not above --from, 9 /s."),
        ({"vary": "clients.rate", "within": "0"}, "--within: '0' is out of bounds"),
        ({"vary": "clients.rate", "goals": []}, "--goal: none is given"),
    ],
)
def test_what_cannot_be_is_told(asked: dict[str, object], sentence: str, small: Scenario) -> None:
    with pytest.raises(ScenarioError) as error:
        cutaway.capacity(small, **{"goals": ["p99 < 5 ms"], **asked})  # type: ignore[arg-type]
    assert sentence in str(error.value)


# --- the command -------------------------------------------------------------------------------------------------------------------------

QUICK = [part for key, value in FEW.items() for part in ("--set", f"{key}={value}")]


def ran(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["capacity", SHIPPED, *QUICK, *arguments])
    return done.exit_code, done.stdout


@pytest.mark.slow
def test_the_number_of_workers_changes_no_byte() -> None:
    outputs = [ran("--vary", "clients.rate", "--goal", "p99 < 3 ms", "--json", "--workers", workers) for workers in ("1", "3")]
    assert outputs[0] == outputs[1] and outputs[0][0] == 0
    document = json.loads(outputs[0][1])
    for stack in document["stacks"].values():
        values = [point["value"] for point in stack["points"]]
        assert stack["answer"] in values and stack["runs"] == sum(point["runs"] for point in stack["points"])


def test_a_goal_out_of_reach_ends_with_3_and_one_never_missed_with_0() -> None:
    code, text = ran("--vary", "clients.rate", "--goal", "p99 < 1 us", "--stack", "container")
    assert code == 3 and "The goals are missed at every value that was tried" in " ".join(text.split())
    code, text = ran("--vary", "clients.rate", "--goal", "p99 < 1 s", "--stack", "container", "--to", "400 /s")
    assert code == 0 and "the last was 400 /s (--to ends there)" in " ".join(text.split())


def test_it_is_printed_in_80_columns_with_what_a_million_requests_cost() -> None:
    code, text = ran("--vary", "count", "--goal", "p99 < 5 ms", "--goal", "utilization < 30 %", "--within", "10 %")
    assert code == 0 and max(map(cell_len, text.splitlines())) <= 80
    for words in ("number of copies", "copies by memory held", "copies by CPU time, to 30%", "of these binds", "a million requests, USD"):
        assert words in text
    rows = {line[:24].strip(): line[24:].replace("\u202f", "").split() for line in text.splitlines() if "/s  " in line or "USD  " in line}
    throughput, money = (list(map(float, rows[name])) for name in ("throughput there, /s", "a million requests, USD"))
    assert len(money) == 2 and money == pytest.approx([0.20 / 3600 * 1e6 / rate for rate in throughput], rel=0.05)
