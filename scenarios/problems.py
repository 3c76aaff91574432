"""Mistakes in scenarios, each as one sentence: the place, what was found, what was expected, and the nearest right name.

All mistakes of a scenario come together in one ScenarioError, sorted by file and line. What a file contains is escaped
before it reaches a terminal: a scenario may come from anywhere.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from cutaway.models.names import nearest_name

_SHOWN_CHARS = 60
_NAMED_CHOICES = 24


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file; line 0 stands for the file as a whole."""

    file: str
    line: int = 0

    def __str__(self) -> str:
        name = printable(self.file, longest=1000)
        return ":".join([name or "scenario", *([str(self.line)] if self.line else [])])


@dataclass(frozen=True, slots=True)
class Problem:
    place: Place
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text}"


class ScenarioError(ValueError):
    """A scenario that cannot be used, with all that is wrong with it."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        unique = dict.fromkeys(problems)
        self.problems = tuple(sorted(unique, key=lambda problem: problem.place))
        super().__init__("\n".join(map(str, self.problems)))


def printable(text: str, longest: int = _SHOWN_CHARS) -> str:
    """The text with everything that could move a cursor, change a colour or turn the reading direction written out."""
    shown = "".join(_escaped(char) if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"} else char for char in text)
    return shown if len(shown) <= longest else f"{shown[: longest - 3]}..."


def _escaped(char: str) -> str:
    # Joiners hold emoji and several scripts together and cannot harm.
    if char in "\u200c\u200d":
        return char
    return {"\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(char, f"\\u{{{ord(char):x}}}")


def shown(found: object) -> str:
    """What was found, as it stood in the file."""
    match found:
        case None:
            return "empty"
        case bool():
            return str(found).lower()
        case str():
            return f"'{printable(found)}'"
        case Decimal():
            return printable(format(found, "f"))
        case int():
            return printable(str(found)) if abs(found) < 10**40 else f"a number of {len(str(abs(found)))} digits"
        case dict():
            return "a mapping"
        case tuple() | list():
            return "a list"
    return "something else"


def choices(names: Iterable[str]) -> str:
    """The names to choose from, in words."""
    known = sorted(names)
    if len(known) == 1:
        return f"'{known[0]}'"
    more = f" and {len(known) - _NAMED_CHOICES} more" if len(known) > _NAMED_CHOICES else ""
    return f"one of {', '.join(map(printable, known[:_NAMED_CHOICES]))}{more}"


def nearest(found: object, names: Iterable[str]) -> str:
    """' Did you mean ...?' with the name that the writer probably meant, or nothing."""
    if not isinstance(found, str):
        return ""
    near = nearest_name(found, names)
    return f" Did you mean '{printable(near)}'?" if near else ""


def key_text(path: tuple[str | int, ...]) -> str:
    """A place in the file as a person would say it: `stacks.vm.layers[2].vcpus`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            plain = part and all(char.isalnum() or char in " -_" for char in part) and part == part.strip()
            text += ("." if text else "") + (printable(part) if plain else f"'{printable(part)}'")
    return text
