"""Leaving a group out: a profile calibrated anew without a group's rows, with which that group is then predicted.

What is left is a prediction of one kind of measurement from the others. A cost that no other rows tell stays as the base profile has it,
and rests on the group all the same: such costs are named.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from cutaway.models import costs
from cutaway.models.costs.calibration import calibrate


@dataclass(frozen=True, slots=True)
class Without:
    """A profile that was made without a group."""

    file: Path
    base: str
    group: str
    left_out: int
    """Calibration rows of the group."""
    kept: tuple[str, ...]
    """Costs that still rest on the group."""

    def told(self) -> str:
        """What was left out, and what of it is in the costs all the same."""
        told = f"Calibrated without the {self.left_out:,} calibration rows of group '{self.group}'."
        if not self.kept:
            return told
        return (
            f"{told} {len(self.kept)} costs that no other row tells are those of {self.base} and rest on the group all the same: "
            f"{'; '.join(self.kept)}."
        )


def profile_without(measurements: Path, group: str, base: str, folder: Path, workers: int) -> Without:
    """Calibrates the measurements without a group, into a folder. Raises MeasurementError, CostError."""
    lines = [line for line in measurements.read_text(encoding="utf-8").splitlines() if line.strip()]
    rows = [json.loads(line) for line in lines]
    remaining = [line for line, row in zip(lines, rows, strict=True) if row["group"] != group or row["use"] == "validate"]
    there = folder / measurements.name
    there.write_text("\n".join(remaining) + "\n", encoding="utf-8")
    beside = measurements.with_suffix(".machine.json")
    if beside.is_file():
        shutil.copyfile(beside, there.with_suffix(".machine.json"))
    made = calibrate(there, costs.load(base), workers=workers)
    file = folder / f"{measurements.stem}-without-{group}{costs.SUFFIX}"
    file.write_text(made.text, encoding="utf-8")
    kept = [one.name for one in made.by("base") if any(source.startswith(f"{group}.") for source in one.before.record.source)]
    return Without(file, base, group, len(lines) - len(remaining), tuple(kept))
