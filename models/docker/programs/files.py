"""Programs that make, show and take away files."""

from __future__ import annotations

import errno
import stat
from dataclasses import replace
from itertools import chain

from cutaway.models.docker.dates import written
from cutaway.models.docker.filesystem.nodes import Directory, Link, Node, Special, file, size_of, type_of
from cutaway.models.docker.filesystem.tree import join, name_of, parent_of
from cutaway.models.docker.filesystem.view import View, failure
from cutaway.models.docker.processes.memory import PAGE_BYTES, TOUCH_NS
from cutaway.models.docker.processes.process import LONG_NS, Process
from cutaway.models.docker.programs.options import failed, options
from cutaway.sim.clock import Process as Steps

PIECE_BYTES = 1 << 20
"""Of what is written at once."""
LONGEST = 1 << 40
"""Blocks of a `dd` without a count."""


def _owner(process: Process) -> tuple[int, int]:
    return process.identity.uid, process.identity.gid


def ls(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "alAdphF1iRrt")
    view, status = process.space.view, 0
    for name in names or ["."]:
        try:
            node = view.node(name, process.cwd)
            if isinstance(node, Directory) and "d" not in found:
                if len(names) > 1:
                    yield from process.write(f"{name}:\n")
                yield from _listed(process, name, found)
            else:
                yield from process.write(_line(process, view, name, name, found))
        except OSError as error:
            status = yield from failed(process, error, name)
    return status


def _listed(process: Process, folder: str, found: dict[str, str]) -> Steps:
    view = process.space.view
    names = [name for name in view.list(folder, process.cwd) if not name.startswith(".") or "a" in found or "A" in found]
    names = ([".", ".."] if "a" in found else []) + names
    if "l" in found:
        yield from process.write(f"total {4 * len(names)}\n")
    for name in sorted(names, reverse="r" in found):
        yield from process.write(_line(process, view, join(folder, name), name, found))


def _line(process: Process, view: View, path: str, name: str, found: dict[str, str]) -> str:
    node = view.node(path, process.cwd, follow=False)
    mark = "/" if isinstance(node, Directory) and ("p" in found or "F" in found) else ""
    if "l" not in found:
        return f"{name}{mark}\n"
    at = node.at
    when = written(at.changed_ns, "%b %e %H:%M")
    target = f" -> {node.target}" if isinstance(node, Link) else ""
    owner, group = _named(view, "/etc/passwd", at.uid), _named(view, "/etc/group", at.gid)
    return f"{stat.filemode(type_of(node) | at.mode)} {1:4} {owner:8} {group:8} {size_of(node):9} {when} {name}{mark}{target}\n"


def _named(view: View, table: str, number: int) -> str:
    for line in lines_of(view, table):
        columns = line.split(":")
        if len(columns) > 2 and columns[2] == str(number):
            return columns[0]
    return str(number)


def lines_of(view: View, path: str) -> list[str]:
    """Lines of a file; none if it is not there."""
    try:
        return view.read(path).decode(errors="replace").splitlines()
    except OSError:
        return []


def touch(process: Process, argv: tuple[str, ...]) -> Steps:
    _, names = yield from options(process, argv, "camd:t:")
    view, now_ns, status = process.space.view, process.space.now_ns, 0
    for name in names:
        try:
            if view.exists(name, process.cwd):
                view.change(name, process.cwd, now_ns=now_ns)
            else:
                view.write(name, b"", process.cwd, now_ns=now_ns, owner=_owner(process))
        except OSError as error:
            status = yield from failed(process, error, name)
    return status


def mkdir(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "pm:v")
    view, status = process.space.view, 0
    for name in names:
        try:
            parts = name.rstrip("/").split("/")
            for k in range(1, len(parts)) if "p" in found else ():
                if (above := "/".join(parts[:k])) and not view.is_directory(above, process.cwd):
                    view.make_directory(above, process.cwd, now_ns=process.space.now_ns, owner=_owner(process))
            if "p" not in found or not view.is_directory(name, process.cwd):
                mode = int(found.get("m", "755"), 8)
                view.make_directory(name, process.cwd, mode=mode, now_ns=process.space.now_ns, owner=_owner(process))
        except OSError as error:
            status = yield from failed(process, error, f"can't create directory '{name}'")
    return status


def rm(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "rRfiv")
    view, status = process.space.view, 0
    for name in names:
        try:
            if isinstance(view.node(name, process.cwd, follow=False), Directory) and not found.keys() & {"r", "R"}:
                yield from process.complain(f"rm: '{name}' is a directory")
                status = 1
            else:
                view.remove(name, process.cwd)
        except OSError as error:
            if "f" not in found or not isinstance(error, FileNotFoundError):
                status = yield from failed(process, error, f"can't remove '{name}'")
    return status


def rmdir(process: Process, argv: tuple[str, ...]) -> Steps:
    _, names = yield from options(process, argv, "p")
    view, status = process.space.view, 0
    for name in names:
        try:
            if view.list(name, process.cwd):
                yield from process.complain(f"rmdir: '{name}': Directory not empty")
                status = 1
            else:
                view.remove(name, process.cwd)
        except OSError as error:
            status = yield from failed(process, error, f"'{name}'")
    return status


def ln(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "sfn")
    view = process.space.view
    try:
        target, name = names[0], names[1] if len(names) > 1 else name_of(names[0])
        if view.is_directory(name, process.cwd):
            name = join(name, name_of(target))
        if "f" in found and view.exists(name, process.cwd):
            view.remove(name, process.cwd)
        if "s" in found:
            view.make_link(target, name, process.cwd, now_ns=process.space.now_ns)
        else:
            view.put(view.resolve(name, process.cwd), view.node(target, process.cwd))
    except OSError as error:
        return (yield from failed(process, error))
    return 0


def cp(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "rRapf")
    return (yield from _each_to(process, names, recursive=bool(found.keys() & {"r", "R", "a"}), remove=False))


def mv(process: Process, argv: tuple[str, ...]) -> Steps:
    _, names = yield from options(process, argv, "fn")
    return (yield from _each_to(process, names, recursive=True, remove=True))


def _each_to(process: Process, names: list[str], *, recursive: bool, remove: bool) -> Steps:
    view, status = process.space.view, 0
    if len(names) < 2:
        yield from process.complain(f"{process.name}: missing file operand")
        return 1
    *sources, to = names
    for source in sources:
        try:
            path = view.resolve(source, process.cwd)
            target = view.resolve(join(to, name_of(path)) if view.is_directory(to, process.cwd) else to, process.cwd)
            if isinstance(view.node(source, process.cwd), Directory) and not recursive:
                yield from process.complain(f"cp: omitting directory '{source}'")
                status = 1
                continue
            for one in list(view.walk(path)):
                node: Node = view.node(one, follow=False)
                view.put(target + one[len(path):], node if remove else replace(node, at=replace(node.at, changed_ns=process.space.now_ns)))
            if remove:
                view.remove(path)
        except OSError as error:
            status = yield from failed(process, error, f"can't stat '{source}'" if isinstance(error, FileNotFoundError) else source)
    return status


def chmod(process: Process, argv: tuple[str, ...]) -> Steps:
    names = [word for word in argv[1:] if word != "-R"]
    view, status = process.space.view, 0
    for name in names[1:]:
        try:
            view.change(name, process.cwd, mode=_mode(names[0], view.node(name, process.cwd).at.mode))
        except OSError as error:
            status = yield from failed(process, error, name)
        except ValueError:
            yield from process.complain(f"chmod: invalid mode '{names[0]}'")
            return 1
    return status


def _mode(text: str, old: int) -> int:
    """`755`, `u+x,go-w`. Raises ValueError."""
    if text.isdigit():
        return int(text, 8)
    for change in text.split(","):
        operator = next(one for one in change if one in "+-=")
        who, what = change.split(operator)
        bits = sum({"r": 4, "w": 2, "x": 1}[letter] for letter in what)
        mask = sum(bits << {"u": 6, "g": 3, "o": 0}[one] for one in (who.replace("a", "ugo") or "ugo"))
        old = old | mask if operator == "+" else old & ~mask if operator == "-" else mask
    return old


def chown(process: Process, argv: tuple[str, ...]) -> Steps:
    names = [word for word in argv[1:] if word != "-R"]
    view = process.space.view
    if "CHOWN" not in process.space.facts.capabilities or process.identity.uid != 0:
        return (yield from failed(process, failure(errno.EPERM, names[-1] if names else "")))
    try:
        user, _, group = names[0].partition(":")
        owner = number_of(view, "/etc/passwd", user), number_of(view, "/etc/group", group or user)
        for name in names[1:]:
            for path in list(view.walk(view.resolve(name, process.cwd))) if "-R" in argv else [name]:
                view.change(path, process.cwd, owner=owner)
    except OSError as error:
        return (yield from failed(process, error))
    except (LookupError, ValueError):
        yield from process.complain(f"chown: unknown user/group {' '.join(names[:1])}")
        return 1
    return 0


def number_of(view: View, table: str, name: str) -> int:
    """Raises LookupError."""
    if name.isdigit():
        return int(name)
    for line in lines_of(view, table):
        columns = line.split(":")
        if columns[0] == name and len(columns) > 2:
            return int(columns[2])
    raise LookupError(name)


def readlink(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "fn")
    view = process.space.view
    try:
        for name in names:
            if "f" in found:
                yield from process.write(f"{view.resolve(name, process.cwd)}\n")
                continue
            node = view.node(name, process.cwd, follow=False)
            if not isinstance(node, Link):
                return 1
            yield from process.write(f"{node.target}\n")
    except OSError:
        return 1
    return 0


def show_stat(process: Process, argv: tuple[str, ...]) -> Steps:
    found, names = yield from options(process, argv, "c:L")
    view = process.space.view
    for name in names:
        try:
            node = view.node(name, process.cwd, follow="L" in found)
        except OSError as error:
            return (yield from failed(process, error, f"can't stat '{name}'"))
        form = found.get("c", "  File: %n\n  Size: %s\nAccess: (%a/%A)  Uid: %u   Gid: %g")
        shown = {"n": name, "s": size_of(node), "a": f"{node.at.mode:o}", "A": stat.filemode(type_of(node) | node.at.mode),
                 "u": node.at.uid,
                 "g": node.at.gid, "U": _named(view, "/etc/passwd", node.at.uid), "G": _named(view, "/etc/group", node.at.gid),
                 "Y": node.at.changed_ns // 1_000_000_000, "F": "directory" if isinstance(node, Directory) else "regular file"}  # fmt: skip
        for letter, value in shown.items():
            form = form.replace(f"%{letter}", str(value))
        yield from process.write(f"{form}\n")
    return 0


def find(process: Process, argv: tuple[str, ...]) -> Steps:
    from fnmatch import fnmatchcase

    view, words = process.space.view, list(argv[1:])
    places = []
    while words and not words[0].startswith("-"):
        places.append(words.pop(0))
    wanted = dict(zip(words[::2], words[1::2], strict=False))
    for place in places or ["."]:
        try:
            path = view.resolve(place, process.cwd)
            view.node(path)
        except OSError as error:
            return (yield from failed(process, error, place))
        for one in view.walk(path):
            node = view.node(one, follow=False)
            kind = "d" if isinstance(node, Directory) else "l" if isinstance(node, Link) else "f"
            if wanted.get("-type", kind) == kind and fnmatchcase(name_of(one), wanted.get("-name", "*")):
                yield from process.write(f"{place}{one[len(path):] if path != '/' else one.rstrip('/')[0 if place != '/' else 1:]}\n")
    return 0


def dd(process: Process, argv: tuple[str, ...]) -> Steps:
    """`dd if=/dev/zero of=FILE bs=1M count=N`, with which people fill disks and memory; without a count it goes on until it cannot."""
    said = dict(word.partition("=")[::2] for word in argv[1:])
    view = process.space.view
    try:
        block, count = _bytes(said.get("bs", "512")), int(said.get("count", LONGEST))
        size = block * count
        process.hold(process.resident + block)
        if said.get("if", "") not in ("/dev/zero", "/dev/urandom", "/dev/random"):
            content = view.read(said["if"], process.cwd)[:size] if "if" in said else b""
            view.write(said["of"], content, process.cwd, now_ns=process.space.now_ns, owner=_owner(process))
        elif isinstance(view.node(said["of"], process.cwd) if view.exists(said["of"], process.cwd) else None, Special):
            yield from process.compute(size // PAGE_BYTES * TOUCH_NS if "count" in said else LONG_NS)
        else:
            yield from _filled(process, view.resolve(said["of"], process.cwd), size)
    except OSError as error:
        return (yield from failed(process, error))
    except (ValueError, KeyError):
        yield from process.complain("dd: invalid argument")
        return 1
    yield from process.complain(f"{count}+0 records in\n{count}+0 records out")
    return 0


def _filled(process: Process, path: str, size: int) -> Steps:
    """Zeros are written, a piece at a time. Raises OSError."""
    made, view = file(b"", changed_ns=process.space.now_ns), process.space.view
    view.put(path, made)
    for end in chain(range(PIECE_BYTES, size, PIECE_BYTES), [size]):
        yield from process.compute((end - made.size) // PAGE_BYTES * TOUCH_NS)
        made = replace(made, content=None, size=end)
        view.put(path, made)


def _bytes(text: str) -> int:
    units = {"k": 1 << 10, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
    return int(text[:-1]) * units[text[-1]] if text[-1:] in units else int(text)


def basename(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from process.write(f"{name_of(argv[1].rstrip('/'))}\n" if len(argv) > 1 else "\n")
    return 0


def dirname(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from process.write(f"{parent_of(argv[1].rstrip('/')) if len(argv) > 1 and '/' in argv[1] else '.'}\n")
    return 0
