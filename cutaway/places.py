"""Where output goes: whole or not at all, and never over what is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyThere(Exception):  # noqa: N818
    """A place for results that is taken: one sentence."""


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill, which takes its name only when all is in it. Raises AlreadyThere, OSError."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise AlreadyThere(f"{folder}: there is something already; results are not written over it, name a new folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
    try:
        yield part
        part.chmod(0o755)
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise


def write_whole(file: Path, content: bytes) -> None:
    """Writes a new file under a temporary name and renames it when it is complete. Raises AlreadyThere, OSError."""
    if file.exists():
        raise AlreadyThere(f"{file}: the file is there already; name a new one.")
    handle, name = tempfile.mkstemp(prefix=f".{file.name}.part-", dir=file.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        part.chmod(0o644)
        part.rename(file)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
