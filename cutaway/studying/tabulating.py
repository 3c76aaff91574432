"""A study as one table, for a paper or a spreadsheet, and all of its runs as one file.

Needs the `study` extra (tabulate) for Markdown and LaTeX.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from cutaway.places import new_file
from cutaway.scenarios.problems import choices, nearest, printable
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.studying.columns import BY_NAME, METRICS, Figure
from cutaway.studying.folder import StudyError, StudyFolder
from cutaway.studying.index import Index
from cutaway.studying.reading import plain_columns, tables
from cutaway.studying.summary import Summary, shown_metrics

Form = Literal["csv", "markdown", "latex"]
FORMS: tuple[Form, ...] = ("csv", "markdown", "latex")
DIGITS = 6
"""Significant digits of a figure in a table."""


def metrics_named(summary: Summary, names: Sequence[str]) -> list[Figure]:
    """Metrics by name or its beginning (`p99`), in any spelling of case and blanks; those of the study's figures without any.

    Raises StudyError.
    """
    return [_named(name) for name in names] or shown_metrics(summary.study)


def _named(name: str) -> Figure:
    whole = [metric for metric in METRICS if _form(name) in (_form(metric.name), _form(metric.key))]
    begun = [metric for metric in METRICS if _form(metric.name).startswith(f"{_form(name)} ")]
    if len(found := whole or begun) != 1:
        raise StudyError(f"'{printable(name)}' is no metric; expected {choices(BY_NAME)}.{nearest(name, BY_NAME)}")
    return found[0]


def _form(name: str) -> str:
    return name.casefold().replace("_", " ").replace("-", " ").strip()


def table(summary: Summary, metrics: Sequence[Figure], form: Form) -> str:
    """A row a point and stack: mean, half width, and the difference from the base with its half width."""
    heads, *rows = ([_harmless(cell, form) for cell in row] for row in [_heads(summary, metrics), *_rows(summary, metrics)])
    if form == "csv":
        out = io.StringIO()
        csv.writer(out, lineterminator="\n").writerows([heads, *rows])
        return out.getvalue()
    from tabulate import tabulate

    text: str = tabulate(rows, heads, tablefmt={"markdown": "github", "latex": "latex_booktabs"}[form], disable_numparse=True)
    return f"{text}\n"


def _heads(summary: Summary, metrics: Sequence[Figure]) -> list[str]:
    heads = [_with_unit(axis.title, (axis.numbers or ([], ""))[1]) for axis in summary.study.axes] + ["stack", "runs"]
    for metric in metrics:
        heads += [_with_unit(metric.name, metric.unit), "half width"]
        if len(summary.study.stacks) > 1:
            heads += [f"less {summary.base}", "half width"]
    return heads


def _with_unit(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit else name


def _rows(summary: Summary, metrics: Sequence[Figure]) -> Iterator[list[str]]:
    for point in summary.points():
        for stack in summary.study.stacks:
            cell = summary.cells.get((point.number, stack))
            if cell is None:
                continue
            row = [*_places(summary, point.at), stack, str(len(cell.replications))]
            for metric in metrics:
                found = [summary.figure(point, stack, metric)]
                if len(summary.study.stacks) > 1:
                    found.append(summary.difference(point, stack, metric) if stack != summary.base else None)
                for one in found:
                    row += [_number(one.mean), _number(one.half_width)] if one else ["", ""]
            yield row


def _places(summary: Summary, at: Sequence[int]) -> list[str]:
    """Numbers without their unit, which stands in the head."""
    found = []
    for axis, index in zip(summary.study.axes, at, strict=True):
        numbers = axis.numbers
        found.append(f"{numbers[0][index]:g}" if numbers else axis.text(index))
    return found


def _number(value: float) -> str:
    return f"{value:.{DIGITS}g}" if math.isfinite(value) else ""


def _harmless(cell: str, form: Form) -> str:
    """Titles and values of a study are its author's: here they are text that fills one cell."""
    cell = printable(cell, 1000)
    match form:
        case "csv":
            return _no_formula(cell)
        case "markdown":
            return cell.replace("|", "\\|")
        case "latex":
            return cell      # tabulate escapes it


def _no_formula(cell: str) -> str:
    """What a spreadsheet would take for a formula is text; a number stays one."""
    if cell[:1] in ("=", "+", "-", "@", "\t", "\r"):
        try:
            float(cell)
        except ValueError:
            return f"'{cell}"
    return cell


def export(folder: StudyFolder, study: LoadedStudy, index: Index, file: Path) -> int:
    """All runs into one file, by its ending: .parquet with every column, .csv with those of one value; how many. Raises StudyError."""
    if file.suffix not in (".parquet", ".csv"):
        raise StudyError(f"{file}: its ending is '{file.suffix}'; expected .parquet or .csv.")
    if not index.done:
        raise StudyError(f"{folder.path}: no run is done yet.")
    count = 0
    parts = tables(folder, study, index)
    first = next(parts)[1]
    columns = first.schema.names if file.suffix == ".parquet" else plain_columns(first.schema)
    schema = first.select(columns).schema
    with new_file(file) as part, _writer(part, file.suffix, schema) as writer:
        for table_ in chain([first], (table_ for _, table_ in parts)):
            wanted = table_.select(columns)
            writer.write_table(wanted if file.suffix == ".parquet" else _without_formulas(wanted))
            count += table_.num_rows
    return count


def _without_formulas(table: pa.Table) -> pa.Table:
    texts = [(index, field) for index, field in enumerate(table.schema) if field.type == pa.string()]
    for index, field in texts:
        table = table.set_column(index, field, pa.array([_no_formula(cell) for cell in table[field.name].to_pylist()], pa.string()))
    return table


def _writer(file: Path, ending: str, schema: pa.Schema) -> pq.ParquetWriter | pc.CSVWriter:
    return pq.ParquetWriter(file, schema, compression="zstd") if ending == ".parquet" else pc.CSVWriter(file, schema)
