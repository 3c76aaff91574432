"""What holds for every machine: the laws, one answer however it is advanced, and the same bytes compiled or plain."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.sim.laws import check, check_trace
from cutaway.sim.machine import Cpu, Kernel, Machine
from cutaway.sim.tracing import Recorder
from cutaway.sim.traffic.engine import Traffic
from cutaway.sim.traffic.tables import TICK
from tests.sim.machines import machines

MS = 1_000_000
SEEDS = st.integers(0, 2**63 - 1)
QUICK = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


def state_of(traffic: Traffic) -> str:
    """All that a run has come to, as one text."""
    w = traffic.w
    parts = [traffic.fingerprint, w.books.tolist(), w.layer_ns.tolist(), w.tasks.tolist(), w.cpus.tolist(), w.series.tolist()]
    return json.dumps([str(part) for part in parts])


@given(machines(), SEEDS)
@QUICK
def test_the_laws_hold_on_every_machine(machine: Machine, seed: int) -> None:
    traffic = Traffic(machine, seed)
    traffic.advance(15 * MS)
    traffic.start_counting()
    traffic.advance(60 * MS)
    traffic.settle()
    assert check(traffic) == []


@given(machines(), SEEDS)
@settings(QUICK, max_examples=30)
def test_every_traced_request_is_tiled_by_its_spans(machine: Machine, seed: int) -> None:
    recorder = Recorder(machine, seed, 1)
    traffic = Traffic(machine, seed, log_every=1, sink=recorder.take)
    traffic.advance(20 * MS)
    traffic.settle()
    traffic.flush_log()
    assert check_trace(recorder.whole(traffic)) == []


@given(machines(), SEEDS, st.lists(st.integers(1, 20 * MS), min_size=1, max_size=20))
@settings(QUICK, max_examples=30)
def test_it_does_not_matter_in_which_steps_time_is_advanced(machine: Machine, seed: int, stops: list[int]) -> None:
    whole, pieces = Traffic(machine, seed), Traffic(machine, seed)
    whole.advance(20 * MS)
    for stop in sorted(stops):
        pieces.advance(stop)
    pieces.advance(20 * MS)
    assert state_of(whole) == state_of(pieces)


@given(machines(), SEEDS, st.lists(st.integers(1, 20 * MS), min_size=1, max_size=20))
@settings(QUICK, max_examples=40)
def test_who_only_looks_changes_nothing(machine: Machine, seed: int, looks: list[int]) -> None:
    unseen, seen = Traffic(machine, seed), Traffic(machine, seed)
    for look in sorted(looks):
        seen.advance(look)
        seen.settle()
        assert check(seen) == []
    for traffic in (unseen, seen):
        traffic.advance(20 * MS)
        traffic.settle()
    assert unseen.fingerprint == seen.fingerprint
    assert (unseen.w.books == seen.w.books).all() and (unseen.w.layer_ns == seen.w.layer_ns).all()


@given(machines(), SEEDS)
@settings(QUICK, max_examples=25)
def test_a_trace_changes_nothing(machine: Machine, seed: int) -> None:
    plain, traced = Traffic(machine, seed), Traffic(machine, seed, log_every=1)
    for traffic in (plain, traced):
        traffic.advance(20 * MS)
    assert plain.fingerprint == traced.fingerprint
    assert (plain.w.books == traced.w.books).all()


_FIXED_EXAMPLES = """
import sys
from hypothesis import HealthCheck, Phase, given, seed, settings
from tests.sim.machines import machines
from tests.sim.test_properties import MS, state_of
from cutaway.sim.traffic.engine import Traffic

@seed(4711)
@settings(max_examples=20, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(machines())
def run(machine):
    traffic = Traffic(machine, 5)
    traffic.advance(MS)
    traffic.settle()
    print(state_of(traffic))

run()
"""


def test_the_compiled_and_the_plain_engine_give_the_same_bytes() -> None:
    answers = []
    for compiled in ("1", "0"):
        done = subprocess.run([sys.executable, "-c", _FIXED_EXAMPLES], capture_output=True, encoding="utf-8", check=False,
                              env={**os.environ, "CUTAWAY_COMPILE": compiled, "PYTHONPATH": os.pathsep.join(sys.path)})  # fmt: skip
        assert done.returncode == 0, done.stderr
        answers.append(done.stdout)
    assert answers[0].count("\n") >= 20
    assert answers[0] == answers[1]


def test_an_event_in_the_past_is_refused() -> None:
    traffic = Traffic(Machine("test", ("client",), (Kernel("k", "client", MS, MS),), (Cpu("cpu0", "k"),), (), (), ()), 1)
    traffic.advance(MS)
    with pytest.raises(ValueError, match="before the clock"):
        traffic.put(0, TICK, 0)
