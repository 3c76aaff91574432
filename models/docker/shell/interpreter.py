"""Runs scripts: commands, pipes, lists, variables; `flow` has conditions, loops and functions, `redirections` the files of a command.

Not modelled: job control, `select`, coprocesses. A construct that is not here says so and ends the script with 2.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from signal import strsignal
from typing import TYPE_CHECKING, Any

from cutaway.models.docker.processes import exec as execs
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import SMALL_BYTES, Exit, Files, Process, Program
from cutaway.models.docker.processes.streams import Collected, Empty, Pipe
from cutaway.models.docker.shell.flow import FLOW, Returned
from cutaway.models.docker.shell.grammar import parsed
from cutaway.models.docker.shell.heredocs import Tail, tail_of
from cutaway.models.docker.shell.redirections import files_of
from cutaway.models.docker.shell.words import ShellError, fields, text
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

COMMAND_NS = 1_000
"""CPU time of a shell for a command of its own; of the order that dash needs for a loop of `:`, assumed 0.3 to 3 us."""
UNTOLD = (signals.INT, signals.PIPE)
"""Signals of which a shell says nothing when a command ends by them."""
NOT_FOUND, NOT_EXECUTABLE, SYNTAX = 127, 126, 2
ENDS_SCRIPT = ("command", "pipeline", "redirected_statement", "subshell", "variable_assignment")
"""What ends a script by its failure after `set -e`."""
MOST_BYTES = 32 << 20
"""Of all variables of a shell: they are really held."""
WORDS = ("word", "string", "raw_string", "ansi_c_string", "translated_string", "concatenation", "simple_expansion", "expansion",
         "command_substitution", "arithmetic_expansion", "number", "extglob_pattern", "regex", "variable_name")  # fmt: skip


class Interpreter:
    """One shell, in one process."""

    def __init__(self, process: Process, programs: dict[str, Program], name: str = "sh", arguments: Sequence[str] = ()) -> None:
        self.process = process
        self.programs = programs
        self.name = name
        self.arguments = list(arguments)
        self.variables: dict[str, str] = {}
        """Those that are not exported; the others are the process' environment."""
        self.functions: dict[str, Syntax] = {}
        self.status = 0
        self.options: set[str] = set()
        self.background: list[Process] = []
        self.pending: list[str] = []
        """Scripts of traps whose signals have come."""
        self.at_exit = ""
        """The script of `trap ... EXIT`."""
        self.hidden: list[dict[str, tuple[str | None, str | None]]] = []
        """By function that is running: what its local variables hide, as variables and in the environment."""
        self.substituted = 0
        """What the last command substitution of an assignment ended with."""
        self.last: Syntax | None = None
        """A command after which nothing comes."""
        self.held = 0
        """Bytes of variables."""

    # --- variables ---

    def value(self, name: str) -> str:
        match name:
            case "?":
                return str(self.status)
            case "$":
                return str(self.process.inner_pid)
            case "!":
                return str(self.background[-1].inner_pid) if self.background else ""
            case "#":
                return str(len(self.arguments))
            case "@" | "*":
                return " ".join(self.arguments)
            case "0":
                return self.name
            case "PWD":
                return self.process.cwd
        if name.isdigit():
            return self.arguments[int(name) - 1] if 0 < int(name) <= len(self.arguments) else ""
        return self.variables.get(name, self.process.environment.get(name, ""))

    def is_set(self, name: str) -> bool:
        return name in self.variables or name in self.process.environment or (name.isdigit() and 0 < int(name) <= len(self.arguments))

    def assign(self, name: str, value: str) -> None:
        """Raises ShellError, Killed."""
        where = self.process.environment if name in self.process.environment else self.variables
        more = len(value) - len(where.get(name, ""))
        self.held += more
        self.process.hold(self.process.resident + more)
        if self.held > MOST_BYTES:
            raise ShellError(f"{name}: variables of more than {MOST_BYTES >> 20} MiB are not simulated")
        where[name] = value

    # --- running ---

    def run(self, script: str) -> Steps:
        """A script; its exit code. Raises Exit, Killed."""
        try:
            root = parsed(script)
            for node in root.named_children:
                yield from self.execute(node)
        except ShellError as error:
            yield from self.process.complain(f"{self.name}: {error}")
            self.status = SYNTAX
        except Returned as returned:
            self.status = returned.count if returned.kind == "return" else self.status
        return self.status

    def leave(self, code: int) -> Steps:
        """It ends, by its last command or `exit`: first it does what it was told to do then. The exit code. Raises Exit, Killed."""
        script, self.at_exit, self.status = self.at_exit, "", code
        if script:
            yield from self.run(script)
        return code

    def execute(self, node: Syntax) -> Steps:
        """One statement; its exit code, which is `$?` afterwards. Raises ShellError, Returned, Exit, Killed."""
        yield from self._trapped()
        if node.next_sibling is not None and node.next_sibling.type == "&" and (node.parent is None or node.parent.type != "list"):
            files = replace(self.process.files, stdin=Empty())
            self.background.append(self._fork(lambda shell: shell._last(node), files))
            self.status = 0
            return 0
        return (yield from self._now(node))

    def _last(self, node: Syntax) -> Steps:
        """The only command of a forked shell: a program takes its place."""
        self.last = node
        return (yield from self._now(node))

    def _now(self, node: Syntax) -> Steps:
        """The same in the foreground, whatever stands behind it."""
        runs = FLOW.get(node.type) or getattr(Interpreter, f"_do_{node.type}", None)
        if runs is None:
            raise ShellError(f"syntax error: {node.type.replace('_', ' ')} is not simulated")
        self.status = yield from runs(self, node)
        if self.status and "e" in self.options and node.type in ENDS_SCRIPT:
            raise Exit(self.status)
        return self.status

    def all_of(self, nodes: Sequence[Syntax]) -> Steps:
        for node in nodes:
            if node.type != "comment":
                yield from self.execute(node)
        return self.status

    def _trapped(self) -> Steps:
        while self.pending:
            status = self.status
            yield from self.run(self.pending.pop(0))
            self.status = status

    def _do_list(self, node: Syntax) -> Steps:
        """`a && b`, `a || b`."""
        return (yield from self._list(node, lambda: self.execute(node.children[-1])))

    def _list(self, node: Syntax, last: Callable[[], Steps]) -> Steps:
        """A list whose last command is run in another way than as it stands."""
        left, operator = node.children[0], node.children[1].type
        kept, self.options = self.options, self.options - {"e"}
        status = yield from self.execute(left)
        self.options = kept
        if (operator == "&&") == (status == 0):
            status = yield from last()
        return status

    def _do_subshell(self, node: Syntax) -> Steps:
        child = self._fork(lambda shell: shell.all_of(node.named_children), self.process.files)
        return (yield from self._wait_for(child))

    def _do_pipeline(self, node: Syntax) -> Steps:
        first, *rest = node.named_children
        stages: list[Callable[[Interpreter], Steps]] = [partial(Interpreter._last, node=stage) for stage in rest]
        if first.type == "redirected_statement" and (body := first.named_children[0]).type == "list":
            # Of `a && b 2>x | c` the grammar gives the pipe the whole list; it is b's.
            ends = [lambda shell: shell.redirected(body.children[-1], first.named_children[1:]), *stages]
            return (yield from self._list(body, lambda: self._piped(ends)))
        return (yield from self._piped([lambda shell: shell._last(first), *stages]))

    def _piped(self, stages: Sequence[Callable[[Interpreter], Steps]]) -> Steps:
        files, children = self.process.files, []
        for k, stage in enumerate(stages):
            pipe = Pipe(self.process.clock) if k < len(stages) - 1 else None
            here = replace(files, stdout=pipe) if pipe else replace(files, stdout=self.process.files.stdout)
            children.append(self._fork(stage, here))
            if pipe:
                files = replace(self.process.files, stdin=pipe)
        for child in children:
            yield from self._wait_for(child)
        return children[-1].code or 0

    def _do_variable_assignment(self, node: Syntax) -> Steps:
        self.substituted = 0
        name, value = yield from self._assignment(node)
        self.assign(name, value)
        return self.substituted

    def _do_variable_assignments(self, node: Syntax) -> Steps:
        return (yield from self.all_of(node.named_children))

    def _do_declaration_command(self, node: Syntax) -> Steps:
        """`export`, `readonly`, `local`."""
        for child in node.named_children:
            if child.type == "variable_assignment":
                name, value = yield from self._assignment(child)
            else:
                name = yield from text(self, child)
                value = self.value(name)
            if node.children[0].type == "local" and self.hidden:
                self.hidden[-1].setdefault(name, (self.variables.get(name), self.process.environment.get(name)))
            if node.children[0].type == "export":
                self.variables.pop(name, None)
                self.process.environment[name] = value
            else:
                self.assign(name, value)
        return 0

    def _do_unset_command(self, node: Syntax) -> Steps:
        for child in node.named_children:
            name = yield from text(self, child)
            self.variables.pop(name, None)
            self.process.environment.pop(name, None)
        return 0

    def _assignment(self, node: Syntax) -> Steps:
        name = (node.named_children[0].text or b"").decode()
        value = (yield from text(self, node.named_children[1])) if len(node.named_children) > 1 else ""
        if b"+=" in (node.text or b"")[: len(name) + 2]:
            value = self.value(name) + value
        return name, value

    def _do_test_command(self, node: Syntax) -> Steps:
        return (yield from self._command(["test", *(yield from self._leaves_of(node))], {}, self.process.files))

    def _leaves_of(self, node: Syntax) -> Steps:
        found: list[str] = []
        for child in node.children:
            if child.type in WORDS:
                found.append((yield from text(self, child)))
            elif child.child_count:
                found += yield from self._leaves_of(child)
            elif child.type not in ("[", "]", "[[", "]]"):
                found.append((child.text or b"").decode())
        return found

    # --- commands ---

    def _do_command(self, node: Syntax) -> Steps:
        environment, argv, redirections = {}, [], []
        for child in node.children:
            if child.type == "variable_assignment":
                name, value = yield from self._assignment(child)
                environment[name] = value
            elif child.type.endswith("_redirect"):
                redirections.append(child)
            elif child.type == "command_name" or child.type in WORDS or child.is_named:
                argv += yield from fields(self, child)
            elif child.text not in (b"\n", b";"):
                argv.append((child.text or b"").decode())
        try:
            files = yield from files_of(self, redirections)
        except OSError as error:
            yield from self.process.complain(f"{self.name}: can't open {error.filename}: {error.strerror}")
            return 1
        if not argv:
            for name, value in environment.items():
                self.assign(name, value)
            return self.status if node.named_children and not environment else 0
        return (yield from self._command(argv, environment, files, replaces=node is self.last))

    def _do_redirected_statement(self, node: Syntax) -> Steps:
        body, *redirections = node.named_children
        return (yield from self.redirected(body, redirections))

    def redirected(self, body: Syntax, redirections: Sequence[Syntax]) -> Steps:
        """A command with its files; of a list it is the last one's, though the grammar gives them all of it."""
        tail = tail_of(redirections[-1]) if redirections and redirections[-1].type == "heredoc_redirect" else Tail()
        whole = [*redirections, *tail.redirections]
        kept = self.options
        self.options = self.options - {"e"} if tail.rest else self.options
        if body.type == "list":
            status = yield from self._list(body, lambda: self._through(tail, body.children[-1], whole))
        else:
            status = yield from self._through(tail, body, whole)
        self.options = kept
        for operator, node in tail.rest:
            if (operator == "&&") == (status == 0):
                status = yield from self.execute(node)
        return status

    def _through(self, tail: Tail, body: Syntax, redirections: Sequence[Syntax]) -> Steps:
        """A command with its files, and the stages that stand behind its here-document."""
        if not tail.stages:
            return (yield from self._with_files(body, redirections))
        stages = [partial(Interpreter.execute, node=stage) for stage in tail.stages]
        return (yield from self._piped([lambda shell: shell._with_files(body, redirections), *stages]))

    def _with_files(self, body: Syntax, redirections: Sequence[Syntax]) -> Steps:
        try:
            files = yield from files_of(self, redirections)
        except OSError as error:
            yield from self.process.complain(f"{self.name}: can't open {error.filename}: {error.strerror}")
            return 1
        if body.type in ("pipeline", "subshell"):
            child = self._fork(lambda shell: shell.execute(body), files)
            return (yield from self._wait_for(child))
        kept, self.process.files = self.process.files, files
        try:
            return (yield from self.execute(body))
        finally:
            self.process.files = kept

    def _command(self, argv: list[str], environment: dict[str, str], files: Files, *, replaces: bool = False) -> Steps:
        from cutaway.models.docker.shell.builtins import BUILTINS

        yield from self.process.compute(COMMAND_NS)
        name = argv[0]
        if name in self.functions:
            return (yield from self._call(name, argv[1:], files))
        if name in BUILTINS:
            kept, self.process.files = self.process.files, files
            try:
                return (yield from BUILTINS[name](self, argv))
            finally:
                self.process.files = kept
        try:
            path = execs.found(self.process.space.view, name, self.process.cwd, {**self.process.environment, **environment})
            if replaces:
                self.process.environment |= environment
                self.process.files = files
                return (yield from self.exec(path, argv))
            child = self.start(path, argv, {**self.process.environment, **environment}, files)
        except OSError as error:
            return (yield from self._cannot(name, error, files))
        code = yield from self._wait_for(child)
        if child.ended_by and child.ended_by not in UNTOLD:
            yield from files.stderr.write(f"{strsignal(child.ended_by)}\n".encode())
        return code

    def _cannot(self, name: str, error: OSError, files: Files) -> Steps:
        missing, unknown = isinstance(error, FileNotFoundError), error.errno == errno.ENOEXEC
        said = "not found: it is not simulated" if missing and "/" not in name else "is not simulated" if unknown else error.strerror
        yield from files.stderr.write(f"{self.name}: {name}: {said}\n".encode())
        return NOT_FOUND if missing or unknown else NOT_EXECUTABLE

    def _call(self, name: str, arguments: list[str], files: Files) -> Steps:
        kept, self.arguments = self.arguments, arguments
        files, self.process.files = self.process.files, files
        self.hidden.append({})
        try:
            return (yield from self.execute(self.functions[name]))
        except Returned as returned:
            if returned.kind != "return":
                raise
            return returned.count
        finally:
            self.arguments, self.process.files = kept, files
            for hidden, values in self.hidden.pop().items():
                for where, value in zip((self.variables, self.process.environment), values, strict=True):
                    where.pop(hidden, None)
                    if value is not None:
                        where[hidden] = value

    def start(self, path: str, argv: Sequence[str], environment: dict[str, str], files: Files) -> Process:
        """A child that runs a program. Raises OSError."""
        program, arguments = execs.loaded(self.process.space.view, path, argv, self.programs)
        return self.process.space.spawn(program, arguments, environment, self.process.cwd, self.process.identity, files, self.process)

    def exec(self, path: str, argv: Sequence[str]) -> Steps:
        """A program takes the shell's place. Raises OSError."""
        program, arguments = execs.loaded(self.process.space.view, path, argv, self.programs)
        self.process.argv = tuple(arguments)
        self.process.handlers.clear()
        self.at_exit = ""
        self.process.hold(SMALL_BYTES)
        return (yield from program(self.process, self.process.argv)) or 0

    def _fork(self, body: Any, files: Files) -> Process:
        """A shell like this one in a process of its own; it closes the pipe that it writes to when it ends."""
        def program(process: Process, argv: tuple[str, ...]) -> Steps:
            shell = Interpreter(process, self.programs, self.name, self.arguments)
            shell.variables, shell.functions, shell.status = dict(self.variables), dict(self.functions), self.status
            shell.options = set(self.options)
            try:
                return (yield from body(shell))
            except ShellError as error:
                yield from process.complain(f"{self.name}: {error}")
                return SYNTAX
            finally:
                if isinstance(files.stdout, Pipe):
                    files.stdout.close()
                if isinstance(files.stdin, Pipe):
                    files.stdin.leave()
        this = self.process
        try:
            return this.space.spawn(program, this.argv, this.environment, this.cwd, this.identity, files, this)
        except OSError as error:
            raise ShellError(f"can't fork: {error.strerror}") from None

    def _wait_for(self, child: Process) -> Steps:
        if child.code is None:
            yield from self.process.wait(child.ended)
        assert child.code is not None
        return child.code

    def substitute(self, node: Syntax) -> Steps:
        """`$(...)`: what the commands print, without the last line ends."""
        into = Collected()
        child = self._fork(lambda shell: shell.all_of(node.named_children), replace(self.process.files, stdout=into))
        self.status = self.substituted = yield from self._wait_for(child)
        return into.content.decode(errors="replace").rstrip("\n")
