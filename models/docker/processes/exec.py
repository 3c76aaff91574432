"""Which program a command runs: found as execve and execvp find it, in the container's own files.

A simulated binary says in its content which program it is, so it can be copied, packed and committed like any file; a script names its
interpreter. What is neither cannot run here, as a binary of another machine cannot.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence

from cutaway.models.docker.filesystem.nodes import Directory, File, Node, file
from cutaway.models.docker.filesystem.view import View, failure
from cutaway.models.docker.processes.process import Program

MAGIC = b"\x7fELF\x02\x01\x01 simulated program "
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PAGE = 4096


def binary(name: str, size: int = _PAGE) -> File:
    """A simulated binary; `busybox` is the program that its own name says."""
    return file((MAGIC + name.encode() + b"\n").ljust(min(size, _PAGE), b"\0"), 0o755)


def found(view: View, command: str, cwd: str, environment: Mapping[str, str]) -> str:
    """The path of a command. Raises OSError."""
    if "/" in command:
        _executable(view.node(command, cwd), command)
        return view.resolve(command, cwd, follow=False)
    refused = None
    for folder in environment.get("PATH", DEFAULT_PATH).split(":"):
        path = f"{folder or cwd}/{command}"
        try:
            _executable(view.node(path), path)
        except OSError as error:
            refused = error if error.errno == errno.EACCES else refused
            continue
        return path
    raise refused or failure(errno.ENOENT, command)


def _executable(node: Node, path: str) -> None:
    if isinstance(node, Directory) or not node.at.mode & 0o111:
        raise failure(errno.EACCES, path)


def loaded(view: View, path: str, argv: Sequence[str], programs: Mapping[str, Program]) -> tuple[Program, tuple[str, ...]]:
    """The program of an executable file and the arguments it gets. Raises OSError."""
    content = view.read(path)
    for _ in range(4):
        if content.startswith(MAGIC):
            name = content[len(MAGIC):].partition(b"\n")[0].decode()
            if name == "busybox":
                name = argv[0].rpartition("/")[2].lstrip("-")
            if name not in programs:
                raise failure(errno.ENOEXEC, path)
            return programs[name], tuple(argv)
        if not content.startswith(b"#!"):
            raise failure(errno.ENOEXEC, path)
        interpreter = content.partition(b"\n")[0][2:].decode(errors="replace").split(None, 1)
        if not interpreter:
            raise failure(errno.ENOEXEC, path)
        argv = (*interpreter, path, *argv[1:])
        content = view.read(interpreter[0])
    raise failure(errno.ELOOP, path)
