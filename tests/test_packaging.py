"""What is installed: the wheel is whole, runs beside folders of the same names, and a clone without links runs too."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("sim", "models", "scenarios", "visuals")
SHIPPED = (".py", ".yaml", ".toml", ".otf", ".ttf", ".json", ".jsonl", ".txt", ".c", ".h", ".lua")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BROUGHT_BY = {"pydantic_core": "pydantic", "llvmlite": "numba"}
"""Parts of another distribution in all but name: each is pinned to one version by the one that brings it."""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd, env={**os.environ, "PYTHONPATH": "", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8", **environment},
        capture_output=True, encoding="utf-8", timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copied(folder: Path) -> Path:
    """The tree, without what building and running leave behind."""
    left = shutil.ignore_patterns(".*", "__pycache__", "*.pyc", "dist", "build", "*.egg-info", "tests", "docs")
    return Path(shutil.copytree(ROOT, folder, symlinks=True, ignore=left))


# --- the wheel -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    tree = copied(folder / "tree")
    run(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, tree, cwd=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of a fresh environment, with nothing in it but the wheel; what it needs is lent by this one."""
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", wheel, cwd=folder)
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])", cwd=folder).strip())
    lent = folder / "lent"
    lent.mkdir()
    for place in {Path(path) for path in sys.path if path.endswith("-packages")}:
        for part in place.iterdir():
            if not part.name.startswith(("cutaway", "_cutaway", "__editable__")) and not part.name.endswith(".pth"):
                (lent / part.name).symlink_to(part)
    (site / "lent.pth").write_text(f"{lent}\n")
    return python


@pytest.mark.slow
def test_the_wheel_holds_what_the_tree_holds(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in FOLDERS:
        tracked = {
            f"cutaway/{path.relative_to(ROOT).as_posix()}"
            for path in (ROOT / folder).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts and path.suffix in SHIPPED
        }
        assert tracked <= names
    assert not [name for name in names if name.startswith(("tests/", "docs/", *(f"{folder}/" for folder in FOLDERS)))]
    licences = {name.rpartition("licenses/")[2] for name in names if "licenses/" in name}
    assert licences == {"LICENSE", *(f"cutaway/visuals/fonts/{name}-LICENSE.txt" for name in ("NanumGothicCoding", "Pretendard"))}


@pytest.mark.slow
def test_the_source_archive_makes_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    tree = copied(tmp_path / "tree")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", tmp_path, cwd=tree)
    (archive,) = tmp_path.glob("*.tar.gz")
    run(
        sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, archive, cwd=tmp_path
    )
    made = zipfile.ZipFile(tmp_path / wheel.name)
    assert sorted(made.namelist()) == sorted(zipfile.ZipFile(wheel).namelist())


@pytest.mark.slow
def test_it_runs_beside_folders_of_the_same_names(installed: Path, tmp_path: Path) -> None:
    """A researcher's own `models/` beside a notebook is none of ours, and ours is none of his."""
    for folder in FOLDERS:
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "__init__.py").write_text("raise RuntimeError('not this one')\n")
    small = ["--set", "run.requests=100", "--set", "run.replications=2"]
    told = run(installed, "-m", "cutaway", "compare", "lecture/three-stacks", *small, cwd=tmp_path)
    assert "mean latency" in told
    where = run(installed, "-c", "import cutaway.models; print(cutaway.models.__file__)", cwd=tmp_path).strip()
    assert not Path(where).is_relative_to(ROOT) and "site-packages" in where
    console = installed.with_name("cutaway" + installed.suffix)
    assert "lecture/three-stacks" in run(console, "list", cwd=tmp_path)
    run(console, "show", "lecture/three-stacks", *small[:2], "--record", "picture.png", "--at", "20 us", "--lang", "ko", cwd=tmp_path)
    assert (tmp_path / "picture.png").stat().st_size > 10_000


@pytest.mark.slow
def test_it_leaves_the_names_of_its_folders_to_others(installed: Path, tmp_path: Path) -> None:
    code = f"from importlib.util import find_spec; print([name for name in {FOLDERS} if find_spec(name)])"
    assert run(installed, "-c", code, cwd=tmp_path) == "[]\n"


# --- a clone without links -----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_clone_without_links_runs(tmp_path: Path) -> None:
    """Git on Windows writes a link as a file that holds its target."""
    tree = copied(tmp_path / "tree")
    for folder in FOLDERS:
        link = tree / "cutaway" / folder
        target = link.readlink().as_posix()
        link.unlink()
        link.write_text(target)
    small = ["--set", "run.requests=100", "--set", "run.replications=2"]
    beside = run(sys.executable, "-m", "cutaway", "compare", "lecture/three-stacks", "--json", *small, cwd=tree, PYTHONPATH=str(tree))
    linked = run(sys.executable, "-m", "cutaway", "compare", "lecture/three-stacks", "--json", *small, cwd=ROOT, PYTHONPATH=str(ROOT))
    assert beside == linked
    where = run(sys.executable, "-c", "import cutaway.sim; print(cutaway.sim.__file__)", cwd=tree, PYTHONPATH=str(tree)).strip()
    assert Path(where) == tree / "sim" / "__init__.py"


def test_the_links_lead_to_the_folders() -> None:
    for folder in FOLDERS:
        assert (ROOT / "cutaway" / folder).readlink() == Path("..") / folder


# --- what is declared ----------------------------------------------------------------------------------------------------------------


def imported_in(folder: Path) -> set[str]:
    """Top-level names of all modules that a tree imports, wherever in a file."""
    found: set[str] = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    beside = {file.stem for file in folder.glob("*.py")}
    return found - set(sys.stdlib_module_names) - beside - {"cutaway", "tests", "__future__"}


def distribution(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found
    return normal(found[0])


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


CORE = {distribution(one) for one in PROJECT["project"]["dependencies"]}
EXTRAS = {distribution(one) for extra in PROJECT["project"]["optional-dependencies"].values() for one in extra}
DEVELOPMENT = {distribution(one) for one in PROJECT["dependency-groups"]["dev"]}


def distributions_of(modules: set[str]) -> set[str]:
    known = packages_distributions()
    return {normal(BROUGHT_BY.get(module) or (known.get(module) or [module])[0]) for module in modules}


def test_every_import_is_declared() -> None:
    ours = set().union(*(imported_in(ROOT / folder) for folder in (*FOLDERS, "cutaway")))
    assert distributions_of(ours) <= CORE | EXTRAS
    assert distributions_of(imported_in(ROOT / "tests") | imported_in(ROOT / "benchmarks")) <= CORE | EXTRAS | DEVELOPMENT


def test_everything_declared_is_imported() -> None:
    ours = set().union(*(imported_in(ROOT / folder) for folder in (*FOLDERS, "cutaway")))
    assert distributions_of(ours) >= CORE


def test_the_version_is_one() -> None:
    version = PROJECT["project"]["version"]
    assert f'__version__ = "{version}"' in (ROOT / "cutaway/__init__.py").read_text(encoding="utf-8")
    assert f"version: {version}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"## {version}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
