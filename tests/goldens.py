"""What every shipped scenario comes to, kept in tests/golden/: the printed comparison and the fingerprint of every run."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

import cutaway
from cutaway.printing import print_comparison

FOLDER = Path(__file__).parent / "golden"


def file_of(scenario: str) -> Path:
    return FOLDER / f"{scenario}.txt"


def golden(scenario: str) -> str:
    """The comparison as it is printed in a pipe, then a line a run."""
    comparison = cutaway.compare(scenario)
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="")
    with redirect_stdout(out):
        print_comparison(comparison)
        print()
        for stack, results in comparison.results.items():
            for number, result in enumerate(results):
                sums = f"{result.events} events, {result.served} served, {result.latency_sum_ns} ns"
                print(f"{stack}, replication {number}: fingerprint {result.fingerprint}, {sums}")
        out.flush()
    out.seek(0)
    return "".join(f"{line.rstrip()}\n" for line in out.read().splitlines())


def refresh() -> Iterator[Path]:
    """Writes the files of all shipped scenarios anew; yields those that changed."""
    for scenario in cutaway.names():
        file, text = file_of(scenario), golden(scenario)
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            yield file
