"""`sh`: a script from `-c`, from a file, from a pipe, or line by line from a terminal."""

from __future__ import annotations

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Exit, Process, Program
from cutaway.models.docker.shell.interpreter import SYNTAX, Interpreter
from cutaway.sim.clock import Process as Steps


def shell(programs: dict[str, Program]) -> Program:
    """The program, which finds others in `programs`."""
    def sh(process: Process, argv: tuple[str, ...]) -> Steps:
        rest, script, options, name = list(argv[1:]), None, set(), argv[0].lstrip("-")
        while rest and rest[0].startswith("-") and rest[0] != "-":
            flags = rest.pop(0)
            options |= set(flags[1:])
            if "c" in flags:
                if not rest:
                    yield from process.complain(f"{name}: -c requires an argument")
                    return SYNTAX
                script = rest.pop(0)
                break
        interpreter = Interpreter(process, programs, name)
        interpreter.options = options & {"e", "x"}
        try:
            code = yield from _all_of(interpreter, script, rest)
        except Exit as end:
            code = end.code
        return (yield from interpreter.leave(code))
    return sh


def _all_of(interpreter: Interpreter, script: str | None, rest: list[str]) -> Steps:
    """From wherever its script comes."""
    if script is not None:
        interpreter.name, interpreter.arguments = (rest[0] if rest else interpreter.name), rest[1:]
        return (yield from interpreter.run(script))
    if rest and rest[0] != "-":
        interpreter.name, interpreter.arguments = rest[0], rest[1:]
        return (yield from _file(interpreter, rest[0]))
    if interpreter.process.files.terminal is not None:
        return (yield from _interactive(interpreter))
    return (yield from _piped(interpreter))


def _file(interpreter: Interpreter, path: str) -> Steps:
    process = interpreter.process
    try:
        script = process.space.view.read(path, process.cwd)
    except OSError as error:
        yield from process.complain(f"sh: can't open '{path}': {error.strerror}")
        return 2
    return (yield from interpreter.run(script.decode(errors="replace")))


def _piped(interpreter: Interpreter) -> Steps:
    """Line by line, as a shell reads a script from a pipe."""
    waiting = b""
    while True:
        taken = yield from interpreter.process.read()
        waiting += taken
        *lines, waiting = waiting.split(b"\n") if taken else (waiting, b"")
        for line in lines:
            yield from interpreter.run(line.decode(errors="replace"))
        if not taken:
            return interpreter.status


def _interactive(interpreter: Interpreter) -> Steps:
    process = interpreter.process
    interrupted: list[bool] = []
    process.handlers[signals.INT] = lambda: interrupted.append(True)
    process.handlers[signals.TERM] = lambda: None
    waiting = b""
    yield from _prompt(process)
    while True:
        taken = yield from process.read()
        if not taken:
            yield from process.write("\n")
            return interpreter.status
        waiting += taken
        *lines, waiting = waiting.split(b"\n")
        for line in lines:
            try:
                yield from interpreter.run(line.decode(errors="replace"))
            except Exit as end:
                return end.code
            yield from _prompt(process)


def _prompt(process: Process) -> Steps:
    home = process.environment.get("HOME", "/root")
    place = "~" if process.cwd == home else process.cwd
    mark = "#" if process.identity.uid == 0 else "$"
    if process.space.view.exists("/bin/busybox"):
        yield from process.write(f"{place} {mark} ")
    elif process.name.lstrip("-") == "bash":
        yield from process.write(f"{process.identity.name}@{process.space.hostname}:{place}{mark} ")
    else:
        yield from process.write(f"{mark} ")
