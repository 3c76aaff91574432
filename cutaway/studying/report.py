"""A study as one HTML file: question, set-up, pictures, tables, where the time went, what every cost rests on, and how to repeat it.

Nothing of it comes from the network. Needs the `study` extra (Jinja and matplotlib).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cutaway import __version__
from cutaway.building import build_stacks
from cutaway.models.costs import Cost
from cutaway.plotting import as_svg
from cutaway.printing import with_interval
from cutaway.scenarios.study_axes import Point, written
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.sim import trace
from cutaway.studying.columns import METRICS, Figure
from cutaway.studying.plots import drawn, how_many
from cutaway.studying.progression import in_words
from cutaway.studying.summary import Summary

STATUS = {
    "measured": "measured on that machine",
    "scaled": "measured elsewhere and scaled",
    "published": "published; not measured here",
    "assumption": "assumed; not measured",
}
"""What may be said of a cost, by its kind."""


@dataclass(frozen=True)
class Content:
    """Everything that a report says, in words; the same for HTML and PDF."""

    title: str
    question: str
    set_up: list[tuple[str, str]]
    axes: list[tuple[str, str]]
    tables: list[tuple[str, list[str], list[list[str]]]]
    """Of each metric: title, heads, rows."""
    ledgers: list[tuple[str, list[str], list[list[str]]]]
    costs: list[list[str]]
    """Name, value, status, machine, source."""
    assumed: int
    warnings: list[str]
    failed: list[str]
    repeat: list[str]


def content_of(summary: Summary, folder: Path) -> Content:
    """Puts the report into words. `summary` is one in full."""
    study = summary.study
    points = list(summary.points())
    costs = _costs(summary, [point for point in points if _may_bring_a_cost(study, point)])
    return Content(
        title=study.study.title.en,
        question=study.study.question.en,
        set_up=_set_up(summary),
        axes=[(axis.title, ", ".join(axis.text(k) for k in range(len(axis.values)))) for axis in study.axes],
        tables=[_table(summary, metric) for metric in METRICS if _is_known(summary, metric)],
        ledgers=[_ledger(summary, point) for point in {one.number: one for one in [*points[:1], *points[-1:]]}.values()],
        costs=[_cost(cost) for cost in costs],
        assumed=sum(cost.assumed for cost in costs),
        warnings=summary.warnings(),
        failed=[f"point {batch.point}, {study.stacks[batch.stack]}: {reason}" for batch, reason in sorted(summary.failed.items())],
        repeat=[f"cutaway study run {folder / 'study.yaml'}", f"cutaway study report {folder}"],
    )


def as_html(summary: Summary, folder: Path) -> str:
    """The report; the same folder gives the same text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("report.html.j2").render(
        content=content_of(summary, folder),
        pictures=[(one.title, as_svg(one.content)) for one in (drawn(summary, k + 1, "svg") for k in range(how_many(summary)))],
        version=__version__,
    )


def _set_up(summary: Summary) -> list[tuple[str, str]]:
    study = summary.study
    base = study.base
    run = base.run
    span = f"{run.requests:,} requests" if run.duration is None else f"{run.duration / 1e9:g} s"
    warm_up = f"{run.warm_up / 1e6:g} ms"
    if study.study.warm_up == "mser-5":
        warm_up = f"where MSER-5 of pilots says, at least {warm_up}"
    return [
        ("scenario", f"{base.title.en} ({study.study.base})"),
        ("set for all points", "; ".join(f"{key} = {written(value)}" for key, value in study.study.set_.items()) or "nothing"),
        *((f"stack {name}", " < ".join(layer.kind for layer in base.stacks[name].layers)) for name in study.stacks),
        ("machine", f"{base.machine.cpus} CPUs"),
        ("clients", base.clients.kind),
        ("each run", f"{span}, after a warm-up of {warm_up}"),
        ("replications", in_words(study)),
        ("intervals", f"{100 * summary.confidence:.4g} % each, Student's t over replications"
         + (f"; {100 * float(study.study.confidence):g} % for the stopping metrics of a point together (Bonferroni)"
            if summary.confidence != float(study.study.confidence) else "")),
        ("random numbers", f"seed {run.seed}; replication k of every point and stack has the same draws"),
        ("costs", f"profile {base.profile}"),
        ("study", study.digest()),
    ]  # fmt: skip


def _is_known(summary: Summary, metric: Figure) -> bool:
    return any(value for cell in summary.cells.values() for value in cell.values[metric.key])


def _table(summary: Summary, metric: Figure) -> tuple[str, list[str], list[list[str]]]:
    study = summary.study
    heads = [axis.title for axis in study.axes]
    for stack in study.stacks:
        heads += [stack] if stack == summary.base else [stack, f"from {summary.base}"]
    rows = []
    for point in summary.points():
        row = summary.labels(point)
        for stack in study.stacks:
            found = summary.figure(point, stack, metric)
            row.append(with_interval(found) if found else "")
            if stack != summary.base:
                beside = summary.beside_base(point, stack, metric)
                row.append(f"{with_interval(beside[0], signed=True)} ({beside[1]})" if beside else "")
        rows.append(row)
    return f"{metric.name}, {metric.unit}", heads, rows


def _ledger(summary: Summary, point: Point) -> tuple[str, list[str], list[list[str]]]:
    """Where the mean request spent its time, µs, by layer and kind."""
    stacks = [stack for stack in summary.study.stacks if (point.number, stack) in summary.cells]
    cells = [summary.cells[point.number, stack] for stack in stacks]
    layers = list(dict.fromkeys(layer for cell in cells for layer, _ in cell.ledger_ns))
    heads = ["", *(f"{stack}: {kind}" for stack in stacks for kind in trace.KINDS)]
    rows = []
    for layer in layers:
        spent = [cell.ledger_ns.get((layer, kind), 0) / 1e3 / max(cell.served, 1) for cell in cells for kind in trace.KINDS]
        if any(spent):
            rows.append([layer, *(f"{us:.2f}" if us else "" for us in spent)])
    where = ", ".join(f"{axis.title} {label}" for axis, label in zip(summary.study.axes, summary.labels(point), strict=True))
    return f"µs of the mean request{' at ' if where else ''}{where}", heads, rows


def _may_bring_a_cost(study: LoadedStudy, point: Point) -> bool:
    """Of numbers the ends of an axis ask for all that any value asks for; of names (a network, a disk) each may bring its own."""
    return all(axis.numbers is None or at in (0, len(axis.values) - 1) for axis, at in zip(study.axes, point.at, strict=True))


def _costs(summary: Summary, points: Sequence[Point]) -> list[Cost]:
    """Every cost that was asked for at these points."""
    found: dict[str, Cost] = {}
    for point in points:
        for built in build_stacks(summary.study.scenario(point), summary.study.stacks):
            found |= {cost.name: cost for cost in built.costs}
    return [found[name] for name in sorted(found)]


def _cost(cost: Cost) -> list[str]:
    record = cost.record
    per = f" a {record.per}" if record.per else ""
    bounds = f", {record.range[0]} to {record.range[1]}" if record.range else ""
    error = f" ± {record.standard_error}" if record.standard_error else ""
    return [cost.name, f"{record.written}{error}{per}", f"{STATUS[record.kind]}{bounds}", cost.machine, "; ".join(record.source)]
