"""Comparisons, plans and summaries as text, for 80 columns and more, for terminals and for pipes."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from cutaway.building import BuiltStack
from cutaway.comparison import METRICS, Comparison, shares_that_sum
from cutaway.explaining import ExplainedStep, steps_of
from cutaway.models.memory import total_bytes
from cutaway.scenarios.problems import printable
from cutaway.sim import trace
from cutaway.sim.statistics import Estimate

T = TypeVar("T")
STACKS_IN_A_ROW = 3
WIDTH_PIPED = 80


def console(to_stderr: bool = False) -> Console:
    """A terminal's own width; 80 columns in a pipe. No colours where they are not wanted (NO_COLOR, no terminal)."""
    stream = sys.stderr if to_stderr else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else WIDTH_PIPED, highlight=False, markup=False, emoji=False, soft_wrap=False)


def print_comparison(comparison: Comparison) -> None:
    """Figures, differences, ledger, and what they rest on."""
    out = console()
    out.print(printable(comparison.scenario.title.en, 200), style="bold")
    out.print(_how(comparison))
    for stacks in in_rows(comparison.stacks, out.width):
        out.print()
        out.print(_figures(comparison, stacks))
    base = comparison.stacks[0]
    for stacks in in_rows(comparison.stacks[1:], out.width):
        out.print()
        out.print(_differences(comparison, base, stacks))
    for stacks in in_rows(comparison.stacks, out.width):
        out.print()
        out.print(_ledger(comparison, stacks))
    for stacks in in_rows(comparison.stacks, out.width):
        out.print()
        out.print(_cpu_time(comparison, stacks))
    if comparison.scenario.measured:
        out.print()
        out.print(_measured(comparison))
    _print_notes(out, comparison)


def _how(comparison: Comparison) -> str:
    scenario = comparison.scenario
    clients, run = scenario.clients, scenario.run
    load = f"{clients.connections} connections, {clients.kind}"
    span = f"{run.requests:,} requests" if run.duration is None else f"{run.duration / 1e9:g} s"
    return f"{load}; {run.replications} x {span} a stack; costs: {printable(scenario.profile)}"


def in_rows(stacks: Sequence[T], width: int) -> Iterable[Sequence[T]]:
    """As many beside each other as fit."""
    beside = max(min(STACKS_IN_A_ROW * width // WIDTH_PIPED, STACKS_IN_A_ROW), 1)
    return [stacks[first : first + beside] for first in range(0, len(stacks), beside)]


def a_table(title: str, gap: int = 0) -> Table:
    """With the look of all tables; `gap` blanks stand beside those that keep columns apart."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        padding=(0, gap, 0, 0),
        collapse_padding=True,
        show_edge=False,
    )


def _figures(comparison: Comparison, stacks: Sequence[BuiltStack]) -> Table:
    table = a_table("On each stack (mean of the replications, 95 % interval)")
    table.add_column("")
    table.add_column("")
    for built in stacks:
        table.add_column(printable(built.name, 20), justify="right")
    for metric in METRICS:
        table.add_row(metric.name, metric.unit, *[with_interval(comparison.figure(built.name, metric)) for built in stacks])
    table.add_row("memory held", "MiB", *[f"{total_bytes(built.memory) / 2**20:.1f}" for built in stacks])
    table.add_row("start-up", "ms", *[f"{built.start_up_ns / 1e6:.1f}" for built in stacks])
    return table


def _differences(comparison: Comparison, base: BuiltStack, stacks: Sequence[BuiltStack]) -> Table:
    table = a_table(f"Difference from {printable(base.name, 20)} (the same requests; 95 % interval)")
    table.add_column("")
    table.add_column("")
    for built in stacks:
        table.add_column(printable(built.name, 20), justify="right")
        table.add_column("", justify="right")
    for metric in METRICS:
        cells = []
        for built in stacks:
            found = comparison.difference(built.name, base.name, metric)
            cells += [with_interval(found, signed=True), relative(found, comparison.figure(base.name, metric).mean)]
        table.add_row(metric.name, metric.unit, *cells)
    return table


def relative(found: Estimate, base: float) -> str:
    """A difference in per cent of what it is from, from ten times on as so many times; `noise` when its interval holds 0, `same` at 0."""
    if not found.mean and (not found.half_width or math.isinf(found.half_width)):
        return "same"
    if math.isfinite(found.half_width) and found.is_zero:
        return "noise"
    if not base:
        return ""
    return f"{100 * found.mean / base:+.1f} %" if found.mean < 9 * base else f"{1 + found.mean / base:,.0f} times"


def with_interval(found: Estimate, signed: bool = False) -> str:
    """`98 765 ± 43`, in the digits that the interval leaves."""
    width = found.half_width
    if not math.isfinite(width):
        return number(found.mean, 1, signed)
    digits = 0 if width >= 10 else 1 if width >= 1 else 2
    digits = min(digits, 1) if abs(found.mean) >= 1000 else digits
    return f"{number(found.mean, digits, signed)} ± {number(width, digits)}"


def money(found: Estimate, signed: bool = False) -> str:
    """`0.00183 ± 0.00001`, down to the first digit of the interval; `0.001834` where none is known."""
    known = math.isfinite(found.half_width) and found.half_width > 0
    size = found.half_width if known else abs(found.mean)
    digits = max((0 if known else 3) - math.floor(math.log10(size)), 0) if size else 2
    text = number(found.mean, digits, signed)
    return f"{text} ± {number(found.half_width, digits)}" if known else text


def number(value: float, digits: int, signed: bool = False) -> str:
    """With narrow blanks between thousands where the output can show them."""
    return f"{value:{'+' if signed else ''},.{digits}f}".replace(",", "\u202f" if sys.stdout.encoding.lower().startswith("utf") else " ")


def _ledger(comparison: Comparison, stacks: Sequence[BuiltStack]) -> Table:
    """A row a layer, three columns a stack; each column group sums to the stack's mean latency."""
    longest = max(comparison.figure(built.name, METRICS[1]).mean for built in comparison.stacks)
    unit_ns, unit, digits = (100, "µs", 1) if longest < 10_000 else (10_000, "ms", 2)
    table = a_table(f"Where the mean request spent its time, {unit}\n(running, waiting for a CPU, waiting for something else)")
    table.add_column("", no_wrap=True)
    for built in stacks:
        table.add_column(printable(built.name, 12), justify="right")
        table.add_column("CPU?", justify="right")
        table.add_column("else?", justify="right")
    cells = {built.name: _ledger_cells(comparison, built, unit_ns) for built in stacks}
    for layer in comparison.layers():
        row: list[str] = []
        for built in stacks:
            row += [_cell(value, digits) for value in cells[built.name].get(layer, [-1] * 3)]
        if any(cell.strip("·. 0") for cell in row):
            table.add_row(layer, *row)
    table.add_section()
    sums = [[sum(part) for part in zip(*cells[built.name].values(), strict=True)] for built in stacks]
    table.add_row("sum", *[_cell(value, digits) for one in sums for value in one])
    table.add_row("mean latency", *[text for one in sums for text in (_cell(sum(one), digits), "", "")], style="bold")
    return table


def _ledger_cells(comparison: Comparison, built: BuiltStack, unit_ns: int) -> dict[str, list[int]]:
    """Of each layer the three parts, in units, rounded so that all of them sum to the mean latency."""
    ledger = comparison.ledger_ns(built.name)
    served = comparison.served(built.name)
    running = ledger[:, trace.RUNNING]
    waiting = ledger[:, list(trace.FOR_A_CPU)].sum(axis=1)
    rest = ledger.sum(axis=1) - running - waiting
    parts = np.stack([running, waiting, rest], axis=1)
    shares = shares_that_sum([int(ns) for ns in parts.ravel()], served, unit_ns)
    return {layer: shares[3 * index : 3 * index + 3] for index, layer in enumerate(built.machine.layers)}


def _cpu_time(comparison: Comparison, stacks: Sequence[BuiltStack]) -> Table:
    """A row a layer; each column sums to the stack's CPU time a request, the client's own left out."""
    times = {built.name: comparison.cpu_time_ns(built.name) for built in comparison.stacks}
    longest = max(sum(layers.values()) / comparison.served(name) for name, layers in times.items())
    unit_ns, unit, digits = (10, "µs", 2) if longest < 1e6 else (10_000, "ms", 2)
    table = a_table(f"CPU time of a request by layer, {unit}")
    table.add_column("", no_wrap=True)
    for built in stacks:
        table.add_column(printable(built.name, 20), justify="right")
    cells = {}
    for built in stacks:
        layers = times[built.name]
        shares = shares_that_sum(list(layers.values()), comparison.served(built.name), unit_ns)
        cells[built.name] = dict(zip(layers, shares, strict=True))
    for layer in comparison.layers():
        row = [_cell(cells[built.name].get(layer, -1), digits) for built in stacks]
        if any(cell.strip("·. 0") for cell in row):
            table.add_row(layer, *row)
    table.add_section()
    table.add_row("CPU time a request", *[_cell(sum(cells[built.name].values()), digits) for built in stacks], style="bold")
    return table


def _measured(comparison: Comparison) -> Table:
    """Each figure that the scenario says was measured; `in` marks a simulated one between the measured quartiles."""
    table = a_table("Beside what was measured")
    for head in ("stack", "", "", "measured", "simulated", "error"):
        table.add_column(head, justify="right" if head in ("measured", "simulated", "error") else "left", no_wrap=True)
    for one in comparison.beside_measured():
        within = " in" if one.spread and one.spread[0] <= one.simulated <= one.spread[1] else ""
        figures = [number(value, 0 if value >= 1000 else 1) for value in (one.measured, one.simulated)]
        table.add_row(printable(one.stack, 20), one.metric.name, one.metric.unit, *figures, f"{100 * one.error:+.1f} %{within}")
    return table


def _cell(units: int, digits: int) -> str:
    if units < 0:
        return ""
    return f"{units / 10**digits:.{digits}f}" if units else "·"


def _print_notes(out: Console, comparison: Comparison) -> None:
    out.print()
    assumed = comparison.assumed()
    if assumed:
        everywhere = [name for name, stacks in assumed.items() if len(stacks) == len(comparison.stacks)]
        out.print(f"Rests on {len(assumed)} costs that are assumed, not measured (cutaway cost NAME tells each).", style="bold")
        out.print(_listed("All stacks", everywhere))
        for built in comparison.stacks:
            own = [name for name, stacks in assumed.items() if built.name in stacks and name not in everywhere]
            if own:
                out.print(_listed(printable(built.name, 20), own))
    for text in comparison.warnings():
        out.print(f"Beware: {text}", style="bold")
    for text in comparison.missed():
        out.print(f"Missed: {text}", style="bold")


def _listed(who: str, names: Sequence[str]) -> str:
    return f"{who}: {'; '.join(names)}."


def print_plan(built: BuiltStack) -> None:
    """The steps of a request on one stack, and the sum by layer."""
    out = console()
    for plan in built.machine.plans:
        out.print()
        if out.width >= WIDTH_PIPED:
            out.print(_plan_table(built, plan.name))
        else:
            _print_plan_in_lines(out, built, plan.name)


def _print_plan_in_lines(out: Console, built: BuiltStack, plan: str) -> None:
    """The same for a narrow terminal, where six columns would break every word: a step is a line, and under it what it costs."""
    steps = list(steps_of(built, plan))
    out.print(f"{printable(built.name, 40)}: what a request does", style="bold")
    for step in steps:
        who = f"{step.layer}: " if step.layer else ""
        on = f" ({step.on})" if step.on else ""
        out.print(f"{step.number}. {who}{step.operation}{on}")
        cost = f"{step.cost_ns:,} ns" if step.cost_ns else step.size
        told = ": ".join(part for part in (cost, step.costs_as_text()) if part)
        if told:
            out.print(Padding(told, (0, 0, 0, 4)))
    out.print()
    for layer, cost_ns in _sums(built, steps).items():
        out.print(f"{layer}: {cost_ns:,} ns")
    out.print(f"sum: {sum(step.cost_ns for step in steps):,} ns; ? assumed", style="bold")


def _plan_table(built: BuiltStack, plan: str) -> Table:
    table = a_table(f"{printable(built.name, 40)}: what a request does")
    for heading, justify in (("", "right"), ("layer", "left"), ("operation", "left"), ("on", "left"), ("ns", "right"), ("costs", "left")):
        table.add_column(heading, justify=justify, overflow="fold")  # type: ignore[arg-type]
    steps = list(steps_of(built, plan))
    for step in steps:
        table.add_row(
            step.number, step.layer, step.operation, step.on, f"{step.cost_ns:,}" if step.cost_ns else step.size, step.costs_as_text()
        )
    table.add_section()
    for layer, cost_ns in _sums(built, steps).items():
        table.add_row("", layer, "", "", f"{cost_ns:,}", "")
    table.add_row("", "sum", "", "", f"{sum(step.cost_ns for step in steps):,}", "? assumed")
    return table


def _sums(built: BuiltStack, steps: Sequence[ExplainedStep]) -> dict[str, int]:
    """CPU time and pauses by layer, as the ledger lists them."""
    sums = {layer: sum(step.cost_ns for step in steps if step.layer == layer) for layer in built.machine.layers}
    return {layer: cost_ns for layer, cost_ns in sums.items() if cost_ns}
