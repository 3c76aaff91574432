"""The code of engine and models itself: no clock of the wall, no chance from a module, integers only, no file that nothing uses."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import cutaway.sim
from cutaway.sim.traffic.tables import DTYPES

ROOT = Path(__file__).parents[2]
SIM = ROOT / "sim"
FILES = sorted(SIM.rglob("*.py"))
MEASURING = ROOT / "models" / "costs" / "measuring"
"""Looks at the clock of the machine that it measures."""
MODELS = sorted(file for file in (ROOT / "models").rglob("*.py") if MEASURING not in file.parents)
ROUNDED_DIFFERENTLY = {"exp", "expm1", "log", "log1p", "log2", "log10", "pow", "power", "sin", "cos", "tan", "hypot"}
FORBIDDEN = {"time", "datetime", "random", "secrets", "uuid", "socket", "getpass"}

DATES = Path("models/docker/dates.py")
"""Writes and reads dates, of times that it is given."""


def imports_of(file: Path) -> set[str]:
    """Full names of the modules that a file imports, and of what it takes from them."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def is_compiled(file: Path) -> bool:
    return bool(imports_of(file) & {f"cutaway.sim.traffic.jit.{name}" for name in ("compiled", "compiled_and_kept")})


BETWEEN_TWO_SPEEDS = [file for file in FILES if is_compiled(file)]


def names_of(file: Path) -> set[str]:
    return {ast.unparse(node) for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize("file", [*FILES, *MODELS], ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_of_engine_and_models_reads_a_clock_or_draws_from_a_module(file: Path) -> None:
    found = imports_of(file) | names_of(file)
    allowed = {"datetime"} if file.relative_to(ROOT) == DATES else set()
    assert not {name.split(".")[0] for name in imports_of(file)} & FORBIDDEN - allowed
    assert not {name for name in found if name.endswith((".now", ".utcnow", ".today"))} or not allowed
    assert not {name for name in found if name.startswith(("np.random", "numpy.random", "os.urandom"))}


def test_the_compiled_files_are_found() -> None:
    assert {"advance", "cores", "draws", "fair", "walk"} <= {file.stem for file in BETWEEN_TWO_SPEEDS}


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_no_file_of_the_engine_computes_what_processors_round_differently(file: Path) -> None:
    """Powers, logarithms and the like come from the C library or from NumPy, and differ in the last bit; 2**62 is an integer."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    powers = [node for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow)]
    assert not [ast.unparse(power) for power in powers if not (isinstance(power.left, ast.Constant) and type(power.left.value) is int)]
    rough = {f"{module}.{name}" for module in ("math", "np") for name in ROUNDED_DIFFERENTLY}
    assert not names_of(file) & rough


def test_all_columns_of_the_tables_are_integers_of_64_bits() -> None:
    for dtype in DTYPES.values():
        assert all(dtype[column] == np.int64 for column in dtype.names or ())


def test_no_column_bears_the_name_of_something_that_a_row_of_numpy_has() -> None:
    """In the plain engine `row.choose` would be NumPy's method, and the two speeds would part."""
    assert not [column for dtype in DTYPES.values() for column in dtype.names or () if hasattr(np.record, column)]


@pytest.mark.parametrize("file", BETWEEN_TWO_SPEEDS, ids=lambda file: file.name)
def test_what_is_compiled_counts_in_integers(file: Path) -> None:
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    assert not [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, float)]
    assert not [ast.unparse(node) for node in nodes if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div)]


def test_every_file_of_the_engine_is_imported_by_another() -> None:
    used: set[str] = set()
    for folder in ("sim", "models", "scenarios", "visuals", "cutaway"):
        for file in (ROOT / folder).rglob("*.py"):
            if not any(parent.is_symlink() for parent in file.parents):
                used |= imports_of(file)
    names = {"cutaway." + ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in FILES if file.name != "__init__.py"}
    assert names - used == set()
    assert cutaway.sim.__doc__
