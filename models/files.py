"""Texts from files that somebody names: regular files of a size that can be, in UTF-8, or one sentence; and lines that are added whole.

A device would be read for ever, and a named pipe waited for; a call that reads a gigabyte hears no signal meanwhile.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any


class FileRefused(Exception):  # noqa: N818
    """A file that is not read: what is wrong of it, as the rest of a sentence that begins with its name."""

    def __init__(self, text: str, line: int = 0) -> None:
        """`line` is 0 where it is about the whole file."""
        super().__init__(text)
        self.line = line


def text_of(path: Path, most_bytes: int, expected: str) -> str:
    """All of a file, a byte order mark left out. `expected` names what it should be, as `a scenario file`. Raises FileRefused."""
    return _decoded(bytes_of(path, most_bytes, expected))


def append_whole(handle: int, line: bytes, file: Path) -> None:
    """Adds a line to the file of an open handle and brings it to the disk; all of it or, where that fails, nothing. Raises OSError."""
    before = os.fstat(handle).st_size
    try:
        if os.write(handle, line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(handle)
    except OSError as error:
        os.ftruncate(handle, before)
        raise OSError(error.errno, error.strerror, str(file)) from None


def toml_of(text: str, expected: str) -> dict[str, Any]:
    """The document that a text in TOML holds; `expected` names what it should be. Raises FileRefused."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        # The parser ends its own words with the place, and gives it no other way.
        place = re.search(r"\(at line (\d+), column \d+\)$", str(error))
        lines = text.rstrip().split("\n")
        line = int(place[1]) if place else len(lines)
        found = lines[line - 1].strip()[:60] if 0 < line <= len(lines) else ""
        if any(word in str(error) for word in ("twice", "overwrite", "mutate", "Duplicate")):
            raise FileRefused(f"what stands at '{found}' stands there a second time; expected each key once.", line) from None
        ends = "" if place else " or ends too early"
        raise FileRefused(f"'{found}' is no TOML{ends}; expected {expected}, as KEY = VALUE or [TABLE].", line) from None
    except (RecursionError, ValueError):
        raise FileRefused(f"is nested too deep or holds a number that is too long; expected {expected}.") from None


def line_of(text: str, table: str, key: str = "") -> int:
    """The line of a text in TOML where a key of a table stands, else the line of the table's head, else 0."""
    at_table, inside = 0, False
    for number, line in enumerate(text.split("\n"), 1):
        if head := re.match(r"\s*\[+\s*([^\]]*?)\s*\]", line):
            inside = head[1].strip("\"'") == table
            at_table = number if inside else at_table
        elif inside and key and line.partition("=")[0].strip().strip("\"'") == key:
            return number
    return at_table


def bytes_of(path: Path, most_bytes: int, expected: str) -> bytes:
    try:
        # Without O_NONBLOCK opening a named pipe would wait for a writer for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise FileRefused(f"cannot be read: {_reason(error)}.") from None
    except ValueError:
        raise FileRefused("is not the name of a file.") from None
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise FileRefused(f"is {_kind(status.st_mode)}; expected {expected}.")
        if str(path.resolve()).startswith(("/proc/", "/sys/", "/dev/")):
            raise FileRefused(f"belongs to the system; expected {expected}.")
        with os.fdopen(os.dup(handle), "rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        raise FileRefused(f"cannot be read: {_reason(error)}.") from None
    finally:
        os.close(handle)
    if len(content) > most_bytes:
        size = max(status.st_size, len(content))
        raise FileRefused(f"is {size:,} bytes long; expected at most {most_bytes:,}.")
    return content


def _reason(error: OSError) -> str:
    return (error.strerror or "the system refuses").lower()


def _kind(mode: int) -> str:
    kinds = {stat.S_IFDIR: "a folder", stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRefused("is UTF-16 text; expected UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise FileRefused(f"the byte 0x{content[error.start]:02X} is not UTF-8; expected a UTF-8 text.", line) from None
    return text
