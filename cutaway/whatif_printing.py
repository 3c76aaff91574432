"""A what-if as text, for 80 columns: a table a stack, before and after."""

from __future__ import annotations

from rich.table import Table

from cutaway.building import BuiltStack
from cutaway.comparison import shares_that_sum
from cutaway.models.memory import total_bytes
from cutaway.printing import a_table, console, relative, with_interval
from cutaway.scenarios.problems import printable
from cutaway.whatif import FIGURES, WhatIf


def print_what_if(found: WhatIf) -> None:
    """What was changed, and for each stack what came of it."""
    out = console()
    scenario = found.base.scenario
    out.print(printable(scenario.title.en, 200), style="bold")
    for key, value in found.changes.items():
        out.print(f"What if {printable(key, 80)} were {printable(value, 80)}?")
    run = scenario.run
    span = f"{run.requests:,} requests" if run.duration is None else f"{run.duration / 1e9:g} s"
    out.print(f"{run.replications} x {span} a stack, before and after, with the same draws; differences with their 95 % interval")
    for before, after in found.stacks():
        out.print()
        out.print(_figures(found, before, after))
        out.print()
        out.print(_cpu_by_layer(found, before.name))
    for side, comparison in (("Before", found.base), ("After", found.changed)):
        for text in comparison.warnings():
            out.print(f"Beware, {side.lower()}: {text}", style="bold")


def _figures(found: WhatIf, before: BuiltStack, after: BuiltStack) -> Table:
    table = a_table(printable(before.name, 60))
    for head in ("", "", "before", "after", "difference", ""):
        table.add_column(head, justify="left" if not head else "right", no_wrap=True)
    for metric in FIGURES:
        sides = [side.figure(before.name, metric) for side in (found.base, found.changed)]
        if not any(side.mean for side in sides) and metric.unit == "%":
            continue
        moved = found.difference(before.name, metric)
        cells = [*map(with_interval, sides), with_interval(moved, signed=True), relative(moved, sides[0].mean)]
        table.add_row(metric.name, metric.unit, *cells)
    for name, unit, values in (
        ("memory held", "MiB", [total_bytes(side.memory) / 2**20 for side in (before, after)]),
        ("start-up", "ms", [side.start_up_ns / 1e6 for side in (before, after)]),
    ):
        was, is_now = values
        by, share = ("", "same") if was == is_now else (f"{is_now - was:+.1f}", "")
        table.add_row(name, unit, f"{was:.1f}", f"{is_now:.1f}", by, share)
    return table


def _cpu_by_layer(found: WhatIf, name: str) -> Table:
    """Each column sums to the CPU time of a request."""
    table = a_table("CPU time of a request by layer, µs")
    table.add_column("", no_wrap=True)
    shares = []
    for head, side in (("before", found.base), ("after", found.changed)):
        table.add_column(head, justify="right")
        times = side.cpu_time_ns(name)
        shares.append(dict(zip(times, shares_that_sum(list(times.values()), side.served(name), 10), strict=True)))
    table.add_column("difference", justify="right")
    for layer in dict.fromkeys([*shares[0], *shares[1]]):
        was, is_now = (side.get(layer, 0) for side in shares)
        if was or is_now:
            table.add_row(layer, f"{was / 100:.2f}", f"{is_now / 100:.2f}", f"{(is_now - was) / 100:+.2f}" if is_now != was else "·")
    return table
