"""Leaving a group out: a profile calibrated anew without a group's rows, with which that group is then predicted.

What is left is a prediction of one kind of measurement from the others. A cost of the base that rests on the group is put to the middle of
its range before, which does not know the rows; one without a range stays as it is, and rests on the group all the same. Both are named.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cutaway.models import costs
from cutaway.models.costs import Cost, Profile
from cutaway.models.costs.calibration import calibrate, quantity


@dataclass(frozen=True, slots=True)
class Without:
    """A profile that was made without a group."""

    file: Path
    base: str
    group: str
    left_out: int
    """Calibration rows of the group."""
    middle: tuple[str, ...]
    """Costs that no other row tells, which are the middle of their ranges."""
    kept: tuple[str, ...]
    """Costs that no other row tells, have no range, and so rest on the group all the same."""

    def told(self) -> str:
        """What was left out, and what of it is in the costs all the same."""
        told = f"Calibrated without the {self.left_out:,} calibration rows of group '{self.group}'."
        if self.middle:
            told += f" {len(self.middle)} costs that no other row tells are the middle of their ranges: {'; '.join(self.middle)}."
        if self.kept:
            told += f" {len(self.kept)} without a range are those of {self.base} and rest on the group all the same: "
            told += f"{'; '.join(self.kept)}."
        return told

    def document(self) -> dict[str, Any]:
        """For programs; docs/validation.md explains the keys."""
        return {"group": self.group, "rows": self.left_out, "middle": list(self.middle), "kept": list(self.kept)}


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
    whole = costs.load(base)
    made = calibrate(there, not_knowing(whole, group), workers=workers)
    file = folder / f"{measurements.stem}-without-{group}{costs.SUFFIX}"
    file.write_text(made.text, encoding="utf-8")
    resting = [one.name for one in made.by("base") if _rests_on(whole[one.name], group)]
    middle, kept = (tuple(name for name in resting if bool(whole[name].record.range) == ranged) for ranged in (True, False))
    return Without(file, base, group, len(lines) - len(remaining), middle, kept)


def not_knowing(base: Profile, group: str) -> Profile:
    """The profile with what rests on the group put to the middle of its range, where it has one."""
    changed = {name: _middle_of(cost, base, group) for name, cost in base.costs.items() if cost.record.range and _rests_on(cost, group)}
    return replace(base, costs=base.costs | changed)


def _rests_on(cost: Cost, group: str) -> bool:
    return any(source.startswith(f"{group}.") for source in cost.record.source)


def _middle_of(cost: Cost, base: Profile, group: str) -> Cost:
    low, high = cost.range()
    middle = (low + high) / 2
    record = cost.record.model_copy(
        update={
            "value": quantity(float(middle), cost.unit),
            "cycles": 0,
            "clock_mhz": 0,
            "kind": "assumption",
            "source": (f"the range that profile {base.name} has",),
            "standard_error": "",
            "derived": f"the middle of the range; what the rows of group {group} told is left out, and was {cost.record.written}",
        }
    )
    return replace(cost, value=middle, record=record)
