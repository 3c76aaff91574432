"""Loading: from a path or a name to a Scenario, or to all that is wrong with it in one ScenarioError.

Reading (YAML) -> references (base, use) -> schema (pydantic) -> meaning. Each step goes on as far as it can, so that a writer sees all
mistakes at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cutaway.models import costs
from cutaway.models.units import FROM_FILE
from cutaway.scenarios import catalogue
from cutaway.scenarios import reading as _reading
from cutaway.scenarios.meaning import mistakes, refusals
from cutaway.scenarios.problems import Place, Problem, ScenarioError, choices, nearest, printable
from cutaway.scenarios.references import compose
from cutaway.scenarios.schema import Scenario
from cutaway.scenarios.sentences import place_of, sentences

Where = tuple[str | int, ...]

_STAND_INS: dict[str, Any] = {"cutaway": 1, "title": "-", "clients": {"kind": "closed loop"}}
_ROUNDS_MAX = 6


def load(path_or_name: str | Path) -> Scenario:
    """A scenario from a file, or a shipped one by its name (`lecture/three-stacks`). Raises ScenarioError."""
    path, shown_as = find(path_or_name)
    return _composed(_reading.read_file(path, shown_as), path)


def load_text(text: str, shown_as: str = "scenario") -> Scenario:
    """A scenario from a text in memory; its references are looked for among the shipped parts and scenarios."""
    return _composed(_reading.read_text(text, shown_as), catalogue.FOLDER / "scenario.yaml")


def load_base(name: str, place: Place, path: Path) -> Scenario:
    """The scenario that the file at `path` names at `place`: one beside it, or a shipped one. Raises ScenarioError."""
    root = _reading.Node({"base": _reading.Node(name, place)}, place)
    return _composed(_reading.Document(root, [], 1), path)


def dumped(scenario: Scenario) -> dict[str, Any]:
    """What was said of a scenario, as plain JSON; `restored` reads it."""
    return scenario.model_dump(mode="json", by_alias=True, exclude_unset=True)


def restored(data: Mapping[str, Any], shown_as: str) -> Scenario:
    """A scenario from what `dumped` made of it. Raises ScenarioError."""
    stacks = data.get("stacks")
    return _finished(_tuples(data), {(): Place(shown_as)}, [], stacks if isinstance(stacks, dict) else ())


def find(path_or_name: str | Path) -> tuple[Path, str]:
    """The file that is meant, and how messages call it."""
    return find_among(path_or_name, catalogue.names(), "scenario")


def find_among(path_or_name: str | Path, shipped: Sequence[str], kind: str) -> tuple[Path, str]:
    """The same for a kind of file that comes with Cutaway under these names. Raises ScenarioError."""
    name = str(path_or_name)
    if name in shipped and not Path(name).is_file():
        return catalogue.path_of(name), f"{name}.yaml"
    path = Path(name)
    try:
        there = path.exists() or path.is_symlink()
    except (OSError, ValueError):
        there = False
    if not there or not name:
        what = "there is no such file" if path.suffix in (".yaml", ".yml") else f"there is no such {kind} and no such file"
        near = nearest(name.removesuffix(".yaml"), shipped) or " `cutaway list` names what comes with Cutaway."
        raise ScenarioError([Problem(Place(printable(name, 1000)), f"{what}.{near}")])
    return path, name


def changed(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """A copy with other values at the given keys, checked like a file. `stacks.*.layers.docker.cpus` is one of all with Docker."""
    data = _tuples(dumped(scenario))
    for asked, value in changes.items():
        for key in every_key(scenario, asked):
            data = _with(data, steps_of(key), _as_written(key, value), key)
    return _finished(data, {(): Place("")}, [], scenario.stacks)


def digest(scenario: Scenario) -> str:
    """A name for what is simulated: equal for scenarios that differ in titles, comments, order or shorthand only."""
    content: dict[str, Any] = scenario.model_dump(mode="json", by_alias=True, include={"profile", "clients", "neighbours", "run"})
    content["stacks"] = {
        name: [layer.model_dump(mode="json", by_alias=True) for layer in scenario.layers_of(name)] for name in scenario.stacks
    }
    if own := {name: stack.neighbours for name, stack in scenario.stacks.items() if stack.neighbours is not None}:
        content["neighbours of stacks"] = {
            name: [hog.model_dump(mode="json", by_alias=True) for hog in hogs] for name, hogs in own.items()
        }
    if scenario.profile.endswith(costs.SUFFIX):
        content["profile"] = blake2b(Path(scenario.profile).read_bytes(), digest_size=16).hexdigest()      # its name says nothing
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return blake2b(canonical.encode(), digest_size=16).hexdigest()


# --- checking ----------------------------------------------------------------------------------------------------------------------


def _composed(document: _reading.Document, path: Path) -> Scenario:
    whole = compose(document, path)
    places: dict[Where, Place] = {}
    return _finished(plain(whole.root, (), places), places, whole.problems, whole.stacks)


def _finished(data: Any, places: dict[Where, Place], problems: list[Problem], named: Collection[str]) -> Scenario:
    """`named` are stacks that the scenario or what it began with has."""
    scenario, found = _checked(data, places, named, whole=not problems)
    if problems or found:
        raise ScenarioError([*problems, *found])
    assert scenario is not None
    return _without_captions_of_others(scenario)


def _without_captions_of_others(scenario: Scenario) -> Scenario:
    """Captions that wait for the answer of a stack that was taken away are never shown."""
    scene = scenario.scene
    kept = tuple(one for one in scene.captions if one.answered is None or one.answered in scenario.stacks) if scene else ()
    if scene is None or len(kept) == len(scene.captions):
        return scenario
    return scenario.model_copy(update={"scene": scene.model_copy(update={"captions": kept})})


def _checked(data: Any, places: dict[Where, Place], named: Collection[str], whole: bool) -> tuple[Scenario | None, list[Problem]]:
    """Validates; where that fails, validates again without what was wrong, so that the meaning of the rest is checked too."""
    problems: list[Problem] = []
    broken: set[str | int] = set()
    stacks = list(data["stacks"]) if isinstance(data, dict) and isinstance(data.get("stacks"), dict) else []
    for round_ in range(_ROUNDS_MAX):
        try:
            scenario = Scenario.model_validate(data, context=FROM_FILE, by_alias=True, by_name=False)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
            if round_ == 0:
                problems = sentences([error for error in errors if whole or not _only_missing(error)], Scenario, data, places)
            if not isinstance(data, dict):
                break
            broken |= {error["loc"][0] for error in errors if error["loc"] and error["loc"][0] in data}
            data = _without(data, [error["loc"] for error in errors])
        else:
            found = list(mistakes(scenario, stacks, named, {str(key) for key in broken}))
            if not problems and not found:
                found = list(refusals(scenario))
            return scenario, problems + [Problem(place_of(path, places), text) for path, text in found]
    return None, problems


def _only_missing(error: ErrorDetails) -> bool:
    """Whether nothing is there; after a reference or an alias that could not be followed that says nothing new."""
    return error["type"] in ("missing", "union_tag_not_found") or error["input"] is None


def _without(data: dict[str, Any], wrong: list[Where]) -> dict[str, Any]:
    """The data without what was wrong, and with something harmless where nothing may not stand."""
    for loc in wrong:
        rest = _removed(data, loc)
        data = rest if isinstance(rest, dict) else {}
    return {**_STAND_INS, **data}


_GONE = object()
"""Stands for a value that cannot be used without the part of it that was wrong."""


def _removed(data: Any, loc: Where) -> Any:
    """Takes the wrong key out of its mapping. A list with a wrong entry goes as a whole, since positions are names in messages,
    and so does a stack with a wrong layer: half a stack means nothing."""
    if not loc:
        return _GONE
    step, rest = loc[0], loc[1:]
    if isinstance(data, dict):
        if step not in data:
            return _removed(data, rest) if rest else data  # the name of a union's branch; a key that is missing
        inner = _removed(data[step], rest)
        if inner is _GONE and step in ("layers", "kind", "what"):
            return _GONE
        return {key: inner if key == step else value for key, value in data.items() if key != step or inner is not _GONE}
    if isinstance(data, tuple) and isinstance(step, int) and step < len(data):
        inner = _removed(data[step], rest)
        return _GONE if inner is _GONE else (*data[:step], inner, *data[step + 1 :])
    return _GONE


def plain(node: _reading.Node, path: Where, places: dict[Where, Place]) -> Any:
    """The values of a node without their lines, which go into `places` by path."""
    places[path] = node.place
    match node.value:
        case dict() as entries:
            return {key: plain(child, (*path, key), places) for key, child in entries.items()}
        case list() as items:
            return tuple(plain(child, (*path, index), places) for index, child in enumerate(items))
    return node.value


# --- changing ----------------------------------------------------------------------------------------------------------------------


def every_key(scenario: Scenario, asked: str) -> list[str]:
    """The keys that one key stands for: itself, or with `*` for a stack one of each stack that has such a layer. Raises ScenarioError."""
    steps = steps_of(asked)
    if steps[:3] == ["stacks", "*", "neighbours"]:
        beside = [name for name, stack in scenario.stacks.items() if stack.neighbours]
        if not beside:
            raise _no_change(asked, "is a key of no stack: none has neighbours of its own.")
        return [asked.replace("*", name, 1) for name in beside]
    if steps[:2] == ["stacks", "*"]:
        layer = steps[3] if steps[2:3] == ["layers"] and len(steps) > 3 else None
        kinds = {name: [part.kind for part in stack.layers] for name, stack in scenario.stacks.items()}
        having = [name for name, there in kinds.items() if layer is None or layer in there or layer in range(len(there))]
        if not having:
            known = {kind for there in kinds.values() for kind in there}
            raise _no_change(asked, f"is a key of no stack: none has such a layer; expected {choices(known)}.{nearest(layer, known)}")
        rest = asked.split("*", 1)[1]
        return [f"stacks.{name}{rest}" for name in having]
    top = [field.alias or name for name, field in Scenario.model_fields.items()]
    if not nearest(steps[0], top) and (written := _layer_key(scenario, steps)):
        also = f"or {written.replace(written.split('.')[1], '*', 1)} in all stacks"
        raise _no_change(asked, f"begins with no key of a scenario; a key of a layer is written {written}, {also}.")
    return [asked]


def _layer_key(scenario: Scenario, steps: list[str | int]) -> str:
    """The whole name of a layer's key whose last step is the one asked for; "" where there is none.

    Of several it is the one that has most of the other steps, then the one of the layer that fewest stacks have.
    """
    layers = [(name, layer) for name in scenario.stacks for layer in scenario.layers_of(name)]
    kinds = Counter(layer.kind for _, layer in layers)
    found = [
        (sum(bool(nearest(step, [name, layer.kind])) for step in steps[:-1]), -kinds[layer.kind], name, layer.kind)
        for name, layer in layers
        if steps[-1] in [field.alias or key for key, field in type(layer).model_fields.items()]
    ]
    best = max(found, key=lambda one: one[:2], default=None)
    return f"stacks.{best[2]}.layers.{best[3]}.{steps[-1]}" if best else ""


def steps_of(key: str) -> list[str | int]:
    """`stacks.vm.layers[2].vcpus` as steps."""
    steps: list[str | int] = []
    for part in key.split("."):
        name, *indices = part.split("[")
        steps += [name] if name else []
        steps += [int(digits) if (digits := index.rstrip("]")).isdecimal() else index for index in indices]
    return steps


def _as_written(key: str, value: Any) -> Any:
    """The value as it would come out of a file; a float is taken by its shortest decimal digits."""
    match value:
        case float():
            if value != value or value in (float("inf"), float("-inf")):
                raise _no_change(key, f"is {value}; expected a number.")
            return Decimal(repr(value))
        case Fraction():
            if Decimal(value.numerator) / Decimal(value.denominator) * value.denominator != value.numerator:
                raise _no_change(key, f"is {value}; expected a number that can be written with a decimal point.")
            return Decimal(value.numerator) / Decimal(value.denominator)
    return _tuples(value)


def _tuples(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list | tuple) else value


def _with(data: Any, steps: list[str | int], value: Any, key: str, path: Where = ()) -> Any:
    if not steps:
        return value
    first, rest = steps[0], steps[1:]
    match data:
        case dict() if not rest and value is None and "." in key:
            # As in a file with a base, an empty value takes away what is inside a part.
            return {name: inner for name, inner in data.items() if name != first}
        case dict():
            if first not in data and rest:
                _refuse_to_invent(data, first, rest, key, path)
            return {**data, first: _with(data.get(str(first), {}), rest, value, key, (*path, first))}
        case tuple():
            index = first if isinstance(first, int) else _index_of_kind(data, first)
            if index is None or index >= len(data):
                kinds = [item["kind"] for item in data if isinstance(item, dict) and "kind" in item]
                expected = " or ".join([f"0 to {len(data) - 1}", *([choices(kinds)] if kinds else [])])
                raise _no_change(key, f"names no entry of a list of {len(data)}; expected {expected}.{nearest(first, kinds)}")
            return (*data[:index], _with(data[index], rest, value, key, (*path, index)), *data[index + 1 :])
    raise _no_change(key, "leads into a value that holds nothing.")


def _refuse_to_invent(data: dict[str, Any], first: str | int, rest: list[str | int], key: str, path: Where) -> None:
    """What is not there can be made as a whole, but nothing within it be changed: an entry of a list, a layer of a stack."""
    if path == ("stacks",) and len(rest) > 1:
        raise _no_change(key, f"is of no stack; expected {choices(data)}.{nearest(first, data)}")
    if isinstance(rest[0], int):
        raise _no_change(key, "names no entry of a list that is empty.")


def _index_of_kind(items: tuple[Any, ...], kind: str) -> int | None:
    return next((index for index, item in enumerate(items) if isinstance(item, dict) and item.get("kind") == kind), None)


def _no_change(key: str, text: str) -> ScenarioError:
    return ScenarioError([Problem(Place(""), f"{printable(key)} {text}")])
