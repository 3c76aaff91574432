"""What a machine costs by the hour, as people write it: `0.20 USD/h`; and what that makes of a million requests.

The amount is a Decimal, as exact as it was written. A currency is its three letters (ISO 4217); none is changed into another.
Not priced: traffic, disks, licences, and what is paid by the second or not at all while nothing runs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

NS_AN_HOUR = 3600 * 1_000_000_000
MILLION = 1_000_000
_PATTERN = r"[0-9]{1,12}(\.[0-9]{1,12})?\s*[A-Z]{3}/h"
_ALMOST = re.compile(r"(?P<sign>[$\u20ac\u00a3\u20a9]?)\s*(?P<amount>[0-9]+(\.[0-9]+)?)\s*(?P<currency>[A-Za-z]{3})?\s*(/\s*\w+)?")
_SIGNS = {"$": "USD", "\u20ac": "EUR", "\u00a3": "GBP", "\u20a9": "KRW"}
"""Signs of currencies, of which several countries may have one; so they are suggested, not taken."""


@dataclass(frozen=True, slots=True)
class HourlyPrice:
    """So much of a currency for an hour of one machine."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}/h"

    def per_million(self, served: int, time_ns: int) -> Fraction:
        """What a million requests cost, in the currency, when the machine serves so many in that time and does nothing else."""
        return Fraction(self.amount) * MILLION * time_ns / (NS_AN_HOUR * served)

    @classmethod
    def read(cls, found: Any) -> HourlyPrice:
        """From `0.20 USD/h`."""
        if isinstance(found, HourlyPrice):
            return found
        text = found.strip() if isinstance(found, str) else ""
        if not re.fullmatch(_PATTERN, text):
            expected = "a price by the hour with its currency, such as 0.20 USD/h"
            raise PydanticCustomError("expected", "expected {expected}", {"expected": expected, "hint": _hint(text)})
        amount = text[: -len("USD/h")].strip()
        return cls(Decimal(amount), text[-len("USD/h") : -len("/h")])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(str, when_used="json")
        return core_schema.no_info_plain_validator_function(cls.read, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_PATTERN}$", "examples": ["0.20 USD/h", "300 KRW/h"]}


def _hint(text: str) -> str:
    """The price that was probably meant."""
    near = _ALMOST.fullmatch(text)
    currency = near and ((near["currency"] or "").upper() or _SIGNS.get(near["sign"], ""))
    return f"Did you mean '{near['amount']} {currency}/h'?" if near and currency else ""
