"""The name that a writer probably meant, among those that there are."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches

MOST_CHARS = 100
"""Of a name that is compared; what is longer is no slip of the pen."""


def nearest_name(found: str, names: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Case, `-` and `_` make no difference: `Context-Switch` is `context switch`. None where no name is near."""
    form, by_form = _form(found[:MOST_CHARS]), {_form(name): name for name in names}
    near = get_close_matches(form, by_form, n=3, cutoff=cutoff if len(found) > 3 else cutoff - 0.1)
    # Of two that are as near, the one that is as long: 'pre' is 'per', not 'spread'.
    best = max(near, key=lambda name: (SequenceMatcher(None, name, form).ratio(), -abs(len(name) - len(form))), default=None)
    return by_form[best] if best else None


def did_you_mean(found: str, names: Iterable[str]) -> str:
    """' Did you mean ...?', or nothing; for names that were printed by the program itself."""
    near = nearest_name(found, names)
    return f" Did you mean '{near}'?" if near else ""


def _form(name: str) -> str:
    return name.casefold().replace("-", " ").replace("_", " ")
