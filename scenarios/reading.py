"""From the bytes of a file to plain values that know their line; the only file that knows YAML.

It is YAML 1.2 without the parts that surprise or attack: no anchors, no aliases, no tags, no merge keys, one document,
no key twice. Words are words (`no`, `12:30` and `0755` stay text), and a number with a decimal point stays exact.
Files of other programs may have anchors, aliases and merge keys besides (`Dialect`); what an alias repeats counts as often as it stands.
Left out: what the keys mean (schema), and references to other files (references).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from cutaway.models import files
from cutaway.scenarios import limits
from cutaway.scenarios.problems import Place, Problem, ScenarioError, key_text, nearest, printable

Scalar = str | int | Decimal | bool | None

_NULLS = {"", "~", "null", "Null", "NULL"}
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)")
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE = re.compile("[^\r\n]+")
_LINE_END = re.compile("\r\n|\r|\n")


@dataclass(slots=True)
class Node:
    """A value and the line of its key (or of itself, in a list)."""

    value: Scalar | dict[str, Node] | list[Node]
    place: Place


@dataclass(slots=True)
class Document:
    """A file as it was read, with the mistakes that did not keep it from being read."""

    root: Node
    problems: list[Problem]
    values: int
    whole: bool = True
    """Whether all that was written could be taken; else what seems to be missing may only not have been understood."""
    stacks: frozenset[str] = frozenset()
    """Names of stacks in any of the files that it was composed of."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is read: its name in sentences, and whether it may share parts by anchors, aliases and merge keys."""

    what: str
    anchors: bool = False


SCENARIO = Dialect("scenario")


def read_file(path: Path, shown_as: str, dialect: Dialect = SCENARIO) -> Document:
    """Reads a scenario or a part. Raises ScenarioError where nothing can be made of it."""
    return read_text(text_of(path, shown_as, dialect), shown_as, dialect)


def read_text(text: str, shown_as: str, dialect: Dialect = SCENARIO) -> Document:
    """The same for a text that is already in memory."""
    if bad := _NOT_TEXT.search(text):
        raise _error(shown_as, _line_at(text, bad.start()), f"the character U+{ord(bad[0]):04X} cannot stand in a text file.")
    if (lines := _line_at(text, len(text))) > limits.LINES.value:
        raise _error(shown_as, 0, f"has {lines:,} lines; expected at most {limits.LINES.value:,}.")
    if long := next((line for line in _LINE.finditer(text) if line.end() - line.start() > limits.LINE_CHARS.value), None):
        raise _error(shown_as, _line_at(text, long.start()), f"the line is longer than {limits.LINE_CHARS.value:,} characters.")
    builder = _AnchoredBuilder if dialect.anchors else _Builder
    try:
        return builder(shown_as, dialect).build(text)
    except _TabError as refused:
        # YAML allows tabs between tokens, this parser does not; only a tab that indents is a mistake.
        try:
            return builder(shown_as, dialect).build(_LINE.sub(_with_spaces_between_tokens, text))
        except ScenarioError:
            raise ScenarioError(refused.problems) from None


class _TabError(ScenarioError):
    """The parser met a tab."""


_BETWEEN_TOKENS = re.compile(r"(?<=[:,\[\]{}?-])[ \t]*\t[ \t]*|[ \t]*\t[ \t]*(?=[,\]}#]|$)")


def _with_spaces_between_tokens(line: re.Match[str]) -> str:
    quoted = '"' in line[0] or "'" in line[0]
    return line[0] if quoted or line[0].startswith("\t") else _BETWEEN_TOKENS.sub(" ", line[0])


def read_value(text: str, shown_as: str) -> Any:
    """A single value as a file would hold it: `0.5`, `[0, 1]`, `2 GiB`; nothing at all is an empty value."""
    if text.strip() in _NULLS:
        return None
    document = read_text(text, shown_as)
    if document.problems:
        raise ScenarioError(document.problems)
    return _bare(document.root)


def _bare(node: Node) -> Any:
    match node.value:
        case dict() as entries:
            return {key: _bare(child) for key, child in entries.items()}
        case list() as items:
            return tuple(_bare(child) for child in items)
    return node.value


def _line_at(text: str, position: int) -> int:
    return len(_LINE_END.findall(text, 0, position)) + 1


def _error(file: str, line: int, text: str) -> ScenarioError:
    return ScenarioError([Problem(Place(file, line), text)])


# --- from a path to a text ---------------------------------------------------------------------------------------------------------


def text_of(path: Path, shown_as: str, dialect: Dialect = SCENARIO) -> str:
    """The text of a file, if it is one that a scenario may be. Raises ScenarioError."""
    try:
        text = files.text_of(path, limits.FILE_BYTES.value, f"a {dialect.what} file")
    except files.FileRefused as refused:
        raise _error(shown_as, refused.line, str(refused)) from None
    return unicodedata.normalize("NFC", text)


# --- from a text to values ---------------------------------------------------------------------------------------------------------


class _Builder:
    """Builds the values from the parser's events, with a budget: neither depth nor size of a hostile file can hurt."""

    def __init__(self, file: str, dialect: Dialect) -> None:
        self.file = file
        self.what = dialect.what
        self.problems: list[Problem] = []
        self.values = 0

    def build(self, text: str) -> Document:
        events = self._events(text)
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent) and root is not None:
                self._note(event, f"a second document begins here; expected one {self.what} a file.")
                break
            if isinstance(event, AliasEvent | ScalarEvent | MappingStartEvent | SequenceStartEvent):
                root = self._node(event, events, (), Place(self.file, _line(event)))
        if root is None or root.value is None:
            raise _error(self.file, 0, f"is empty; expected a {self.what}.")
        return Document(root, self.problems, self.values, not self.problems)

    def _events(self, text: str) -> Iterator[Event]:
        line = 1
        try:
            for event in YAML(typ="rt", pure=True).parse(text):
                line = _line(event)
                yield event
        except MarkedYAMLError as error:
            kind = _TabError if "'\\t'" in str(error.problem) else ScenarioError
            raise kind([*self.problems, Problem(*_syntax(error, self.file))]) from None
        except (YAMLError, ValueError, ArithmeticError, LookupError, AssertionError, TypeError, AttributeError) as error:
            # What the reader of these events raises does not pass here; only the parser's own slips do, as on a "\\U99999999".
            text = f"cannot be read as YAML from here on ({type(error).__name__})."
            raise ScenarioError([*self.problems, Problem(Place(self.file, line), text)]) from None

    def _node(self, event: Event, events: Iterator[Event], path: tuple[str | int, ...], place: Place) -> Node:
        self._count(event, 1)
        self._go_down(event, len(path))
        if isinstance(event, AliasEvent):
            return self._alias(event, path, place)
        self._refuse_decoration(event)
        match event:
            case MappingStartEvent():
                return Node(self._mapping(events, path), place)
            case SequenceStartEvent():
                return Node(self._sequence(events, path), place)
        return Node(self._scalar(event), place)

    def _count(self, event: Event, values: int) -> None:
        self.values += values
        if self.values > limits.VALUES.value:
            raise _error(self.file, _line(event), f"more than {limits.VALUES.value:,} keys and values; a {self.what} ends there.")

    def _go_down(self, event: Event, levels: int) -> None:
        if levels > limits.NESTING.value:
            raise _error(self.file, _line(event), f"nested deeper than {limits.NESTING.value} levels; a {self.what} ends there.")

    def _alias(self, event: AliasEvent, path: tuple[str | int, ...], place: Place) -> Node:
        self._note(event, f"'*{printable(event.anchor)}' refers to an anchor; anchors are not read, parts are shared with 'use'.")
        return Node(None, place)

    def _mapping(self, events: Iterator[Event], path: tuple[str | int, ...]) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            key = self._key(event, events, path)
            place = Place(self.file, _line(event))
            node = self._node(next(events), events, (*path, key), place)
            if key in entries:
                first = entries[key].place.line
                self.problems.append(Problem(place, f"{key_text((*path, key))} stands here again; its first value is in line {first}."))
            elif key:
                entries[key] = node
        return entries

    def _key(self, event: Event, events: Iterator[Event], path: tuple[str | int, ...]) -> str:
        inside = f" in {key_text(path)}" if path else ""
        if not isinstance(event, ScalarEvent):
            self._node(event, events, (*path, "?"), Place(self.file, _line(event)))
            self._note(event, f"a key{inside} is not a word; expected a name.")
            return ""
        self._refuse_decoration(event)
        if event.value == "<<" and event.style is None:
            return self._merge_key(event, inside)
        if not event.value:
            self._note(event, f"a key{inside} is empty; expected a name.")
        return self._text(event)

    def _merge_key(self, event: Event, inside: str) -> str:
        self._note(event, f"'<<'{inside} merges mappings; expected 'use' with the name of a part.")
        return ""

    def _sequence(self, events: Iterator[Event], path: tuple[str | int, ...]) -> list[Node]:
        items: list[Node] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            items.append(self._node(event, events, (*path, len(items)), Place(self.file, _line(event))))
        return items

    def _scalar(self, event: Any) -> Scalar:
        text = self._text(event)
        if event.style is not None:
            return text
        if text in _NULLS:
            return None
        if text in _TRUTHS:
            return _TRUTHS[text]
        if _INTEGER.fullmatch(text):
            return int(text)
        if _DECIMAL.fullmatch(text):
            return Decimal(text)
        return text

    def _text(self, event: Any) -> str:
        # The round-trip parser marks the folds of a folded text with a character that a file cannot hold.
        text: str = event.value.replace("\a", "") if event.style == ">" else event.value
        if bad := _NOT_TEXT.search(text):
            self._note(event, f"the character U+{ord(bad[0]):04X} cannot stand in a text.")
        if len(text) > limits.STRING_CHARS.value:
            self._note(event, f"a text of {len(text):,} characters; expected at most {limits.STRING_CHARS.value:,}.")
            return text[: limits.STRING_CHARS.value]
        return text

    def _refuse_decoration(self, event: Any) -> None:
        if event.anchor:
            self._note(event, f"'&{printable(event.anchor)}' is an anchor; anchors are not read, parts are shared with 'use'.")
        # A plain '!' only says that the scalar is text, which the schema decides here.
        if event.tag is not None:
            self._note(event, f"'{printable(str(event.tag))}' is a tag; tags are not read.")

    def _note(self, event: Event, text: str) -> None:
        self.problems.append(Problem(Place(self.file, _line(event)), text))


@dataclass(frozen=True, slots=True)
class _Anchored:
    """What an alias repeats: keys and values in it, and levels below it."""

    node: Node
    values: int
    levels: int


def _levels(node: Node) -> int:
    inner = node.value.values() if isinstance(node.value, dict) else node.value if isinstance(node.value, list) else ()
    return max((1 + _levels(one) for one in inner), default=0)


class _AnchoredBuilder(_Builder):
    """The same with anchors, aliases and merge keys. Values are shared, not copied, but each alias is charged for all that it repeats."""

    def __init__(self, file: str, dialect: Dialect) -> None:
        super().__init__(file, dialect)
        self.anchors: dict[str, _Anchored | None] = {}

    def _node(self, event: Event, events: Iterator[Event], path: tuple[str | int, ...], place: Place) -> Node:
        anchor = None if isinstance(event, AliasEvent) else getattr(event, "anchor", None)
        if anchor is None:
            return super()._node(event, events, path, place)
        before = self.values
        self.anchors[anchor] = None                                          # until it is whole: it cannot hold itself
        node = super()._node(event, events, path, place)
        self.anchors[anchor] = _Anchored(node, self.values - before, _levels(node))
        return node

    def _alias(self, event: AliasEvent, path: tuple[str | int, ...], place: Place) -> Node:
        name = printable(event.anchor)
        if event.anchor not in self.anchors:
            self._note(event, f"'*{name}' refers to an anchor that is not there above it.{nearest(event.anchor, self.anchors)}")
            return Node(None, place)
        found = self.anchors[event.anchor]
        if found is None:
            self._note(event, f"'*{name}' stands inside of what it repeats.")
            return Node(None, place)
        self._count(event, found.values)
        self._go_down(event, len(path) + found.levels)
        return Node(found.node.value, place)

    def _mapping(self, events: Iterator[Event], path: tuple[str | int, ...]) -> dict[str, Node]:
        entries = super()._mapping(events, path)
        if (merged := entries.pop(_MERGE, None)) is None:
            return entries
        sources = merged.value if isinstance(merged.value, list) else [merged]
        for source in sources:
            if isinstance(source.value, dict):
                entries = {**source.value, **entries}                        # what stands here itself comes first, then the first source
            else:
                where = key_text(path) or "the file"
                self.problems.append(Problem(source.place, f"'<<' in {where} is no mapping; expected an alias of one."))
        return entries

    def _merge_key(self, event: Event, inside: str) -> str:
        return _MERGE

    def _refuse_decoration(self, event: Any) -> None:
        if event.tag is not None:
            self._note(event, f"'{printable(str(event.tag))}' is a tag; tags are not read.")


_MERGE = "<<"

def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


_PLAIN_WORDS = (
    ("'\\t'", "a tab stands where spaces are wanted", False),
    (
        "mapping values are not allowed",
        "a second ': ' in one line, or an indentation that does not fit; put a text with ': ' in quotes",
        False,
    ),
    ("expected the node content", "a value is missing here", False),
    ("expected <block end>", "the indentation does not fit the lines above", False),
    ("could not find expected ':'", "a key without ': ' after it", True),
    ("expected ',' or ']'", "a list in [ ] is not closed, or lacks a comma", True),
    ("expected ',' or '}'", "a mapping in { } is not closed, or lacks a comma", True),
    ("unexpected end of stream", "a quotation mark is not closed", True),
    ("cannot start any token", "a text that begins with this character must stand in quotes", False),
)


def _syntax(error: MarkedYAMLError, file: str) -> tuple[Place, str]:
    """The parser's complaint in plain words where they are known; what is not closed is named where it was opened."""
    problem = str(error.problem or error.context or "not understood")
    known = [(words, at_start) for sign, words, at_start in _PLAIN_WORDS if sign in problem]
    words, at_start = known[0] if known else (printable(problem, 120), False)
    mark = (error.context_mark if at_start else None) or error.problem_mark or error.context_mark
    return Place(file, mark.line + 1 if mark else 0), f"cannot be read as YAML: {words}."
