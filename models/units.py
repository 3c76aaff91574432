"""Quantities as people write them, `50 ms`, `2 GiB`, `10 Gbit/s`, and the exact numbers that the models count in.

Serves: the types of parameters (Duration, Size, BitRate, ByteRate, Rate, Share, Cpus, Count) and `read` for cost records.
Inside is no float: whole nanoseconds, bytes and bits a second are `int`, rates, shares and CPUs are `Fraction`.
In a file a quantity carries its unit; Python code may also hand over base units (`200 * US`).
Read first: docs/scenarios/units.md.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import get_close_matches
from fractions import Fraction
from typing import Annotated, Any, cast

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError, ValidationInfo, ValidatorFunctionWrapHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

NS = 1
US = 1000 * NS
MS = 1000 * US
S = 1000 * MS
MIN = 60 * S
H = 60 * MIN

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

LARGEST = 2**62
"""Above it sums and products would leave the 64 bits of the engine's tables."""

FROM_FILE = {"from file": True}
"""The validation context of what a person wrote: there a number without a unit is refused."""

_SPACES = " \t\u00a0\u2009\u202f"
_WRITTEN = re.compile(rf"(?P<sign>[-+]?)(?P<number>[0-9]+(?:\.[0-9]+)?)[{_SPACES}]*(?P<unit>[^\s0-9.,_'].*)?", re.DOTALL)
_DIGITS_MAX = 40


class QuantityError(ValueError):
    """Why a text is no quantity of the kind that was asked for: what was expected, and the nearest right spelling."""

    def __init__(self, expected: str, hint: str = "") -> None:
        super().__init__(f"expected {expected}.{hint and ' ' + hint}")
        self.expected = expected
        self.hint = hint


@dataclass(frozen=True, eq=False)
class Quantity:
    """One kind of quantity: its units, how it is written, and the number that it becomes."""

    name: str
    units: dict[str, Fraction]
    """Each accepted unit, in base units (the one that is 1)."""
    examples: tuple[str, ...]
    elsewhere: dict[str, str] = field(default_factory=dict)
    """Spellings of other tools, lower case, and ours."""
    whole: bool = True
    """Whether the number is an `int` of base units; else it is a `Fraction`."""
    bare: bool = False
    """Whether a number without a unit means something (half a CPU)."""
    most: Fraction = Fraction(LARGEST)
    shown: tuple[str, ...] = ()
    """The units that messages name and texts are written in; all when empty."""

    def read(self, text: str) -> Fraction:
        """The exact value in base units; costs may be a fraction of a nanosecond. Raises QuantityError."""
        written = _WRITTEN.fullmatch(text.strip())
        if not written:
            raise QuantityError(self._expected(), self._about_number(text))
        unit = (written["unit"] or "").strip(_SPACES).replace("\u03bc", "\u00b5")
        if unit not in self.units:
            raise QuantityError(self._expected(), self._about_unit(written["number"], unit))
        if len(written["number"]) > _DIGITS_MAX:
            raise QuantityError(f"at most {_DIGITS_MAX} digits")
        value = Fraction(Decimal(written["number"])) * self.units[unit]
        if written["sign"] == "-" and value:
            raise QuantityError(f"{self.name} that is not negative")
        return self._within(value)

    def read_whole(self, text: str) -> int:
        """The value in base units where only a whole number of them will do."""
        value = self.read(text)
        if value.denominator != 1:
            raise QuantityError(f"a whole number of {self._base()}", f"The nearest is {round(value)} {self._base()}.")
        return int(value)

    def text(self, value: int | Fraction) -> str:
        """The shortest way to write it that reads back as the same value."""
        written = [(unit, _decimal(Fraction(value) / self.units[unit])) for unit in self.shown or self.units]
        texts = [f"{number} {unit}".rstrip() for unit, number in written if number is not None]
        if not texts:
            raise QuantityError(f"{self.name} that can be written with a decimal point")
        if not value:
            return "0" if self.bare else f"0 {next(unit for unit in ('s', 'B', 'bit/s', 'B/s', '/s') if unit in self.units)}"
        return min(reversed(texts), key=len)

    def _within(self, value: Fraction) -> Fraction:
        if value > self.most:
            unit = max((self.shown or self.units), key=lambda unit: self.units[unit])
            raise QuantityError(f"{self.name} of at most {int(self.most / self.units[unit])} {unit}".rstrip())
        return value

    def _base(self) -> str:
        return next(unit for unit, size in self.units.items() if size == 1)

    def _expected(self) -> str:
        units = ", ".join(unit for unit in self.shown or self.units if unit)
        either = "with its unit" if not self.bare else "as a number or with a unit"
        return f"{self.name} {either}, such as {' or '.join(self.examples[:2])} ({units})"

    def _about_number(self, text: str) -> str:
        if re.search(r"[0-9][,_' ][0-9]{3}", text):
            return "Digits are written without separators."
        if re.search(r"[0-9],[0-9]", text):
            return "The decimal sign is a point."
        return ""

    def _about_unit(self, number: str, unit: str) -> str:
        if not unit:
            return ""
        if re.match("[eE][-+]?[0-9]", unit):
            return "Powers of ten are written out."
        if unit.casefold() in self.elsewhere:
            return f"Did you mean '{number} {self.elsewhere[unit.casefold()]}'?"
        by_lower_case = {known.casefold(): known for known in self.units if known}
        near = [unit.casefold()] if unit.casefold() in by_lower_case else []
        if not near and (other := next((other for other in QUANTITIES if unit in other.units), None)):
            return f"'{unit}' belongs to {other.name}."
        near = near or get_close_matches(unit.casefold(), by_lower_case, n=1, cutoff=0.5)
        return f"Did you mean '{number} {by_lower_case[near[0]]}'?" if near else ""

    # --- as a type of a pydantic model ---

    def validate(self, found: Any, bounds: ValidatorFunctionWrapHandler, info: ValidationInfo) -> int | Fraction:
        """From what stands in a file (text, or a number without a unit), or from a number of base units in Python."""
        try:
            value = self._found(found, from_file=bool(info.context))
            bounds(value)
        except QuantityError as wrong:
            raise PydanticCustomError("expected", "expected {expected}", {"expected": wrong.expected, "hint": wrong.hint}) from None
        except ValidationError as outside:
            expected = f"{self.name} of {self._bound(outside.errors()[0].get('ctx', {}))}"
            raise PydanticCustomError("expected", "expected {expected}", {"expected": expected, "hint": ""}) from None
        return value

    def _found(self, found: Any, from_file: bool) -> int | Fraction:
        if isinstance(found, str):
            return self.read_whole(found) if self.whole else self.read(found)
        if isinstance(found, bool) or not isinstance(found, int | Fraction | Decimal):
            raise QuantityError(self._expected())
        if from_file and not self.bare:
            usual = next((unit for unit in ("ms", "MiB", "Gbit/s", "MB/s", "/s") if unit in self.units), "")
            raise QuantityError(self._expected(), f"Did you mean '{found} {usual}'?" if found > 0 else "")
        if isinstance(found, Decimal):
            return self.read(format(found, "f"))
        if found < 0:
            raise QuantityError(f"{self.name} that is not negative")
        self.text(self._within(Fraction(found)))
        return int(found) if self.whole else Fraction(found)

    def _bound(self, context: dict[str, Any]) -> str:
        for key, words in (("ge", "at least"), ("gt", "more than"), ("le", "at most"), ("lt", "less than")):
            if key in context:
                return f"{words} {self.text(Fraction(context[key]))}"
        return "another size"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(self.text, when_used="json")
        return core_schema.with_info_wrap_validator_function(self.validate, handler(source), serialization=written)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        units = "|".join(re.escape(unit).replace("\\%", "%").replace("\u00b5", "[\u00b5\u03bc]") for unit in self.units if unit)
        optional = "?" if self.bare else ""
        text = {"type": "string", "pattern": rf"^\+?[0-9]+(\.[0-9]+)?\s*({units}){optional}$", "examples": list(self.examples)}
        return {"anyOf": [text, {"type": "number", "minimum": 0}]} if self.bare else text


def _decimal(value: Fraction) -> str | None:
    """As digits with a decimal point, or nothing when no finite number of digits is enough."""
    twos_and_fives = value.denominator
    places = 0
    while twos_and_fives % 10 == 0:
        twos_and_fives //= 10
        places += 1
    for prime in (2, 5):
        while twos_and_fives % prime == 0:
            twos_and_fives //= prime
            places += 1
    if twos_and_fives != 1:
        return None
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".rstrip("0").rstrip(".") if places else digits


def _sizes(**units: int) -> dict[str, Fraction]:
    return {unit: Fraction(size) for unit, size in units.items()}


DURATION = Quantity(
    "a duration",
    {**_sizes(ns=NS, us=US), "\u00b5s": Fraction(US), **_sizes(ms=MS, s=S, min=MIN, h=H)},
    ("50 ms", "200 us"),
    elsewhere={
        **dict.fromkeys(("nsec", "nanosecond", "nanoseconds"), "ns"),
        **dict.fromkeys(("usec", "micros", "microsecond", "microseconds"), "us"),
        **dict.fromkeys(("msec", "millis", "millisecond", "milliseconds"), "ms"),
        **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
        **dict.fromkeys(("m", "mins", "minute", "minutes"), "min"),
        **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    },
    shown=("ns", "us", "ms", "s", "min", "h"),
)

SIZE = Quantity(
    "a size",
    _sizes(
        B=1, kB=1000, MB=1000**2, GB=1000**3, TB=1000**4, PB=1000**5,
        KiB=KIB, MiB=MIB, GiB=GIB, TiB=1024 * GIB, PiB=1024 * 1024 * GIB,
    ),
    ("612 B", "2 GiB"),
    elsewhere={
        **dict.fromkeys(("byte", "bytes"), "B"),
        **dict.fromkeys(("k", "ki"), "KiB"),
        **dict.fromkeys(("m", "mi"), "MiB"),
        **dict.fromkeys(("g", "gi"), "GiB"),
        **dict.fromkeys(("t", "ti"), "TiB"),
    },
)  # fmt: skip

BIT_RATE = Quantity(
    "a bit rate",
    {"bit/s": Fraction(1), "kbit/s": Fraction(1000), "Mbit/s": Fraction(1000**2), "Gbit/s": Fraction(1000**3), "Tbit/s": Fraction(1000**4)},
    ("10 Gbit/s", "100 Mbit/s"),
    elsewhere={
        f"{prefix.lower()}{spelling}": f"{prefix}bit/s"
        for prefix in ("", "k", "M", "G", "T")
        for spelling in ("bps", "b/s", "bit", "bits/s")
    },
)

BYTE_RATE = Quantity(
    "a byte rate",
    {f"{unit}/s": size for unit, size in SIZE.units.items()},
    ("500 MB/s", "2 GB/s"),
    elsewhere={f"{prefix.lower()}bps": f"{prefix}B/s" for prefix in ("k", "M", "G")},
)

RATE = Quantity(
    "a rate",
    {"/s": Fraction(1), "/min": Fraction(1, 60), "/h": Fraction(1, 3600)},
    ("800 /s", "30 /min"),
    elsewhere={
        **dict.fromkeys(("req/s", "reqs/s", "requests/s", "rps", "per s", "per second", "hz", "1/s", "/sec", "/second", "s"), "/s"),
        **dict.fromkeys(("req/min", "requests/min", "rpm", "per minute", "/minute", "/m"), "/min"),
        **dict.fromkeys(("per hour", "/hour"), "/h"),
    },
    whole=False,
)

SHARE = Quantity("a share", {"%": Fraction(1, 100), "": Fraction(1)}, ("25 %", "0.25"), whole=False, bare=True, most=Fraction(1))

CPUS = Quantity(
    "an amount of CPU time",
    {"": Fraction(1), "CPUs": Fraction(1), "CPU": Fraction(1), "m": Fraction(1, 1000)},
    ("0.5", "1.5 CPUs"),
    elsewhere=dict.fromkeys(("core", "cores", "cpu", "cpus", "vcpu", "vcpus"), "CPUs"),
    whole=False,
    bare=True,
    most=Fraction(100_000),
    shown=("CPUs", ""),
)

QUANTITIES = (DURATION, SIZE, BIT_RATE, BYTE_RATE, RATE, SHARE, CPUS)

Duration = Annotated[int, DURATION]
"""`50 ms`: whole nanoseconds."""
Size = Annotated[int, SIZE]
"""`2 GiB`: whole bytes."""
BitRate = Annotated[int, BIT_RATE]
"""`10 Gbit/s`: whole bits a second."""
ByteRate = Annotated[int, BYTE_RATE]
"""`500 MB/s`: whole bytes a second."""
Rate = Annotated[Fraction, RATE]
"""`800 /s`: events a second, exactly."""
Share = Annotated[Fraction, SHARE]
"""`25 %` or `0.25`: a fraction of 1, exactly."""
Cpus = Annotated[Fraction, CPUS]
"""`0.5`: CPU time a time, as `docker run --cpus` has it, exactly."""


@dataclass(frozen=True)
class _Whole:
    """A whole number; narrower bounds of a field stay as they are."""

    least: int

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        bounds = {"ge": self.least, "le": LARGEST}
        return cast(CoreSchema, {**bounds, **handler(source)})


Count = Annotated[int, _Whole(1)]
"""A whole number of things, at least one."""


def mean_interval_ns(rate: Fraction) -> int:
    """The time between two events of a rate, to the nearest nanosecond."""
    return round(S / rate)
