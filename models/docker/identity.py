"""Ids and names that the daemon gives out: the same for the same seed, in the order in which they are asked for."""

from __future__ import annotations

from collections.abc import Container
from hashlib import blake2b

MOST_TRIES = 6
"""Names that are tried; then a container's id is its name (daemon/names.go of moby)."""
_FEELINGS = (
    "able", "bold", "brave", "bright", "busy", "calm", "clever", "curious", "eager", "fair", "fond", "gentle", "happy", "honest", "jolly",
    "keen",
    "kind", "lively", "merry", "modest", "neat", "nimble", "patient", "proud", "quick", "quiet", "sharp", "sunny", "swift", "vivid",
    "warm", "wise",
)  # fmt: skip
_PEOPLE = (
    "babbage", "bell", "boole", "cerf", "curie", "dijkstra", "euler", "franklin", "gauss", "goldberg", "hamilton", "hoare", "hopper",
    "jang", "kay",
    "kernighan", "kim", "knuth", "lamport", "lovelace", "meitner", "neumann", "noether", "perlman", "ritchie", "sejong", "shannon", "tesla",
    "thompson", "turing", "wirth", "wu",
)  # fmt: skip


class Identities:
    """The source of what must be unique in one Engine."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.given: dict[str, int] = {}

    def new(self, kind: str, digits: int = 64) -> str:
        """The next id of a kind, in hexadecimal."""
        number = self.given.get(kind, 0)
        self.given[kind] = number + 1
        return blake2b(f"{self.seed}/{kind}/{number}".encode(), digest_size=32).hexdigest()[:digits]

    def name(self, taken: Container[str] = ()) -> str:
        """A name for a container that was given none: as Docker's, with a digit from the second try on, and "" after the last."""
        for k in range(MOST_TRIES):
            digest = int(self.new("name", 16), 16)
            made = f"{_FEELINGS[digest % len(_FEELINGS)]}_{_PEOPLE[digest // len(_FEELINGS) % len(_PEOPLE)]}"
            made += str(digest // (len(_FEELINGS) * len(_PEOPLE)) % 10) if k else ""
            if made not in taken:
                return made
        return ""


def digest_of(content: bytes) -> str:
    """As of an image or a layer; not SHA-256 of real content, for there is none."""
    from hashlib import sha256

    return f"sha256:{sha256(content).hexdigest()}"
