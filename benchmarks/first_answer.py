"""How long `cutaway compare lecture/three-stacks` takes the very first time, when the engine has to be compiled, and after it.

    python benchmarks/first_answer.py

Targets: under 20 s the first time, under 5 s from then on; `cutaway --help` under 0.5 s.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time


def seconds(*arguments: str, cache: str) -> float:
    """Wall time of one command with this cache folder."""
    begun = time.perf_counter()
    environment = {**os.environ, "XDG_CACHE_HOME": cache}
    subprocess.run([sys.executable, "-m", "cutaway", *arguments], check=True, capture_output=True, env=environment)
    return time.perf_counter() - begun


if __name__ == "__main__":
    compare = ("compare", "lecture/three-stacks")
    with tempfile.TemporaryDirectory() as cache:
        for what, arguments in (("compare, first time", compare), *[("compare, again", compare)] * 3, *[("--help", ("--help",))] * 3):
            print(f"{what:22} {seconds(*arguments, cache=cache):6.2f} s")
