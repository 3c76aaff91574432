"""Editors check with draft-07, and complete what the loader accepts."""

import json
from pathlib import Path
from typing import Any

import pytest

from cutaway.scenarios import catalogue, names
from cutaway.scenarios.json_schema import as_schema, as_text
from cutaway.scenarios.reading import _bare, read_file

jsonschema = pytest.importorskip("jsonschema")

HERE = Path(__file__).parent
NEWER = {"$defs", "$anchor", "$dynamicRef", "$recursiveRef", "prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedItems",
         "unevaluatedProperties", "minContains", "maxContains", "discriminator"}  # fmt: skip
EDITORS_CANNOT = {"words-as-names", "one-line"}


def mistakes(file: Path) -> list[str]:
    """As an editor sees the file: plain values, references not followed."""
    plain = json.loads(json.dumps(_bare(read_file(file, file.name).root), default=float))
    return [f"{list(error.path)}: {error.message}" for error in jsonschema.Draft7Validator(as_schema()).iter_errors(plain)]


@pytest.mark.parametrize("name", names())
def test_shipped_scenarios_pass(name: str) -> None:
    assert mistakes(catalogue.path_of(name)) == []


@pytest.mark.parametrize("file", sorted(HERE.glob("strange/*.yaml")), ids=lambda file: file.stem)
def test_what_works_passes(file: Path) -> None:
    assert mistakes(file) == []


@pytest.mark.parametrize(
    "name",
    ["no-unit", "unknown-keys", "unknown-layer", "unknown-layer-key", "negative", "zero", "title-number", "missing-keys", "unknown-target"],
)
def test_what_an_editor_can_see_is_seen(name: str) -> None:
    if name == "missing-keys":  # what is missing may stand in a base
        assert mistakes(HERE / f"bad/{name}.yaml") == []
    else:
        assert mistakes(HERE / f"bad/{name}.yaml") != []


def test_no_keyword_is_newer_than_draft_07() -> None:
    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            found.update(value)
            if "$ref" in value:
                assert set(value) == {"$ref"}, "draft-07 does not read what stands beside a $ref"
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
            walk(inner)

    walk(as_schema())
    assert not found & NEWER
    jsonschema.Draft7Validator.check_schema(as_schema())


def test_every_key_has_its_help() -> None:
    schema = as_schema()
    parts = [schema, *schema["definitions"].values()]
    options = [option for part in parts for option in (part, *part.get("anyOf", ())) if "properties" in option]
    without = [
        f"{option.get('title')}.{key}" for option in options for key, value in option["properties"].items() if not value.get("description")
    ]
    assert [key for key in without if not key.endswith(".kind")] == []


def test_defaults_are_written_with_units() -> None:
    run = as_schema()["definitions"]["Run"]["properties"]
    assert run["warm up"]["default"] == "50 ms"
    assert as_text().endswith("}\n")
