"""Reading the files of batches: each is held against the index and the study first, since a folder may come from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from cutaway.models import files
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.sim.experiments import seed_of
from cutaway.studying import index as indexes
from cutaway.studying.batches import Batch, is_of
from cutaway.studying.columns import MADE_OF, METRICS, AxisColumn, schema
from cutaway.studying.folder import StudyError, StudyFolder, digest_of
from cutaway.studying.index import Index

LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of one batch, and sixteen times as many when it is unpacked."""
UNPACKED = 16
_WHICH = ("point", "stack", "replication", "seed")
"""Columns that say which run a row is."""


def index_of(folder: StudyFolder, study: LoadedStudy) -> Index:
    """What the index files of a folder say of this study's batches, those of all shares."""
    return _only_of(study, indexes.read(sorted(folder.path.glob("index*.jsonl"))))


def figures_of(folder: StudyFolder, study: LoadedStudy, batch: Batch) -> dict[str, tuple[float, ...]]:
    """The figures of a batch, as its worker had them. Raises StudyError, OSError."""
    table = _read(folder, study, batch, _bytes(folder, batch), [metric.key for metric in METRICS])
    return {metric.key: tuple(table[metric.key].to_pylist()) for metric in METRICS}


def tables(
    folder: StudyFolder, study: LoadedStudy, index: Index, columns: Sequence[str] | None = None
) -> Iterator[tuple[Batch, pa.Table]]:
    """Columns of all batches in order, all of them when left out. Raises StudyError, OSError."""
    for batch in sorted(index.done):
        content = _bytes(folder, batch)
        if digest_of(content) != index.done[batch]:
            raise _refused(folder, batch)
        yield batch, _read(folder, study, batch, content, columns)


def plain_columns(schema: pa.Schema) -> list[str]:
    """The columns that hold one value a run, not a list of them."""
    lists = {name for name, _ in MADE_OF}
    return [name for name in schema.names if name not in lists]


def verified(folder: StudyFolder, study: LoadedStudy, index: Index) -> Index:
    """What is really there: files whose digest is that of their line, and whole files that a kill left without a line."""
    found = Index(failed=dict(_only_of(study, index).failed))
    for batch in sorted(batch for batch in set(folder.names()) if is_of(study, batch)):
        try:
            content = _bytes(folder, batch)
        except StudyError:
            continue
        digest, line = digest_of(content), index.done.get(batch)
        if line == digest or (line is None and _is_whole(folder, study, batch, content)):
            found.done[batch] = digest
            found.failed.pop(batch, None)
    return found


def _only_of(study: LoadedStudy, index: Index) -> Index:
    done = {batch: digest for batch, digest in index.done.items() if is_of(study, batch)}
    return Index(done, {batch: reason for batch, reason in index.failed.items() if is_of(study, batch)})


def _bytes(folder: StudyFolder, batch: Batch) -> bytes:
    try:
        return files.bytes_of(folder.file_of(batch), LARGEST_FILE, "a batch of a study")
    except files.FileRefused:
        raise _refused(folder, batch) from None


def _read(folder: StudyFolder, study: LoadedStudy, batch: Batch, content: bytes, columns: Sequence[str] | None) -> pa.Table:
    expected = schema([AxisColumn.of(axis)[0] for axis in study.axes])
    try:
        with pq.ParquetFile(pa.BufferReader(content)) as held:
            size = sum(held.metadata.row_group(k).total_byte_size for k in range(held.metadata.num_row_groups))
            if size > UNPACKED * LARGEST_FILE or not held.schema_arrow.equals(expected):
                raise _refused(folder, batch)
            wanted = None if columns is None else list(dict.fromkeys([*_WHICH, *columns]))
            # Without threads: Arrow's may abort the process when it ends (apache/arrow 34314), and a batch is small
            table = held.read(columns=wanted, use_threads=False)
    except (pa.ArrowException, OSError):
        raise _refused(folder, batch) from None
    if not _is_it(study, batch, table):
        raise _refused(folder, batch)
    return table


def _is_it(study: LoadedStudy, batch: Batch, table: pa.Table) -> bool:
    """Whether its rows are the runs that its name says."""
    replications = list(batch.replications)
    is_seed_varied = any("run.seed" in (axis.key, *axis.axis.with_) for axis in study.axes)
    return (
        table["replication"].to_pylist() == replications
        and table["point"].to_pylist() == [batch.point] * len(batch)
        and table["stack"].to_pylist() == [study.stacks[batch.stack]] * len(batch)
        and (is_seed_varied or table["seed"].to_pylist() == [seed_of(study.base.run.seed, k) for k in replications])
    )


def _is_whole(folder: StudyFolder, study: LoadedStudy, batch: Batch, content: bytes) -> bool:
    try:
        _read(folder, study, batch, content, _WHICH)
    except StudyError:
        return False
    return True


def _refused(folder: StudyFolder, batch: Batch) -> StudyError:
    file = folder.file_of(batch)
    if not file.exists():
        return StudyError(f"{file}: is gone; `cutaway study resume {folder.path}` runs it again.")
    return StudyError(f"{file}: is damaged or of another study; remove it, and `cutaway study resume {folder.path}` runs it again.")
