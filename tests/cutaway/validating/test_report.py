"""The report: one file, all rows, no network, the same bytes each time."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutaway.cli import app
from cutaway.models.costs.row import read
from cutaway.validating import session
from cutaway.validating.report import as_html
from cutaway.validating.validation import Validation, validate

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def validation() -> Validation:
    def belongs(what: str, size: float, connections: float) -> bool:
        return what == "nginx static, closed loop" and size == 612 and connections in (1, 16)

    rows = [row for row in read(session.SHIPPED) if belongs(row.what, row.number("body_bytes"), row.number("connections"))]
    return validate([*rows, *(row for row in read(session.SHIPPED) if row.use == "calibrate")], "two-core-vm")


def test_every_predicted_row_is_in_it_and_nothing_comes_from_outside(validation: Validation) -> None:
    text = as_html(validation, "rows.jsonl")
    assert all(f">{score.row.id}<" in text for score in validation.predicted())
    assert all(why in text for why in validation.unreached())
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', re.sub(r"<svg.*?</svg>", "", text, flags=re.DOTALL))


def test_its_pictures_are_whole_and_titled(validation: Validation) -> None:
    text = as_html(validation, "rows.jsonl")
    pictures = re.findall(r"<figcaption>(.*?)</figcaption>(<svg.*?</svg>)", text, re.DOTALL)
    assert {"Measured against predicted: tails", "Error by connections"} <= {title for title, _ in pictures}
    for _, svg in pictures:
        assert ElementTree.fromstring(svg).tag.endswith("svg")


def test_the_same_validation_gives_the_same_bytes(validation: Validation) -> None:
    assert as_html(validation, "rows.jsonl") == as_html(validation, "rows.jsonl")


def test_a_report_is_never_written_over_another(tmp_path: Path) -> None:
    there = tmp_path / "report.html"
    there.write_text("mine")
    told = CliRunner().invoke(app, ["validate", "--report", str(there)])
    assert told.exit_code == 2 and there.read_text() == "mine"
