"""A validation as one HTML file: tables, pictures, every row; nothing of it comes from the network.

Needs the `study` extra (Jinja and matplotlib).
"""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cutaway import __version__
from cutaway.validating.plots import pictures
from cutaway.validating.printing import percent, told_before
from cutaway.validating.scores import BARS, summary
from cutaway.validating.validation import Validation


def as_html(validation: Validation, file: str) -> str:
    """The report; the same validation gives the same text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": percent,
        "signed": lambda value: percent(value, signed=True),
        "number": lambda value: f"{value:.4g}",
    }
    judged = validation.worst()
    told = {score.row.id for score in judged}
    others = sorted((score for score in validation.predicted() if score.row.id not in told), key=lambda score: score.row.id)
    pairs = validation.pairs()
    return environment.get_template("report.html.j2").render(
        file=file,
        profile=validation.profile,
        version=__version__,
        rows=f"{len(validation.scores):,}",
        predicted=f"{len(validation.predicted()):,}",
        calibrated=f"{validation.calibrated:,}",
        told=told_before(validation),
        kinds=[(kind, one, BARS.get(kind)) for kind, scores in validation.by_kind().items() if (one := summary(scores))],
        groups=[(what, stack, kind, one) for (kind, what, stack), scores in validation.by_group().items() if (one := summary(scores))],
        comparisons=len(pairs),
        kept=sum(pair.kept for pair in pairs),
        unreached=validation.unreached().most_common(),
        scores=[*judged, *others],
        pictures=pictures(validation),
    )
