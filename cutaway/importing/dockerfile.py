"""What a Dockerfile says of the program: the image that it begins with, what it runs, and the port that it names.

Of the last stage or the one that is built, and of those that it begins with in turn. Not read: anything that would have to be run.
"""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace

_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)


@dataclass
class Image:
    """What is known of an image."""

    base: str = ""
    entry: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    exposed: tuple[int, ...] = ()

    @property
    def command(self) -> tuple[str, ...]:
        return (*self.entry, *self.arguments)


def read(text: str, target: str = "") -> Image:
    """The stage of that name, or the last one."""
    stages: dict[str, Image] = {}
    arguments: dict[str, str] = {}
    image = Image()
    for name, rest in _instructions(text):
        match name:
            case "ARG" if not stages:
                key, _, value = rest.partition("=")
                arguments[key.strip()] = value.strip().strip("\"'")
            case "FROM":
                words = [word for word in _filled(rest, arguments).split() if not word.startswith("--")] or [""]
                below = stages.get(words[0].lower(), Image(words[0]))
                image = replace(below)
                stages[words[2].lower() if len(words) > 2 and words[1].lower() == "as" else str(len(stages))] = image
            case "ENTRYPOINT":
                image.entry, image.arguments = _words(rest), ()
            case "CMD":
                image.arguments = _words(rest)
            case "EXPOSE":
                image.exposed += tuple(int(port) for port in re.findall(r"(?<![0-9])([0-9]{1,5})(?:/tcp)?(?=\s|$)", rest))
    return stages.get(target.lower(), image)


def _instructions(text: str) -> list[tuple[str, str]]:
    """Lines put together where one ends with a backslash; comments left out."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = (_INSTRUCTION.fullmatch(line) for line in re.sub(r"\\[ \t]*\n", " ", "\n".join(lines)).splitlines())
    return [(one[1].upper(), one[2].strip()) for one in found if one]


def _filled(text: str, arguments: dict[str, str]) -> str:
    return re.sub(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)\}?", lambda found: arguments.get(found[1], ""), text)


def _words(text: str) -> tuple[str, ...]:
    """A JSON list of words, or a line for a shell."""
    if text.startswith("["):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, list) and all(isinstance(word, str) for word in found):
            return tuple(found)
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return tuple(text.split())
