"""Small studies for the tests, and what a folder of one holds."""

from __future__ import annotations

from hashlib import blake2b
from pathlib import Path

from cutaway.scenarios.study_loader import LoadedStudy, load_study

SMALL = """\
study: 1
title: Small
question: Does a container cost anything?
base: lecture/three-stacks
stacks: [bare metal, container]
set: {run.requests: 200, run.warm up: 1 ms}
axes:
  - key: clients.connections
    values: [1, 8]
replications: 4
runs a file: 2
"""
PRECISE = SMALL.replace("replications: 4", "precision: {within: 1 %, of: [mean latency, throughput], at least: 3, at most: 12}")


def study(folder: Path, text: str = SMALL) -> LoadedStudy:
    """The study of a text, from a file of its own."""
    file = folder / "small.yaml"
    file.write_text(text, encoding="utf-8")
    return load_study(file)


def results(folder: Path) -> dict[str, str]:
    """Digests of all that a complete study holds and that does not tell of the machine."""
    files = [*folder.glob("runs/*"), *(folder / name for name in ("index.jsonl", "manifest.json", "scenario.json", "study.yaml"))]
    return {file.name: blake2b(file.read_bytes()).hexdigest() for file in sorted(files)}
