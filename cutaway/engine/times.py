"""Times as the Engine writes them."""

from __future__ import annotations

from cutaway.models.docker import dates

_SECOND_NS = 1_000_000_000
UNSET = "0001-01-01T00:00:00Z"


def rfc3339(unix_ns: int) -> str:
    """In UTC with nine digits; a time that has not been is the year 1."""
    return UNSET if unix_ns < 0 else dates.rfc3339(unix_ns)


def age(duration_ns: int) -> str:
    """As go-units' HumanDuration has it: `5 seconds`, `About a minute`, `3 weeks`."""
    seconds = max(0, duration_ns // _SECOND_NS)
    if seconds < 1:
        return "Less than a second"
    if seconds == 1:
        return "1 second"
    if seconds < 60:
        return f"{seconds} seconds"
    minutes, hours = seconds // 60, round(seconds / 3600)
    if minutes == 1:
        return "About a minute"
    if minutes < 60:
        return f"{minutes} minutes"
    if hours == 1:
        return "About an hour"
    for limit, unit, length in ((48, "hours", 1), (24 * 7 * 2, "days", 24), (24 * 30 * 2, "weeks", 24 * 7),
                                (24 * 365 * 2, "months", 24 * 30)):
        if hours < limit:
            return f"{hours // length} {unit}"
    return f"{hours // 24 // 365} years"
