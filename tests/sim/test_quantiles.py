"""Quantile tables beside scipy's distributions: values, mean and spread."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats

from cutaway.sim.machine import EXPONENTIAL, Spread
from cutaway.sim.quantiles import POINTS, TAIL, UNIT, Floats, exponential, logarithm, normal_quantile, table


def lognormal(cv: float) -> stats.rv_continuous:
    sigma = np.sqrt(np.log1p(cv * cv))
    return stats.lognorm(sigma, scale=np.exp(-sigma * sigma / 2))


CASES = [
    (EXPONENTIAL, stats.expon()),
    (Spread("uniform", 400), stats.uniform(0.6, 0.8)),
    (Spread("uniform", 1000), stats.uniform(0, 2)),
    (Spread("lognormal", 200), lognormal(0.2)),
    (Spread("lognormal", 1500), lognormal(1.5)),
    (Spread("lognormal", 3000), lognormal(3.0)),
]
NAMES = [f"{spread.kind} {spread.permille}" for spread, _ in CASES]


def cells(spread: Spread) -> tuple[Floats, Floats, Floats]:
    """Left values, right values and probabilities of the straight pieces that draws come from."""
    body, tail = table(spread) / UNIT
    used = POINTS - POINTS // TAIL
    left = np.concatenate([body[:used], tail[:-1]])
    right = np.concatenate([body[1 : used + 1], tail[1:]])
    return left, right, np.concatenate([np.full(used, 1 / POINTS), np.full(POINTS, 1 / POINTS / TAIL)])


def test_a_rare_thing_is_all_or_nothing() -> None:
    """Six of a thousand draws are something, and of one length; the cell in which it begins has lengths between."""
    left, right, share = cells(Spread("rare", 6))
    whole = (left == right) & (left > 0)
    assert share[whole].sum() == pytest.approx(0.006, abs=1 / POINTS)
    assert share[right > 0].sum() - share[whole].sum() <= 1 / POINTS + 1e-12
    assert left[whole] == pytest.approx(1 / 0.006, rel=0.03)
    assert ((left + right) / 2 * share).sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(("spread", "reference"), CASES, ids=NAMES)
def test_tables_hold_the_quantiles_of_the_distribution(spread: Spread, reference: stats.rv_continuous) -> None:
    body, tail = table(spread) / UNIT
    steps = np.arange(1, POINTS)
    # steps of 2**-20 on the value, and the mean of what a table can hold of a long tail
    assert body[steps] == pytest.approx(reference.ppf(steps / POINTS), rel=2e-4, abs=2 / UNIT)
    assert tail[steps] == pytest.approx(reference.ppf(1 - (1 - steps / POINTS) / TAIL), rel=2e-4, abs=2 / UNIT)


@pytest.mark.parametrize(("spread", "reference"), CASES, ids=NAMES)
def test_what_is_drawn_has_mean_1_and_the_spread_asked_for(spread: Spread, reference: stats.rv_continuous) -> None:
    left, right, share = cells(spread)
    mean = ((left + right) / 2 * share).sum()
    square = ((left * left + left * right + right * right) / 3 * share).sum()
    assert mean == pytest.approx(1, abs=1e-6)
    cv = reference.std() / reference.mean()
    # a table ends at 1 - 2**-20; of a long tail that costs some of the variance
    assert np.sqrt(square - mean * mean) == pytest.approx(cv, rel=0.001 if cv <= 1 else 0.02)


def test_measured_quantiles_keep_their_shape() -> None:
    body, _ = table(Spread("measured", 0, (50, 90, 100, 140, 400))) / UNIT
    mean = (50 / 2 + 90 + 100 + 140 + 400 / 2) / 4
    assert body[[0, POINTS // 4, POINTS // 2, POINTS * 5 // 8]] == pytest.approx([50 / mean, 90 / mean, 100 / mean, 120 / mean], rel=1e-4)


def test_tables_only_grow() -> None:
    for spread, _ in CASES:
        values = table(spread)
        assert (np.diff(values, axis=1) >= 0).all() and (values >= 0).all()


def test_the_normal_quantile_is_as_near_as_acklam_says() -> None:
    p = np.concatenate([np.logspace(-9, -2, 500), np.linspace(0.01, 0.99, 999), 1 - np.logspace(-2, -7, 100)])
    p = p[p != 0.5]
    assert np.abs(normal_quantile(p) / special.ndtri(p) - 1).max() < 1.2e-9


def test_the_own_logarithm_and_exponential_are_within_two_units_in_the_last_place() -> None:
    x = np.concatenate([np.logspace(-300, 300, 4001), np.linspace(0.5, 2, 4001)])
    assert (np.abs(logarithm(x) - np.log(x)) <= 2 * np.spacing(np.abs(np.log(x))) + 1e-17).all()
    y = np.linspace(-700, 700, 8001)
    assert (np.abs(exponential(y) / np.exp(y) - 1) < 1e-13).all()
