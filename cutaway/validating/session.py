"""What `cutaway validate` does: reads the rows, finds the costs of their machine, predicts, and prints."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from cutaway.models import costs, files
from cutaway.models.costs.row import MeasurementError, Row, read
from cutaway.places import nothing_at, write_whole
from cutaway.scenarios.problems import choices, nearest
from cutaway.session import progress_of
from cutaway.validating.printing import print_validation
from cutaway.validating.validation import Validation
from cutaway.validating.validation import validate as validate_rows

SHIPPED = Path(costs.__file__).parent / "measured" / "two-core-vm.jsonl"
"""What is validated when no file is given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be told of a file's rows."""

    profile: str
    """Costs to predict with; empty for those of the measured machine."""
    only: Sequence[str]
    """Groups of rows; all when empty."""
    worst: int
    every_row: bool
    report: Path | None
    leave_out: str = ""
    """A group whose calibration rows are not used, and whose rows alone are predicted."""


def validate(files: Sequence[Path], asked: Asked, *, workers: int, as_json: bool) -> int:
    """Validates each file; returns the exit code. Raises MeasurementError, CostError, AlreadyThere."""
    if asked.report:
        from cutaway.validating.report import as_html  # what is missing is told before the work

        nothing_at(asked.report)
    documents = {}
    for file in files or [SHIPPED]:
        validation = validated(file, asked.profile, only=asked.only, leave_out=asked.leave_out, workers=workers)
        if as_json:
            documents[file.name] = validation.document()
        else:
            print_validation(validation, file.name, asked.worst, every_row=asked.every_row)
        if asked.report:
            write_whole(asked.report, as_html(validation, file.name).encode())
    if as_json:
        print(json.dumps(documents, ensure_ascii=False, indent=2, allow_nan=False))
    return 0


def validated(file: Path, profile: str = "", *, only: Sequence[str] = (), leave_out: str = "", workers: int = 1) -> Validation:
    """Predicts a file's rows for validation; the parameters are told of at `Asked`. Raises MeasurementError, CostError."""
    rows = _of_groups(read(file), [leave_out] if leave_out else only, file)
    name = profile or profile_of(file)
    if not any(row.use == "validate" for row in rows):
        whose = f"of {choices(only)} " if only else ""
        raise MeasurementError(f"{file}: none of its rows {whose}is marked validate; only such rows are predicted.")
    costs.load(name)                                                        # a wrong one is told though no row may need it
    if leave_out:
        return _without(file, leave_out, rows, name, workers)
    with progress_of("set-ups") as progress:
        return validate_rows(rows, name, workers=workers, progress=progress)


def _without(file: Path, group: str, rows: list[Row], base: str, workers: int) -> Validation:
    """Predicts a group's rows with costs that were calibrated without them."""
    from cutaway.validating.left_out import profile_without

    with TemporaryDirectory(prefix="cutaway-") as folder:
        made = profile_without(file, group, base, Path(folder), workers)
        with progress_of("set-ups") as progress:
            validation = validate_rows(rows, str(made.file), workers=workers, progress=progress)
    return replace(validation, profile=f"{base} without {group}", without=made)


def validate_published(sources: Sequence[str], report: Path | None, *, worst: int, every_row: bool, workers: int, as_json: bool) -> int:
    """Validates published sources; returns the exit code. Raises MeasurementError, AlreadyThere."""
    from cutaway.validating.published import printing, validation

    if report:
        from cutaway.validating.published.report import can_be_told_in, content  # what is wrong or missing is told before the work

        can_be_told_in(report, sources)
        nothing_at(report)
    with progress_of("sources") as progress:
        published = validation.validate(sources, drawn=bool(report), workers=workers, progress=progress)
    if as_json:
        print(json.dumps(published.document(), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        printing.print_published(published, worst, every_row=every_row)
    if report:
        write_whole(report, content(published, report))
    return 0


def profile_of(file: Path) -> str:
    """The profile that is named after the measured machine, which the machine file beside the rows tells. Raises MeasurementError."""
    known = costs.names()
    beside = file.with_suffix(".machine.json")
    try:
        machine = str(json.loads(files.text_of(beside, costs.MOST_BYTES, "a description of the measured machine"))["name"])
    except (files.FileRefused, ValueError, KeyError, TypeError, RecursionError):
        machine = file.stem
    if machine not in known:
        hint = nearest(machine, known)
        raise MeasurementError(f"{file}: no profile is named after its machine '{machine}'; give --profile, one of {choices(known)}.{hint}")
    return machine


def _of_groups(rows: list[Row], only: Sequence[str], file: Path) -> list[Row]:
    groups = list(dict.fromkeys(row.group for row in rows))
    for group in only:
        if group not in groups:
            raise MeasurementError(f"{file}: no row is of group '{group}'; expected {choices(groups)}.{nearest(group, groups)}")
    return [row for row in rows if not only or row.group in only or row.use == "calibrate"]
