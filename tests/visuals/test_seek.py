"""An instant is found by keyframes; the plain way is to look at every row."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from cutaway.sim import trace as tr
from cutaway.visuals.moment import Replay
from cutaway.visuals.seek import Holding, Journeys

ROWS = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 120)), max_size=80)


@given(ROWS, st.integers(1, 9), st.integers(-5, 530))
@settings(max_examples=200, deadline=None)
def test_holding_rows_are_those_that_a_full_look_finds(rows: list[tuple[int, int]], every: int, time_ns: int) -> None:
    table = np.zeros(len(rows), tr.STATE)
    for number, (start, length) in enumerate(sorted(rows)):
        table[number]["start"], table[number]["end"] = start, start + length
    expected = np.flatnonzero((table["start"] <= time_ns) & (table["end"] > time_ns))
    assert Holding(table, every).at(time_ns).tolist() == expected.tolist()


def test_a_step_taken_off_its_cpu_goes_on_where_it_was(traces: list[tr.Trace]) -> None:
    """Shares of a step neither jump nor run back: what one span ends with, the next begins with."""
    journeys = Replay(traces[1]).journeys
    spans = traces[1].spans
    for request in range(0, 300, 7):
        rows = journeys.rows(request)
        assert (np.diff(spans["start"][rows]) > 0).all() and (spans["end"][rows][:-1] == spans["start"][rows][1:]).all()
        for row, after in pairwise(rows):
            if journeys.step[row] == journeys.step[after]:
                worked = spans["end"][row] - spans["start"][row] if spans["kind"][row] in (tr.RUNNING, tr.DEVICE) else 0
                assert journeys.before[after] == journeys.before[row] + worked
                assert journeys.total[after] == journeys.total[row]


def test_overhead_stands_at_the_step_that_comes_next() -> None:
    spans = np.zeros(4, tr.SPAN)
    spans["start"], spans["end"] = [0, 10, 20, 30], [10, 20, 30, 40]
    spans["step"], spans["request"] = [-1, 3, -1, 5], [0, 0, 0, 1]
    assert Journeys(spans).step.tolist() == [3, 3, 3, 5]
