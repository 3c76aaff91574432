"""The scenarios that come with Cutaway, by name: `lecture/three-stacks`."""

from pathlib import Path

FOLDER = Path(__file__).resolve().parent
PARTS = "parts"
"""Folders of this name hold parts for `use`, which are no scenarios by themselves."""
STUDIES = "study"
"""The folder of the studies, which vary scenarios."""


def names() -> list[str]:
    """All shipped scenarios, sorted."""
    found = (path.relative_to(FOLDER) for path in FOLDER.rglob("*.yaml"))
    return sorted(path.with_suffix("").as_posix() for path in found if PARTS not in path.parts and path.parts[0] != STUDIES)


def studies() -> list[str]:
    """All shipped studies, sorted."""
    return sorted(f"{STUDIES}/{path.stem}" for path in (FOLDER / STUDIES).glob("*.yaml"))


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.yaml"
