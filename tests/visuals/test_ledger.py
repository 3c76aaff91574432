"""The ledger sums to the clock, in the trace's numbers and as it is written."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cutaway.sim.trace import Trace
from cutaway.visuals.figures import UNITS, clock, faster, figure, parts_of_total, times, told, total_of, unit_for, written
from cutaway.visuals.ledger import ledger_at
from cutaway.visuals.moment import Replay


def test_the_ledger_sums_to_the_clock_at_any_instant(traces: list[Trace]) -> None:
    chance = np.random.default_rng(3)
    for trace in traces:
        replay = Replay(trace)
        for request in chance.integers(0, len(trace.requests), 40).tolist():
            row = trace.requests[request]
            for now in [*chance.integers(row["born"], row["ended"], 5).tolist(), int(row["ended"]) + 10]:
                ledger = ledger_at(replay, request, now)
                assert ledger is not None and ledger.sum_ns == ledger.clock_ns == min(now, row["ended"]) - row["born"]
                assert ledger.over == (now >= row["ended"])
            assert ledger_at(replay, request, int(row["born"]) - 1) is None


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=8))
def test_what_is_read_sums_to_what_is_read_below_it(parts: list[int]) -> None:
    for unit in UNITS:
        read = [float(part.replace("\u2009", "")) for part in parts_of_total(parts, unit)]
        assert abs(sum(read) - float(total_of(parts, unit).replace("\u2009", ""))) < 1e-4


def test_numbers_are_written_with_units_that_suit_them() -> None:
    assert unit_for(74_000).name == "µs" and written(74_000, unit_for(74_000)) == "74.0"
    assert told(31_600_000) == "31.6 ms" and told(1_234) == "1.23 µs"
    assert [figure(value) for value in (0.31, 9.8, 54.31, 401.4)] == ["0.31", "9.80", "54.3", "401"]
    assert clock(74_000, 100_000) == ("74.0", "µs") and clock(1_204_318_000, 20_000_000_000) == ("1.204\u2009318", "s")
    assert times(2e-5) == ("50\u2009000×", "slower") and times(1.0) == ("1×", "real time") and times(5.0) == ("5×", "faster")
    assert faster(2e-5, 1) == 5e-5 and faster(2e-5, -1) == 1e-5 and faster(500.0, 1) == 500.0
