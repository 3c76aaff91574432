"""Pictures of a study: a metric along an axis with a band for its interval, and the CPU time of a request by layer.

They are numbered from 1, as the study asks for them; the last one is that of the layers.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

from matplotlib.ticker import LogFormatter, NullLocator

from cutaway.models.hardware import HardwarePart
from cutaway.plotting import COLOURS, picture
from cutaway.scenarios.study_axes import Point, Values
from cutaway.scenarios.study_file import Figure as Asked
from cutaway.studying.columns import BY_NAME, MEMORY, Figure
from cutaway.studying.summary import Summary

Format = Literal["svg", "png"]
FORMATS: tuple[Format, ...] = ("svg", "png")
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")
DASHES = ("-", "--", ":", "-.")
MOST_LINES = 4
"""Other values of the axes that share a panel; with more, each has its own."""
MOST_OF_ONE = 8
"""The same of a single stack, where each has a colour of its own."""
MOST_PANELS = 12


@dataclass(frozen=True)
class Drawn:
    """A picture and what it shows."""

    title: str
    content: bytes

    def _repr_html_(self) -> str:
        """How Jupyter shows it."""
        kind = "png" if self.content.startswith(b"\x89PNG") else "svg+xml"
        return f'<img alt="{escape(self.title)}" src="data:image/{kind};base64,{b64encode(self.content).decode()}">'


@dataclass(frozen=True)
class _Family:
    """Points that differ along one axis alone."""

    label: str
    points: tuple[Point, ...]


def how_many(summary: Summary) -> int:
    """Pictures that there are."""
    return len(summary.study.figures) + 1


def drawn(summary: Summary, number: int, format: Format) -> Drawn:
    """The picture of that number. `summary` is one in full."""
    figures = summary.study.figures
    return _curves(summary, figures[number - 1], format) if number <= len(figures) else _cpu_by_layer(summary, format)


def _curves(summary: Summary, asked: Asked, format: Format) -> Drawn:
    axes = summary.study.axes
    metric = BY_NAME[asked.y]
    along = next((k for k, axis in enumerate(axes) if axis.key == asked.x), _first_with_numbers(axes))
    families = _families(summary, along)
    most = MOST_OF_ONE if len(summary.study.stacks) == 1 else MOST_LINES
    panels = [families] if len(families) <= most else [[family] for family in families[:MOST_PANELS]]
    columns = min(len(panels), 3)
    rows = -(-len(panels) // columns)
    size = (max(6.4, 3.4 * columns), max(3.8, 2.7 * rows))
    with picture(*size, format, nrows=rows, ncols=columns, squeeze=False, sharex=True, sharey=True) as (grid, done):
        flat = list(grid.flat)
        for spare in flat[len(panels) :]:
            spare.set_axis_off()
        for drawing, panel in zip(flat, panels, strict=False):
            for position, family in enumerate(panel):
                _family(drawing, summary, asked, along, family, position if len(panel) > 1 else None)
            _frame(drawing, summary, metric, along, asked, panel[0].label if len(panels) > 1 else "")
        _scales(flat[: len(panels)], summary, along, asked)
        beside = len(panels) == 1 and len(flat[0].lines) > MOST_LINES                     # so many would cover lines
        flat[0].legend(fontsize=7, **({"loc": "upper left", "bbox_to_anchor": (1.01, 1)} if beside else {}))
    left = f" (the first {MOST_PANELS} of {len(families)})" if len(families) > MOST_PANELS else ""
    place = f" by {axes[along].title}" if axes else ""
    title = _what(summary, asked)
    return Drawn(f"{title[:1].upper()}{title[1:]}{place}{left}", done[0])


def _what(summary: Summary, asked: Asked) -> str:
    return asked.y if asked.as_ == "itself" else f"{asked.y} above {summary.base}"


def _first_with_numbers(axes: Sequence[Values]) -> int:
    return next((k for k, axis in enumerate(axes) if axis.numbers), 0)


def _families(summary: Summary, along: int) -> list[_Family]:
    axes = summary.study.axes
    found: dict[tuple[int, ...], list[Point]] = {}
    for point in summary.points():
        found.setdefault(point.at[:along] + point.at[along + 1 :], []).append(point)
    families = []
    for points in found.values():
        others = [f"{axis.short_title} {axis.text(points[0].at[k])}" for k, axis in enumerate(axes) if k != along]
        families.append(_Family(", ".join(others), tuple(points)))
    return families


def _family(drawing: Any, summary: Summary, asked: Asked, along: int, family: _Family, position: int | None) -> None:
    """A line a stack: its colour is the stack's, its dashes the family's; of one stack alone the colour is the family's."""
    place = position or 0
    for number, stack in enumerate(summary.study.stacks):
        known = [(point, found) for point in family.points if (found := summary.shown(point, stack, BY_NAME[asked.y], asked.as_))]
        if not known:
            continue
        where = [_place(summary, along, point) for point, _ in known]
        alone = len(summary.study.stacks) == 1
        colour = COLOURS[(place if alone else number) % len(COLOURS)]
        label = stack if position is None else family.label if alone else f"{stack}, {family.label}"
        look = {"color": colour, "ls": "-" if alone else DASHES[place % len(DASHES)], "marker": MARKS[(place or number) % len(MARKS)]}
        drawing.plot(where, [found.mean for _, found in known], lw=1.2, ms=3.5, label=label, **look)
        if all(found.half_width < float("inf") for _, found in known):
            low, high = ([found.mean + side * found.half_width for _, found in known] for side in (-1, 1))
            drawing.fill_between(where, low, high, color=colour, alpha=0.2, lw=0)


def _place(summary: Summary, along: int, point: Point) -> float:
    if not summary.study.axes:
        return 0.0
    numbers = summary.study.axes[along].numbers
    return numbers[0][point.at[along]] if numbers else float(point.at[along])


def _frame(drawing: Any, summary: Summary, metric: Figure, along: int, asked: Asked, title: str) -> None:
    drawing.set_title(title, fontsize=8)
    drawing.set_ylabel(f"{_what(summary, asked)}, {'%' if asked.as_ == 'per cent' else metric.unit}")
    if metric == MEMORY:
        _machine_s_memory(drawing, summary)
    if summary.study.axes:
        axis = summary.study.axes[along]
        numbers = axis.numbers
        drawing.set_xlabel(f"{axis.title}, {numbers[1]}" if numbers and numbers[1] else axis.title)
        if numbers is None:
            drawing.set_xticks(range(len(axis.values)), [axis.text(k) for k in range(len(axis.values))])
    else:
        drawing.set_xticks([])


def _scales(drawings: Sequence[Any], summary: Summary, along: int, asked: Asked) -> None:
    """Once all is drawn: panels share their scales, and a limit that is set stays."""
    for drawing in drawings:
        for side in asked.log:
            getattr(drawing, f"set_{side}scale")("log")
            for ticks in ("major", "minor"):
                getattr(getattr(drawing, f"{side}axis"), f"set_{ticks}_formatter")(_Plain())
        if "x" in asked.log and summary.study.axes and (numbers := summary.study.axes[along].numbers) and len(numbers[0]) <= 12:
            drawing.set_xticks(numbers[0], [f"{number:g}" for number in numbers[0]])
            drawing.xaxis.set_minor_locator(NullLocator())
    if "y" not in asked.log:
        low = min(drawing.get_ylim()[0] for drawing in drawings)
        drawings[0].set_ylim(bottom=min(low, 0) if asked.as_ != "itself" else 0)


class _Plain(LogFormatter):
    """2,000 where Matplotlib would write 2 × 10³."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        return f"{x:,.6g}" if super().__call__(x, pos) else ""


def _machine_s_memory(drawing: Any, summary: Summary) -> None:
    """A line at the memory that there is, where the copies come near it."""
    layers = summary.study.base.layers_of(summary.study.stacks[0])
    there_is = next(layer for layer in layers if isinstance(layer, HardwarePart)).memory / 2**20
    if drawing.get_ylim()[1] > there_is / 2:
        drawing.axhline(there_is, color="#000000", ls=":", lw=1, label="memory of the machine")


def _cpu_by_layer(summary: Summary, format: Format) -> Drawn:
    """One bar a stack at the first and at the last point; its parts sum to the CPU time of a request."""
    points = list(summary.points())
    ends = [points[0]] if len(points) == 1 else [points[0], points[-1]]
    bars = [(point, stack) for point in ends for stack in summary.study.stacks if (point.number, stack) in summary.cells]
    layers = list(dict.fromkeys(layer for point, stack in bars for layer in summary.cpu_by_layer_us(point, stack)))
    with picture(6.4, max(2.4, 0.42 * len(bars) + 1.2), format) as (drawing, done):
        for position, (point, stack) in enumerate(bars):
            left = 0.0
            for layer, spent in summary.cpu_by_layer_us(point, stack).items():
                colour = COLOURS[layers.index(layer) % len(COLOURS)]
                drawing.barh(position, spent, left=left, color=colour, height=0.7, label=layer)
                left += spent
        drawing.set_yticks(range(len(bars)), [", ".join([stack, *summary.labels(point)]) for point, stack in bars])
        drawing.invert_yaxis()
        drawing.set_xlabel("CPU time a request, µs")
        handles = dict(zip(*reversed(drawing.get_legend_handles_labels()), strict=True))
        drawing.legend([handles[layer] for layer in layers if layer in handles], [layer for layer in layers if layer in handles],
                       fontsize=7, ncols=4, loc="upper center", bbox_to_anchor=(0.4, -0.25))  # fmt: skip
    return Drawn("CPU time of a request by layer, at the first and the last point", done[0])
