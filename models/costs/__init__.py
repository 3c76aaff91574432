"""What things cost, and how that is known: records of value, spread and source, kept as data in profiles.

Serves: `load` a profile by its name or its file, and its `Cost`s by name. Every record says what was measured or published, where and
when; a record without a source is an error, and an assumption must say so and give its range. Profiles are TOML files; those that come
with the program lie in `profiles/`.
rules/ and fit.py say how costs follow from measured rows; calibration.py makes a profile of them.
Read first: docs/models/costs.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator, model_validator

from cutaway.models import files
from cutaway.models.complaints import complaint, unknown_key
from cutaway.models.names import did_you_mean
from cutaway.models.part import Part
from cutaway.models.units import DURATION, SIZE, QuantityError
from cutaway.sim.machine import FIXED, Spread

FOLDER = Path(__file__).parent / "profiles"
SUFFIX = ".toml"
MOST_BYTES = 4 * 1024 * 1024
"""A profile; the shipped ones have 100 KB."""
SCHEMA = 1
"""Version of the form of profiles; those without are of this one."""
HEAD = ("schema", "what", "machine", "date", "base", "measurements", "measurements_digest", "calibrated_from", "digest")
"""Keys of a profile's first table."""

Kind = Literal["measured", "published", "scaled", "assumption"]


class CostError(Exception):
    """A profile that cannot be trusted: the file, the record, what was found and what was expected."""


class UnknownCost(CostError):  # noqa: N818
    """A cost that the profile does not have."""

    def __init__(self, name: str, profile: str, known: list[str]) -> None:
        super().__init__(f"profile {profile} has no cost '{name}'.{did_you_mean(name, known)}")


class SpreadRecord(Part):
    """How the cost varies around its mean."""

    kind: Literal["fixed", "exponential", "lognormal", "uniform", "measured"] = "fixed"
    permille: int = Field(default=0, ge=0, le=5000, description="coefficient of variation or half width, in thousandths of the mean")
    quantiles: tuple[int, ...] = ()
    """Values at equally spaced probabilities from 0 to 1, in any unit."""

    @field_validator("quantiles", mode="before")
    @classmethod
    def _from_list(cls, found: Any) -> Any:
        return tuple(found) if isinstance(found, list) else found

    @field_validator("quantiles")
    @classmethod
    def _in_order(cls, found: tuple[int, ...]) -> tuple[int, ...]:
        if list(found) != sorted(found) or (found and found[0] < 0):
            raise ValueError("quantiles grow from the smallest to the largest and are not negative")
        return found

    @model_validator(mode="after")
    def _whole(self) -> SpreadRecord:
        if (self.kind == "measured") != bool(self.quantiles):
            raise ValueError("a measured spread, and only that, has quantiles")
        if self.kind in ("lognormal", "uniform") and not self.permille:
            raise ValueError(f"a {self.kind} spread has its permille")
        return self

    def shape(self) -> Spread:
        """As the engine takes it."""
        return Spread(self.kind, self.permille, self.quantiles)


class CostRecord(Part):
    """One cost as it stands in a profile."""

    value: str = ""
    """`1.9 us`, `6.8 MiB`, or a number without a unit for a factor."""
    cycles: int = Field(default=0, ge=0, description="instead of a value: cycles of the source's clock")
    clock_mhz: int = Field(default=0, ge=0, description="the clock that the cycles are of")
    per: str = ""
    """What it is paid for: a packet, a KiB, a call; empty for once."""
    what: str = Field(min_length=1)
    """What was measured or published."""
    kind: Kind
    source: tuple[str, ...] = Field(min_length=1)
    """Identifiers of measured rows or published points, publications, or files of a program's source."""
    standard_error: str = ""
    """Of the value, from the spread of the rows behind it; empty where nobody worked it out."""
    derived: str = ""
    """How the value follows from the sources, where it is not the median of one."""
    range: tuple[str, ...] = ()
    """Smallest and largest value that would not surprise; an assumption must have it."""
    spread: SpreadRecord = SpreadRecord()
    machine: str = ""
    """Where it was measured; the profile's machine when empty."""
    date: str = ""
    """When; the profile's date when empty."""

    @field_validator("source", "range", mode="before")
    @classmethod
    def _from_list(cls, found: Any) -> Any:
        return tuple(found) if isinstance(found, list) else found

    @property
    def written(self) -> str:
        """The value as it was found: `1.9 us`, or `3738 cycles at 2100 MHz`."""
        return self.value or f"{self.cycles} cycles at {self.clock_mhz} MHz"

    @model_validator(mode="after")
    def _honest(self) -> CostRecord:
        if bool(self.value) == bool(self.cycles):
            raise ValueError("a cost has either a value or cycles")
        if bool(self.cycles) != bool(self.clock_mhz):
            raise ValueError("cycles come with their clock_mhz")
        if self.range and len(self.range) != 2:
            raise ValueError("a range is its smallest and its largest value")
        if self.kind == "assumption" and not self.range:
            raise ValueError("an assumption gives its range")
        if self.kind == "scaled" and not self.derived:
            raise ValueError("a scaled cost says in 'derived' how it was scaled")
        value, unit = _quantity(self.value) if self.value else (Fraction(0), "ns")
        if self.standard_error and _quantity(self.standard_error)[1] != unit:
            raise ValueError(f"the standard error {self.standard_error} is not of the kind of {self.written}")
        for end, beyond in zip(self.range, (Fraction.__gt__, Fraction.__lt__), strict=False):
            bound, bound_unit = _quantity(end)
            if self.value and (bound_unit != unit or beyond(bound, value)):
                raise ValueError(f"the value {self.value} is not within its range {' to '.join(self.range)}")
        return self


class Row(Part):
    """A measured row or published point that costs are made of."""

    value: float
    """Its median, or the published value."""
    unit: str
    """Its unit, as the source has it."""
    use: Literal["calibrate", "validate"]
    """What it is meant for: a row that predictions are compared with must not make a cost."""


@dataclass(frozen=True, slots=True)
class Cost:
    """One cost, ready for use."""

    name: str
    value: Fraction
    """In nanoseconds, bytes or as a factor, by `unit`."""
    unit: Literal["ns", "B", "1"]
    record: CostRecord
    machine: str
    date: str

    @property
    def assumed(self) -> bool:
        return self.record.kind == "assumption"

    @property
    def spread(self) -> Spread:
        return self.record.spread.shape() if self.record.spread.kind != "fixed" else FIXED

    @property
    def ns(self) -> int:
        """To the nearest nanosecond."""
        return round(self.value)

    def range(self) -> tuple[Fraction, Fraction]:
        """Smallest and largest value; the value twice where no range is given."""
        if not self.record.range:
            return (self.value, self.value)
        low, high = self.record.range
        return (_quantity(low)[0], _quantity(high)[0])


@dataclass(frozen=True)
class Profile:
    """All costs of one machine or publication."""

    name: str
    what: str
    machine: str
    date: str
    costs: dict[str, Cost]
    rows: dict[str, Row]
    """The measured rows and published points behind them, by identifier."""

    def __getitem__(self, name: str) -> Cost:
        try:
            return self.costs[name]
        except KeyError:
            raise UnknownCost(name, self.name, list(self.costs)) from None

    def ns(self, name: str, times: Fraction | int = 1) -> int:
        """The duration of `times` uses, to the nearest nanosecond."""
        return round(self[name].value * times)

    def assumptions(self) -> list[Cost]:
        """What is not known but assumed."""
        return [cost for cost in self.costs.values() if cost.assumed]

    def instead(self, **changes: Fraction) -> Profile:
        """The same profile with other values (names with underscores), to see what an assumption is worth."""
        costs = dict(self.costs)
        for key, value in changes.items():
            name = key.replace("_", " ")
            costs[name] = replace(self[name], value=value)
        return replace(self, costs=costs)


def names() -> list[str]:
    """The profiles that come with the program."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(name: str) -> Profile:
    """The profile of that name, or in that file: what ends with .toml is a path."""
    if name.endswith(SUFFIX):
        return _at(Path(name), ())
    path = FOLDER / f"{name}{SUFFIX}"
    if name not in names():
        hint = did_you_mean(name, names())
        raise CostError(f"no cost profile '{name}'; there are {', '.join(names())}, or a file that ends with {SUFFIX}.{hint}")
    return _at(path, ())


def read(path: Path) -> Profile:
    """The profile in a file; the first mistake is told with its file and record. A profile may build on another, its `base`."""
    return _at(path, ())


def _at(path: Path, above: tuple[Path, ...]) -> Profile:
    """`above` are the files that build on this one."""
    if path in above:
        raise CostError(f"{path}: builds on itself; a base is another profile")
    try:
        found = path.stat()
    except OSError as error:
        raise CostError(f"{path}: cannot be read ({(error.strerror or str(error)).lower()})") from None
    return _on_its_base(_own(path, found.st_mtime_ns, found.st_size), path, above)


@lru_cache
def _own(path: Path, _changed_ns: int, _size: int) -> _Own:
    try:
        text = files.text_of(path, MOST_BYTES, "a cost profile in TOML")
    except files.FileRefused as refused:
        raise _refused(path, refused) from None
    return _own_of(_Text(path, text))


def parsed(text: str, path: Path) -> Profile:
    """The profile in a text that belongs to a file, be it there or not."""
    return _on_its_base(_own_of(_Text(path, text)), path, ())


def _refused(path: Path, refused: files.FileRefused) -> CostError:
    return CostError(f"{path}{f':{refused.line}' if refused.line else ''}: {str(refused).rstrip('.')}")


@dataclass(frozen=True, slots=True)
class _Text:
    """A profile as it is written."""

    path: Path
    content: str

    def mistake(self, table: str, told: str, key: str = "") -> CostError:
        """What is wrong of a table, with the line of its key, or of its head."""
        line = files.line_of(self.content, table, key)
        return CostError(f"{self.path}{f':{line}' if line else ''}: [{table}] {told}")


@dataclass(frozen=True, slots=True)
class _Own:
    """What a file says itself, its base apart."""

    head: dict[str, Any]
    costs: dict[str, Cost]
    rows: dict[str, Row]


def _own_of(text: _Text) -> _Own:
    try:
        document = files.toml_of(text.content, "a cost profile in TOML")
    except files.FileRefused as refused:
        raise _refused(text.path, refused) from None
    head = document.get("profile")
    if not isinstance(head, dict) or not all(isinstance(head.get(key), str) for key in ("what", "machine", "date")):
        raise CostError(f"{text.path}: [profile] with what, machine and date stands first")
    for key in head.keys() - set(HEAD):
        raise text.mistake("profile", unknown_key(key, HEAD, "the table"), key)
    _as_it_was_made(document, text)
    del document["profile"]
    rows = {name: _row(text, name, found) for name, found in document.pop("rows", {}).items()}
    return _Own(head, {name: _cost(text, name, found, head) for name, found in document.items()}, rows)


def _on_its_base(own: _Own, path: Path, above: tuple[Path, ...]) -> Profile:
    base = _base(own.head["base"], path, above) if "base" in own.head else None
    costs = {**(base.costs if base else {}), **own.costs}
    rows = {**(base.rows if base else {}), **own.rows}
    for cost in costs.values():
        for source in cost.record.source:
            if source in rows and rows[source].use != "calibrate":
                raise CostError(f"{path}: [{cost.name}] source: {source} is meant for validation; expected a row for calibration")
    return Profile(path.stem, own.head["what"], own.head["machine"], own.head["date"], costs, rows)


def _base(name: Any, path: Path, above: tuple[Path, ...]) -> Profile:
    """The profile that another builds on; a file is looked for beside it."""
    if isinstance(name, str) and name.endswith(SUFFIX):
        return _at(path.parent / name, (*above, path))
    if name not in names():
        raise CostError(f"{path}: [profile] base is '{name}'; expected one of {', '.join(names())}, or a file that ends with {SUFFIX}")
    return _at(FOLDER / f"{name}{SUFFIX}", (*above, path))


def _as_it_was_made(document: dict[str, Any], text: _Text) -> None:
    """A profile that has a digest is data: whoever wants other values makes another."""
    head = document["profile"]
    if (schema := head.get("schema", SCHEMA)) != SCHEMA:
        raise text.mistake("profile", f"schema is {schema}; expected {SCHEMA}", "schema")
    if "digest" in head and head["digest"] != digest_of(document):
        raise CostError(f"{text.path}: is not as it was made: [profile] digest is {head['digest']}, its content has {digest_of(document)}")


def digest_of(document: dict[str, Any]) -> str:
    """A name for all that a profile says, its digest apart."""
    head = {key: value for key, value in document["profile"].items() if key != "digest"}
    canonical = json.dumps({**document, "profile": head}, sort_keys=True, separators=(",", ":"), default=str)
    return blake2b(canonical.encode(), digest_size=16).hexdigest()


def _row(text: _Text, name: str, found: Any) -> Row:
    try:
        return Row.model_validate(found)
    except ValidationError as error:
        raise text.mistake("rows", f"{name}: {complaint(error, tuple(Row.model_fields), 'the row')}", name) from None


def _cost(text: _Text, name: str, found: Any, head: dict[str, str]) -> Cost:
    try:
        record = CostRecord.model_validate(found)
    except ValidationError as error:
        key = str((error.errors()[0]["loc"] or ("",))[0])
        raise text.mistake(name, complaint(error, tuple(CostRecord.model_fields), "the cost"), key) from None
    if record.cycles:
        value, unit = Fraction(record.cycles * 1000, record.clock_mhz), "ns"
    else:
        value, unit = _quantity(record.value)
    return Cost(name, value, unit, record, record.machine or head["machine"], record.date or head["date"])  # type: ignore[arg-type]


def _quantity(text: str) -> tuple[Fraction, Literal["ns", "B", "1"]]:
    """A duration in nanoseconds, a size in bytes, or a factor."""
    try:
        return Fraction(text), "1"
    except ValueError:
        pass
    try:
        return DURATION.read(text), "ns"
    except QuantityError as no_duration:
        try:
            return SIZE.read(text), "B"
        except QuantityError:
            raise ValueError(f"'{text}' is no cost: {no_duration}") from None
