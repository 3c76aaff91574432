"""A new scenario from a shipped one: its text with all its comments, under another name."""

from __future__ import annotations

import os
from pathlib import Path

from cutaway.scenarios.json_schema import as_text
from cutaway.scenarios.loader import find, load
from cutaway.scenarios.problems import Place, Problem, ScenarioError

SCHEMA_NAME = "cutaway.schema.json"
_FIRST_LINE = f"# yaml-language-server: $schema=./{SCHEMA_NAME}\n"


def write_new(source: str, file: Path) -> list[Path]:
    """Writes the scenario, and the schema beside it where there is none. Never writes over a file. Raises ScenarioError, OSError."""
    load(source)  # what is copied is in order
    text = find(source)[0].read_text(encoding="utf-8-sig")
    body = text.partition("\n")[2] if text.startswith("# yaml-language-server:") else text
    if not file.suffix:
        file = file.with_suffix(".yaml")
    if not file.parent.is_dir():
        raise ScenarioError([Problem(Place(str(file)), "its folder is not there; expected a name in a folder that is.")])
    try:
        _create(file, _FIRST_LINE + body)
    except FileExistsError:
        raise ScenarioError([Problem(Place(str(file)), "is there already, and is not written over; choose another name.")]) from None
    schema = file.parent / SCHEMA_NAME
    if schema.exists():
        return [file]
    _create(schema, as_text())
    return [file, schema]


def _create(path: Path, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
