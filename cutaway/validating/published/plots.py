"""The pictures of published figures: points as published over what is simulated, and each point drawn by what it was used for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from cutaway.plotting import COLOURS, picture
from cutaway.validating.published.figures import Figure, Panel
from cutaway.validating.published.reproducing import Mark, Reproduction, Series, Standing

Format = Literal["svg", "png"]
MARKS: dict[Standing, dict[str, Any]] = {
    "predicted": {"marker": "o", "fill": True, "ms": 4.5},
    "for calibrating": {"marker": "o", "fill": False, "ms": 4.5},
    "made the machine": {"marker": "X", "fill": False, "ms": 8.0},
    "not modelled": {"marker": "D", "fill": False, "ms": 4.5},
}
"""What is filled was predicted; what is hollow was not, whatever the distance."""
TOLD: dict[Standing, str] = {
    "predicted": "published, predicted",
    "for calibrating": "published, for calibrating (not used)",
    "made the machine": "published, made the machine",
    "not modelled": "published, not modelled",
}


def drawn(reproduction: Reproduction, format: Format) -> bytes:
    """The whole figure."""
    figure = reproduction.figure
    columns = 2 if len(figure.panels) == 4 else len(figure.panels)
    rows = len(figure.panels) // columns
    width, height = (3.7 * columns, 3.3 * rows) if figure.along else (1.2 + 3.4 * columns, 1.0 + 0.4 * len(figure.set_ups))
    with picture(width, height, format, nrows=rows, ncols=columns, squeeze=False, sharey=not figure.along) as (grid, done):
        for axes, panel, series in zip(grid.flat, figure.panels, reproduction.panels, strict=True):
            if figure.along:
                _curves(axes, series)
                _frame(axes, figure, panel)
            else:
                _bars(axes, series, panel)
            axes.set_title(panel.title, fontsize=10)
        if not figure.along:
            first = grid.flat[0]
            first.set_yticks(range(len(figure.set_ups)), [set_up.label for set_up in figure.set_ups])
            first.invert_yaxis()
        _legend(grid.flat[0].figure, reproduction)
    return done[0]


def _frame(axes: Any, figure: Figure, panel: Panel) -> None:
    axes.set(xlabel=figure.along, ylabel="µs" if panel.unit == "us" else panel.unit)
    if panel.turn:
        axes.set_yscale("log")
    else:
        axes.set_ylim(bottom=0)
    if figure.log:
        axes.set_xscale("log")
        axes.set_xticks(figure.at, [str(at) for at in figure.at])
        axes.tick_params(axis="x", which="minor", bottom=False)


def _curves(axes: Any, series: Sequence[Series]) -> None:
    for one, colour in zip(series, COLOURS, strict=False):
        if one.at:
            axes.plot(one.at, one.simulated, color=colour, lw=1.3)
            axes.fill_between(one.at, one.low, one.high, color=colour, alpha=0.18, lw=0)
        _marks(axes, one.marks, colour)


def _bars(axes: Any, series: Sequence[Series], panel: Panel) -> None:
    """Bars lie, so that names of set-ups can be read; a set-up that the model lacks has its point alone."""
    from matplotlib.ticker import EngFormatter

    for place, one in enumerate(series):
        if not one.at:
            axes.text(0.02, place, "not modelled", transform=axes.get_yaxis_transform(), va="center", fontsize=8, color="#666666")
        else:
            error = [[one.simulated[0] - one.low[0]], [one.high[0] - one.simulated[0]]]
            axes.barh(one.at, one.simulated, color=COLOURS[5], height=0.7, xerr=error, error_kw={"ecolor": "#555555", "lw": 0.8})
        _marks(axes, one.marks, COLOURS[1], lying=True)
    axes.set(xlabel=panel.unit, xlim=(0, None))
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))


def _marks(axes: Any, marks: Sequence[Mark], colour: str, *, lying: bool = False) -> None:
    for mark in marks:
        style = MARKS[mark.standing]
        place = (mark.value, mark.x) if lying else (mark.x, mark.value)
        spread = {"xerr" if lying else "yerr": mark.deviation}
        axes.errorbar(*place, **spread, fmt=style["marker"], ms=style["ms"], lw=0.8, color=colour, mfc=_filling(style, colour), zorder=3)


def _filling(style: dict[str, Any], colour: str) -> str:
    return colour if style["fill"] else "white"


def _legend(figure: Any, reproduction: Reproduction) -> None:
    """Set-ups by colour, then what lines, bands and points mean."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    handles: list[Any] = []
    if reproduction.figure.along:
        labels = [set_up.label for set_up in reproduction.figure.set_ups]
        handles = [Line2D([], [], color=colour, lw=2, label=label) for label, colour in zip(labels, COLOURS, strict=False)]
        handles.append(Line2D([], [], color="#444444", lw=1.3, label="simulated"))
        handles.append(Patch(color="#444444", alpha=0.18, lw=0, label="from published figures ± 1 sd"))
    else:
        handles = [Patch(color=COLOURS[5], label="simulated (± from published figures ± 1 sd)")]
    there = {mark.standing for series in reproduction.panels for one in series for mark in one.marks}
    grey = "#444444" if reproduction.figure.along else COLOURS[1]
    for standing, told in TOLD.items():
        if standing in there:
            style = MARKS[standing]
            filling = _filling(style, grey)
            handles.append(Line2D([], [], color=grey, lw=0, marker=style["marker"], ms=style["ms"], mfc=filling, label=told))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=8)
