"""The grammar of a script: tree-sitter's of bash."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from cutaway.models.docker.shell.words import ShellError

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax


@cache
def _parser() -> Any:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


def parsed(script: str) -> Syntax:
    """Raises ShellError."""
    root: Syntax = _parser().parse(script.encode()).root_node
    if root.has_error:
        wrong = _first_error(root)
        near = (wrong.text or b"").decode(errors="replace").split("\n")[0][:40]
        raise ShellError(f"syntax error: unexpected {near!r}" if near else "syntax error: unexpected end of file")
    return root


def _first_error(node: Syntax) -> Syntax:
    for child in node.children:
        if child.has_error or child.is_missing:
            return _first_error(child)
    return node
