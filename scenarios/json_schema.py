"""The scenario format as a JSON Schema, for editors: completion, hover texts and checks while typing.

Draft-07, which is what the YAML language server understands at least. It accepts what the loader accepts, and `base` and `use`
beside every mapping; what stands in another file it cannot see, so nothing is required in a mapping that may come from there.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema, to_jsonable_python

from cutaway.scenarios.schema import Scenario
from cutaway.scenarios.study_file import Study

_REFERENCES = {
    "use": {"type": "string", "description": "A part to start from: a file beside this one, or a part of Cutaway; keys here change it."},
    "base": {"type": "string", "description": "A scenario to start from: a name or a file; keys here change it."},
}


class _Draft07(GenerateJsonSchema):
    schema_dialect = "http://json-schema.org/draft-07/schema#"

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """A default as it would be written: `200 us`, not 200000."""
        inner = self.generate_inner(schema["schema"])
        default = schema.get("default")
        if default is None or isinstance(default, BaseModel):
            return inner
        written = schema["schema"].get("serialization", {})
        text = written.get("function") if written.get("type") == "function-plain" else None
        value = text(default) if callable(text) else to_jsonable_python(default)
        return {**inner, "default": value} if "$ref" not in inner else {"allOf": [inner], "default": value}


def study_schema() -> dict[str, Any]:
    """The same of study files, which have no bases and parts of their own."""
    schema = Study.model_json_schema(by_alias=True, schema_generator=_Draft07, ref_template="#/definitions/{model}")
    definitions = schema.pop("$defs", {})
    return {"$schema": _Draft07.schema_dialect, **_draft07(schema), "title": "Cutaway study", "definitions": _draft07(definitions)}


def as_schema() -> dict[str, Any]:
    """The schema; its keywords are those of draft-07."""
    schema = Scenario.model_json_schema(by_alias=True, schema_generator=_Draft07, ref_template="#/definitions/{model}")
    definitions = {name: _composable(part) for name, part in schema.pop("$defs", {}).items()}
    root = _composable(schema)
    root["properties"] = {**root["properties"], "base": _REFERENCES["base"]}
    root["anyOf"] = [{"required": ["cutaway"]}, {"required": ["base"]}]
    whole = {"$schema": _Draft07.schema_dialect, **_draft07(root), "title": "Cutaway scenario", "definitions": _draft07(definitions)}
    return whole


def as_text(schema: dict[str, Any] | None = None) -> str:
    """A schema as the text of a file; that of scenarios when left out."""
    return json.dumps(schema or as_schema(), indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def _composable(part: dict[str, Any]) -> dict[str, Any]:
    """A mapping whose keys may also come from a part; a layer in a list may be nothing but a part."""
    if "anyOf" in part:
        return {**part, "anyOf": [_composable(option) for option in part["anyOf"]]}
    if part.get("type") != "object" or "properties" not in part:
        return part
    kept = {key: value for key, value in part.items() if key != "required"}
    properties = {key: value if key == "kind" else _or_taken_away(value) for key, value in part["properties"].items()}
    return {**kept, "properties": {**properties, "use": _REFERENCES["use"]}}


def _or_taken_away(value: dict[str, Any]) -> dict[str, Any]:
    """The value, or an empty one, which takes away what the base says; what editors show stands outside the choice."""
    shown: dict[str, Any] = {key: value[key] for key in ("title", "description", "default") if key in value}
    inner = {key: inner for key, inner in value.items() if key not in shown}
    if isinstance(stacks := inner.get("additionalProperties"), dict):
        inner["additionalProperties"] = {"anyOf": [stacks, {"type": "null"}]}
    return {**shown, "anyOf": [*(inner["anyOf"] if set(inner) == {"anyOf"} else [inner]), {"type": "null"}]}


def _draft07(value: Any) -> Any:
    """Without what came after draft-07, or means something else there: what stands beside a `$ref` is not read."""
    if isinstance(value, list):
        return [_draft07(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    cleaned = {key: _draft07(inner) for key, inner in value.items() if key != "discriminator" or "oneOf" not in value}
    if isinstance(cleaned.get("oneOf"), list):
        cleaned["anyOf"] = cleaned.pop("oneOf")
    if isinstance(cleaned.get("$ref"), str) and len(cleaned) > 1:
        cleaned["allOf"] = [{"$ref": cleaned.pop("$ref")}]
    return cleaned
