"""The report's pictures, as SVG: measured against predicted, curves over the load, errors by a parameter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from cutaway.plotting import COLOURS, as_svg, picture
from cutaway.validating.scores import BARS, Score
from cutaway.validating.validation import Validation

CURVES = {"throughput": "Throughput", "latency_p50": "Median latency", "server_cpu_per_request": "Server's CPU time a request"}


def pictures(validation: Validation) -> list[tuple[str, str]]:
    """(title, SVG) of each picture that the rows allow."""
    stacks = sorted({score.row.stack for score in validation.predicted()})
    colours = {stack: COLOURS[index % len(COLOURS)] for index, stack in enumerate(stacks)}
    return [*_all_against(validation, colours), *_all_curves(validation, colours), *_all_residuals(validation, colours)]


def _all_against(validation: Validation, colours: dict[str, str]) -> Iterator[tuple[str, str]]:
    for kind, of_kind in validation.by_kind().items():
        if kind in BARS:
            yield f"Measured against predicted: {kind}", _against(of_kind, colours)


def _all_curves(validation: Validation, colours: dict[str, str]) -> Iterator[tuple[str, str]]:
    def belongs(score: Score, metric: str) -> bool:
        return score.row.what == "nginx static, closed loop" and score.row.number("body_bytes") == 612 and score.row.metric == metric

    for metric, title in CURVES.items():
        of_metric = [score for score in validation.predicted() if belongs(score, metric)]
        if of_metric:
            yield f"{title} by connections, 612 B: points measured, lines predicted", _curves(of_metric, colours)


def _all_residuals(validation: Validation, colours: dict[str, str]) -> Iterator[tuple[str, str]]:
    judged = [score for score in validation.worst() if score.kind in ("throughput and CPU time", "mean and p50")]
    for parameter in ("connections", "body_bytes", "rate_per_s"):
        of_parameter = [score for score in judged if parameter in score.row.params]
        if of_parameter:
            yield f"Error by {parameter.replace('_', ' ')}", _residuals(of_parameter, parameter, colours)


def _by_stack(scores: Sequence[Score]) -> dict[str, list[Score]]:
    found: dict[str, list[Score]] = {}
    for score in sorted(scores, key=lambda score: score.row.stack):
        found.setdefault(score.row.stack, []).append(score)
    return found


def _against(scores: Sequence[Score], colours: dict[str, str]) -> str:
    """Quartiles of what was measured as bars; the diagonal is a perfect prediction, the grey band the bar."""
    known = [score for score in scores if score.predicted and score.row.median > 0]
    with picture(6.4, 4.6) as (axes, done):
        for stack, own in _by_stack(known).items():
            measured = [score.row.median for score in own]
            spread = [
                [max(score.row.median - score.row.q1, 0) for score in own],
                [max(score.row.q3 - score.row.median, 0) for score in own],
            ]
            predicted = [score.predicted for score in own]
            axes.errorbar(measured, predicted, xerr=spread, fmt="o", ms=3, lw=0.6, color=colours[stack], label=stack, alpha=0.8)
        low, high = min(score.row.median for score in known), max(score.row.median for score in known)
        bar = BARS[known[0].kind]
        axes.plot([low, high], [low, high], color="#444444", lw=0.8)
        under, over = ([side * low, side * high] for side in (1 - bar, 1 + bar))
        axes.fill_between([low, high], under, over, color="#000000", alpha=0.08, lw=0)
        axes.set(xscale="log", yscale="log", xlabel="measured (each in its own unit)", ylabel="predicted")
        axes.legend(fontsize=7, loc="upper left")
    return as_svg(done[0])


def _curves(scores: Sequence[Score], colours: dict[str, str]) -> str:
    with picture(6.4, 3.8) as (axes, done):
        for stack, own in _by_stack(scores).items():
            _line(axes, sorted(own, key=lambda score: score.row.number("connections")), colours[stack])
        axes.set(xscale="log", xlabel="connections", ylabel=scores[0].row.unit)
        if scores[0].row.metric.startswith("latency"):
            axes.set(yscale="log")
        axes.legend(fontsize=7)
    return as_svg(done[0])


def _line(axes: Any, own: Sequence[Score], colour: str) -> None:
    where = [score.row.number("connections") for score in own]
    axes.plot(where, [score.predicted for score in own], color=colour, lw=1.2, label=own[0].row.stack)
    spread = [[score.row.median - score.row.q1 for score in own], [score.row.q3 - score.row.median for score in own]]
    axes.errorbar(where, [score.row.median for score in own], yerr=spread, fmt="o", ms=3.5, lw=0.8, color=colour)


def _residuals(scores: Sequence[Score], parameter: str, colours: dict[str, str]) -> str:
    """Signed errors, those beyond 100 % at the border."""
    with picture(6.4, 3.4) as (axes, done):
        for stack, own in _by_stack(scores).items():
            where = [score.row.number(parameter) for score in own]
            errors = [max(-100.0, min(100.0, 100 * (score.error or 0))) for score in own]
            axes.plot(where, errors, "o", ms=3, alpha=0.6, color=colours[stack], label=stack)
        axes.axhline(0, color="#444444", lw=0.8)
        axes.set(xscale="log", xlabel=parameter.replace("_", " "), ylabel="error, %", ylim=(-105, 105))
        axes.legend(fontsize=7, ncols=2)
    return as_svg(done[0])
