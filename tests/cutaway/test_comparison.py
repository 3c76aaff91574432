"""The comparison: what is printed sums to what is printed, what is written sums to the nanosecond, and all of it fits."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

import cutaway
from cutaway.comparison import METRICS, Comparison, shares_that_sum
from cutaway.models.layer import ORDER
from cutaway.printing import print_comparison, with_interval
from cutaway.scenarios import Scenario
from cutaway.sim.statistics import Estimate

LEDGER, LAST = "Where the mean request", "else?"
NAMES = (*ORDER, "sum", "mean latency")


def printed(comparison: Comparison) -> str:
    told = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with redirect_stdout(told):
        print_comparison(comparison)
        told.flush()
    told.seek(0)
    return told.read()


def ledgers_in(text: str) -> list[dict[str, list[str]]]:
    """Of each printed ledger the rows by name, a cell of three numbers a stack; columns end where those of the heading do."""
    found = []
    for block in (one for one in text.split("\n\n") if one.startswith(LEDGER)):
        lines = block.splitlines()
        heading = next(line for line in lines if LAST in line)
        ends = [place + len(LAST) for place in range(len(heading)) if heading.startswith(LAST, place)]
        rows = {}
        for line in lines:
            name = next((one for one in NAMES if line.startswith(one)), "")
            if name:
                rows[name] = [line[start:end] for start, end in pairwise([len(name), *ends])]
        found.append(rows)
    return found


def sum_of(cell: str) -> Decimal:
    return sum((Decimal(word) for word in cell.split() if word != "·"), Decimal(0))


@pytest.fixture(scope="module")
def text(compared: Comparison) -> str:
    return printed(compared)


def test_it_fits_80_columns(text: str) -> None:
    assert max(cell_len(line) for line in text.splitlines()) <= 80


def test_the_printed_ledger_sums_to_the_printed_mean(text: str) -> None:
    (rows,) = ledgers_in(text)
    layers = [name for name in rows if name not in ("sum", "mean latency")]
    assert {"client", "wire", "NIC", "host kernel", "hypervisor", "guest kernel", "nginx"} <= set(layers)
    for stack in range(3):
        assert sum(sum_of(rows[layer][stack]) for layer in layers) == sum_of(rows["mean latency"][stack])
        assert sum_of(rows["sum"][stack]) == sum_of(rows["mean latency"][stack])


def test_the_printed_mean_is_that_of_the_figures(text: str, compared: Comparison) -> None:
    (rows,) = ledgers_in(text)
    for number, stack in enumerate(compared.results):
        served = sum(one.served for one in compared.results[stack])
        mean = Decimal(sum(one.latency_sum_ns for one in compared.results[stack])) / served / 1000
        assert sum_of(rows["mean latency"][number]) == mean.quantize(Decimal("0.1"))


def test_the_document_sums_to_the_nanosecond(compared: Comparison) -> None:
    document = json.loads(json.dumps(compared.document(), allow_nan=False))
    for stack in document["stacks"].values():
        assert sum(sum(kinds.values()) for kinds in stack["ledger_sum_ns"].values()) == stack["latency_sum_ns"]
        assert stack["served"] == 1200
        assert len(set(stack["fingerprints"])) == 3


def test_differences_are_paired_and_have_intervals(compared: Comparison) -> None:
    """The draws are shared, so the difference is known better than either mean."""
    difference = compared.difference("container", "bare metal", METRICS[0])
    assert difference.half_width < compared.figure("container", METRICS[0]).half_width
    told = compared.document()["differences"]["container"]
    assert told["from"] == "bare metal"
    assert all(told[metric.key]["half_width"] > 0 for metric in METRICS)


def test_assumptions_are_named(text: str, compared: Comparison) -> None:
    assert "assumed, not measured" in text
    assert all(name in " ".join(text.split()) for name in compared.assumed())


def test_one_replication_has_no_interval_and_says_nothing_of_one(quick: Scenario) -> None:
    told = printed(cutaway.compare(quick.with_({"run.replications": 1, "run.requests": 100})))
    assert "±" not in told
    assert "nan" not in told and "inf" not in told


def test_five_stacks_stand_in_rows_of_three(quick: Scenario) -> None:
    """More stacks than fit beside each other: each still has its figures, its difference from the first, and its ledger."""
    bare, vm, container = (quick.stacks[name].model_dump(mode="json") for name in quick.stacks)
    stacks = {"a": bare, "b": vm, "c": container, "d": container, "e": vm}
    five = quick.with_({"stacks": stacks, "run.requests": 100, "run.replications": 2})
    comparison = cutaway.compare(five)
    told = printed(comparison)
    assert max(cell_len(line) for line in told.splitlines()) <= 80
    assert told.count(LEDGER) == 2
    assert [len(rows["mean latency"]) for rows in ledgers_in(told)] == [3, 2]
    for rows in ledgers_in(told):
        for stack in range(len(rows["sum"])):
            parts = [cells[stack] for name, cells in rows.items() if name not in ("sum", "mean latency")]
            assert sum(map(sum_of, parts)) == sum_of(rows["mean latency"][stack])
    assert [one.latency_sum_ns for one in comparison.results["b"]] == [one.latency_sum_ns for one in comparison.results["e"]]


def test_a_single_stack_has_no_differences(quick: Scenario) -> None:
    told = printed(cutaway.compare(quick.set("run.requests", 100), ["vm"]))
    assert "Difference" not in told and LEDGER in told


def test_an_overload_is_said_in_words(quick: Scenario) -> None:
    flood = {"clients": {"kind": "open loop", "where": "another machine", "rate": "400000 /s"}, "run.requests": 3000, "run.replications": 1}
    comparison = cutaway.compare(quick.with_(flood), ["bare metal"])
    assert "more arrive than are served" in " ".join(printed(comparison).split())
    assert comparison.document()["warnings"]


def test_a_missed_target_is_told(quick: Scenario) -> None:
    target = {"what": "mean latency", "stack": "vm", "at most": "1 us"}
    comparison = cutaway.compare(quick.with_({"expect": [target], "run.requests": 100}), ["vm"])
    (sentence,) = comparison.missed()
    assert sentence.startswith("vm: mean latency is ") and sentence in printed(comparison)


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=40), st.integers(1, 10**6), st.sampled_from([1, 100, 10_000]))
def test_rounded_parts_sum_to_the_rounded_sum(parts: list[int], count: int, unit: int) -> None:
    shares = shares_that_sum(parts, count, unit)
    total = sum(parts) / count / unit
    assert abs(sum(shares) - total) <= 0.5 + 1e-6
    assert all(abs(share - part / count / unit) <= 1 + 1e-6 for share, part in zip(shares, parts, strict=True))


@pytest.mark.parametrize(
    ("mean", "width", "told"),
    [(98765.4, 43.2, "98 765 ± 43"), (53.301, 0.031, "53.30 ± 0.03"), (7.25, 1.5, "7.2 ± 1.5"), (12.0, float("inf"), "12.0")],
)
def test_digits_follow_from_the_interval(mean: float, width: float, told: str) -> None:
    assert with_interval(Estimate(mean, width)).replace("\u202f", " ") == told


def test_where_nothing_was_served_no_latency_is_known_and_no_target_met(quick: Scenario) -> None:
    """Goal: a latency of 0 is never read as a good one. Method: a run too short for its first answer, with a target on latency."""
    target = {"what": "p99 latency", "stack": "vm", "at most": "50 ms"}
    run = {"warm up": "1 us", "duration": "1 us", "replications": 2, "trace": "off"}
    comparison = cutaway.compare(quick.with_({"run": run, "expect": [target]}), ["vm"])
    assert "no request was served in 2 of 2 runs" in " ".join(comparison.warnings())
    assert comparison.missed() == ["vm: p99 latency is not known, for in a run no request was served."]


def test_measured_figures_stand_beside_the_simulated_ones(quick: Scenario) -> None:
    """An error is simulated over measured less 1, in the units of the metric."""
    figures = [
        {"stack": "vm", "what": "throughput", "value": "1000 /s", "spread": ["1 /s", "1000000 /s"], "source": "a row"},
        {"stack": "vm", "what": "p50 latency", "value": "1 ms", "source": "a row"},
    ]
    comparison = cutaway.compare(quick.with_({"measured": figures}), ["vm"])
    throughput, latency = comparison.beside_measured()
    assert throughput.error == pytest.approx(comparison.figure("vm", throughput.metric).mean / 1000 - 1)
    assert (latency.measured, latency.spread) == (1000.0, None) and latency.simulated < 1000
    assert [one["error"] for one in comparison.document()["measured"]] == [throughput.error, latency.error]


def test_a_run_that_ends_before_its_requests_are_served_says_so(quick: Scenario) -> None:
    seldom = {"clients": {"kind": "open loop", "rate": "1 /h"}, "run.requests": 1000, "run.replications": 1}
    [warning] = cutaway.compare(quick.with_(seldom), ["bare metal"]).warnings()
    assert "of 1,000: the simulated time was over" in warning


def test_what_a_neighbour_computes_is_no_request_s(quick: Scenario) -> None:
    """On a CPU of its own it takes nothing from the server, and adds but its CPU's ticks to what a request costs."""
    alone = quick.with_({"run.requests": 300, "server.cpus": [0]})
    beside = alone.set("neighbours", [{"count": 1, "cpus": [1]}])
    without, with_one = (cutaway.compare(scenario, ["bare metal"]) for scenario in (alone, beside))
    for metric in METRICS:
        found, expected = (compared.figure("bare metal", metric).mean for compared in (with_one, without))
        assert found == (pytest.approx(expected, rel=0.01) if metric.key == "cpu_time" else expected), metric.key
    (result, *_) = with_one.results["bare metal"]
    assert result.layer_ns[result.layers.index("neighbours")] > 0.9 * result.counted_ns
    assert result.ledger_ns[result.layers.index("neighbours")].sum() == 0


def test_a_warm_up_that_is_too_short_is_told(quick: Scenario) -> None:
    """All connections ask at once at first. The shipped warm-up of 50 ms is enough."""
    run = {"run.requests": 2000, "run.replications": 8}
    [warning] = cutaway.compare(quick.with_(run | {"run.warm up": "0 ms"}), ["vm"]).warnings()
    settles = r"latency settles about \d+ us after the start, and what comes before makes the mean latency [\d.]+ % larger"
    assert re.fullmatch(rf"vm: the warm-up is too short: {settles}\.", warning)
    assert cutaway.compare(quick.with_(run | {"run.warm up": "50 ms"}), ["vm"]).warnings() == []


def test_runs_that_are_too_short_are_told(quick: Scenario) -> None:
    """Nearly as many arrive as can be served: latency rises to the end, by too little for the warning of a queue that grows."""
    rising = {"clients": {"kind": "open loop", "where": "another machine", "rate": "135000 /s"}}
    run = {"run.requests": 3000, "run.replications": 8, "run.warm up": "0 ms"}
    [warning] = cutaway.compare(quick.with_(rising | run), ["bare metal"]).warnings()
    assert warning.startswith("bare metal: the runs are too short: latency still changes in their second half, and what comes before makes")
