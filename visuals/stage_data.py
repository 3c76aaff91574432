"""A stage from plain data, as a scenario's scene or a YAML file holds it: what it says replaces what the traces alone would give.

    title: {ko: 한 요청, 세 길, en: One request, three ways}
    captions: [{at: 30 us, text: {ko: ..., en: ...}, speed: 2e-6}]
    columns: {vm: {name: {ko: 가상머신, en: VM}, second: KVM, walls: [], group: web}}
    floors: {server: {second: {ko: nginx, en: nginx}}}
    parts: {firewall: {name: {...}, floor: host, kind: lane, after: nat, match: [[host kernel, [nftables]]]}}
    costs: {doorbell exit: {value: 1.9 us, source: ...}}

A mistake is a `StageError`: one sentence with the key, what was found and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any

from cutaway.sim.trace import Trace
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.stage import HUES, KINDS, Column, CostRecord, Cue, Match, Part, Said, Stage

UNIT_NS = {"ns": 1, "us": 1_000, "µs": 1_000, "ms": 1_000_000, "s": 1_000_000_000}
KEYS = ("title", "place", "captions", "columns", "floors", "parts", "costs", "by_request", "request")


class StageError(ValueError):
    """A stage's data has a mistake."""


def _wrong(key: str, found: object, expected: Sequence[str]) -> StageError:
    nearest = get_close_matches(str(found), expected, n=1)
    hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
    return StageError(f"{key} is '{found}'; expected one of {', '.join(expected)}.{hint}")


def _table(data: object, key: str) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise StageError(f"{key} is '{data}'; expected keys with values.")
    return data


def said(data: object, key: str) -> Said:
    """A phrase: one text for both languages, or one for each."""
    if isinstance(data, Said):
        return data
    if isinstance(data, str):
        return Said(data, data)
    table = _table(data, key)
    if not table or not all(name in ("ko", "en") and isinstance(text, str) for name, text in table.items()):
        raise StageError(f"{key} is '{dict(table)}'; expected a text, or texts under ko and en.")
    first = next(iter(table.values()))
    return Said(table.get("ko", first), table.get("en", first))


def time_ns(data: object, key: str) -> int:
    """Nanoseconds as a whole number, or a time with its unit."""
    if isinstance(data, int) and not isinstance(data, bool):
        return data
    found = re.fullmatch(r"(-?\d+(?:\.\d+)?)\s*(ns|us|µs|ms|s)", str(data).strip())
    if not found:
        raise StageError(f"{key} is '{data}'; expected a time such as 1.5 ms.")
    return round(float(found[1]) * UNIT_NS[found[2]])


def _cues(data: object) -> tuple[Cue, ...]:
    if not isinstance(data, Sequence) or isinstance(data, str):
        raise StageError(f"captions is '{data}'; expected a list.")
    cues = []
    for number, each in enumerate(data):
        table, key = _table(each, f"captions[{number}]"), f"captions[{number}]"
        for name in table:
            if name not in ("at", "text", "speed"):
                raise _wrong(key, name, ("at", "text", "speed"))
        speed = table.get("speed", 0)
        if isinstance(speed, bool) or not isinstance(speed, int | float) or not 0 <= speed < 1e6:
            raise StageError(f"{key}.speed is '{speed}'; expected simulated seconds a second, such as 2e-5.")
        cues.append(Cue(time_ns(table.get("at", 0), f"{key}.at"), said(table.get("text", ""), f"{key}.text"), float(speed)))
    return tuple(sorted(cues, key=lambda cue: cue.at_ns))


def _column(column: Column, data: object, key: str, stage: Stage) -> Column:
    for name, value in _table(data, key).items():
        match name:
            case "name":
                column = replace(column, name=said(value, f"{key}.name"))
            case "second":
                column = replace(column, second=str(value))
            case "group":
                column = replace(column, group=str(value))
            case "hue":
                if value not in HUES:
                    raise _wrong(f"{key}.hue", value, HUES)
                column = replace(column, hue=value)
            case "walls":
                column = replace(column, walls=tuple(str(wall) for wall in value))
            case "parts":
                known = [part.key for part in stage.parts]
                for part in value:
                    if part not in known:
                        raise _wrong(f"{key}.parts", part, known)
                column = replace(column, parts=tuple(value))
            case _:
                raise _wrong(key, name, ("name", "second", "group", "hue", "walls", "parts"))
    return column


def _part(name: str, data: object, stage: Stage) -> Part:
    key, table = f"parts.{name}", _table(data, f"parts.{name}")
    known = [floor.key for floor in stage.floors]
    if table.get("floor") not in known:
        raise _wrong(f"{key}.floor", table.get("floor"), known)
    if table.get("kind", "lane") not in KINDS:
        raise _wrong(f"{key}.kind", table.get("kind"), KINDS)
    matches = tuple(Match(str(layer), tuple(str(word).casefold() for word in words)) for layer, words in table.get("match", ()))
    return Part(
        name, said(table.get("name", name), f"{key}.name"), table["floor"], table.get("kind", "lane"), matches, table.get("mark", "")
    )


def _with_parts(stage: Stage, data: object) -> Stage:
    """More parts: each after the one that it names, in the columns whose trace uses it."""
    for name, each in _table(data, "parts").items():
        part, parts = _part(name, each, stage), list(stage.parts)
        after = each.get("after")
        if after is not None and after not in [other.key for other in parts]:
            raise _wrong(f"parts.{name}.after", after, [other.key for other in parts])
        parts.insert(next((at + 1 for at, other in enumerate(parts) if other.key == after), len(parts)), part)
        columns = tuple(replace(column, parts=(*column.parts, name)) for column in stage.columns)
        stage = replace(stage, parts=tuple(parts), columns=columns)
    return stage


def _columns(stage: Stage, traces: Sequence[Trace], data: object) -> Stage:
    names = [str(trace.meta["stack"]) for trace in traces]
    columns = list(stage.columns)
    for name, each in _table(data, "columns").items():
        if name not in names:
            raise _wrong("columns", name, names)
        at = names.index(name)
        columns[at] = _column(columns[at], each, f"columns.{name}", stage)
    return replace(stage, columns=tuple(columns))


def _floors(stage: Stage, data: object) -> Stage:
    floors = {floor.key: floor for floor in stage.floors}
    for key, each in _table(data, "floors").items():
        if key not in floors:
            raise _wrong("floors", key, list(floors))
        table = _table(each, f"floors.{key}")
        for name in table:
            if name not in ("name", "second"):
                raise _wrong(f"floors.{key}", name, ("name", "second"))
        floor = floors[key]
        called, second = (said(table.get(which, getattr(floor, which)), f"floors.{key}.{which}") for which in ("name", "second"))
        floors[key] = replace(floor, name=called, second=second)
    return replace(stage, floors=tuple(floors.values()))


def _costs(data: object) -> dict[str, CostRecord]:
    known = tuple(field.name for field in fields(CostRecord))
    costs = {}
    for name, each in _table(data, "costs").items():
        for key in _table(each, f"costs.{name}"):
            if key not in known:
                raise _wrong(f"costs.{name}", key, known)
        costs[name] = CostRecord(**{"value": "", **{key: str(value) for key, value in each.items()}})
    return costs


def stage_from(data: Mapping[str, Any], traces: Sequence[Trace]) -> Stage:
    """The stage for these traces with what the data says of it."""
    stage = stage_for(traces)
    for key, value in data.items():
        match key:
            case "title":
                stage = replace(stage, title=said(value, key))
            case "place":
                stage = replace(stage, place=tuple(said(each, key) for each in value))
            case "captions":
                stage = replace(stage, cues=_cues(value))
            case "columns":
                stage = _columns(stage, traces, value)
            case "floors":
                stage = _floors(stage, value)
            case "parts":
                stage = _with_parts(stage, value)
            case "costs":
                stage = replace(stage, costs=_costs(value))
            case "by_request":
                stage = replace(stage, by_request=bool(value))
            case "request":
                client, connection, number = value
                stage = replace(stage, request=(int(client), int(connection), int(number)))
            case _:
                raise _wrong("the scene", key, KEYS)
    return stage
