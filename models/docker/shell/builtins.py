"""Commands that a shell does itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.processes import exec as execs
from cutaway.models.docker.processes.process import Exit
from cutaway.models.docker.processes.signals import signal_of
from cutaway.models.docker.programs.conditions import test
from cutaway.models.docker.programs.text import echo, printf
from cutaway.models.docker.shell.flow import Returned
from cutaway.models.docker.shell.interpreter import Interpreter
from cutaway.sim.clock import Process as Steps

Builtin = Callable[[Interpreter, list[str]], Steps]


def _nothing(shell: Interpreter, argv: list[str]) -> Steps:
    yield from ()
    return 0


def _false(shell: Interpreter, argv: list[str]) -> Steps:
    yield from ()
    return 1


def _cd(shell: Interpreter, argv: list[str]) -> Steps:
    to = argv[1] if len(argv) > 1 else shell.value("HOME") or "/root"
    view = shell.process.space.view
    if to == "-":
        to = shell.value("OLDPWD") or shell.process.cwd
    if not view.is_directory(to, shell.process.cwd):
        yield from shell.process.complain(f"{shell.name}: cd: can't cd to {to}: No such file or directory")
        return 2
    shell.assign("OLDPWD", shell.process.cwd)
    shell.process.cwd = view.resolve(to, shell.process.cwd)
    return 0


def _pwd(shell: Interpreter, argv: list[str]) -> Steps:
    yield from shell.process.write(f"{shell.process.cwd}\n")
    return 0


def _exit(shell: Interpreter, argv: list[str]) -> Steps:
    yield from ()
    raise Exit(_count(argv, shell.status))


def _left(kind: str) -> Builtin:
    def leave(shell: Interpreter, argv: list[str]) -> Steps:
        yield from ()
        raise Returned(kind, _count(argv, shell.status if kind == "return" else 1))
    return leave


def _count(argv: list[str], otherwise: int) -> int:
    return int(argv[1]) if len(argv) > 1 and argv[1].isdigit() else otherwise


def _set(shell: Interpreter, argv: list[str]) -> Steps:
    yield from ()
    rest = argv[1:]
    while rest and rest[0][:1] in "+-" and rest[0] not in ("--", "-"):
        letters = rest.pop(0)
        if letters[1:] == "o" and rest:
            rest.pop(0)
        shell.options = shell.options | set(letters[1:]) if letters[0] == "-" else shell.options - set(letters[1:])
    if rest:
        shell.arguments = rest[1:] if rest[0] == "--" else rest
    return 0


def _shift(shell: Interpreter, argv: list[str]) -> Steps:
    yield from ()
    del shell.arguments[: _count(argv, 1)]
    return 0


def _read(shell: Interpreter, argv: list[str]) -> Steps:
    names = [name for name in argv[1:] if not name.startswith("-")] or ["REPLY"]
    line = bytearray()
    while not line.endswith(b"\n"):
        if not (key := (yield from shell.process.read(1))):
            break
        line += key
    words = line.decode(errors="replace").rstrip("\n").split(None, len(names) - 1)
    for k, name in enumerate(names):
        shell.assign(name, words[k].rstrip() if k < len(words) else "")
    return 0 if line.endswith(b"\n") else 1


def _eval(shell: Interpreter, argv: list[str]) -> Steps:
    return (yield from shell.run(" ".join(argv[1:])))


def _source(shell: Interpreter, argv: list[str]) -> Steps:
    try:
        script = shell.process.space.view.read(argv[1], shell.process.cwd)
    except (OSError, IndexError):
        yield from shell.process.complain(f"{shell.name}: .: can't open {' '.join(argv[1:2])!r}")
        return 2
    return (yield from shell.run(script.decode(errors="replace")))


def _exec(shell: Interpreter, argv: list[str]) -> Steps:
    """The program takes the shell's place; here it is run to its end, and the shell ends as it does."""
    if len(argv) == 1:
        return 0
    process = shell.process
    try:
        path = execs.found(process.space.view, argv[1], process.cwd, process.environment)
        raise Exit((yield from shell.exec(path, argv[1:])))
    except OSError as error:
        raise Exit((yield from shell._cannot(argv[1], error, process.files))) from None


def _trap(shell: Interpreter, argv: list[str]) -> Steps:
    yield from ()
    if len(argv) < 3:
        return 0
    for name in argv[2:]:
        if name in ("EXIT", "0"):
            shell.at_exit = "" if argv[1] == "-" else argv[1]
            continue
        try:
            number = signal_of(name)
        except InvalidError:
            yield from shell.process.complain(f"{shell.name}: trap: {name}: invalid signal specification")
            return 1
        if argv[1] == "-":
            shell.process.handlers.pop(number, None)
        else:
            shell.process.handlers[number] = partial(shell.pending.append, argv[1])
    return 0


def _wait(shell: Interpreter, argv: list[str]) -> Steps:
    for child in list(shell.background):
        if child.code is None:
            yield from shell.process.wait(child.ended)
    return 0


def _ulimit(shell: Interpreter, argv: list[str]) -> Steps:
    """`ulimit -n`; other limits are none."""
    if len(argv) > 2 or argv[1:] not in ([], ["-n"], ["-f"]):
        yield from shell.process.complain(f"{shell.name}: ulimit: {' '.join(argv[1:])}: it is not simulated")
        return 127
    limit = shell.process.space.facts.files_limit if argv[1:] == ["-n"] else -1
    yield from shell.process.write(f"{limit if limit >= 0 else 'unlimited'}\n")
    return 0


def _type(shell: Interpreter, argv: list[str]) -> Steps:
    """`type`, and `command -v`."""
    short, names = argv[0] == "command", [name for name in argv[1:] if name != "-v"]
    if short and "-v" not in argv:
        return (yield from shell._command(argv[1:], {}, shell.process.files))
    status = 0
    for name in names:
        if name in BUILTINS:
            yield from shell.process.write(f"{name}\n" if short else f"{name} is a shell builtin\n")
            continue
        try:
            path = execs.found(shell.process.space.view, name, shell.process.cwd, shell.process.environment)
            yield from shell.process.write(f"{path}\n" if short else f"{name} is {path}\n")
        except OSError:
            status = 127
            if not short:
                yield from shell.process.write(f"{name}: not found\n")
    return status


BUILTINS: Mapping[str, Builtin] = {
    ":": _nothing, "true": _nothing, "false": _false, "cd": _cd, "pwd": _pwd, "exit": _exit, "return": _left("return"),
    "break": _left("break"), "continue": _left("continue"), "set": _set, "shift": _shift, "read": _read, "eval": _eval, ".": _source,
    "source": _source, "exec": _exec, "trap": _trap, "wait": _wait, "type": _type, "command": _type, "umask": _nothing, "hash": _nothing,
    "ulimit": _ulimit, "alias": _nothing,
    "echo": lambda shell, argv: echo(shell.process, tuple(argv)),
    "printf": lambda shell, argv: printf(shell.process, tuple(argv)),
    "test": lambda shell, argv: test(shell.process, tuple(argv)),
    "[": lambda shell, argv: test(shell.process, tuple(argv)),
}  # fmt: skip
