"""A capacity as text: the answers beside each other, then each stack's curve. For 80 columns, narrower ones, and pipes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rich.table import Table

from cutaway.models.copies import COUNT
from cutaway.models.units import SIZE
from cutaway.planning.capacity import POLLED, Capacity, StackCapacity
from cutaway.planning.points import Point
from cutaway.planning.saturation import Use
from cutaway.printing import WIDTH_PIPED, a_table, console, in_rows, money, number
from cutaway.scenarios.keys import Number
from cutaway.scenarios.problems import printable
from cutaway.sim.statistics import Estimate

NEAR_FULL = 0.7
"""Below it what is fullest is not what is scarce: in M/M/1 at 0.7 a request waits a bit more than twice its service."""


def print_capacity(found: Capacity) -> None:
    """What was asked, an answer a stack, what each rests on."""
    out = console()
    narrow = out.width < WIDTH_PIPED
    out.print(printable(found.scenario.title.en, 200), style="bold")
    out.print(_question(found))
    out.print(_how(found))
    out.print()
    for stacks in in_rows(found.stacks, out.width):
        out.print(_answers(found, stacks))
        out.print()
        if found.number.key == COUNT:
            out.print(_accounts(stacks))
            out.print()
    for one in found.stacks:
        out.print(_curve(one, narrow))
        for text in _sentences(one):
            out.print(text)
        out.print()
    for text in found.warnings():
        out.print(f"Beware: {text}", style="bold")


def _question(found: Capacity) -> str:
    goals = " and ".join(map(str, found.goals))
    if found.number.key == COUNT:
        return f"How many copies of each stack does the machine hold with {goals}?"
    return f"How far can {printable(found.number.key, 60)} go with {goals}?"


def _how(found: Capacity) -> str:
    run = found.scenario.run
    span = f"{run.requests:,} requests" if run.duration is None else f"{run.duration / 1e9:g} s"
    ran = f"{run.replications} to {4 * run.replications} x {span} a value, until the 95 % interval tells"
    return f"{ran}; the border is looked for within {100 * float(found.within):g} %."


def _answers(found: Capacity, stacks: Sequence[StackCapacity]) -> Table:
    table = a_table("The answer for each stack")
    table.add_column("")
    for one in stacks:
        table.add_column(printable(one.stack, 20), justify="right")
    text = found.number.text
    rows: list[tuple[str, Callable[[StackCapacity], str]]] = [
        (_key(found), lambda one: _answer(one)),
        ("surely met at", lambda one: _value(one.sure[0], text)),
        ("surely missed at", lambda one: _value(one.sure[1], text)),
        ("throughput there, /s", lambda one: _mean(one.found.last.throughput, 1)),
        ("busiest there", lambda one: _busy(one.found.last.busy)),
        ("values tried, runs", lambda one: f"{len(one.points)}, {one.runs}"),
    ]
    if found.scenario.prices:
        currency = found.scenario.prices.host.currency
        rows.append((f"a million requests, {currency}", lambda one: _money(one.found.last.money)))
    for name, cell in rows:
        table.add_row(name, *[cell(one) for one in stacks])
    return table


def _key(found: Capacity) -> str:
    directions = {one.found.more_is_worse for one in found.stacks if one.found.missed}
    word = "" if len(directions) != 1 else "largest " if directions == {True} else "smallest "
    return f"{word}{'number of copies' if found.number.key == COUNT else printable(found.number.key, 40)}"


def _answer(one: StackCapacity) -> str:
    value = one.number.text(one.found.last.value)
    return {"found": value, "never missed": "any tried", "never met": "none"}[one.found.outcome]


def _value(value: Number | None, text: Callable[[Number], str]) -> str:
    return "" if value is None else text(value)


def _mean(found: Estimate | None, unit: float) -> str:
    if found is None:
        return ""
    mean = found.mean / unit
    return number(mean, 0) if mean >= 1000 else f"{mean:.3g}"


def _money(found: Estimate | None) -> str:
    return money(Estimate(found.mean, math.inf)) if found else ""


def _busy(use: Use | None) -> str:
    return f"{use.what} {use.share:.0%}" if use else ""


def _accounts(stacks: Sequence[StackCapacity]) -> Table:
    """How many copies memory and CPU time hold, beside what their simulation says."""
    table = a_table("What binds")
    table.add_column("")
    for one in stacks:
        table.add_column(printable(one.stack, 20), justify="right")
    fits = [one.fit for one in stacks if one.fit]
    ceiling = f"{float(fits[0].ceiling):.0%}"
    rows = [
        ("CPUs of the host", [str(fit.host_cpus) for fit in fits]),
        ("memory of the host", [SIZE.text(fit.host_bytes) for fit in fits]),
        ("memory, once, MiB", [f"{fit.once_bytes / 2**20:.1f}" for fit in fits]),
        ("memory, each copy, MiB", [f"{fit.each_bytes / 2**20:.1f}" for fit in fits]),
        ("copies by memory held", [str(fit.by_memory) for fit in fits]),
        ("copies by memory promised", ["no limit" if fit.by_promise is None else str(fit.by_promise) for fit in fits]),
        ("CPU time, each copy, CPUs", [f"{fit.cpus_each:.4f}" for fit in fits]),
        (f"copies by CPU time, to {ceiling}", [str(fit.by_cpu) for fit in fits]),
        ("of these binds", [fit.binds for fit in fits]),
        ("copies by simulating them", [_answer(one) for one in stacks]),
    ]
    for name, cells in rows:
        table.add_row(name, *cells)
    return table


def _curve(one: StackCapacity, narrow: bool) -> Table:
    key = "copies" if one.number.key == COUNT else printable(one.number.key, 60)
    table = a_table(f"{printable(one.stack, 40)}, by {key}")
    for head in ["", "served/s", "mean, µs", "p99, µs", *([] if narrow else ["runs"]), "goals"]:
        table.add_column(head, justify="right", no_wrap=True)
    if not narrow:
        table.add_column("busiest")
    for point in one.points:
        figures = [_mean(point.throughput, 1), _mean(point.mean_ns, 1e3), _mean(point.p99_ns, 1e3)]
        verdict = _verdict(point) + ("*" if point is one.found.last and one.found.missed else "")
        row = [one.number.text(point.value), *figures, *([] if narrow else [str(point.runs)]), verdict]
        table.add_row(*row, *([] if narrow else [point.trouble or _busy(point.busy)]), style="bold" if point == one.found.last else "")
    return table


def _verdict(point: Point) -> str:
    return ("met" if point.met else "missed") + ("" if point.sure else "?")


def _sentences(one: StackCapacity) -> list[str]:
    text, last, missed = one.number.text, one.found.last, one.found.missed
    key = printable(one.number.key, 60)
    said = []
    if one.found.outcome == "never missed":
        said.append(f"No goal is missed at any value that was tried; the last was {text(last.value)} ({one.found.ended}).")
    elif one.found.outcome == "never met":
        said.append(f"The goals are missed at every value that was tried; nearest to them was {text(last.value)} ({one.found.ended}).")
    elif missed:
        way = "worse, so the largest" if one.found.more_is_worse else "better, so the smallest"
        said.append(f"More {'copies are' if one.number.key == COUNT else f'of {key} is'} {way} that meets the goals was looked for.")
        said.append(_what_fills(text(missed.value), missed))
    if any(not point.sure for point in one.points):
        said.append("?: the interval holds the bound; the mean decided. More replications (--set run.replications=N) narrow it.")
    if one.knee:
        said.append(f"Knee: {text(one.knee.value)}, of the values tried the one with most throughput over mean latency (Kleinrock 1979).")
    return said


def _what_fills(value: str, missed: Point) -> str:
    if missed.busy is None:
        return f"At {value}: {missed.trouble}."
    busy = missed.busy
    of = (f", of that {busy.chiefly}" if busy.chiefly else "") + (f", mostly for {busy.layer}" if busy.layer else "")
    polled = f"; halt polling takes another {missed.polled:.0%} of the host's" if missed.polled >= POLLED else ""
    fullest = f"Fullest where goals begin to be missed ({value}): {busy.what} ({busy.share:.0%}{of}){polled}"
    return f"{fullest}." if polled or busy.share >= NEAR_FULL else f"{fullest}; nothing is near full."
