"""The same scenario and seed give the same bytes: on any processor, compiled or not, in any locale, with any number of workers.

One machine stands in for several: NumPy and the C library are told to do without the instructions that make them round differently.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SMALL = ["--set", "run.requests=150", "--set", "run.replications=2", "--set", "run.warm up=5 ms"]
OTHER_PROCESSORS = {
    "numpy without AVX": {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"},
    "libm without AVX2 and FMA": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA"},
    "another hash seed, locale and time zone": {"PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Asia/Seoul"},
    "the plain engine": {"CUTAWAY_COMPILE": "0"},
}


def answer(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "cutaway", "compare", "lecture/three-stacks", "--json", *SMALL, *arguments]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env={**os.environ, **environment}, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def plain_answer() -> str:
    return answer()


@pytest.mark.parametrize("environment", OTHER_PROCESSORS.values(), ids=OTHER_PROCESSORS.keys())
def test_another_processor_gives_the_same_bytes(environment: dict[str, str], plain_answer: str) -> None:
    assert answer(**environment) == plain_answer


def test_the_number_of_workers_changes_no_byte(plain_answer: str) -> None:
    assert answer("--workers", "2") == plain_answer


def test_another_seed_gives_another_answer(plain_answer: str) -> None:
    assert answer("--seed", "2") != plain_answer
