"""What is wrong with data that was validated, as one clause without a full stop: the key, what stands there, what was expected.

For flat records: measured rows, costs, published points, parameters of one part. A scenario's mistakes, with their lines, are told by
scenarios/sentences.py.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from cutaway.models.names import did_you_mean, nearest_name

FOUND_CHARS = 60
EXPECTED = {
    "int_type": "a whole number", "int_parsing": "a whole number", "int_from_float": "a whole number",
    "float_type": "a number", "float_parsing": "a number", "finite_number": "a finite number",
    "bool_type": "true or false", "string_type": "a text", "string_too_short": "a text that is not empty",
    "string_too_long": "a shorter text",
    "tuple_type": "a list", "list_type": "a list", "too_short": "at least one entry", "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values", "model_attributes_type": "a mapping of keys to values",
}  # fmt: skip
BOUNDS = {
    "greater_than_equal": ("ge", "at least"), "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"), "less_than": ("lt", "less than"),
}  # fmt: skip


def complaint(wrong: ValueError, known: tuple[str, ...] = (), whole: str = "the row") -> str:
    """Of several mistakes the first. `known` are the keys that there may be, `whole` names what has them."""
    if not isinstance(wrong, ValidationError):
        return str(wrong).rstrip(".")
    errors = wrong.errors(include_url=False)
    first = errors[0]
    kind, context = first["type"], first.get("ctx", {})
    # Where one of several types was wanted, each says what it would have taken.
    same = [one for one in errors if one["loc"][:2] == first["loc"][:2]] if len(first["loc"]) > 1 else [first]
    loc = first["loc"][:-1] if len(same) > 1 else first["loc"]
    key = ".".join(map(str, loc)) or whole
    if kind == "missing":
        there = nearest_name(key, [name for name in first["input"] if name not in known]) if known else None
        found = f"; '{there}' is no key of {whole}. Did you mean '{key}'?" if there else f"; expected it in {whole}"
        return f"{key} is missing{found}"
    if kind == "extra_forbidden":
        return unknown_key(key, known, whole)
    if kind in ("value_error", "assertion_error"):
        told = str(context.get("error", first["msg"])).rstrip(".")
        return f"{key}: {told}" if first["loc"] else told
    expected = " or ".join(dict.fromkeys(_expected(one["type"], one.get("ctx", {})) for one in same))
    near = f" {context['hint']}" if context.get("hint") else ""
    if kind == "literal_error" and isinstance(first["input"], str):
        near = did_you_mean(first["input"], _literals(context))
    return f"{key} is {shown(first['input'])}; expected {expected}{'.' + near if near else ''}"


def unknown_key(key: str, known: tuple[str, ...], whole: str) -> str:
    """What is wrong of a key that nobody knows; `whole` names what has it."""
    choices = f"; expected one of {', '.join(known)}" if known else ""
    near = did_you_mean(key.rpartition(".")[2], known)
    return f"{key} is no key of {whole}{choices}{'.' + near if near else ''}"


def shown(found: Any) -> str:
    """What was found, as JSON has it, and not more of it than helps."""
    if isinstance(found, dict | list | tuple):
        return "a mapping" if isinstance(found, dict) else "a list"
    try:
        text = json.dumps(found, default=str)
    except ValueError:
        text = "something else"
    return text if len(text) <= FOUND_CHARS else f"{text[: FOUND_CHARS - 3]}..."


def _expected(kind: str, context: dict[str, Any]) -> str:
    if kind in BOUNDS:
        name, least = BOUNDS[kind]
        return f"{least} {context[name]}"
    if kind in ("literal_error", "expected"):
        return str(context["expected"])
    return EXPECTED.get(kind, "something else")


def _literals(context: dict[str, Any]) -> list[str]:
    return [one.strip().strip("'") for one in str(context["expected"]).replace(" or ", ", ").split(",")]
