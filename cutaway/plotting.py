"""The look of all pictures in reports: colours, fonts, and the same bytes for the same picture.

No date, no random identifiers, text as paths of no outside font. Needs the `study` extra (matplotlib).
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import matplotlib
from matplotlib import font_manager
from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#666666", "#000000", "#B8860B", "#8B0000")
"""Okabe and Ito's, and four more: stacks are told apart without red against green."""
FONTS = Path(__file__).parent / "visuals" / "fonts"
FONT = "Pretendard"
STYLE: dict[str, Any] = {
    "svg.hashsalt": "cutaway", "svg.fonttype": "path", "font.size": 9, "axes.grid": True, "grid.color": "#dddddd", "axes.axisbelow": True,
    "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False,
    "font.family": [FONT, "DejaVu Sans"],
}  # fmt: skip
"""DejaVu has the few signs that Pretendard lacks."""


@contextmanager
def picture(width: float, height: float, format: Literal["svg", "png"] = "svg", **grid: Any) -> Iterator[tuple[Any, list[bytes]]]:
    """Axes to draw on, in inches; the picture is in the list afterwards."""
    if FONT not in {font.name for font in font_manager.fontManager.ttflist}:
        for file in sorted(FONTS.glob("*.otf")):
            font_manager.fontManager.addfont(file)
    done: list[bytes] = []
    with matplotlib.rc_context(STYLE):  # type: ignore[arg-type]
        figure = Figure(figsize=(width, height), layout="constrained")
        yield figure.subplots(**grid), done
        out = io.BytesIO()
        figure.savefig(out, format=format, dpi=150, metadata={"Date": None} if format == "svg" else {"Software": None})
    done.append(out.getvalue())


def as_svg(drawn: bytes) -> str:
    """The element alone, to stand in a page."""
    text = drawn.decode()
    return text[text.index("<svg") :]
