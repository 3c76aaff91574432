"""Words of a Dockerfile: split, unquoted, and their variables filled in, as frontend/dockerfile/shell of BuildKit does for both builders.

`$NAME`, `${NAME}`, and in braces `-` `+` `?` with or without a colon, `#` `##` `%` `%%` with a pattern, `/` and `//` with a replacement.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from cutaway.models.docker.errors import InvalidError

_END = ""


def quoted(text: str) -> str:
    """As Go's %q."""
    return json.dumps(text, ensure_ascii=False)


def split(text: str, escape: str = "\\") -> list[str]:
    """Words at blanks that are not quoted; quotes and escapes stay in them."""
    mark = re.escape(escape)
    return re.findall(rf"""(?:{mark}.|'[^']*'?|"(?:{mark}.|[^"{mark}])*"?|[^\s])+""", text, re.DOTALL)


def expanded(text: str, values: Mapping[str, str], escape: str = "\\") -> str:
    """A word without its quotes, variables filled in. Raises InvalidError."""
    try:
        return "".join(part for part, _ in _Reader(text, values, escape).until(_END))
    except ValueError as error:
        raise InvalidError(f"failed to process {quoted(text)}: {error}") from None


def expanded_words(text: str, values: Mapping[str, str], escape: str = "\\") -> list[str]:
    """The same, split at the blanks that are not quoted, those in a variable's value too. Raises InvalidError."""
    try:
        parts = _Reader(text, values, escape).until(_END)
    except ValueError as error:
        raise InvalidError(f"failed to process {quoted(text)}: {error}") from None
    marked = "".join(part.replace(" ", "\0") if is_quoted else part for part, is_quoted in parts)
    return [word.replace("\0", " ") for word in marked.split()]


class _Reader:
    """Goes through a word letter by letter. Its methods raise ValueError."""

    def __init__(self, text: str, values: Mapping[str, str], escape: str) -> None:
        self.text, self.values, self.escape = text, values, escape
        self.at = 0

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def take(self) -> str:
        taken = self.peek()
        self.at += 1
        return taken

    def until(self, stop: str, *, raw: bool = False) -> list[tuple[str, bool]]:
        """Parts up to a letter, and whether each was quoted; `raw` keeps escapes, for a pattern."""
        parts: list[tuple[str, bool]] = []
        while (letter := self.peek()) != stop:
            if letter == _END:
                raise ValueError("syntax error: missing '}'" if stop == "}" else f"syntax error: missing '{stop}' in ${{}}")
            if letter == "'":
                parts.append((self._single(), True))
            elif letter == '"':
                parts.append((self._double(), True))
            elif letter == "$":
                parts.append((self._variable(), False))
            elif letter == self.escape:
                self.take()
                parts.append(((letter if raw else "") + self.take(), True))
            else:
                parts.append((self.take(), False))
        self.take()
        return parts

    def _single(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise ValueError("unexpected end of statement while looking for matching single-quote")
        found, self.at = self.text[self.at + 1 : end], end + 1
        return found

    def _double(self) -> str:
        self.take()
        found = ""
        while (letter := self.peek()) != '"':
            if letter == _END:
                raise ValueError("unexpected end of statement while looking for matching double-quote")
            if letter == "$":
                found += self._variable()
                continue
            self.take()
            if letter == self.escape and self.peek() in ('"', "$", self.escape):
                letter = self.take()
            found += letter
        self.take()
        return found

    def _variable(self) -> str:
        self.take()
        if self.peek() != "{":
            name = self._name()
            return self.values.get(name, "") if name else "$"
        self.take()
        if self.peek() in ("{", "}", ":"):
            raise ValueError("syntax error: missing '}'" if self.peek() == _END else "syntax error: bad substitution")
        name, sign = self._name(), self.take()
        value = self.values.get(name)
        if sign == "}":
            return value or ""
        if sign == _END:
            raise ValueError("syntax error: missing '}'")
        if sign == "/":
            return self._replaced(value or "")
        with_colon = sign == ":"
        sign = self.take() if with_colon else sign
        if sign not in ("-", "+", "?", "#", "%"):
            raise ValueError(f"unsupported modifier ({':' if with_colon else ''}{sign}) in substitution")
        word = "".join(part for part, _ in self.until("}", raw=sign in "#%"))
        if sign in "#%":
            return _trimmed(value or "", word, sign)
        return _chosen(name, value, word, sign, with_colon)

    def _name(self) -> str:
        matched = re.compile(r"\d+|[@*#?$!-]|\w+").match(self.text, self.at)
        if matched is None:
            return ""
        self.at = matched.end()
        return matched[0]

    def _replaced(self, value: str) -> str:
        everywhere = self.peek() == "/"
        self.at += everywhere
        pattern = "".join(part for part, _ in self.until("/", raw=True))
        text = "".join(part for part, _ in self.until("}"))
        return re.sub(_regular(pattern), lambda matched: text, value, count=0 if everywhere else 1)


def _chosen(name: str, value: str | None, word: str, sign: str, with_colon: bool) -> str:
    """What `-`, `+` and `?` make of a variable that is set or not."""
    is_there = value is not None and not (with_colon and not value)
    if sign == "+":
        return word if is_there else ""
    if is_there:
        return value or ""
    if sign == "-":
        return word
    raise ValueError(f"{name}: {word or ('is not allowed to be unset' if value is None else 'is not allowed to be empty')}")


def _trimmed(value: str, pattern: str, sign: str) -> str:
    """Without the shortest, or with a doubled sign the longest, beginning or end that a pattern matches."""
    longest = pattern.startswith(sign)
    compiled = re.compile(_regular(pattern[longest:]), re.DOTALL)
    cuts = range(len(value) + 1)
    if sign == "#":
        fitting = [cut for cut in cuts if compiled.fullmatch(value[:cut])]
        return value[(max if longest else min)(fitting):] if fitting else value
    fitting = [cut for cut in cuts if compiled.fullmatch(value[cut:])]
    return value[: (min if longest else max)(fitting)] if fitting else value


def _regular(pattern: str) -> str:
    """A pattern with `*` and `?` as a regular expression."""
    found = ""
    letters = iter(pattern)
    for letter in letters:
        if letter == "\\":
            found += re.escape(next(letters, "\\"))
        else:
            found += {"*": ".*", "?": "."}.get(letter, re.escape(letter))
    return found
