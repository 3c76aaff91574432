"""The index of a study folder: a line a batch, appended when its file is safe; each line carries a checksum.

A line that was cut off by a kill or a full disk says nothing, and what it was about is found in the files.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cutaway.models.files import append_whole
from cutaway.places import write_whole
from cutaway.studying.batches import Batch, batch_named


@dataclass
class Index:
    """Which batches are done, with the digests of their files, and which failed, with the reason."""

    done: dict[Batch, str] = field(default_factory=dict)
    failed: dict[Batch, str] = field(default_factory=dict)

    def take(self, line: Mapping[str, Any]) -> None:
        """A line, if it can be understood. Of two about a batch the later one counts."""
        batch = batch_named(str(line.get("batch")))
        if batch is None:
            return
        if isinstance(digest := line.get("digest"), str):
            self.done[batch] = digest
            self.failed.pop(batch, None)
        elif isinstance(reason := line.get("failed"), str):
            self.failed[batch] = reason
            self.done.pop(batch, None)


def read(files: Iterable[Path]) -> Index:
    """What index files say together."""
    index = Index()
    for file in files:
        if file.is_file():
            for line in file.read_bytes().split(b"\n"):
                if (document := _checked(line)) is not None:
                    index.take(document)
    return index


class Writer:
    """Appends lines to an index file, each brought to the disk."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_CLOEXEC", 0), 0o644)
        self._end_a_torn_line()

    def done(self, batch: Batch, digest: str) -> None:
        self._append({"batch": batch.name, "digest": digest})

    def failed(self, batch: Batch, reason: str) -> None:
        self._append({"batch": batch.name, "failed": reason})

    def close(self) -> None:
        os.close(self.handle)

    def _end_a_torn_line(self) -> None:
        size = os.fstat(self.handle).st_size
        if size:
            with self.file.open("rb") as held:
                held.seek(-1, os.SEEK_END)
                if held.read() != b"\n":
                    os.write(self.handle, b"\n")

    def _append(self, document: Mapping[str, str]) -> None:
        append_whole(self.handle, _line(document), self.file)


def write_sorted(file: Path, index: Index) -> None:
    """The index of a study that is complete: in the order of the batches, whichever was finished first."""
    documents = {batch: {"batch": batch.name, "digest": digest} for batch, digest in index.done.items()}
    documents |= {batch: {"batch": batch.name, "failed": reason} for batch, reason in index.failed.items()}
    write_whole(file, b"".join(_line(documents[batch]) for batch in sorted(documents)), over=True)


def _line(document: Mapping[str, str]) -> bytes:
    text = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return f'{text[:-1]},"sum":"{_sum(text)}"}}\n'.encode()


def _checked(line: bytes) -> dict[str, Any] | None:
    try:
        document = json.loads(line)
        found = document.pop("sum")
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return None
    text = json.dumps(document, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return document if isinstance(document, dict) and found == _sum(text) else None


def _sum(text: str) -> str:
    return blake2b(text.encode(), digest_size=4).hexdigest()
