"""`true`, `false`, `test`."""

from __future__ import annotations

from cutaway.models.docker.filesystem.nodes import Directory, File, Link, Made, size_of
from cutaway.models.docker.processes.process import Process
from cutaway.sim.clock import Process as Steps

_COMPARED = {
    "-eq": lambda a, b: a == b, "-ne": lambda a, b: a != b, "-lt": lambda a, b: a < b, "-le": lambda a, b: a <= b, "-gt": lambda a,
    b: a > b,
    "-ge": lambda a, b: a >= b,
}  # fmt: skip


def true(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from ()
    return 0


def false(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from ()
    return 1


class _WrongError(Exception):
    pass


def test(process: Process, argv: tuple[str, ...]) -> Steps:
    """`test` and `[`."""
    words = list(argv[1:])
    if argv[0].endswith("[") and words and words[-1] == "]":
        words.pop()
    try:
        return int(not _either(process, words))
    except _WrongError as error:
        yield from process.complain(f"{argv[0]}: {error}")
        return 2


def _either(process: Process, words: list[str]) -> bool:
    for operator, together in (("-o", any), ("-a", all)):
        if operator in words[1:-1]:
            at = words.index(operator, 1)
            return together([_either(process, words[:at]), _either(process, words[at + 1 :])])
    return _one(process, words)


def _one(process: Process, words: list[str]) -> bool:
    match words:
        case []:
            return False
        case ["!", *rest]:
            return not _one(process, rest)
        case ["(", *rest, ")"]:
            return _either(process, rest)
        case [word]:
            return bool(word)
        case [operator, word]:
            return _about(process, operator, word)
        case [left, "=" | "==", right]:
            return left == right
        case [left, "!=", right]:
            return left != right
        case [left, operator, right] if operator in _COMPARED:
            return bool(_COMPARED[operator](_number(left), _number(right)))
    raise _WrongError(f"{words[1] if len(words) > 1 else words[0]}: unknown operand")


def _number(word: str) -> int:
    try:
        return int(word)
    except ValueError:
        raise _WrongError(f"{word}: bad number") from None


def _about(process: Process, operator: str, word: str) -> bool:
    if operator in ("-n", "-z"):
        return bool(word) == (operator == "-n")
    if operator in ("-t",):
        return process.files.terminal is not None
    try:
        node = process.space.view.node(word, process.cwd, follow=operator not in ("-h", "-L"))
    except OSError:
        return False
    match operator:
        case "-e":
            return True
        case "-f":
            return isinstance(node, File | Made)
        case "-d":
            return isinstance(node, Directory)
        case "-h" | "-L":
            return isinstance(node, Link)
        case "-s":
            return size_of(node) > 0
        case "-x":
            return bool(node.at.mode & 0o111)
        case "-r" | "-w":
            return True
    raise _WrongError(f"{operator}: unknown operand")
