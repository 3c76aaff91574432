"""Dates of Unix times, and Unix times of dates, in UTC. No clock is read: the time of a simulation is given."""

from __future__ import annotations

from datetime import UTC, datetime

_SECOND_NS = 1_000_000_000


def written(unix_ns: int, form: str) -> str:
    """As `strftime` writes it."""
    return datetime.fromtimestamp(unix_ns // _SECOND_NS, UTC).strftime(form)


def rfc3339(unix_ns: int) -> str:
    """With nine digits below the second, as Go writes it."""
    return f"{written(unix_ns, '%Y-%m-%dT%H:%M:%S')}.{unix_ns % _SECOND_NS:09}Z"


def unix_ns_of(text: str) -> int:
    """Of a date as ISO 8601 has it, to the microsecond. Raises ValueError."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))
    found = found if found.tzinfo else found.replace(tzinfo=UTC)
    since = found - datetime.fromtimestamp(0, UTC)
    return (since.days * 86_400 + since.seconds) * _SECOND_NS + since.microseconds * 1_000
