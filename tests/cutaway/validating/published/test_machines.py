"""A derived machine: costs taken over, the others times one factor, and what is no CPU time as it was."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cutaway.models import costs
from cutaway.validating.published.loads import met
from cutaway.validating.published.machines import BARE, echo, machine, slowness


def test_cpu_time_is_scaled_and_nothing_else() -> None:
    base, twice = costs.load(BARE), machine(BARE, 2.0, {"null system call": 100.0}, "a reason")
    assert twice.profile["context switch"].value == 2 * base["context switch"].value
    assert twice.profile["null system call"].value == 100
    for same in ("wire and card latency", "stall", "nested paging", "QEMU memory"):
        assert twice.profile[same].value == base[same].value
    assert twice.made == "bare-metal x 2 (a reason); null system call 100 ns"


def test_the_factor_is_the_median_ratio_where_it_can_be_believed() -> None:
    base = machine(BARE)
    call, files = base.ns("null system call"), base.ns("open file", "close file")
    micro = [(3 * call, ("null system call",)), (2 * files, ("open file", "close file"))]
    assert slowness(BARE, micro) == pytest.approx(2.5)
    assert slowness(BARE, [(30 * call, ("null system call",))]) == 1


def test_an_echo_does_nothing_but_read_and_write() -> None:
    assert echo(machine(BARE)).profile["redis command"].value == Fraction(0)


def test_a_figure_is_met() -> None:
    assert met(lambda x: 1000 / x, 250, rises=False) == pytest.approx(4, rel=0.01)
    assert met(lambda x: 10 + x / 2, 100, rises=True, first=5) == pytest.approx(180, rel=0.01)
