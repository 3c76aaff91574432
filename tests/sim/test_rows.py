"""Compiled code does not look whether an index is negative, so none may ever be."""

from __future__ import annotations

import os
import subprocess
import sys

_CHECKED = """
from dataclasses import replace
from hypothesis import HealthCheck, Phase, given, seed, settings
import numpy as np
from tests.sim.machines import machines
from cutaway.sim.traffic import engine
from cutaway.sim.traffic.tables import DTYPES, TABLE_NAMES

def check(index, shape):
    index = index if isinstance(index, tuple) else (index,)
    assert all(0 <= k < size for k, size in zip(index, shape) if isinstance(k, (int, np.integer))), f"{index} of {shape}"

class Rows(np.recarray):
    def __getitem__(self, index):
        check(index, self.shape)
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        check(index, self.shape)
        super().__setitem__(index, value)

class Numbers(np.ndarray):
    def __getitem__(self, index):
        check(index, self.shape)
        return super().__getitem__(index)

    def __setitem__(self, index, value):
        check(index, self.shape)
        super().__setitem__(index, value)

plainly = engine.build

def build(*args, **options):
    built = plainly(*args, **options)
    kinds = {name: Rows if name in DTYPES else Numbers for name in TABLE_NAMES}
    built.tables = replace(built.tables, **{name: getattr(built.tables, name).view(kind) for name, kind in kinds.items()})
    return built

engine.build = build

@seed(4711)
@settings(max_examples=15, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(machines())
def run(machine):
    traffic = engine.Traffic(machine, 5, log_every=2)
    assert isinstance(traffic.w.tasks, Rows)
    traffic.advance(4_000_000)
    traffic.settle()
    print(traffic.fingerprint)

run()
"""


def test_no_row_or_column_lies_outside_its_table() -> None:
    """Method: the plain engine on tables that refuse it, with machines of all sorts."""
    environment = {**os.environ, "CUTAWAY_COMPILE": "0", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", _CHECKED], capture_output=True, encoding="utf-8", check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") >= 15
