"""Published sources as one HTML file with their figures, nothing of it from the network; or the figure of one of them alone.

Needs the `study` extra (Jinja and matplotlib).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cutaway import __version__
from cutaway.plotting import as_svg
from cutaway.scenarios.problems import choices
from cutaway.validating.printing import percent
from cutaway.validating.published import unreached
from cutaway.validating.published.figures import FIGURES
from cutaway.validating.published.plots import drawn
from cutaway.validating.published.points import PublishedError
from cutaway.validating.published.validation import Published

FIGURE_ALONE = (".png", ".svg")


def can_be_told_in(file: Path, sources: Sequence[str]) -> None:
    """Raises PublishedError where the file's ending is none of a report, or of a figure that there is."""
    if file.suffix not in (".html", *FIGURE_ALONE):
        raise PublishedError(f"{file}: its ending is '{file.suffix}'; expected .html, or .png or .svg for a figure alone.")
    if file.suffix in FIGURE_ALONE and (len(sources) != 1 or sources[0] not in FIGURES):
        raise PublishedError(f"{file} is to be the figure of one source; name {choices(sorted(FIGURES))}.")


def content(published: Published, file: Path) -> bytes:
    """What the file will hold, by its ending."""
    if file.suffix == ".html":
        return as_html(published).encode()
    [reproduction] = (verdict.reproduction for verdict in published.verdicts)
    assert reproduction is not None
    return drawn(reproduction, "png" if file.suffix == ".png" else "svg")


def as_html(published: Published) -> str:
    """The report; the same validation gives the same text."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": percent,
        "signed": lambda value: percent(value, signed=True),
        "number": lambda value: f"{value:.4g}",
    }
    pictures = {one.source: as_svg(drawn(one.reproduction, "svg")) for one in published.verdicts if one.reproduction}
    return environment.get_template("report.html.j2").render(
        version=__version__,
        verdicts=published.verdicts,
        pictures=pictures,
        missing=unreached.SOURCES,
    )
