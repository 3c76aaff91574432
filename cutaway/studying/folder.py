"""The folder of a study on disk: what is asked, what is done, and who may write.

    study.yaml          the study file, as it was given
    scenario.json       the scenario that it varies
    manifest.json       digests, version, seed: what a continuation is held against; nothing of the machine
    machine.json        what may differ from machine to machine
    runs/*.parquet      one file a batch, under its name only when it is whole
    index.jsonl         a line a batch with the digest of its file, appended; sorted when the study is complete

A kill at any moment leaves a folder to go on in: a file without a line is taken in, a line without its file is run again.
Locks are the kernel's, which go with their process.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatch
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from filelock import FileLock, Timeout

from cutaway import __version__
from cutaway.models import files
from cutaway.places import AlreadyThere, write_whole
from cutaway.scenarios import digest
from cutaway.scenarios.loader import dumped
from cutaway.scenarios.study_loader import LoadedStudy, restored_study
from cutaway.studying.batches import Batch, batch_named
from cutaway.studying.shard import Shard

FORM = 1
STUDY, SCENARIO, MANIFEST, MACHINE, RUNS = "study.yaml", "scenario.json", "manifest.json", "machine.json", "runs"
LARGEST_DOCUMENT = 16 * 1024 * 1024
"""Bytes; a folder may come from anywhere."""


class StudyError(ValueError):
    """A folder that cannot be used: one sentence."""


class StudyBusy(Exception):  # noqa: N818
    """Another process writes to the folder: one sentence."""


class StudyFolder:
    """A folder with a study in it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def runs(self) -> Path:
        return self.path / RUNS

    def file_of(self, batch: Batch) -> Path:
        return self.runs / f"{batch.name}.parquet"

    def index_of(self, shard: Shard) -> Path:
        return self.path / f"index{shard.suffix}.jsonl"

    # --- what is asked ---

    def begin(self, study: LoadedStudy) -> None:
        """Makes it the folder of a study, or sees that it is. Raises StudyError, OSError."""
        manifest = self.path / MANIFEST
        if not manifest.exists():
            self.runs.mkdir(parents=True, exist_ok=True)
            write_whole(self.path / STUDY, study.text.encode(), over=True)
            write_whole(self.path / SCENARIO, _lines(dumped(study.varied), in_order=False), over=True)      # its stacks have one
            # Last, so that a folder with a manifest is whole. Shares that begin at once write the same bytes.
            write_whole(manifest, _lines(manifest_of(study)), over=True)
        self._compare(manifest_of(study))

    def study(self) -> LoadedStudy:
        """What it was begun with. Raises StudyError, ScenarioError."""
        if not (self.path / MANIFEST).is_file():
            raise StudyError(f"{self.path}: no study is in it; expected a folder that `cutaway study run FILE --out FOLDER` has begun.")
        text = self._text(self.path / STUDY)
        scenario = self.path / SCENARIO
        study = restored_study(text, str(self.path / STUDY), self._document(scenario), str(scenario))
        self._compare(manifest_of(study))
        return study

    def note_machine(self) -> None:
        """Writes down where it is run: for whoever wonders, not for the results."""
        about = {
            "cutaway": __version__, "python": platform.python_version(), "numpy": np.__version__, "pyarrow": pa.__version__,
            "system": platform.platform(), "processor": platform.machine(), "cpus": os.cpu_count(),
        }  # fmt: skip
        write_whole(self.path / MACHINE, _lines(about), over=True)

    def refuse_strangers(self) -> None:
        """Whether a study may begin or go on here; nothing is written to find out. Raises AlreadyThere."""
        if not self.path.exists() or (self.path / MANIFEST).exists():
            return
        if not self.path.is_dir():
            raise AlreadyThere(f"{self.path}: is a file; name a new folder.")
        ours = (STUDY, SCENARIO, MACHINE, RUNS, ".lock*", ".*.part-*")
        if strangers := sorted(one.name for one in self.path.iterdir() if not any(fnmatch(one.name, name) for name in ours)):
            raise AlreadyThere(f"{self.path}: holds {strangers[0]} and no study; results are not put among others, name a new folder.")

    def _compare(self, expected: Mapping[str, Any]) -> None:
        found = self._document(self.path / MANIFEST)
        if differing := _first_difference(found, json.loads(json.dumps(expected)), ""):
            key, there, here = differing
            raise StudyError(f"{self.path}: holds another study: its {key} is {there}, here it is {here}; name a new folder.")

    def _document(self, file: Path) -> dict[str, Any]:
        text = self._text(file)
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            raise StudyError(f"{file}: is damaged; expected what `cutaway study run` wrote.")
        return document

    def _text(self, file: Path) -> str:
        try:
            return files.text_of(file, LARGEST_DOCUMENT, "what `cutaway study run` wrote")
        except files.FileRefused as refused:
            raise StudyError(f"{file}: {refused}") from None

    # --- who may write ---

    @contextmanager
    def locked(self, shard: Shard) -> Iterator[None]:
        """The right to write: one process for the whole, or one for each share. Raises StudyBusy, OSError."""
        with contextlib.ExitStack() as held:
            held.enter_context(self._lock(f".lock{shard.suffix}"))
            # Each looks for the other kind only when it holds its own, so of two that begin at once at least one sees the other.
            others = [one.name for one in self.path.glob(".lock-*")] if shard.is_whole else [".lock"]
            for name in others:
                with self._lock(name):
                    pass
            yield

    def is_busy(self) -> bool:
        """Whether a process writes to it now."""
        for held in self.path.glob(".lock*"):
            try:
                with self._lock(held.name):
                    pass
            except StudyBusy:
                return True
            except OSError:
                continue      # a folder that may only be read: nobody writes to it
        return False

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path / name, blocking=False)
        try:
            lock.acquire()
        except Timeout:
            raise StudyBusy(f"{self.path}: another cutaway study writes there (it holds {name}); wait for its end, or stop it.") from None
        try:
            yield
        finally:
            lock.release()

    # --- what is done ---

    def keep(self, batch: Batch, content: bytes) -> None:
        """Puts a batch's file in its place, all of it and safe on the disk. Raises OSError."""
        write_whole(self.file_of(batch), content, over=True)

    def names(self) -> Iterator[Batch]:
        """The batches whose files are there, whatever the index says."""
        for file in self.runs.glob("*.parquet"):
            if (batch := batch_named(file.stem)) and file.is_file():
                yield batch

    def remove_parts(self) -> None:
        """Files that a kill left half written."""
        for part in [*self.path.glob(".*.part-*"), *self.runs.glob(".*.part-*")]:
            part.unlink(missing_ok=True)


def manifest_of(study: LoadedStudy) -> dict[str, Any]:
    """What the results of a study follow from."""
    return {
        "form": FORM,
        "cutaway": __version__,
        "study": study.digest(),
        "scenario": digest(study.base),
        "profile": study.base.profile,
        "seed": study.base.run.seed,
        "content": study.content(),
    }


def digest_of(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _lines(document: Mapping[str, Any], in_order: bool = True) -> bytes:
    return (json.dumps(document, ensure_ascii=False, indent=1, sort_keys=in_order, allow_nan=False) + "\n").encode()


def _first_difference(found: Any, expected: Any, key: str) -> tuple[str, str, str] | None:
    """The innermost key at which two documents differ; digests last, which say least."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in sorted({*found, *expected}, key=lambda name: (name in ("study", "scenario"), name)):
            if differing := _first_difference(found.get(name), expected.get(name), f"{key}.{name}" if key else str(name)):
                return differing
        return None
    return None if found == expected else (key.removeprefix("content."), _short(found), _short(expected))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:57]}..."
