"""The text of a Dockerfile as lines of one instruction each: continued lines joined, comments left out, directives heard.

Packages that read Dockerfiles were looked at: they end an instruction at an empty line within it and drop one without arguments, where
Docker goes on and complains. Not modelled: here-documents, which need BuildKit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cutaway.models.docker.errors import InvalidError

_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_DIRECTIVES = ("check", "escape", "syntax")


@dataclass(frozen=True)
class Line:
    """One instruction as it was written."""

    number: int
    """Of its first line, from 1."""
    text: str


@dataclass
class Script:
    """A Dockerfile."""

    lines: list[Line] = field(default_factory=list)
    escape: str = "\\"
    """What continues a line and takes a letter's meaning away."""
    warnings: list[str] = field(default_factory=list)


def read(content: str) -> Script:
    """Raises InvalidError."""
    script, seen = Script(), _directives(content)
    script.escape = seen.get("escape", "\\")
    numbered = iter(enumerate((line.rstrip("\r") for line in content.removeprefix("\ufeff").split("\n")), 1))
    for number, raw in numbered:
        line, goes_on = _cut("" if _is_comment(raw) else raw.lstrip(), script.escape)
        has_gap = False
        while goes_on and (following := next(numbered, None)) is not None:
            if _is_comment(following[1]):
                continue
            if not following[1].strip():
                has_gap = True
                continue
            piece, goes_on = _cut(following[1], script.escape)
            line += piece
        if has_gap:
            script.warnings.append(f"[WARNING]: Empty continuation line found in:\n    {line}")
        if line.strip():
            script.lines.append(Line(number, line))
    if script.warnings:
        script.warnings.append("[WARNING]: Empty continuation lines will become errors in a future release.")
    if not script.lines:
        raise InvalidError("file with no instructions")
    return script


def _is_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _cut(line: str, escape: str) -> tuple[str, bool]:
    """A line without what continues it, and whether it goes on."""
    rest = line.rstrip(" \t")
    return (rest[:-1], True) if rest.endswith(escape) else (line, False)


def _directives(content: str) -> dict[str, str]:
    """The comments at the very beginning that tell how to read the rest."""
    found: dict[str, str] = {}
    for line in content.removeprefix("\ufeff").split("\n"):
        matched = _DIRECTIVE.fullmatch(line.strip())
        if matched is None or (name := matched[1].lower()) not in _DIRECTIVES:
            break
        if name in found:
            raise InvalidError(f"only one {name} parser directive can be used")
        if name == "escape" and matched[2] not in ("`", "\\"):
            raise InvalidError(f"invalid escape token '{matched[2]}' does not match ` or \\")
        found[name] = matched[2]
    return found
