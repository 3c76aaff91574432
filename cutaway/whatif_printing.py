"""A what-if as text, for 80 columns: a table a stack, before and after."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.table import Table

from cutaway.building import BuiltStack
from cutaway.models.memory import total_bytes
from cutaway.printing import WIDTH_PIPED, a_table, console, money, relative, with_interval
from cutaway.scenarios.problems import printable
from cutaway.sim.statistics import Estimate, estimate
from cutaway.whatif import NOT_ON_BARE_METAL, Pair, WhatIf


def print_what_if(found: WhatIf) -> None:
    """What was changed, and for each stack what came of it."""
    out = console()
    scenario = found.base.scenario
    out.print(printable(scenario.title.en, 200), style="bold")
    for key, value in found.changes.items():
        out.print(f"What if {printable(key, 80)} were {printable(value, 80)}?")
    out.print(_how(found))
    for before, after in found.stacks():
        out.print()
        narrow = out.width < WIDTH_PIPED
        out.print(_figures(found, before, after, narrow))
        out.print()
        out.print(_differences("CPU time of a request by layer", [pair for pair in found.layers(before.name) if _is_any(pair)], narrow))
    out.print()
    for text in _notes(found):
        out.print(text)
    for side, comparison in (("Before", found.base), ("After", found.changed)):
        for text in comparison.warnings():
            out.print(f"Beware, {side.lower()}: {text}", style="bold")


def _how(found: WhatIf) -> str:
    run = found.base.scenario.run
    span = f"{run.requests:,} requests" if run.duration is None else f"{run.duration / 1e9:g} s"
    ran = f"{run.replications} x {span} a stack, before and after, with the same draws"
    if run.replications == 1:
        return f"{ran}. With one run no interval is known, and chance may have made any difference: add --set run.replications=8."
    return f"{ran}; differences with their 95 % interval"


def _notes(found: WhatIf) -> list[str]:
    """What the words in the tables mean, of those that stand in them."""
    pairs = [pair for name in found.asked for pair in (*found.pairs(name), *found.layers(name))]
    notes = []
    if any(pair.within_noise for pair in pairs):
        notes.append("noise: the interval of the difference holds 0, so chance alone may have made it.")
    if any(pair.key == "overhead" for pair in pairs):
        layers = f"of the layers that bare metal has not ({', '.join(NOT_ON_BARE_METAL)})"
        notes.append(f"overhead: CPU time of a request {f'beyond that of {printable(found.bare, 40)}' if found.bare else layers}.")
    if found.prices:
        price = " and ".join(dict.fromkeys(map(str, found.prices)))
        notes.append(f"a million requests: the machine's {price} by throughput, as if it did nothing else.")
    return notes


def _figures(found: WhatIf, before: BuiltStack, after: BuiltStack, narrow: bool) -> Table:
    pairs = [pair for pair in found.pairs(before.name) if pair.unit != "%" or _is_any(pair)]
    table = _differences(printable(before.name, 60), pairs, narrow)
    for name, unit, values in (
        ("memory held", "MiB", [total_bytes(side.memory) / 2**20 for side in (before, after)]),
        ("start-up", "ms", [side.start_up_ns / 1e6 for side in (before, after)]),
    ):
        was, is_now = values
        by, share = ("", "same") if was == is_now else (f"{is_now - was:+.1f}", "")
        table.add_row(name, unit, f"{was:.1f}", f"{is_now:.1f}", by, share)
    return table


def _differences(title: str, pairs: Sequence[Pair], narrow: bool) -> Table:
    """A narrow terminal gets the interval of the difference alone."""
    table = a_table(title)
    for head in ("", "", "before", "after", "difference", ""):
        table.add_column(head, justify="left" if not head else "right", no_wrap=bool(head) or not narrow)
    for pair in pairs:
        sides = [estimate(side) for side in (pair.before, pair.after)]
        moved, written = pair.difference, with_interval
        if pair.key == "money_per_million":
            written = money
        if narrow or written is money:                                                    # whose intervals are those of throughput
            sides = [Estimate(side.mean, math.inf) for side in sides]
        share = relative(moved, sides[0].mean)
        table.add_row(pair.name, pair.unit, *map(written, sides), "" if share == "same" else written(moved, signed=True), share)
    return table


def _is_any(pair: Pair) -> bool:
    return any((*pair.before, *pair.after))
