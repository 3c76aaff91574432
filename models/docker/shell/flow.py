"""What decides which commands of a script are run, and how often: `if`, `while`, `for`, `case`, functions.

How a command itself is run is the interpreter's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from cutaway.models.docker.processes.process import LONG_NS, PIECE_NS
from cutaway.models.docker.shell.words import fields, text
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

    from cutaway.models.docker.shell.interpreter import Interpreter

CLAUSES = ("elif_clause", "else_clause")


class Returned(Exception):  # noqa: N818
    """`return`, `break` or `continue`, on its way to what it leaves."""

    def __init__(self, kind: str, count: int) -> None:
        super().__init__(kind, count)
        self.kind, self.count = kind, count


def _comment(shell: Interpreter, node: Syntax) -> Steps:
    yield from ()
    return shell.status


def _negated(shell: Interpreter, node: Syntax) -> Steps:
    kept, shell.options = shell.options, shell.options - {"e"}
    status = yield from shell.execute(node.children[-1])
    shell.options = kept
    return int(not status)


def _compound(shell: Interpreter, node: Syntax) -> Steps:
    return (yield from shell.all_of(node.named_children))


def _if(shell: Interpreter, node: Syntax) -> Steps:
    for clause in [node, *(child for child in node.named_children if child.type in CLAUSES)]:
        asked, body = _parts(clause)
        if not asked or (yield from _asked(shell, asked)):
            return (yield from shell.all_of(body))
    return 0


def _while(shell: Interpreter, node: Syntax) -> Steps:
    wanted = node.children[0].type == "while"
    *asked, body = node.named_children
    status = 0
    if wanted and not shell.functions and all(map(_does_nothing, node.named_children)):
        yield from _spin(shell)
    while True:
        if (yield from _asked(shell, asked)) != wanted:
            return status
        try:
            status = yield from shell.execute(body)
        except Returned as returned:
            if _leaves(returned):
                return 0


def _for(shell: Interpreter, node: Syntax) -> Steps:
    name, *rest = node.named_children
    values: list[str] = []
    for child in rest[:-1]:
        values += yield from fields(shell, child)
    for value in values if len(rest) > 1 else list(shell.arguments):
        shell.assign((name.text or b"").decode(), value)
        try:
            yield from shell.execute(rest[-1])
        except Returned as returned:
            if _leaves(returned):
                return 0
    return shell.status


def _case(shell: Interpreter, node: Syntax) -> Steps:
    value = yield from text(shell, node.named_children[0])
    for item in node.named_children[1:]:
        ends = next(k for k, child in enumerate(item.children) if child.type == ")")
        patterns = [child for child in item.children[:ends] if child.is_named]
        for pattern in patterns:
            if fnmatchcase(value, (yield from text(shell, pattern))):
                return (yield from shell.all_of([child for child in item.children[ends + 1 :] if child.is_named]))
    return 0


def _function(shell: Interpreter, node: Syntax) -> Steps:
    name, body = node.named_children[0], node.named_children[-1]
    shell.functions[(name.text or b"").decode()] = body
    yield from ()
    return 0


def _asked(shell: Interpreter, nodes: Sequence[Syntax]) -> Steps:
    """Whether a condition holds, which the last of its commands decides; what fails in it ends no script."""
    kept, shell.options = shell.options, shell.options - {"e"}
    status = yield from shell.all_of(nodes)
    shell.options = kept
    return status == 0


def _spin(shell: Interpreter) -> Steps:
    """A loop of nothing: all that it does is to use CPU time, until a signal ends it or asks for a trap."""
    while not shell.pending:
        yield from shell.process.compute(PIECE_NS if shell.process.handlers else LONG_NS)


def _leaves(returned: Returned) -> bool:
    """Whether a loop ends by it; one that is for a loop around goes on."""
    if returned.kind == "return" or returned.count > 1:
        raise returned if returned.kind == "return" else Returned(returned.kind, returned.count - 1)
    return returned.kind == "break"


def _parts(clause: Syntax) -> tuple[list[Syntax], list[Syntax]]:
    """The condition of an `if` or `elif`, none of an `else`, and what is done then."""
    children = [child for child in clause.children if child.type not in CLAUSES]
    then = next((k for k, child in enumerate(children) if child.type == "then"), 0)
    return [child for child in children[:then] if child.is_named], [child for child in children[then:] if child.is_named]


def _does_nothing(node: Syntax) -> bool:
    """Whether a command has no effect, nor a command in it, and status 0."""
    if node.type == "do_group":
        return all(map(_does_nothing, node.named_children))
    return node.type == "command" and node.text in (b":", b"true")


FLOW: Mapping[str, Callable[[Interpreter, Syntax], Steps]] = {
    "case_statement": _case, "comment": _comment, "compound_statement": _compound, "do_group": _compound, "for_statement": _for,
    "function_definition": _function, "if_statement": _if, "negated_command": _negated, "program": _compound, "while_statement": _while,
}  # fmt: skip
"""By the grammar's name of the node; each gives an exit code. Raises as `Interpreter.execute`."""
