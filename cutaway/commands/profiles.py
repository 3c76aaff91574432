"""`cutaway profiles`: the cost profiles, and every cost with its source."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.commands.options import complete_profile
from cutaway.commands.outcome import guarded

if TYPE_CHECKING:
    from cutaway.models.costs import Cost

profiles = typer.Typer(help="List the cost profiles, or show one with its sources.", no_args_is_help=True)


@profiles.command("list")
@guarded
def list_() -> None:
    """List the cost profiles, one line each."""
    from cutaway.models import costs

    for name in costs.names():
        profile = costs.load(name)
        assumed = len(profile.assumptions())
        typer.echo(f"{name}: {profile.machine}, {profile.date}; {len(profile.costs)} costs, {assumed} of them assumed")


@profiles.command("show")
@guarded
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name of the profile.", autocompletion=complete_profile)] = "two-core-vm",
) -> None:
    """Show a profile: each cost with its value, its kind and its source, one line each."""
    from cutaway.models import costs

    profile = costs.load(name)
    typer.echo(f"{profile.name}: {profile.what}\nmachine: {profile.machine}\ndate: {profile.date}\n")
    widest = max((len(cost) for cost in profile.costs), default=0)
    for cost in profile.costs.values():
        typer.echo(f"{cost.name:<{widest}}  {value_of(cost):>12}  {cost.record.kind:<10}  {'; '.join(cost.record.source)}")


def value_of(cost: Cost) -> str:
    """A cost's value as a person reads it."""
    unit = {"ns": " ns", "B": " B", "1": " x"}[cost.unit]
    value = cost.value
    if cost.unit == "ns" and value >= 1000:
        unit, value = " us", value / 1000
    elif cost.unit == "B" and value >= 1024 * 1024:
        unit, value = " MiB", value / Fraction(1024 * 1024)
    per = f" / {cost.record.per}" if cost.record.per else ""
    return f"{float(value):.4g}{unit}{per}"


def shown_in_full(cost: Cost) -> str:
    """All that is known of a cost, a line each."""
    record = cost.record
    lines = {
        "value": value_of(cost),
        "range": " to ".join(record.range),
        "spread": record.spread.kind + (f", {record.spread.permille / 10:g} %" if record.spread.permille else ""),
        "what": record.what,
        "kind": record.kind + (" (not measured: believe it within its range only)" if cost.assumed else ""),
        "source": "\n        ".join(record.source),
        "derived": record.derived,
        "machine": cost.machine,
        "date": cost.date,
    }
    return "\n".join([cost.name, *(f"{name}:".ljust(8) + text for name, text in lines.items() if text)])
