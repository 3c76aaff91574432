"""What lies in a study's folder, for whoever asks from Python or by a command: runs, means with intervals, pictures, the report.

Reads only, apart from `report` and `export`, which write the file that they are told. Pictures, Markdown, LaTeX and reports need the
`study` extra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from cutaway.places import nothing_at, write_whole
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.studying.folder import StudyError, StudyFolder
from cutaway.studying.index import Index
from cutaway.studying.reading import index_of, plain_columns, tables

if TYPE_CHECKING:
    from cutaway.studying.plots import Drawn, Format
    from cutaway.studying.summary import Summary
    from cutaway.studying.tabulating import Form


@dataclass(frozen=True)
class StudyResults:
    """The results of a study, as far as it is; each call reads the folder as it is then."""

    folder: Path
    study: LoadedStudy

    @staticmethod
    def of(folder: str | Path) -> StudyResults:
        """What `cutaway study run` or `cutaway.run_study` has made. Raises StudyError, ScenarioError."""
        return StudyResults(Path(folder), StudyFolder(Path(folder)).study())

    @property
    def failed(self) -> dict[str, str]:
        """Batches of runs that failed, by the name of their file, with the reason."""
        index = self._index
        return {batch.name: reason for batch, reason in sorted(index.failed.items()) if batch not in index.done}

    def table(self) -> Any:
        """A pyarrow.Table with a row a run: every column that holds one value. Raises StudyError, OSError."""
        found = [table.select(plain_columns(table.schema)) for _, table in tables(StudyFolder(self.folder), self.study, self._index)]
        if not found:
            raise StudyError(f"{self.folder}: no run is done yet.")
        return pa.concat_tables(found)

    def to_pandas(self) -> Any:
        """The same as a pandas.DataFrame (the `notebook` extra)."""
        return self.table().to_pandas()

    def means(self, form: Form = "markdown", metrics: Sequence[str] = ()) -> str:
        """A row a point and stack: means, half widths, differences from the base stack; of the study's figures, or of metrics by name.

        Raises StudyError, OSError.
        """
        from cutaway.studying.tabulating import metrics_named, table

        summary = self.summary()
        return table(summary, metrics_named(summary, metrics), form)

    def pictures(self, format: Format = "svg") -> list[Drawn]:
        """The study's figures, and the CPU time of a request by layer. Raises StudyError, OSError."""
        from cutaway.studying.plots import drawn, how_many

        summary = self.summary(in_full=True)
        return [drawn(summary, number, format) for number in range(1, how_many(summary) + 1)]

    def figure(self, number: int, file: str | Path) -> str:
        """Writes one of them as .png or .svg; its title. Raises StudyError, AlreadyThere, OSError."""
        from cutaway.studying.plots import FORMATS, drawn, how_many

        file = Path(file)
        form = next((one for one in FORMATS if file.suffix == f".{one}"), None)
        if form is None:
            raise StudyError(f"{file}: its ending is '{file.suffix}'; expected .png or .svg.")
        nothing_at(file)
        summary = self.summary(in_full=True)
        if number > (most := how_many(summary)):
            raise StudyError(f"{self.folder}: there is no figure {number}; expected 1 to {most}.")
        one = drawn(summary, number, form)
        write_whole(file, one.content)
        return one.title

    def report(self, file: str | Path, *, over: bool = False) -> None:
        """Writes all of it as one .html or .pdf; over another file only if asked. Raises StudyError, AlreadyThere, OSError."""
        file = Path(file)
        if file.suffix not in (".html", ".pdf"):
            raise StudyError(f"{file}: its ending is '{file.suffix}'; expected .html or .pdf.")
        summary = self.summary(in_full=True)
        if file.suffix == ".html":
            from cutaway.studying.report import as_html

            content = as_html(summary, self.folder).encode()
        else:
            from cutaway.studying.report_pdf import as_pdf

            content = as_pdf(summary, self.folder)
        write_whole(file, content, over=over)

    def export(self, file: str | Path) -> int:
        """Writes all runs into one file, .parquet with every column or .csv; how many. Raises StudyError, AlreadyThere, OSError."""
        from cutaway.studying.tabulating import export

        return export(StudyFolder(self.folder), self.study, self._index, Path(file))

    def summary(self, *, in_full: bool = False) -> Summary:
        """Figures of each point and stack; with where the time went only `in_full`. Raises StudyError, OSError."""
        from cutaway.studying.summary import summary_of

        found = summary_of(self.study, StudyFolder(self.folder), self._index, in_full=in_full)
        if not found.cells:
            raise StudyError(f"{self.folder}: no run is done yet.")
        return found

    @property
    def _index(self) -> Index:
        return index_of(StudyFolder(self.folder), self.study)
