"""Prices: read exactly, refused with the nearest right spelling, and what they make of a million requests."""

from decimal import Decimal
from fractions import Fraction

import pytest

from cutaway.scenarios import load
from cutaway.scenarios.prices import HourlyPrice
from cutaway.scenarios.problems import ScenarioError


def test_a_price_is_as_exact_as_it_was_written() -> None:
    scenario = load("lecture/three-stacks").set("prices", {"host": "0.10 USD/h"})
    assert scenario.prices is not None and scenario.prices.host == HourlyPrice(Decimal("0.10"), "USD")
    assert scenario.set("run.seed", 2).prices == scenario.prices and str(scenario.prices.host) == "0.10 USD/h"


def test_a_million_requests_cost_their_share_of_the_hour() -> None:
    """1000 requests a second are 3.6 million an hour: a million costs 1 / 3.6 of an hour's price."""
    assert HourlyPrice(Decimal("0.36"), "EUR").per_million(2000, 2 * 10**9) == Fraction(1, 10)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("0.20 usd/h", "Did you mean '0.20 USD/h'?"),
        ("$0.20/h", "Did you mean '0.20 USD/h'?"),
        ("0.20 USD", "Did you mean '0.20 USD/h'?"),
        ("0.20 USD/month", "Did you mean '0.20 USD/h'?"),
        ("-1 USD/h", ""),
        ("0,20 USD/h", ""),
        (3, ""),
    ],
)
def test_what_is_no_price_is_told(written: object, hint: str) -> None:
    with pytest.raises(ScenarioError) as error:
        load("lecture/three-stacks").set("prices", {"host": written})
    sentence = "expected a price by the hour with its currency, such as 0.20 USD/h."
    assert f"prices.host is {written!r}; {sentence}{hint and ' ' + hint}" in str(error.value)
