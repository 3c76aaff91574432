"""Makes a cost profile of measured rows: what rules give, what is fitted, and what stays as the base profile has it.

The same rows make the same bytes: the date is the machine file's. Rows for validation are not looked at, not even for the digest.
Read first: rule.py, rules/, fit.py, docs/models/costs.md.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import floor, log10
from pathlib import Path
from typing import Any, Literal

from cutaway.models import files
from cutaway.models.costs import MOST_BYTES, SCHEMA, Cost, CostRecord, Profile, SpreadRecord, digest_of, parsed
from cutaway.models.costs import Row as Behind
from cutaway.models.costs.fit import GROUPS, WHOLE, Effort, Fit, Fitted, Group, fit, loads_of, with_costs
from cutaway.models.costs.row import MeasurementError, Row, read
from cutaway.models.costs.rule import Estimate, Machine, Measured, NoRow, Sources, estimate
from cutaway.models.costs.rules import RULES
from cutaway.sim.experiments import Progress

SHIPPED = Path(__file__).parent / "measured"
OTHER = "two-core-amd-vm"
"""The machine whose rows stand in for some that another lacks: its wake-ups and start-ups were measured one by one."""
UNRANGED = 3
"""A cost to be fitted that has no range is looked for from a third to three times that of `LIKE`, else its own value."""
LIKE = {name: "copy per KiB" for name in ("receive copy per KiB", "receive copy per KiB beyond 16 KiB")}
"""What a cost without a range is looked for around: the same work, which rows of another kind tell."""
SPEED = "null system call"
"""The cost that tells how much slower another machine's kernel is."""
_OF_A_MACHINE = re.compile(r"(micro|nginx|apps|control|lifecycle|memory)\.")

How = Literal["rows", "scaled", "fitted", "base"]


@dataclass(frozen=True, slots=True)
class Made:
    """One cost of the new profile, and how it came about."""

    name: str
    record: CostRecord
    how: How
    before: Cost
    """The base profile's."""
    why: str = ""
    """Why it stays as the base has it, where a rule or a fit would have made it."""


@dataclass(frozen=True)
class Calibration:
    """A profile made of measured rows."""

    file: str
    machine: Machine
    base: Profile
    rows: int
    kept_back: int
    """Rows for validation, which were left alone."""
    made: tuple[Made, ...]
    fits: dict[str, Fit]
    """By program."""
    text: str
    """The profile as a file."""

    def profile(self, path: Path) -> Profile:
        """As whoever loads that file gets it."""
        return parsed(self.text, path)

    def by(self, how: How) -> list[Made]:
        """The costs that came about in that way."""
        return [one for one in self.made if one.how == how]


def calibrate(
    file: Path, base: Profile, *, workers: int = 1, progress: Callable[[str], Progress] | None = None, effort: Effort = WHOLE
) -> Calibration:
    """A profile of the machine whose rows are in the file; `progress` is asked for by program. Raises MeasurementError."""
    rows = read(file)                                          # first, so that a wrong name is told of the rows and not of what lies beside
    machine = machine_of(file)
    own = Measured(machine, rows)
    if not own.rows:
        raise MeasurementError(f"{file}: none of its {len(rows)} rows is marked calibrate; a profile is made of those.")
    sources = Sources(own, other_than(machine), {name: float(cost.value) for name, cost in base.costs.items()})
    estimates, why = _estimates(base, sources)
    loads = {group.name: loads_of(own.rows.values(), group) for group in GROUPS}
    if not any(loads.values()) and not any(own.rows.keys() & one.rows.keys() for one in estimates.values()):
        raise MeasurementError(f"{file}: no rule knows one of its rows; the ids that rules ask for are in {SHIPPED.name}/*.jsonl.")
    known = with_costs(base, {name: one.value for name, one in estimates.items()})
    slower = float(known[SPEED].value / base[SPEED].value) if SPEED in base.costs else 1.0
    fits: dict[str, Fit] = {}
    for group in GROUPS:
        if not loads[group.name]:
            why |= dict.fromkeys(_costs_of(group, base), f"no load of {group.name} on the bare system to fit it on")
            continue
        bounds = _bounds(known, _costs_of(group, base), slower)
        told = progress(group.name) if progress else None
        fits[group.name] = found = fit(known, loads[group.name], bounds, workers=workers, progress=told, effort=effort)
        why |= dict.fromkeys(found.undetermined, "the rows say next to nothing about it")
        known = with_costs(known, {one.name: one.value for one in found.costs})
    made = tuple(_made(cost, machine, estimates, fits, base, why) for cost in base.costs.values())
    text = _text(file.name, machine, base, own, made, _behind(made, estimates, own, base, machine))
    return Calibration(file.name, machine, base, len(own.rows), len(own.kept_back), made, fits, text)


def machine_of(file: Path) -> Machine:
    """What the machine file beside the rows says. Raises MeasurementError."""
    beside = file.with_suffix(".machine.json")
    try:
        found = json.loads(files.text_of(beside, MOST_BYTES, "a description of the measured machine"))
    except files.FileRefused as refused:
        raise MeasurementError(f"{beside}: {str(refused).rstrip('.')}; `cutaway measure` writes it beside the rows.") from None
    except (ValueError, RecursionError):
        raise MeasurementError(f"{beside}: is no JSON; `cutaway measure` writes it beside the rows.") from None
    head = found if isinstance(found, dict) else {}
    for key in ("name", "date"):
        if not isinstance(head.get(key), str) or not head[key].isprintable() or not head[key]:
            raise MeasurementError(f"{beside}: {key} is {json.dumps(head.get(key))[:80]}; expected a text.")
    kernel = head.get("kernel")
    hz = kernel.get("hz") if isinstance(kernel, dict) else None
    return Machine(head["name"], head["date"], hz) if type(hz) is int and hz > 0 else Machine(head["name"], head["date"])


def other_than(machine: Machine) -> Measured | None:
    """The machine that stands in for rows that are missing; none for itself."""
    if machine.name == OTHER:
        return None
    file = SHIPPED / f"{OTHER}.jsonl"
    return Measured(machine_of(file), read(file))


# --- values ------------------------------------------------------------------------------------------------------------------------


def _estimates(base: Profile, sources: Sources) -> tuple[dict[str, Estimate], dict[str, str]]:
    """What rules give, and why some give nothing."""
    found: dict[str, Estimate] = {}
    why: dict[str, str] = {}
    for name, rule in RULES.items():
        if name not in base.costs:
            continue
        try:
            one = estimate(rule, sources)
        except NoRow as missing:
            why[name] = str(missing)
            continue
        except ZeroDivisionError:
            why[name] = "its rows are zero"
            continue
        if one.scaled and not _made_elsewhere(base[name], sources):
            why[name] = "its rows are missing"
        elif one.value <= 0:
            why[name] = f"its rows come to {one.value:.3g} {base[name].unit}, which is none"
        else:
            found[name] = one
    return found, why


def _made_elsewhere(cost: Cost, sources: Sources) -> bool:
    """Whether the base itself took the cost from the other machine; what it has from a publication is not replaced by that."""
    other = sources.other
    return other is not None and any(source.startswith(f"{other.machine.name}: ") for source in cost.record.source)


def _costs_of(group: Group, base: Profile) -> list[str]:
    return [name for name in group.costs if name in base.costs]


def _bounds(known: Profile, names: Iterable[str], slower: float) -> dict[str, tuple[float, float]]:
    """Between what a fit looks for each cost; on a slower machine further up. The value that the base has is in none that has a range."""
    bounds: dict[str, tuple[float, float]] = {}
    for name in names:
        cost, around = known[name], known[LIKE.get(name, name)].value
        low, high = map(float, cost.range() if cost.record.range else (around / UNRANGED, around * UNRANGED))
        # What a rule has measured on this machine holds its speed already.
        by = 1.0 if name in LIKE and not cost.record.range else slower
        bounds[name] = low * min(1.0, by), high * max(1.0, by)
    return bounds


# --- records -----------------------------------------------------------------------------------------------------------------------


def _made(
    cost: Cost, machine: Machine, estimates: Mapping[str, Estimate], fits: Mapping[str, Fit], base: Profile, why: Mapping[str, str]
) -> Made:
    if one := estimates.get(cost.name):
        return Made(cost.name, _from_rows(cost, one), "scaled" if one.scaled else "rows", cost)
    for program, fitted in fits.items():
        for of in fitted.costs:
            if of.name == cost.name:
                return Made(cost.name, _from_fit(cost, of, program, fitted), "fitted", cost)
    return Made(cost.name, _as_in(base, cost, machine), "base", cost, why.get(cost.name, ""))


def _from_rows(cost: Cost, one: Estimate) -> CostRecord:
    record, scale = cost.record, one.value / float(cost.value)
    kind = "scaled" if one.scaled else one.rule.kind
    kept = record.range if kind != "measured" and record.range else ()
    spread = SpreadRecord(kind="measured", quantiles=one.spread) if one.spread else record.spread
    return CostRecord(
        value=quantity(one.value, cost.unit),
        per=record.per,
        what=record.what,
        kind=kind,
        source=tuple(one.rows),
        standard_error=quantity(one.error, cost.unit, 2, one.value) if one.error else "",
        derived="; ".join(part for part in (one.rule.formula, one.scaled) if part),
        range=tuple(quantity(float(end) * scale, cost.unit) for end in cost.range()) if kept else (),
        spread=spread,
    )


def _from_fit(cost: Cost, of: Fitted, program: str, fitted: Fit) -> CostRecord:
    notes = [f"fitted by least squares: the simulated CPU time a request of {program} and its client meets that of these rows"]
    notes += [
        f"not to be told apart from {pair.other if pair.one == of.name else pair.one} (correlation {pair.correlation:.2f})"
        for pair in fitted.pairs
        if of.name in (pair.one, pair.other)
    ]
    if not of.resolved:
        notes.append(f"the rows tell {of.resolution:.0%} of it, the rest is the middle of its range")
    if of.at_bound:
        notes.append("the fit ended at the bound of its range")
    return CostRecord(
        value=quantity(of.value, cost.unit),
        per=cost.record.per,
        what=cost.record.what,
        kind="measured" if of.resolved else "assumption",
        source=of.rows,
        standard_error=quantity(of.error, cost.unit, 2, of.value),
        derived="; ".join(notes),
        range=tuple(quantity(end, cost.unit) for end in of.bounds),
        spread=cost.record.spread,
    )


def _as_in(base: Profile, cost: Cost, machine: Machine) -> CostRecord:
    """The base's record; what it measured is another machine's here, and is called scaled."""
    record = cost.record
    changes: dict[str, Any] = {"machine": "" if cost.machine == machine.name else cost.machine}
    changes["date"] = "" if cost.date == machine.date else cost.date
    if base.machine != machine.name:
        changes["source"] = tuple(_elsewhere(base, source) for source in record.source)
        if record.kind == "measured":
            taken = f"taken over unchanged from profile {base.name}"
            changes |= {"kind": "scaled", "derived": f"{taken}: {record.derived}" if record.derived else taken}
    return record.model_copy(update=changes)


def _elsewhere(base: Profile, source: str) -> str:
    """A row's id as it is called in a profile of another machine."""
    return f"{base.machine}: {source}" if _OF_A_MACHINE.match(source) else source


def _behind(
    made: Sequence[Made], estimates: Mapping[str, Estimate], own: Measured, base: Profile, machine: Machine
) -> dict[str, Behind]:
    """The rows and points behind the costs, by id."""
    found: dict[str, Behind] = {}
    theirs = {source if base.machine == machine.name else _elsewhere(base, source): row for source, row in base.rows.items()}
    for one in made:
        ours = own.rows if one.how == "fitted" else estimates[one.name].rows if one.how != "base" else {}
        for source in one.record.source:
            if source in ours:
                found[source] = _kept(ours[source])
            elif source in theirs:
                found.setdefault(source, theirs[source])
    return found


def _kept(row: Row) -> Behind:
    return Behind(value=row.median, unit=row.unit, use=row.use)


# --- text --------------------------------------------------------------------------------------------------------------------------


def quantity(value: float, unit: str, digits: int = 4, like: float | None = None) -> str:
    """A value as profiles write it, rounded to so many digits: `642.5 ns`, `17.1 ms`, `153600 B`; in the unit of another, if asked."""
    if unit == "B":
        return f"{round(value)} B"
    size = value if like is None else like
    if unit == "1":
        return _rounded(value, digits)
    name, of = next((one for one in (("ms", 1e6), ("us", 1e3)) if size >= 10 * one[1]), ("ns", 1.0))
    return f"{_rounded(value / of, digits)} {name}"


def _rounded(value: float, digits: int) -> str:
    if not value:
        return "0"
    places = max(digits - 1 - floor(log10(abs(value))), 0)
    text = f"{value:.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(
    file: str, machine: Machine, base: Profile, own: Measured, made: Iterable[Made], behind: Mapping[str, Behind]
) -> str:
    head: dict[str, Any] = {
        "schema": SCHEMA,
        "what": f"calibrated on {file}; what its rows do not give is from {base.name}",
        "machine": machine.name,
        "date": machine.date,
        "measurements": file,
        "measurements_digest": _digest(own.rows.values()),
        "calibrated_from": base.name,
    }
    lines = ["# Made by `cutaway calibrate`. It is data: the digest tells of every change; for other values make another.", "", "[profile]"]
    lines += [f"{key} = {_toml(value)}" for key, value in head.items()]
    body: list[str] = []
    for one in made:
        record = one.record.model_dump(exclude_defaults=True, by_alias=False)
        body += ["", f"[{_toml(one.name)}]", *(f"{key} = {_toml(value)}" for key, value in record.items())]
    body += ["", "[rows]", *(f"{_toml(name)} = {_toml(row.model_dump(by_alias=False))}" for name, row in sorted(behind.items()))]
    digest = digest_of(tomllib.loads("\n".join([*lines, *body])))
    return "\n".join([*lines, f"digest = {_toml(digest)}", *body, ""])


def _digest(rows: Iterable[Row]) -> str:
    in_order = sorted(rows, key=lambda row: row.id)
    content = [[row.id, row.unit, row.median, row.q1, row.q3, row.n, row.mean, row.quantiles] for row in in_order]
    return blake2b(json.dumps(content, separators=(",", ":")).encode(), digest_size=16).hexdigest()


def _toml(value: Any) -> str:
    match value:
        case Mapping():
            return "{ " + ", ".join(f"{key} = {_toml(of)}" for key, of in value.items()) + " }"
        case list() | tuple():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case str():
            # JSON's escapes are TOML's, but that TOML wants the last of the control characters escaped too.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case _:
            return json.dumps(value)
