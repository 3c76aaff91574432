"""Pricing of steps."""

from fractions import Fraction

import pytest

from cutaway.models.costs import Profile, UnknownCost
from cutaway.models.layer import Layer, kib, times_as_text
from cutaway.models.operations import CloseFile
from cutaway.sim.machine import CostUse


def test_a_work_names_every_cost_that_is_in_it(profile: Profile) -> None:
    work = Layer(profile).work("host kernel", "send", "nginx", "TCP send", ("copy per KiB", Fraction(1, 2)), ("further packet", 0))
    assert work.costs == (CostUse("TCP send", "1"), CostUse("copy per KiB", "0.5"))
    assert work.cost_ns == round(profile["TCP send"].value + profile["copy per KiB"].value / 2)


def test_a_slower_layer_pays_a_factor(profile: Profile) -> None:
    slow = Layer(profile, slower_by="nested paging")
    assert slow.ns("tick") == round(profile["tick"].value * profile["nested paging"].value)
    assert slow.work("guest kernel", "tick", "nginx", "tick").costs[-1] == CostUse("nested paging")


def test_a_cost_that_nobody_knows_is_an_error_at_once(profile: Profile) -> None:
    with pytest.raises(UnknownCost, match="no cost 'TPC send'"):
        Layer(profile).work("host kernel", "send", "nginx", "TPC send")


def test_a_layer_hands_down_what_it_does_not_know(profile: Profile) -> None:
    close = CloseFile("nginx")
    assert list(Layer(profile).lower(close)) == [close]


def test_how_often_is_told_in_four_decimals() -> None:
    assert [times_as_text(Fraction(times)) for times in (1, Fraction(1, 3), Fraction(5, 2))] == ["1", "0.3333", "2.5"]
    assert kib(512) == Fraction(1, 2)
