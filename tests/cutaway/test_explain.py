"""The plan of a request, told step by step: it is the plan that runs, and every nanosecond of it has a source."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout

import pytest
from rich.cells import cell_len
from rich.console import Console

from cutaway import printing, session
from cutaway.building import BuiltStack, build_stacks
from cutaway.explaining import ExplainedStep, steps_of
from cutaway.scenarios import Scenario
from tests.plans import cpu_ns


@pytest.fixture(scope="module")
def built(quick: Scenario) -> list[BuiltStack]:
    return build_stacks(quick, quick.stacks)


def told(built: BuiltStack) -> list[ExplainedStep]:
    return steps_of(built, "request")


def test_the_work_sums_to_the_plans(built: list[BuiltStack]) -> None:
    for stack in built:
        (plan,) = stack.machine.plans
        assert sum(step.cost_ns for step in told(stack) if step.kind == "work") == cpu_ns(plan)


def test_every_cost_is_told_with_its_value(built: list[BuiltStack]) -> None:
    """Also one that its source gives in cycles."""
    values = {cost["name"]: cost["value"] for stack in built for step in told(stack) for cost in step.as_document()["costs"]}
    assert all(values.values())
    assert values["doorbell exit"] == "3890 cycles at 2100 MHz" and values["null system call"] == "73.8 ns"


def test_every_work_has_costs_with_sources(built: list[BuiltStack]) -> None:
    for stack in built:
        for step in told(stack):
            if step.kind == "work" and step.cost_ns:
                assert step.costs, step
            for cost, _ in step.costs:
                assert cost.record.source, cost.name


def test_an_assumption_is_marked(built: list[BuiltStack]) -> None:
    vm = next(stack for stack in built if stack.name == "vm")
    marked = {cost.name for step in told(vm) for cost, _ in step.costs if cost.assumed}
    assert marked
    for step in told(vm):
        for cost, _ in step.costs:
            assert (f"{cost.name}?" in step.costs_as_text()) == cost.assumed


def test_the_order_is_that_of_the_way(built: list[BuiltStack]) -> None:
    vm = next(stack for stack in built if stack.name == "vm")
    layers = [step.layer for step in told(vm)]
    assert layers[0] == "client"
    assert layers.index("wire") < layers.index("NIC") < layers.index("vhost") < layers.index("guest kernel") < layers.index("nginx")


def test_what_nobody_waits_for_is_told_apart(built: list[BuiltStack]) -> None:
    for stack in built:
        steps = told(stack)
        detached = next(step for step in steps if step.kind == "detach")
        assert any(step.number.startswith(f"{detached.number}a.") for step in steps)


def test_numbers_are_unique(built: list[BuiltStack]) -> None:
    for stack in built:
        numbers = [step.number for step in told(stack)]
        assert len(set(numbers)) == len(numbers)


def test_the_command_prints_every_step_within_80_columns(quick: Scenario) -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with redirect_stdout(out):
        assert session.explain(quick, stacks=["bare metal", "vm"], as_json=False) == 0
        out.flush()
    out.seek(0)
    lines = out.read().splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert sum(line.startswith(("bare metal: what", "vm: what")) for line in lines) == 2


@pytest.mark.parametrize("width", [36, 60, 79])
def test_a_narrow_terminal_gets_a_line_a_step_and_no_word_is_broken(
    built: list[BuiltStack], width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = io.StringIO()
    monkeypatch.setattr(printing, "console", lambda: Console(file=out, width=width, highlight=False, markup=False))
    printing.print_plan(built[0])
    lines = out.getvalue().splitlines()
    assert max(cell_len(line) for line in lines) <= width
    words = set(out.getvalue().split())
    for step in told(built[0]):
        assert f"{step.number}." in words and set(f"{step.operation} {step.on} {step.costs_as_text()}".split()) <= {
            part for word in words for part in (word, word.strip("()"), word.strip(":"))
        }


def test_the_document_has_every_source(quick: Scenario, capsys: pytest.CaptureFixture[str]) -> None:
    assert session.explain(quick, stacks=["container"], as_json=True) == 0
    steps = json.loads(capsys.readouterr().out)["container"]["request"]
    kinds = {cost["kind"] for step in steps for cost in step["costs"]}
    assert kinds <= {"measured", "published", "scaled", "assumption"}
    assert all(cost["source"] for step in steps for cost in step["costs"])
