"""From what pydantic found to sentences: where in the file, what stands there, what was expected, which name comes nearest.

The schema is walked along the error's location, so that names are suggested from those that are valid at that very place.
"""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from cutaway.models.complaints import BOUNDS
from cutaway.models.units import Quantity
from cutaway.scenarios.problems import Place, Problem, choices, key_text, nearest, shown

Path = tuple[str | int, ...]

_KINDS = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "bool_type": "true or false",
    "string_type": "a text",
    "tuple_type": "a list ([a, b], or lines that begin with '- ')",
    "dict_type": "a mapping (lines of 'key: value')",
    "model_type": "a mapping (lines of 'key: value')",
    "model_attributes_type": "a mapping (lines of 'key: value')",
}


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in the file and what the schema wants there."""

    path: Path
    wanted: Any
    """The type, or None where there should be nothing."""
    parent: type[BaseModel] | None
    field: FieldInfo | None


def sentences(errors: Iterable[ErrorDetails], model: type[BaseModel], data: Any, places: dict[Path, Place]) -> list[Problem]:
    """All errors as problems. `data` is what was validated, `places` knows the line of each path in it."""
    listed = list(errors)
    return [
        Problem(place_of(spot.path, places), text)
        for error in listed
        if not _is_echo(error, listed)
        for spot in [_spot(error["loc"], model, data)]
        for spot, text in [_sentence(error, spot, data)]
    ]


def place_of(path: Path, places: dict[Path, Place]) -> Place:
    """The line of a path, or of the nearest thing around it."""
    while path and path not in places:
        path = path[:-1]
    return places.get(path, Place(""))


def _is_echo(error: ErrorDetails, others: list[ErrorDetails]) -> bool:
    """A list is called too short when its items were wrong: that is said of the items already."""
    inside = any(len(other["loc"]) > len(error["loc"]) and other["loc"][: len(error["loc"])] == error["loc"] for other in others)
    return error["type"] in ("too_short", "missing_argument") and inside


def _sentence(error: ErrorDetails, spot: Spot, data: Any) -> tuple[Spot, str]:
    kind, found, context = error["type"], _found(spot.path, data), error.get("ctx", {})
    key = key_text(spot.path) or "the file"
    if kind == "extra_forbidden":
        known = _keys(spot.parent)
        whole = f"a {(spot.parent or BaseModel).__name__.lower()}"
        around = f"a key of {key_text(spot.path[:-1]) if len(spot.path) > 1 else whole}"
        also = ["use"] if len(spot.path) > 1 else ["use", "base"]
        return spot, f"{key} is not {around}; expected {choices(known)}.{nearest(spot.path[-1], known + also)}"
    if kind == "missing":
        return spot, f"{key} is missing; expected {_described(spot.field)}."
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _about_kind(spot, found, str(context["discriminator"]).strip("'"))
    if spot.path and isinstance(spot.path[-1], str) and error["loc"][-1] == "[key]":
        finding = f"a name of {len(str(spot.path[-1]))} characters" if kind == "string_too_long" else "not a name"
        return spot, f"{key} is {finding}; {_expected(error, found, spot, context)}"
    if kind in ("too_short", "too_long"):
        return spot, f"{key} has {_entries(len(found) if isinstance(found, dict | tuple) else 0)}; {_expected(error, found, spot, context)}"
    if kind == "expected" and isinstance(found, dict) and _is_mapping(spot.wanted):
        return spot, f"{key}: {_expected(error, found, spot, context)}"          # its keys, each right, do not go together
    if found is None and kind != "literal_error":
        return spot, f"{key} is empty; {_expected(error, found, spot, context)}"
    return spot, f"{key} is {shown(found)}; {_expected(error, found, spot, context)}"


def _expected(error: ErrorDetails, found: Any, spot: Spot, context: dict[str, Any]) -> str:
    kind = error["type"]
    if kind == "expected":
        return f"expected {context['expected']}.{context['hint'] and ' ' + context['hint']}"
    if kind == "literal_error":
        values = _literals(spot.wanted)
        if not all(isinstance(value, str) for value in values):
            quotes = ", without quotes" if isinstance(found, str) and found in map(str, values) else ""
            return f"expected {' or '.join(map(str, values))}{quotes}."
        return f"expected {choices(values)}.{nearest(found, values)}"
    if kind in BOUNDS:
        name, words = BOUNDS[kind]
        quantity = quantity_of(spot.field)
        return f"expected {words} {quantity.text(context[name]) if quantity else context[name]}."
    if kind == "string_type" and _has_pattern(spot.field):
        return f"expected {_described(spot.field)}."
    if kind in _KINDS:
        return f"expected {_KINDS[kind]}.{_about_kind_of_value(kind, found)}"
    if kind in ("too_short", "too_long"):
        return (
            f"expected at {'least' if kind == 'too_short' else 'most'} {_entries(context.get('min_length') or context.get('max_length'))}."
        )
    if kind in ("string_too_short", "string_too_long"):
        bound = context.get("min_length") or context.get("max_length")
        return f"expected at {'least' if 'short' in kind else 'most'} {bound} character{'' if bound == 1 else 's'}."
    if kind == "string_pattern_mismatch" and spot.field is not None:
        return f"expected {_described(spot.field)}."
    return f"{error['msg'][:1].lower()}{error['msg'][1:]}."


def _is_mapping(wanted: Any) -> bool:
    return isinstance(wanted, type) and issubclass(wanted, BaseModel)


def _about_kind(spot: Spot, found: Any, discriminator: str) -> tuple[Spot, str]:
    """A mapping that does not say, or says wrongly, which of several it is."""
    names = [str(name) for member in _members(spot.wanted) for name in _literals(member.model_fields[discriminator].annotation)]
    if isinstance(found, str):
        return spot, f"{key_text(spot.path)} is {shown(found)}; expected {choices(names)}.{nearest(found, names)}"
    inner = Spot((*spot.path, discriminator), None, None, None)
    if isinstance(found, dict) and discriminator in found:
        value = found[discriminator]
        return inner, f"{key_text(inner.path)} is {shown(value)}; expected {choices(names)}.{nearest(value, names)}"
    return spot, f"{key_text(inner.path)} is missing; expected {choices(names)}."


def _about_kind_of_value(kind: str, found: Any) -> str:
    if kind == "string_type" and isinstance(found, bool | int | Decimal):
        return f" Write it in quotes: '{shown(found)}'."
    if kind == "int_type" and isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 20:
        return f" Did you mean {int(found)}?"
    if kind == "tuple_type" and isinstance(found, int) and not isinstance(found, bool):
        return f" Did you mean [{found}]?"
    if kind == "int_type" and isinstance(found, Decimal) and found == found.to_integral_value() and abs(found) < 10**18:
        return f" Did you mean {int(found)}?"
    if kind == "bool_type" and isinstance(found, str) and found.casefold() in ("yes", "on", "no", "off", "y", "n"):
        return f" Did you mean {'true' if found.casefold() in ('yes', 'on', 'y') else 'false'}?"
    return ""


def _entries(count: Any) -> str:
    return f"{count} entr{'y' if count == 1 else 'ies'}"


def quantity_of(field: FieldInfo | None) -> Quantity | None:
    """What the value is measured in, if it has a unit."""
    nested = [part for option in get_args(field.annotation) for part in getattr(option, "__metadata__", ())] if field else []
    return next((part for part in [*(field.metadata if field else []), *nested] if isinstance(part, Quantity)), None)


def _has_pattern(field: FieldInfo | None) -> bool:
    return any(getattr(part, "pattern", None) for part in (field.metadata if field else []))


def _described(field: FieldInfo | None) -> str:
    """What a field is for, in its own words."""
    first = (field.description if field else None) or "a value"
    first = first.strip().partition("\n")[0].rstrip(".")
    return first[:1].lower() + first[1:] if first[1:2].islower() or first[1:2] == " " else first


# --- walking schema and data together ---------------------------------------------------------------------------------------------------


def _spot(loc: Path, model: type[BaseModel], data: Any) -> Spot:
    """Follows a location of pydantic, which also names the chosen branch of a union."""
    path: list[str | int] = []
    wanted: Any = model
    parent: type[BaseModel] | None = None
    field: FieldInfo | None = None
    for step in loc:
        if step == "[key]":
            continue
        wanted = _plain(wanted)
        members = _members(wanted)
        if len(members) > 1 and (branch := next((member for member in members if step in _tags(member)), None)):
            wanted = branch
            continue
        path.append(step)
        parent, field = None, None
        if isinstance(wanted, type) and issubclass(wanted, BaseModel):
            parent, field = wanted, _field(wanted, step)
            wanted = field.annotation if field else None
        elif get_origin(wanted) is dict:
            wanted = get_args(wanted)[1]
        elif get_origin(wanted) is tuple:
            wanted = get_args(wanted)[0]
    return Spot(tuple(path), _plain(wanted), parent, field)


def _found(path: Path, data: Any) -> Any:
    for step in path:
        if isinstance(data, dict):
            data = data.get(step)
        elif isinstance(data, tuple | list) and isinstance(step, int) and step < len(data):
            data = data[step]
        else:
            return None
    return data


def _plain(annotation: Any) -> Any:
    """Without Annotated and without `| None`."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif get_origin(annotation) in (Union, types.UnionType) and type(None) in get_args(annotation):
            rest = [member for member in get_args(annotation) if member is not type(None)]
            if len(rest) != 1:
                return annotation
            annotation = rest[0]
        else:
            return annotation


def _members(annotation: Any) -> tuple[type[BaseModel], ...]:
    plain = _plain(annotation)
    options = get_args(plain) if get_origin(plain) in (Union, types.UnionType) else (plain,)
    return tuple(option for option in options if isinstance(option, type) and issubclass(option, BaseModel))


def _tags(member: type[BaseModel]) -> set[Any]:
    return {name for key in ("kind", "what") if key in member.model_fields for name in _literals(member.model_fields[key].annotation)}


def _literals(annotation: Any) -> tuple[Any, ...]:
    plain = _plain(annotation)
    return get_args(plain) if get_origin(plain) is Literal else ()


def _field(model: type[BaseModel], key: str | int) -> FieldInfo | None:
    return next((field for name, field in model.model_fields.items() if key == (field.alias or name)), None)


def _keys(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []
