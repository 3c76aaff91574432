"""What the words of a script become: variables, command substitution, arithmetic, patterns for files.

Not modelled: arrays, brace expansion, history, `$'..'` beyond the plain escapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cutaway.models.docker.filesystem.tree import join
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

    from cutaway.models.docker.shell.interpreter import Interpreter


class ShellError(Exception):
    """A script that the shell cannot go on with: one line."""


@dataclass(frozen=True)
class Piece:
    """A part of a word."""

    text: str
    quoted: bool
    """Nothing in it is split or is a pattern."""


def fields(shell: Interpreter, node: Syntax) -> Steps:
    """The fields that a word becomes: none, one or several."""
    if node.type in ("simple_expansion", "expansion") and _name_of(node) == "@":
        return list(shell.arguments)
    pieces = yield from _pieces(shell, node, quoted=False)
    if node.type == "string" and len(node.named_children) == 1 and _name_of(node.named_children[0]) == "@":
        return list(shell.arguments)
    found = []
    for field in _split(pieces):
        found += _files(shell, field)
    return found


def text(shell: Interpreter, node: Syntax) -> Steps:
    """The one text that a word becomes where it is not split, as after `=` and in redirections."""
    pieces = yield from _pieces(shell, node, quoted=True)
    return "".join(piece.text for piece in pieces)


def _name_of(node: Syntax) -> str:
    named = node.named_children
    return _source(named[0]) if named else ""


def _source(node: Syntax) -> str:
    return (node.text or b"").decode(errors="replace")


def _pieces(shell: Interpreter, node: Syntax, *, quoted: bool) -> Steps:
    match node.type:
        case "word" | "extglob_pattern" | "regex" | "number" | "variable_name" | "test_operator" | "file_descriptor":
            return _escaped(_source(node), quoted=quoted)
        case "raw_string":
            return [Piece(_source(node)[1:-1], True)]
        case "ansi_c_string":
            return [Piece(_source(node)[2:-1].encode().decode("unicode_escape"), True)]
        case "string" | "translated_string":
            return (yield from _string(shell, node))
        case "concatenation" | "command_name":
            found = []
            for child in node.children:
                found += yield from _pieces(shell, child, quoted=quoted)
            return found
        case "simple_expansion":
            return [Piece(shell.value(_name_of(node)), quoted)]
        case "expansion":
            return [Piece((yield from _expansion(shell, node)), quoted)]
        case "command_substitution":
            return [Piece((yield from shell.substitute(node)), quoted)]
        case "arithmetic_expansion":
            return [Piece(str((yield from _arithmetic(shell, node))), quoted)]
        case "heredoc_content" | "string_content":
            return [Piece(_source(node), True)]
        case _ if node.child_count == 0:
            return _escaped(_source(node), quoted=quoted)
    raise ShellError(f"syntax error: {_source(node)!r} is not simulated")


def _escaped(source: str, *, quoted: bool) -> list[Piece]:
    """An unquoted word: a backslash quotes the next character."""
    found = [Piece(part[1:], True) if part.startswith("\\") else Piece(part, quoted) for part in re.findall(r"\\.|[^\\]+", source,
                                                                                                            re.DOTALL)]
    if found and not found[0].quoted and re.match(r"~(/|$)", found[0].text):
        found[0] = Piece("/root" + found[0].text[1:], False)
    return found


def _string(shell: Interpreter, node: Syntax) -> Steps:
    """What is in double quotes. The blanks between its parts are in no node of the tree, so they come from the source."""
    source, at, found = node.text or b"", node.start_byte + 1, [Piece("", True)]
    for child in node.named_children:
        if child.start_byte > at:
            found.append(_in_quotes(source[at - node.start_byte : child.start_byte - node.start_byte].decode(errors="replace")))
        if child.type == "string_content":
            found.append(_in_quotes(_source(child)))
        else:
            found += yield from _pieces(shell, child, quoted=True)
        at = child.end_byte
    if (end := node.end_byte - 1) > at:
        found.append(_in_quotes(source[at - node.start_byte : end - node.start_byte].decode(errors="replace")))
    return found


def _in_quotes(source: str) -> Piece:
    return Piece(re.sub(r'\\([$`"\\])', r"\1", source.replace("\\\n", "")), True)


def _expansion(shell: Interpreter, node: Syntax) -> Steps:
    """`${...}`."""
    source = _source(node)[2:-1]
    if source.startswith("#"):
        return str(len(shell.value(source[1:])))
    matched = re.match(r"([A-Za-z_0-9@*#?$!-]+?)(:?[-+=?]|##?|%%?|$)", source)
    if matched is None:
        raise ShellError(f"{_source(node)}: bad substitution")
    name, operator = matched[1], matched[2]
    value, is_set = shell.value(name), shell.is_set(name)
    there = bool(value) if operator.startswith(":") else is_set
    word = ""
    for child in node.named_children[1:]:
        word += yield from text(shell, child)
    match operator.lstrip(":"):
        case "-":
            return value if there else word
        case "=":
            if not there:
                shell.assign(name, word)
            return value if there else word
        case "+":
            return word if there else ""
        case "?":
            if not there:
                raise ShellError(f"{name}: {word or 'parameter not set'}")
            return value
        case "#" | "##" | "%" | "%%":
            return _trimmed(value, word, operator)
    return value


def _trimmed(value: str, pattern: str, operator: str) -> str:
    ends = [value[:k] for k in range(len(value) + 1)] if operator[0] == "#" else [value[k:] for k in range(len(value), -1, -1)]
    matching = [end for end in ends if fnmatchcase(end, pattern)]
    if not matching:
        return value
    cut = len(matching[-1] if len(operator) == 2 else matching[0])
    return value[cut:] if operator[0] == "#" else value[: len(value) - cut]


def _split(pieces: list[Piece]) -> list[list[Piece]]:
    """Fields: what is not quoted is split at blanks."""
    found: list[list[Piece]] = []
    current: list[Piece] | None = None
    for piece in pieces:
        if piece.quoted:
            current = [*(current or []), piece]
            continue
        for part in re.findall(r"\s+|\S+", piece.text):
            if part.isspace():
                if current is not None:
                    found.append(current)
                current = None
            else:
                current = [*(current or []), Piece(part, False)]
    return [*found, current] if current is not None else found


def _files(shell: Interpreter, field: list[Piece]) -> list[str]:
    """The files that a pattern matches, or the field as it stands."""
    plain = "".join(piece.text for piece in field)
    if not any(not piece.quoted and re.search(r"[*?\[]", piece.text) for piece in field):
        return [plain]
    pattern = "".join(re.sub(r"([*?\[])", r"[\1]", piece.text) if piece.quoted else piece.text for piece in field)
    view, cwd = shell.process.space.view, shell.process.cwd
    found = ["/" if pattern.startswith("/") else ""]
    for part in pattern.strip("/").split("/"):
        found = [
            (join(folder, name) if folder else name)
            for folder in found if view.is_directory(folder or ".", cwd)
            for name in view.list(folder or ".", cwd) if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith("."))
        ]  # fmt: skip
    return sorted(found) or [plain]


# --- arithmetic ------------------------------------------------------------------------------------------------------------------------

_OPERATORS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "<": lambda a, b: int(a < b), ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b), ">=": lambda a, b: int(a >= b), "==": lambda a, b: int(a == b), "!=": lambda a, b: int(a != b),
    "&": lambda a, b: a & b, "|": lambda a, b: a | b, "^": lambda a, b: a ^ b, "<<": lambda a, b: a << min(b, 63), ">>": lambda a,
    b: a >> min(b, 63),
    "&&": lambda a, b: int(bool(a and b)), "||": lambda a, b: int(bool(a or b)),
}  # fmt: skip


def _arithmetic(shell: Interpreter, node: Syntax) -> Steps:
    match node.type:
        case "arithmetic_expansion" | "parenthesized_expression":
            value = 0
            for child in node.named_children:
                value = yield from _arithmetic(shell, child)
            return value
        case "binary_expression":
            left, operator, right = node.children
            a, b = (yield from _arithmetic(shell, left)), (yield from _arithmetic(shell, right))
            return _signed(_calculated(_source(operator), a, b))
        case "unary_expression":
            value = yield from _arithmetic(shell, node.children[-1])
            return {"-": -value, "!": int(not value), "~": ~value}.get(_source(node.children[0]), value)
        case "ternary_expression":
            asked, yes, no = node.named_children
            return (yield from _arithmetic(shell, yes if (yield from _arithmetic(shell, asked)) else no))
        case _:
            source = _source(node)
            # the grammar takes the 7 of 7%4 for a name
            is_name = node.type in ("variable_name", "word") and not source[:1].isdigit()
            return _number(shell.value(source) if is_name else (yield from text(shell, node)))


def _calculated(operator: str, a: int, b: int) -> int:
    if operator in ("/", "%"):
        if b == 0:
            raise ShellError("arithmetic: division by zero")
        quotient = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
        return quotient if operator == "/" else a - b * quotient
    if operator not in _OPERATORS:
        raise ShellError(f"arithmetic: {operator} is not simulated")
    return _OPERATORS[operator](a, b)


def _signed(value: int) -> int:
    """In 64 bits."""
    return (value + (1 << 63)) % (1 << 64) - (1 << 63)


def _number(found: str) -> int:
    try:
        return _signed(int(found.strip() or "0", 0))
    except ValueError:
        raise ShellError(f"arithmetic syntax error: {found!r}") from None
