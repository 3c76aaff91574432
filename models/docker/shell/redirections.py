"""Redirections of a command: the files that it has instead of its shell's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from cutaway.models.docker.processes.process import Files
from cutaway.models.docker.processes.streams import Bytes, Empty, FileWriter, Nowhere, Writer
from cutaway.models.docker.shell.grammar import parsed
from cutaway.models.docker.shell.words import text
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

    from cutaway.models.docker.shell.interpreter import Interpreter


def files_of(shell: Interpreter, nodes: Sequence[Syntax]) -> Steps:
    """What a command has open after them. Raises OSError, ShellError."""
    files = shell.process.files
    for node in nodes:
        if node.type == "heredoc_redirect":
            body = next((child for child in node.named_children if child.type == "heredoc_body"), None)
            files = replace(files, stdin=Bytes((yield from _heredoc(shell, body)).encode()))
        elif node.type == "herestring_redirect":
            files = replace(files, stdin=Bytes(((yield from text(shell, node.named_children[-1])) + "\n").encode()))
        else:
            files = yield from _file_redirect(shell, node, files)
    return files


def _heredoc(shell: Interpreter, body: Syntax | None) -> Steps:
    if body is None:
        return ""
    found, at, source = "", body.start_byte, body.text or b""
    for child in body.named_children:
        found += source[at - body.start_byte : child.start_byte - body.start_byte].decode(errors="replace")
        if child.type == "heredoc_content":
            found += (child.text or b"").decode(errors="replace")
        elif (child.text or b"").startswith(b"$(("):      # the grammar takes it for a subshell here
            found += yield from text(shell, parsed(f": {(child.text or b'').decode()}").named_children[0].named_children[-1])
        else:
            found += yield from text(shell, child)
        at = child.end_byte
    return found + source[at - body.start_byte :].decode(errors="replace")


def _file_redirect(shell: Interpreter, node: Syntax, files: Files) -> Steps:
    number, operator, target = None, "", ""
    for child in node.children:
        if child.type == "file_descriptor":
            number = int(child.text or b"1")
        elif not child.is_named and not operator:
            operator = child.type
        else:
            target = yield from text(shell, child)
    view, cwd = shell.process.space.view, shell.process.cwd
    if operator in (">&", "<&") and target.isdigit():
        return _with(files, 1 if number is None else number, _writer(files, int(target)))
    if operator == "<":
        return replace(files, stdin=Empty() if target == "/dev/null" else Bytes(view.read(target, cwd)))
    writer: Writer
    if target in ("/dev/stdout", "/dev/stderr"):
        writer = _writer(files, 1 if target.endswith("out") else 2)
    elif target == "/dev/null":
        writer = Nowhere()
    else:
        owner = (shell.process.identity.uid, shell.process.identity.gid)
        view.write(target, b"", cwd, append=operator in (">>", "&>>"), now_ns=shell.process.space.now_ns, owner=owner)
        writer = FileWriter(view, view.resolve(target, cwd), lambda: shell.process.space.now_ns)
    if operator.startswith("&"):
        return replace(files, stdout=writer, stderr=writer)
    return _with(files, 1 if number is None else number, writer)


def _writer(files: Files, number: int) -> Writer:
    return files.stderr if number == 2 else files.stdout


def _with(files: Files, number: int, writer: Writer) -> Files:
    return replace(files, stderr=writer) if number == 2 else replace(files, stdout=writer)

