"""`filters` of a query: maps of maps from the CLI, maps of lists from others; a key that nobody knows is refused."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from cutaway.engine.http import Request, parsed_json
from cutaway.models.docker.dates import unix_ns_of
from cutaway.models.docker.errors import InvalidError

_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


class Filters:
    """What is asked for, by key."""

    def __init__(self, asked: Mapping[str, list[str]]) -> None:
        self.asked = asked

    def get(self, key: str) -> list[str]:
        return self.asked.get(key, [])

    def allows(self, key: str, *values: str) -> bool:
        """Whether one of the values is asked for, or none is."""
        return not self.get(key) or any(value in self.get(key) for value in values)

    def matches(self, key: str, *values: str) -> bool:
        """The same by regular expression, as names are matched."""
        wanted = self.get(key)
        return not wanted or any(_found(pattern, value) for pattern in wanted for value in values)

    def labelled(self, labels: Mapping[str, str], key: str = "label") -> bool:
        """All of the labels asked for are there."""
        return all(
            (text in labels) if "=" not in text else labels.get(text.partition("=")[0]) == text.partition("=")[2] for text in self.get(key)
        )

    def truth(self, key: str) -> bool | None:
        """Raises InvalidError."""
        if not self.get(key):
            return None
        text = self.get(key)[0].lower()
        if text not in ("1", "true", "t", "0", "false", "f"):
            raise InvalidError(f"invalid filter '{key}=[{self.get(key)[0]}]'")
        return text in ("1", "true", "t")


def _found(pattern: str, value: str) -> bool:
    try:
        return re.search(pattern, value) is not None
    except re.error:
        return pattern == value


def filters_of(request: Request, known: Collection[str]) -> Filters:
    """Raises InvalidError."""
    text = request.get("filters")
    document = parsed_json(text.encode()) if text else {}
    if not isinstance(document, dict):
        raise InvalidError("invalid filter")
    asked: dict[str, list[str]] = {}
    for key, values in document.items():
        if key not in known:
            raise InvalidError(f"invalid filter '{key}'")
        if isinstance(values, dict):
            asked[key] = [str(value) for value, is_set in values.items() if is_set]
        elif isinstance(values, list):
            asked[key] = [str(value) for value in values]
        else:
            raise InvalidError(f"invalid filter '{key}'")
    return Filters(asked)


def moment_of(text: str, now_ns: int) -> int:
    """Unix time in ns of what a client says: seconds with a fraction, a duration before now, a date; 0 for nothing. Raises InvalidError."""
    if not text or text == "0":
        return 0
    if re.fullmatch(r"-?\d+(\.\d+)?", text):
        whole, _, fraction = text.partition(".")
        return int(whole) * 1_000_000_000 + int(fraction.ljust(9, "0")[:9] or 0)
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h)", text)
    if parts and "".join(a + b for a, b in parts) == text:
        return now_ns - int(sum(float(a) * _UNITS[b] for a, b in parts) * 1e9)
    try:
        return unix_ns_of(text)
    except ValueError:
        raise InvalidError(f'failed to parse value as time or duration: "{text}"') from None
