"""Variables in Compose files: `$NAME`, `${NAME}`, a default, an alternative or an error where there is none, and `$$` for a dollar sign.

The rules are those of the Compose Specification (12-interpolation.md). Values come from the .env file beside the Compose file or from the
one that was named, never from this process's environment: the same files give the same scenario, and no secret of a shell gets into one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutaway.models import files
from cutaway.scenarios import limits
from cutaway.scenarios.problems import Place, Problem, ScenarioError, printable

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-?+]")
_LINE = re.compile(r"(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=(.*)")
_NESTED_MAX = 16


class Unfit(ValueError):  # noqa: N818
    """A text with a variable that cannot be put in: the rest of a sentence."""


@dataclass
class Variables:
    """Values by name, and the names that were asked for in vain."""

    values: Mapping[str, str]
    missing: set[str] = field(default_factory=set)

    def put_into(self, text: str) -> str:
        """The text with its variables replaced. Raises Unfit."""
        return self._put(text, 0) if "$" in text else text

    def _put(self, text: str, depth: int) -> str:
        if depth > _NESTED_MAX:
            raise Unfit(f"has variables nested deeper than {_NESTED_MAX} levels.")
        done, position = list[str](), 0
        while (dollar := text.find("$", position)) >= 0:
            done.append(text[position:dollar])
            value, position = self._at(text, dollar, depth)
            done.append(value)
        result = "".join([*done, text[position:]])
        if len(result) > limits.STRING_CHARS.value:
            raise Unfit(f"has {len(result):,} characters with its variables put in; expected at most {limits.STRING_CHARS.value:,}.")
        return result

    def _at(self, text: str, dollar: int, depth: int) -> tuple[str, int]:
        """What stands for the variable at a dollar sign, and where the text goes on."""
        after = dollar + 1
        if text.startswith("$", after):
            return "$", after + 1
        if text.startswith("{", after):
            end = _closing(text, after)
            return self._braced(text[after + 1 : end], depth), end + 1
        if name := _NAME.match(text, after):
            return self._value(name[0]), name.end()
        return "$", after

    def _braced(self, inner: str, depth: int) -> str:
        name = _NAME.match(inner)
        if not name:
            raise Unfit(f"has '${{{printable(inner)}}}', which names no variable; expected such as ${{NAME}} or ${{NAME:-default}}.")
        rest = inner[name.end() :]
        if not rest:
            return self._value(name[0])
        operator = _OPERATOR.match(rest)
        if not operator:
            raise Unfit(f"has '${{{printable(inner)}}}'; expected one of :-, -, :?, ?, :+, + after {printable(name[0])}.")
        value, word = self.values.get(name[0]), rest[operator.end() :]
        there = bool(value) if operator[0].startswith(":") else value is not None
        match operator[0][-1]:
            case "+":
                return self._put(word, depth + 1) if there else ""
            case "?" if not there:
                said = printable(self._put(word, depth + 1))
                raise Unfit(f"needs the variable {name[0]}{said and ': ' + said}; expected it in the .env file or --env-file.")
            case "-" if not there:
                return self._put(word, depth + 1)
        return value or ""

    def _value(self, name: str) -> str:
        if name not in self.values:
            self.missing.add(name)
        return self.values.get(name, "")


def _closing(text: str, opening: int) -> int:
    """The brace that closes the one at `opening`; in between only variables' braces count."""
    depth, position = 0, opening
    while position < len(text):
        if text.startswith("$$", position) or text.startswith("${", position):
            depth += text[position + 1] == "{"
            position += 2
            continue
        if text[position] == "{" and position == opening:
            depth += 1
        elif text[position] == "}":
            depth -= 1
            if not depth:
                return position
        position += 1
    raise Unfit("has '${' without the '}' that closes it.")


def from_file(path: Path, shown_as: str) -> Variables:
    """The variables of an .env file. Raises ScenarioError."""
    try:
        text = files.text_of(path, limits.FILE_BYTES.value, "an .env file")
    except files.FileRefused as refused:
        raise ScenarioError([Problem(Place(shown_as, refused.line), str(refused))]) from None
    values: dict[str, str] = {}
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        if not (written := line.strip()) or written.startswith("#"):
            continue
        if not (found := _LINE.fullmatch(written)):
            problems.append(Problem(Place(shown_as, number), "is no variable; expected NAME=VALUE."))
            continue
        try:
            values[found[1]] = _value_of(found[2].strip(), Variables(values))
        except Unfit as wrong:
            problems.append(Problem(Place(shown_as, number), f"{found[1]} {wrong}"))
    if problems:
        raise ScenarioError(problems)
    return Variables(values)


def _value_of(written: str, above: Variables) -> str:
    """Quotes end a value; without them a comment does. In single quotes a dollar sign is one."""
    quote = written[:1]
    if quote in ("'", '"') and (end := written.find(quote, 1)) > 0:
        inner = written[1:end]
        return inner if quote == "'" else above.put_into(inner)
    return above.put_into(re.split(r"\s#", written, maxsplit=1)[0].strip())
