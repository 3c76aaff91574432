"""Reading the files of batches: each is checked for size and form before it is believed, since a folder may come from anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from cutaway.studying.batches import Batch
from cutaway.studying.columns import MADE_OF, METRICS
from cutaway.studying.folder import StudyError, StudyFolder, digest_of
from cutaway.studying.index import Index

LARGEST_FILE = 256 * 1024 * 1024
"""Bytes of one batch, and sixteen times as many when it is unpacked."""
UNPACKED = 16


def figures_of(file: Path) -> dict[str, tuple[float, ...]]:
    """The figures of a batch, as its worker had them. Raises StudyError, OSError."""
    table = read(file, [metric.key for metric in METRICS])
    return {name: tuple(table[name].to_pylist()) for name in table.column_names}


def read(file: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Columns of one batch; all when left out. Raises StudyError, OSError."""
    try:
        with pq.ParquetFile(file) as held:
            size = sum(held.metadata.row_group(k).total_byte_size for k in range(held.metadata.num_row_groups))
            if file.stat().st_size > LARGEST_FILE or size > UNPACKED * LARGEST_FILE:
                raise StudyError(f"{file}: is larger than a batch can be.")
            return held.read(columns=list(columns) if columns is not None else None)
    except pa.ArrowException as error:
        raise StudyError(f"{file}: is no batch of a study ({str(error).splitlines()[0][:80]}).") from None


def tables(folder: StudyFolder, index: Index, columns: Sequence[str] | None = None) -> Iterator[tuple[Batch, pa.Table]]:
    """The batches of a study in order. Raises StudyError, OSError."""
    for batch in sorted(index.done):
        yield batch, read(folder.file_of(batch), columns)


def plain_columns(schema: pa.Schema) -> list[str]:
    """The columns that hold one value a run, not a list of them."""
    lists = {name for name, _ in MADE_OF}
    return [name for name in schema.names if name not in lists]


def verified(folder: StudyFolder, index: Index) -> Index:
    """What is really there: files whose digest is that of their line, and whole files that a kill left without a line."""
    found = Index(failed=dict(index.failed))
    for batch in sorted(set(folder.names())):
        digest = digest_of(folder.file_of(batch).read_bytes())
        line = index.done.get(batch)
        if line == digest or (line is None and _is_whole(folder.file_of(batch), batch)):
            found.done[batch] = digest
            found.failed.pop(batch, None)
    return found


def _is_whole(file: Path, batch: Batch) -> bool:
    try:
        table = read(file, ["point", "replication"])
    except StudyError:
        return False
    return table["replication"].to_pylist() == list(batch.replications) and set(table["point"].to_pylist()) == {batch.point}

