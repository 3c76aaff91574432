"""Instructions of a Dockerfile and its stages: what each is given, checked before the first step runs, in Docker's words.

A message about how a line is written has no number of it, one about what it says has; Docker reads twice, and so it is here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cutaway.models.docker.building import words
from cutaway.models.docker.building.lines import Line, Script, read
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.specification import Health

FLAGS = {
    "ADD": ("chown", "chmod", "link", "keep-git-dir", "checksum"), "COPY": ("chown", "from", "chmod", "link"), "FROM": ("platform",),
    "HEALTHCHECK": ("interval", "timeout", "start-period", "start-interval", "retries"), "RUN": ("mount", "network", "security"),
}  # fmt: skip
NAMES = ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD", "RUN",
         "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")  # fmt: skip
_SWITCHES = ("link", "keep-git-dir")
_STAGE = re.compile(r"[a-z][a-z0-9-_.]*")
_UNITS_NS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9}
_FURTHEST = 3
"""A name with so many letters wrong is not taken for another one's misspelling (util/suggest of BuildKit)."""


@dataclass(frozen=True)
class Instruction:
    """One instruction."""

    name: str
    """In capitals."""
    text: str
    """As it was written, on one line."""
    words: tuple[str, ...] = ()
    is_list: bool = False
    """Whether its words were given as a JSON list, so that no shell runs them."""
    pairs: tuple[tuple[str, str | None], ...] = ()
    """Of ARG, ENV and LABEL; an ARG without a default has None."""
    flags: dict[str, str] = field(default_factory=dict)
    is_literal: bool = False
    """Whether nothing is filled in: a label that the client adds."""


@dataclass
class Stage:
    """From one FROM to the next."""

    base: str
    name: str
    """"" if it has none."""
    text: str
    platform: str
    steps: list[Instruction] = field(default_factory=list)


@dataclass
class Dockerfile:
    """What is to be built."""

    before: list[Instruction]
    """ARGs before the first FROM."""
    stages: list[Stage]
    escape: str
    warnings: list[str]


def dockerfile_of(content: str, name: str) -> Dockerfile:
    """`name` is the file's, for messages. Raises InvalidError."""
    if not content:
        raise InvalidError(f"the Dockerfile ({name}) cannot be empty")
    try:
        script = read(content)
        written = [_written(line, script.escape) for line in script.lines]
    except InvalidError as error:
        raise InvalidError(f"failed to parse {name}: {error.message}") from None
    return _in_stages(script, [_checked(one, line) for one, line in zip(written, script.lines, strict=True)])


def instruction_of(text: str) -> Instruction:
    """One that stands alone, as a trigger or a change of `docker commit`. Raises InvalidError."""
    script = read(text)
    if len(script.lines) != 1:
        raise InvalidError("onbuild trigger should be a single expression")
    one = _written(script.lines[0], script.escape)
    _check(one)
    return one


def _in_stages(script: Script, instructions: Sequence[Instruction]) -> Dockerfile:
    found = Dockerfile([], [], script.escape, script.warnings)
    for one in instructions:
        if one.name == "FROM":
            name = one.words[2].lower() if len(one.words) == 3 else ""
            found.stages.append(Stage(one.words[0], name, one.text, one.flags.get("platform", "")))
        elif found.stages:
            found.stages[-1].steps.append(one)
        elif one.name == "ARG":
            found.before.append(one)
        else:
            raise InvalidError("no build stage in current context")
    if not found.stages:
        raise InvalidError("no build stage in current context")
    return found


# --- how it is written -----------------------------------------------------------------------------------------------------------------


def _written(line: Line, escape: str) -> Instruction:
    name, rest = [*line.text.strip().split(None, 1), ""][:2]
    flags, rest = _flags(rest)
    one = Instruction(name.upper() if name.upper() in NAMES else name, line.text.strip(), flags=flags)
    match one.name:
        case "ENV" | "LABEL":
            return replace(one, pairs=_pairs(one.name, rest, escape))
        case "ARG":
            parts = [word.partition("=") for word in words.split(rest, escape)]
            return replace(one, pairs=tuple((key, value if sign else None) for key, sign, value in parts))
        case "CMD" | "ENTRYPOINT" | "RUN" | "SHELL":
            return _command(one, rest)
        case "ADD" | "COPY" | "VOLUME":
            found = _command(one, rest)
            return found if found.is_list else replace(one, words=tuple(rest.split()))
        case "EXPOSE" | "FROM":
            return replace(one, words=tuple(rest.split()))
        case "HEALTHCHECK":
            kind, rest = [*rest.split(None, 1), "", ""][:2]
            found = _command(one, rest)
            return replace(found, words=(kind, *found.words) if kind else ())
        case _:
            return replace(one, words=(rest,) if rest else ())


def _flags(rest: str) -> tuple[dict[str, str], str]:
    """The `--name=value` before the rest, and the rest."""
    flags: dict[str, str] = {}
    while matched := re.match(r"--(\S*)\s*", rest):
        rest = rest[matched.end():]
        if not matched[1]:
            break
        name, sign, value = matched[1].partition("=")
        if name in flags:
            raise InvalidError(f"Duplicate flag specified: {name}")
        if not sign and name not in _SWITCHES:
            raise InvalidError(f"Missing a value on flag: {name}")
        flags[name] = value or "true"
    return flags, rest


def _command(one: Instruction, rest: str) -> Instruction:
    """A JSON list of words, or one text."""
    if rest.startswith("["):
        try:
            found = json.loads(rest)
        except ValueError:
            return replace(one, words=(rest,))
        if not all(isinstance(word, str) for word in found):
            raise InvalidError("when using JSON array syntax, arrays must be comprised of strings only")
        return replace(one, words=tuple(found), is_list=True)
    return replace(one, words=(rest,) if rest else ())


def _pairs(name: str, rest: str, escape: str) -> tuple[tuple[str, str], ...]:
    """`A=b "C"=d`, or `A b` with all the rest as one value."""
    found = words.split(rest, escape)
    if not found:
        return ()
    if "=" not in found[0]:
        parts = rest.split(None, 1)
        if len(parts) < 2:
            raise InvalidError(f"{name} must have two arguments")
        return ((parts[0], parts[1]),)
    for word in found:
        if "=" not in word:
            raise InvalidError(f"Syntax error - can't find = in {words.quoted(word)}. Must be of the form: name=value")
    return tuple((word.partition("=")[0], word.partition("=")[2]) for word in found)


# --- what it says ----------------------------------------------------------------------------------------------------------------------


def _checked(one: Instruction, line: Line) -> Instruction:
    try:
        _check(one)
    except InvalidError as error:
        raise InvalidError(f"dockerfile parse error on line {line.number}: {error.message}") from None
    return one


def _check(one: Instruction) -> None:
    if one.name not in NAMES:
        raise InvalidError(f"unknown instruction: {one.name}{_meant(one.name)}")
    _check_count(one)
    for flag in one.flags:
        if flag not in FLAGS.get(one.name, ()):
            raise InvalidError(f"unknown flag: --{flag}")
    if any(not key for key, _ in one.pairs):
        raise InvalidError(f"{one.name} names can not be blank")
    match one.name:
        case "FROM" if len(one.words) == 3 and not _STAGE.fullmatch(one.words[2].lower()):
            raise InvalidError(f"invalid name for build stage: {words.quoted(one.words[2])}, name can't start with a number or contain "
                               "symbols")  # fmt: skip
        case "ONBUILD":
            _check_trigger(one.words[0])
        case "SHELL" if not one.is_list:
            raise InvalidError("SHELL requires the arguments to be in JSON form")
        case "VOLUME" if not all(map(str.strip, one.words)):
            raise InvalidError("VOLUME specified can not be an empty string")
        case "HEALTHCHECK":
            health_of(one)


def _check_count(one: Instruction) -> None:
    count = len(one.words) or len(one.pairs)
    if one.name in ("ADD", "COPY") and count < 2:
        raise InvalidError(f"{one.name} requires at least two arguments, but only one was provided. Destination could not be determined")
    if one.name == "FROM" and count != 1 and not (count == 3 and one.words[1].lower() == "as"):
        raise InvalidError("FROM requires either one or three arguments")
    if one.name in ("MAINTAINER", "STOPSIGNAL", "USER", "WORKDIR") and count != 1:
        raise InvalidError(f"{one.name} requires exactly one argument")
    if one.name in ("ARG", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "SHELL", "VOLUME") and not count:
        raise InvalidError(f"{one.name} requires at least one argument")


def _check_trigger(text: str) -> None:
    name = text.split(None, 1)[0].upper()
    if name == "ONBUILD":
        raise InvalidError("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if name in ("FROM", "MAINTAINER"):
        raise InvalidError(f"{name} isn't allowed as an ONBUILD trigger")


def _meant(name: str) -> str:
    """The name that is nearest to one that there is not, as a question."""
    distance, nearest = min((_distance(name.upper(), known), known) for known in NAMES)
    if distance >= _FURTHEST:
        return ""
    return f" (did you mean {nearest.lower() if name == name.lower() else nearest}?)"


def _distance(one: str, other: str) -> int:
    """Letters to put in, take out or change [Levenshtein 1966]."""
    row = list(range(len(other) + 1))
    for k, letter in enumerate(one, 1):
        before, row[0] = row[0], k
        for j, wanted in enumerate(other, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != wanted))
    return row[-1]


def health_of(one: Instruction) -> Health:
    """What HEALTHCHECK asks for. Raises InvalidError."""
    kind, rest = one.words[0].upper(), list(one.words[1:])
    if kind == "NONE":
        if rest:
            raise InvalidError("HEALTHCHECK NONE takes no arguments")
        return Health(test=["NONE"])
    if kind != "CMD":
        raise InvalidError(f"Unknown type {words.quoted(kind)} in HEALTHCHECK (try CMD)")
    if not rest:
        raise InvalidError("Missing command after HEALTHCHECK CMD")
    times = {name.replace("-", "_"): _interval_ns(name, one.flags.get(name, "")) for name in FLAGS["HEALTHCHECK"] if name != "retries"}
    return Health(test=["CMD" if one.is_list else "CMD-SHELL", *rest], retries=_retries(one.flags.get("retries", "0")), **times)


def _retries(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text):
        raise InvalidError(f"strconv.ParseInt: parsing {words.quoted(text)}: invalid syntax")
    if int(text) < 0:
        raise InvalidError(f"--retries cannot be negative ({int(text)})")
    return int(text)


def _interval_ns(name: str, text: str) -> int:
    """A duration as Go writes it: `1m30s`."""
    if text in ("", "0"):
        return 0
    parts = re.findall(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)", text)
    if "".join(map("".join, parts)) != text:
        unitless = re.fullmatch(r"[\d.]*\d[\d.]*", text)
        raise InvalidError(f"time: {'missing unit in' if unitless else 'invalid'} duration {words.quoted(text)}")
    found = sum(round(float(number) * _UNITS_NS[unit]) for number, unit in parts)
    if 0 < found < _UNITS_NS["ms"]:
        raise InvalidError(f"Interval {words.quoted(name)} cannot be less than 1ms")
    return found
