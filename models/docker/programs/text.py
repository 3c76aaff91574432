"""Programs that read and write text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from cutaway.models.docker.processes.memory import PAGE_BYTES, TOUCH_NS
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.streams import Nowhere
from cutaway.models.docker.programs.options import failed, options
from cutaway.sim.clock import Process as Steps

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "e": "\x1b", "0": "\0"}
FOLLOW_NS = 1_000_000_000
"""How often `tail -f` looks, as busybox and coreutils do without inotify."""

HOARD_BYTES = 1 << 20
"""By which what `tail /dev/zero` holds grows."""


def _unescaped(text: str) -> str:
    def one(matched: re.Match[str]) -> str:
        found = matched[1]
        return chr(int(found, 8)) if found.isdigit() and found != "0" else _ESCAPES.get(found[0], f"\\{found}")
    return re.sub(r"\\(0?[0-7]{1,3}|.)", one, text)


def echo(process: Process, argv: tuple[str, ...]) -> Steps:
    words, end, escapes = list(argv[1:]), "\n", False
    while words and re.fullmatch(r"-[neE]+", words[0]):
        flags = words.pop(0)
        end = "" if "n" in flags else end
        escapes = escapes or "e" in flags
    text = " ".join(words)
    yield from process.write((_unescaped(text) if escapes else text) + end)
    return 0


def printf(process: Process, argv: tuple[str, ...]) -> Steps:
    if len(argv) < 2:
        yield from process.complain("usage: printf FORMAT [ARG]...")
        return 1
    words, form = list(argv[2:]), _unescaped(argv[1])
    while True:
        before = len(words)
        yield from process.write(re.sub(r"%(-?0?\d*(?:\.\d+)?)([sdixXoucfb%])", lambda matched: _formatted(matched, words), form))
        if not words or len(words) == before:
            return 0


def _formatted(matched: re.Match[str], words: list[str]) -> str:
    width, kind = matched[1], matched[2]
    if kind == "%":
        return "%"
    word = words.pop(0) if words else ""
    if kind in "sbc":
        return f"%{width}s" % (_unescaped(word) if kind == "b" else word[:1] if kind == "c" else word)
    try:
        return f"%{width}{'d' if kind in 'iu' else kind}" % (float(word or 0) if kind == "f" else int(word or "0", 0))
    except ValueError:
        return "0"


def inputs(process: Process, names: list[str]) -> Steps:
    """The contents of files, or of the standard input for none and for `-`: pairs of name and bytes or the error."""
    found: list[tuple[str, bytes | OSError]] = []
    for name in names or ["-"]:
        if name == "-":
            content = bytearray()
            while data := (yield from process.read()):
                content += data
            found.append((name, bytes(content)))
        else:
            try:
                found.append((name, process.space.view.read(name, process.cwd)))
            except OSError as error:
                found.append((name, error))
    return found


def cat(process: Process, argv: tuple[str, ...]) -> Steps:
    """What arrives at the standard input is passed on at once."""
    _, names = yield from options(process, argv, "nuveA")
    status = 0
    for name in names or ["-"]:
        if name == "-":
            while data := (yield from process.read()):
                yield from process.write(data)
            continue
        try:
            yield from process.write(process.space.view.read(name, process.cwd))
        except OSError as error:
            status = yield from failed(process, error, f"can't open '{name}'" if process.space.view.exists("/bin/busybox") else name)
    return status


def _of_each(process: Process, names: list[str], done: Callable[[str, bytes], Steps]) -> Steps:
    status = 0
    for name, content in (yield from inputs(process, names)):
        if isinstance(content, OSError):
            status = yield from failed(process, content, name)
        else:
            yield from done(name, content)
    return status


def head(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, _numbered(argv), "n:c:q")

    def first(name: str, content: bytes) -> Steps:
        part = content[: int(found["c"])] if "c" in found else b"".join(content.splitlines(keepends=True)[: int(found.get("n", 10))])
        yield from process.write(part)
    return (yield from _of_each(process, names, first))


def _numbered(argv: tuple[str, ...]) -> tuple[str, ...]:
    """`-5` as `-n5`."""
    return tuple(f"-n{word[1:]}" if re.fullmatch(r"-\d+", word) else word for word in argv)


def tail(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, _numbered(argv), "n:c:fFq")
    seen: dict[str, int] = {}
    if "/dev/zero" in names:
        yield from _hoard(process)

    def last(name: str, content: bytes) -> Steps:
        seen[name] = len(content)
        count = found.get("n", "10")
        lines = content.splitlines(keepends=True)
        yield from process.write(b"".join(lines[int(count) - 1 :] if count.startswith("+") else lines[max(0, len(lines) - int(count)) :]))
    status = 0 if names == ["/dev/null"] else (yield from _of_each(process, names, last))
    while "f" in found or "F" in found:
        yield from process.sleep(FOLLOW_NS)
        for name in names:
            if name != "/dev/null" and process.space.view.exists(name, process.cwd):
                content = process.space.view.read(name, process.cwd)
                if len(content) > seen.get(name, 0):
                    yield from process.write(content[seen.get(name, 0) :])
                seen[name] = len(content)
    return status


def _hoard(process: Process) -> Steps:
    """It waits for the end of a line that never comes, and keeps all that it has read."""
    while True:
        yield from process.compute(HOARD_BYTES // PAGE_BYTES * TOUCH_NS)
        process.hold(process.resident + HOARD_BYTES)


def wc(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "lwcm")

    def counted(name: str, content: bytes) -> Steps:
        counts = {"l": content.count(b"\n"), "w": len(content.split()), "c": len(content), "m": len(content.decode(errors="replace"))}
        shown = [counts[letter] for letter in "lwcm" if letter in found] or [counts["l"], counts["w"], counts["c"]]
        text = str(shown[0]) if len(shown) == 1 else "".join(f"{count:8}" for count in shown)
        yield from process.write(f"{text}{'' if name == '-' else ' ' + name}\n")
    return (yield from _of_each(process, names, counted))


def grep(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "ivqcnEFe:whHlor")
    pattern = found.get("e") or (names.pop(0) if names else "")
    try:
        regular = re.compile(re.escape(pattern) if "F" in found else pattern, re.IGNORECASE if "i" in found else 0)
    except re.error:
        yield from process.complain(f"grep: bad regex '{pattern}'")
        return 2
    matched = 0

    def matching(name: str, content: bytes) -> Steps:
        nonlocal matched
        kept = [line for line in _lines(content) if bool(regular.search(line)) != ("v" in found)]
        matched += len(kept)
        head = f"{name}:" if len(names) > 1 and "h" not in found else ""
        if "c" in found:
            yield from process.write(f"{head}{len(kept)}\n")
        elif "l" in found:
            yield from process.write(f"{name}\n" if kept else "")
        elif "q" not in found:
            yield from process.write("".join(f"{head}{line}\n" for line in kept))
    status = yield from _of_each(process, names, matching)
    return 2 if status else int(not matched)


def _lines(content: bytes) -> Iterator[str]:
    yield from content.decode(errors="replace").splitlines()


def tee(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "a")
    for name in names:
        process.space.view.write(name, b"", process.cwd, append="a" in found, now_ns=process.space.now_ns)
    while data := (yield from process.read()):
        yield from process.write(data)
        for name in names:
            process.space.view.write(name, data, process.cwd, append=True, now_ns=process.space.now_ns)
    return 0


def sort(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "rnu")
    lines: list[str] = []

    def collected(name: str, content: bytes) -> Steps:
        yield from ()
        lines.extend(_lines(content))
    status = yield from _of_each(process, names, collected)

    def key(line: str) -> tuple[float, str]:
        number = re.match(r"\s*-?\d+(\.\d+)?", line)
        return (float(number[0]) if number and "n" in found else 0.0, line)
    kept = sorted(set(lines) if "u" in found else lines, key=key, reverse="r" in found)
    yield from process.write("".join(f"{line}\n" for line in kept))
    return status


def seq(process: Process, argv: tuple[str, ...]) -> Steps:
    try:
        numbers = [int(word) for word in argv[1:]]
        first, step, last = {1: (1, 1, numbers[0]), 2: (numbers[0], 1, numbers[-1])}.get(len(numbers)) or (numbers[0], numbers[1],
                                                                                                           numbers[2])
    except (ValueError, IndexError):
        yield from process.complain("seq: invalid number")
        return 1
    for number in range(first, last + (1 if step > 0 else -1), step or 1):
        yield from process.write(f"{number}\n")
    return 0


def yes(process: Process, argv: tuple[str, ...]) -> Steps:
    if isinstance(process.files.stdout, Nowhere):
        yield from process.spin()
    block = (" ".join(argv[1:]) or "y").encode() + b"\n"
    block *= max(1, 4096 // len(block))
    while True:
        yield from process.compute(2_000)
        yield from process.write(block)


