"""What stands behind `<<EOF` on its line, as in `cat <<EOF | grep a && echo found`: the grammar puts it inside of the here-document."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax


@dataclass
class Tail:
    """The rest of the line."""

    redirections: list[Syntax] = field(default_factory=list)
    stages: list[Syntax] = field(default_factory=list)
    """That the command's output is piped through."""
    rest: list[tuple[str, Syntax]] = field(default_factory=list)
    """`&&` or `||`, and what comes then."""


def tail_of(heredoc: Syntax) -> Tail:
    """Of a here-document's node."""
    found, operator = Tail(), ""
    for child in heredoc.children:
        if child.type in ("file_redirect", "herestring_redirect"):
            found.redirections.append(child)
        elif child.type in ("&&", "||"):
            operator = child.type
        elif child.type == "pipeline" and not operator:
            found.stages, found.rest = _piped(child)
        elif operator and child.is_named and not child.type.startswith("heredoc"):
            (_, first), *others = _listed(child)
            found.rest += [(operator, first), *others]
            operator = ""
    return found


def _piped(node: Syntax) -> tuple[list[Syntax], list[tuple[str, Syntax]]]:
    """Stages of a pipeline, and what follows its last, which the grammar takes for a part of it."""
    if node.type == "pipeline":
        stages: list[Syntax] = []
        rest: list[tuple[str, Syntax]] = []
        for child in node.named_children:
            more, rest = _piped(child)
            stages += more
        return stages, rest
    (_, first), *others = _listed(node)
    stages, rest = _piped(first) if first.type == "pipeline" else ([first], [])
    return stages, [*rest, *others]


def _listed(node: Syntax) -> list[tuple[str, Syntax]]:
    """`a && b || c` in its order; the first has no operator."""
    if node.type != "list":
        return [("", node)]
    return [*_listed(node.children[0]), (node.children[1].type, node.children[-1])]
