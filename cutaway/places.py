"""Where output goes: whole or not at all, and never over what is there."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyThere(Exception):  # noqa: N818
    """A place for results that is taken: one sentence."""


LEAST_BYTES = 1 << 20
"""What a file system must have left before work begins whose outcome is to be written there."""
_TAKEN = "{}: there is something already; results are not written over it, name a new folder."


@contextmanager
def _told_as(place: Path) -> Iterator[None]:
    """An error is told of the place that was asked for, not of the temporary name."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(place)) from None


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name only when all is in it. Raises AlreadyThere, OSError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AlreadyThere(_TAKEN.format(folder))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _told_as(folder):
        part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
    try:
        yield part
        part.chmod(0o755)
        try:
            if folder.exists():
                folder.rmdir()
            part.rename(folder)
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another run was quicker
                raise AlreadyThere(_TAKEN.format(folder)) from None
            raise
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def nothing_at(file: Path) -> None:
    """Whether a new file could be there, asked before the work that fills it. Raises AlreadyThere, OSError."""
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    if file.exists():
        raise AlreadyThere(f"{file}: the file is there already; name a new one.")
    room_for(file)


def room_for(file: Path) -> None:
    """Whether a file could be written there, asked before the work that fills it. Raises OSError."""
    if not file.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file))
    if not os.access(file.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(file))
    if shutil.disk_usage(file.parent).free < LEAST_BYTES:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(file))


def write_whole(file: Path, content: bytes, *, over: bool = False) -> None:
    """Writes a file under a temporary name and renames it when it is complete; over another only if asked. Raises AlreadyThere, OSError."""
    if file.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(file))
    if not over:
        nothing_at(file)
    with _part_of(file) as (part, handle):
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    _sync(file.parent)


@contextmanager
def new_file(file: Path) -> Iterator[Path]:
    """A file to fill, which takes its name only when it is complete. Raises AlreadyThere, OSError."""
    nothing_at(file)
    with _part_of(file) as (part, handle):
        os.close(handle)
        yield part
        part.replace(file)


@contextmanager
def _part_of(file: Path) -> Iterator[tuple[Path, int]]:
    """A file beside it under a temporary name, open; gone if something goes wrong."""
    with _told_as(file):
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.part-", dir=file.parent)
    part = Path(name)
    try:
        with _told_as(file):
            part.chmod(0o644)
            yield part, handle
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _sync(folder: Path) -> None:
    """Brings the names of a folder to the disk; where folders cannot be opened they need it not."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
