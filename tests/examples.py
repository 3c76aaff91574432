"""What the documentation shows: finds its examples, runs them, and refreshes what they print.

    python -m tests.refresh

Blocks marked `console` are commands (`$ ...`) with all that they print; blocks marked `python` are run one after the other, page by page.
Blocks marked `sh` are not run: they set up an environment, or open a window.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.DOTALL | re.MULTILINE)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def console_blocks(page: Path) -> list[str]:
    """Commands with what they print."""
    return CONSOLE.findall(page.read_text(encoding="utf-8"))


def python_blocks(page: Path) -> list[str]:
    return PYTHON.findall(page.read_text(encoding="utf-8"))


def as_run(block: str, folder: Path) -> str:
    """The block as it should read: each command, followed by what it prints now. The folder holds the benchmarks, as a clone does."""
    link = folder / "benchmarks"
    if not link.exists():
        link.symlink_to(ROOT / "benchmarks")
    text = ""
    for line in block.splitlines():
        if line.startswith("$ "):
            text += f"{line}\n{output_of(line[2:], folder)}"
    return text


def output_of(command: str, folder: Path) -> str:
    """Standard output and error of a shell command, in the order in which they came, without blanks at the ends of lines."""
    scripts = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": scripts + os.pathsep + os.environ["PATH"],
        "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1", "COLUMNS": "80", "SDL_VIDEODRIVER": "dummy",
    }  # fmt: skip
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        encoding="utf-8", timeout=300,
    )  # fmt: skip
    lines = (line.rstrip() for line in done.stdout.splitlines() if not line.startswith("Compiling the engine"))
    return "".join(f"{line}\n" for line in lines)


def refresh() -> Iterator[Path]:
    """Rewrites what the console blocks of all pages print; yields the pages that changed."""
    for page in PAGES:
        if not page.exists():
            continue
        before = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as folder:
            after = CONSOLE.sub(lambda found, at=Path(folder): f"```console\n{as_run(found[1], at)}```", before)  # type: ignore[misc]
        if after != before:
            page.write_text(after, encoding="utf-8")
            yield page
