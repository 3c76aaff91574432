"""`cutaway profiles`: the cost profiles, and every cost with its source."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

import typer

from cutaway.commands.options import complete_profile
from cutaway.commands.outcome import guarded

if TYPE_CHECKING:
    from cutaway.models.costs import Cost, Profile

WIDTH = 80

ProfileName = Annotated[str, typer.Argument(metavar="NAME", help="A profile by name, or a .toml file.", autocompletion=complete_profile)]

profiles = typer.Typer(help="List the cost profiles, show one with its sources, or compare two.", no_args_is_help=True)


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
def show(name: ProfileName = "two-core-vm") -> None:
    """Show a profile: each cost with its value, its kind and its source, one line each."""
    from cutaway.models import costs

    profile = costs.load(name)
    typer.echo(f"{profile.name}: {profile.what}\nmachine: {profile.machine}\ndate: {profile.date}\n")
    widest = max((len(cost) for cost in profile.costs), default=0)
    for cost in profile.costs.values():
        typer.echo(f"{cost.name:<{widest}}  {value_of(cost):>12}  {cost.record.kind:<10}  {'; '.join(cost.record.source)}")


@profiles.command("diff")
@guarded
def diff(a: ProfileName, b: ProfileName) -> None:
    """Compare two profiles: the costs that differ in value, kind or source."""
    from cutaway.models import costs

    one, other = costs.load(a), costs.load(b)
    names = list(dict.fromkeys([*one.costs, *other.costs]))
    differing = [name for name in names if lines_of(name, one, other)]
    of_all = f"{len(differing)} of {len(names)} costs differ, {len(names) - len(differing)} are the same"
    typer.echo(f"{one.name}, then {other.name}: {of_all}")
    for name in differing:
        typer.echo("\n" + "\n".join(lines_of(name, one, other)))


def lines_of(name: str, one: Profile, other: Profile) -> list[str]:
    """How a cost differs between two profiles, and nothing that is the same in both but its name."""
    found = [profile.costs.get(name) for profile in (one, other)]
    left, right = found
    if left is None or right is None:
        there = left or right
        assert there is not None
        return [f"{name}: {bare_value_of(there)}, only in {(one if left else other).name}", *_where_from(there)]
    alike = (left.record.kind, left.record.source) == (right.record.kind, right.record.source)
    of_one_value = (left.value, left.unit) == (right.value, right.unit)
    if of_one_value:
        return [] if alike else [f"{name}: {bare_value_of(left)} in both", *_where_from(left), *_where_from(right)]
    by = f" ({float(right.value / left.value - 1):+.1%})" if left.unit == right.unit and left.value else ""
    head = f"{name}: {bare_value_of(left)}, {bare_value_of(right)}{by}"
    return [head] if alike else [head, *_where_from(left), *_where_from(right)]


def _where_from(cost: Cost) -> list[str]:
    import textwrap

    lines: list[str] = []
    for source in cost.record.source:
        lines += textwrap.wrap(source, WIDTH - 14, subsequent_indent="  ", break_on_hyphens=False)
    return [f"  {cost.record.kind if not number else '':<10}  {line}" for number, line in enumerate(lines)]


def value_of(cost: Cost) -> str:
    """A cost's value as a person reads it, with what it is paid for."""
    return bare_value_of(cost) + (f" / {cost.record.per}" if cost.record.per else "")


def bare_value_of(cost: Cost) -> str:
    """A cost's value as a person reads it."""
    unit = {"ns": " ns", "B": " B", "1": " x"}[cost.unit]
    value = cost.value
    if cost.unit == "ns" and value >= 1000:
        unit, value = " us", value / 1000
    elif cost.unit == "B" and value >= 1024 * 1024:
        unit, value = " MiB", value / Fraction(1024 * 1024)
    return f"{float(value):.4g}{unit}"


def shown_in_full(cost: Cost) -> str:
    """All that is known of a cost, a line each."""
    record = cost.record
    lines = {
        "value": value_of(cost),
        "error": record.standard_error and f"{record.standard_error}, standard error",
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
