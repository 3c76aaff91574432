"""A share of a study, for batch systems: `3/20` is the third of twenty processes that fill one folder."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_SHARDS = 100_000


class ShardError(ValueError):
    """A text that names no share."""


@dataclass(frozen=True, slots=True)
class Shard:
    """Number `number` of `of`, from 1."""

    number: int = 1
    of: int = 1

    @property
    def is_whole(self) -> bool:
        return self.of == 1

    @property
    def suffix(self) -> str:
        """What its files are told apart by."""
        return "" if self.is_whole else f"-{self.number}-of-{self.of}"

    def has(self, number: int) -> bool:
        """Whether the point or batch of this number, from 0, is its."""
        return number % self.of == self.number - 1


def shard_of(text: str) -> Shard:
    """`3/20`. Raises ShardError."""
    found = re.fullmatch(r"\s*(\d{1,6})\s*/\s*(\d{1,6})\s*", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]) <= MOST_SHARDS:
        raise ShardError(f"'{text}' is no share of a study; expected K/N with K from 1 to N, such as 3/20.")
    return Shard(int(found[1]), int(found[2]))
