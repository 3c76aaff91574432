"""Sizes as Docker's options write them: `64m`, `1G`, `512`."""

from __future__ import annotations

import re

from cutaway.models.docker.errors import InvalidError

_FACTORS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
_DECIMAL = {letter: 1000**power for power, letter in enumerate(("", "k", "m", "g", "t"))} | {"b": 1}


def decimal_size_of_text(text: str) -> int:
    """Bytes, where `k` is a thousand, as in a log's options. Raises InvalidError."""
    return _size(text, _DECIMAL)


def size_of_text(text: str) -> int:
    """Bytes, where `k` is 1024. Raises InvalidError."""
    return _size(text, _FACTORS)


def _size(text: str, factors: dict[str, int]) -> int:
    matched = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([bkmgt]?)(?:i?b)?", text.strip().lower())
    if matched is None:
        raise InvalidError(f"invalid size: '{text}'")
    return int(float(matched[1]) * factors[matched[2]])
