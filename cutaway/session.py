"""What the commands do: build the machines of a scenario, run them, and print or show what came of it. Each returns the exit code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cutaway.scenarios import Scenario


def compare(scenario: Scenario, *, stacks: Sequence[str], workers: int, check_laws: bool, as_json: bool) -> int:
    """Runs the stacks with common random numbers and prints them beside each other."""
    raise NotImplementedError


def run(scenario: Scenario, *, stacks: Sequence[str], out: Path | None, workers: int, check_laws: bool, as_json: bool) -> int:
    """Runs the stacks and keeps the results in a folder."""
    raise NotImplementedError


def explain(scenario: Scenario, *, stacks: Sequence[str], as_json: bool) -> int:
    """Prints the plan of a request on each stack."""
    raise NotImplementedError


def show(
    source: Scenario | Path,
    *,
    language: str,
    look: str,
    size: tuple[int, int],
    record: Path | None,
    at_ns: int | None,
    length_ns: int | None,
) -> int:
    """Opens the view, or records it."""
    raise NotImplementedError


def trace(source: Scenario | Path, *, stacks: Sequence[str], format: str, out: Path | None) -> int:
    """Writes the trace for another viewer."""
    raise NotImplementedError
