"""The same report as a PDF, for who prints or mails it. Needs the `study` extra (fpdf2)."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

from cutaway import __version__
from cutaway.plotting import FONT, FONTS
from cutaway.studying.plots import drawn, how_many
from cutaway.studying.report import Content, content_of
from cutaway.studying.summary import Summary

WIDTH_MM = 180
PICTURE_MM = 110
"""A picture of the usual shape with its head, which stay together."""
MOST_COLUMNS = 8
"""A wider table cannot be read on paper; its columns are told in the HTML file."""


def as_pdf(summary: Summary, folder: Path) -> bytes:
    """The report; the same folder gives the same bytes."""
    content = content_of(summary, folder)
    pdf = FPDF()
    pdf.set_creation_date(datetime(2000, 1, 1, tzinfo=UTC))     # the bytes depend on the study alone
    pdf.set_title(content.title)
    pdf.set_producer(f"Cutaway {__version__}")
    pdf.add_font(FONT, fname=FONTS / "Pretendard-Regular.otf")
    pdf.add_font(FONT, style="B", fname=FONTS / "Pretendard-SemiBold.otf")
    pdf.set_margin(15)
    pdf.add_page()
    _head(pdf, content.title, 18)
    _text(pdf, content.question, 12)
    for text in [*content.warnings, *(f"Failed: {text}" for text in content.failed)]:
        _text(pdf, f"Beware: {text}")
    for number in range(1, how_many(summary) + 1):
        one = drawn(summary, number, "png")
        if pdf.will_page_break(PICTURE_MM):
            pdf.add_page()
        _head(pdf, one.title, 11)
        pdf.image(io.BytesIO(one.content), w=min(WIDTH_MM, 150), keep_aspect_ratio=True)
    _head(pdf, "Set-up", 14)
    _table(pdf, ["", ""], [*map(list, content.set_up), *([f"varied: {name}", values] for name, values in content.axes)], (1, 3))
    _figures(pdf, content)
    _rests(pdf, content)
    return bytes(pdf.output())


def _figures(pdf: FPDF, content: Content) -> None:
    for title, heads, rows in [*content.tables, *content.ledgers]:
        _head(pdf, title, 11)
        if len(heads) > MOST_COLUMNS:
            _text(pdf, f"{len(heads)} columns: see the HTML report.")
        else:
            _table(pdf, heads, rows)


def _rests(pdf: FPDF, content: Content) -> None:
    _head(pdf, "What it rests on", 14)
    used = f"{len(content.costs)} costs were used, of which {content.assumed} are assumed and not measured."
    _text(pdf, f"{used} The intervals are about chance alone; cutaway validate compares the model with measurements.")
    _table(pdf, ["cost", "value", "status", "machine", "source"], content.costs, (3, 2, 3, 2, 4))
    _head(pdf, "To repeat it", 14)
    for line in content.repeat:
        _text(pdf, line)


def _head(pdf: FPDF, text: str, size: int) -> None:
    pdf.ln(3)
    pdf.set_font(FONT, "B", size)
    pdf.multi_cell(0, text=text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _text(pdf: FPDF, text: str, size: int = 10) -> None:
    pdf.set_font(FONT, "", size)
    pdf.multi_cell(0, text=text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _table(pdf: FPDF, heads: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[int] | None = None) -> None:
    pdf.set_font(FONT, "", 8)
    with pdf.table(
        col_widths=widths, headings_style=FontFace(emphasis="BOLD"), first_row_as_headings=any(heads), line_height=4.5, text_align="LEFT"
    ) as table:
        for row in [heads, *rows] if any(heads) else rows:
            table.row(list(row))
