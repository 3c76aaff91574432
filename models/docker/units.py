"""Sizes as Docker's options write them: `64m`, `1G`, `512`."""

from __future__ import annotations

import re

from cutaway.models.docker.errors import InvalidError

_FACTORS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def size_of_text(text: str) -> int:
    """Bytes. Raises InvalidError."""
    matched = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", text.strip().lower())
    if matched is None:
        raise InvalidError(f"invalid size: '{text}'")
    return int(float(matched[1]) * _FACTORS[matched[2]])
