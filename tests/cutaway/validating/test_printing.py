"""The tables of a validation in narrow terminals: names fold, numbers stay."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from cutaway.validating import printing
from cutaway.validating.published import printing as published_printing
from cutaway.validating.published.validation import Published, Verdict
from cutaway.validating.scores import Score
from cutaway.validating.validation import Validation
from tests.cutaway.validating.rows import row

ERRORS = re.compile(r"[+-]?\d+(?:\.\d+)? %")
LONG = "nginx beside CPU hogs on its core, closed loop"
SCORES = tuple(
    Score(row(LONG, stack, metric, median, id=f"nginx.{stack}.{metric}"), predicted, by_factor=0.5 * median)
    for stack in ("native", "docker-bridge")
    for metric, median, predicted in (("throughput", 123456.0, 234567.0), ("latency_p50", 17.25, 16.5), ("latency_p99", 400.0, 1250.0))
)


def printed(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """All tables of both kinds of validation."""
    text = io.StringIO()
    for module in (printing, published_printing):
        monkeypatch.setattr(module, "console", lambda: Console(file=text, width=width, highlight=False, markup=False))
    printing.print_validation(Validation("two-core-vm", SCORES, 360), "two-core-vm.jsonl", 20, every_row=False)
    verdict = Verdict("a-source-of-many-machines", "title", 9, (), (), SCORES, SCORES[:2], SCORES[2:4])
    published_printing.print_published(Published((verdict, verdict)), 20, every_row=True)
    return text.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 64, 76])
def test_no_number_is_lost(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    narrow, wide = printed(width, monkeypatch), printed(80, monkeypatch)
    assert max(len(line.rstrip()) for line in narrow) <= width
    assert ERRORS.findall(" ".join(" ".join(narrow).split())) == ERRORS.findall(" ".join(" ".join(wide).split()))
    assert "…" not in "".join(narrow)
    for number in ("1.235e+05", "2.346e+05", "1250"):
        assert sum(number in line for line in narrow) == sum(number in line for line in wide)


def test_piped_output_has_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    from cutaway.printing import console

    assert console().width == 80
