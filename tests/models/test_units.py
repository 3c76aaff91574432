"""Quantities come out exactly, go back to the same text, and refuse what is not one."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, ValidationError

from cutaway.models.part import Part
from cutaway.models.units import (
    BIT_RATE,
    BYTE_RATE,
    CPUS,
    DURATION,
    FROM_FILE,
    LARGEST,
    MS,
    QUANTITIES,
    RATE,
    SHARE,
    SIZE,
    US,
    Count,
    Cpus,
    Duration,
    Quantity,
    QuantityError,
    S,
    Share,
    mean_interval_ns,
)


@pytest.mark.parametrize(
    ("quantity", "text", "value"),
    [
        (DURATION, "50 ms", 50 * MS),
        (DURATION, "50ms", 50 * MS),
        (DURATION, "2.3 ms", 2_300_000),
        (DURATION, "1.5 h", 5400 * S),
        (DURATION, "0 s", 0),
        (DURATION, "7 µs", 7000),
        (DURATION, "7 \u03bcs", 7000),
        (DURATION, " 7\u00a0us\n", 7000),
        (DURATION, "0.5 ns", Fraction(1, 2)),
        (SIZE, "612 B", 612),
        (SIZE, "2 GiB", 2 * 1024**3),
        (SIZE, "10 kB", 10_000),
        (SIZE, "4096 PiB", LARGEST),
        (BIT_RATE, "10 Gbit/s", 10**10),
        (BYTE_RATE, "500 MB/s", 5 * 10**8),
        (RATE, "800 /s", 800),
        (RATE, "20 /min", Fraction(1, 3)),
        (SHARE, "25 %", Fraction(1, 4)),
        (SHARE, "0.25", Fraction(1, 4)),
        (CPUS, "0.5", Fraction(1, 2)),
        (CPUS, "1.5 CPUs", Fraction(3, 2)),
        (CPUS, "250m", Fraction(1, 4)),
    ],
)
def test_what_is_written_is_read_exactly(quantity: Quantity, text: str, value: int | Fraction) -> None:
    assert quantity.read(text) == value


@pytest.mark.parametrize(
    ("quantity", "text", "sentence"),
    [
        (DURATION, "50", "expected a duration with its unit, such as 50 ms or 200 us (ns, us, ms, s, min, h)."),
        (DURATION, "50 msec", "Did you mean '50 ms'?"),
        (DURATION, "5 m", "Did you mean '5 min'?"),
        (DURATION, "50 MS", "Did you mean '50 ms'?"),
        (DURATION, "-5 ms", "expected a duration that is not negative."),
        (DURATION, "5 GiB", "'GiB' belongs to a size."),
        (DURATION, "1e3 ms", "Powers of ten are written out."),
        (DURATION, "1,000 ms", "Digits are written without separators."),
        (DURATION, "1,5 ms", "The decimal sign is a point."),
        (DURATION, "2000000 h", "expected a duration of at most 1281023 h."),
        (DURATION, "9" * 4000 + " s", "expected at most 40 digits."),
        (DURATION, "nan", "expected a duration"),
        (DURATION, "inf s", "expected a duration"),
        (DURATION, "５０ ms", "expected a duration"),
        (SIZE, "512m", "Did you mean '512 MiB'?"),
        (SIZE, "1 KB", "Did you mean '1 kB'?"),
        (BIT_RATE, "10 Gbps", "Did you mean '10 Gbit/s'?"),
        (BIT_RATE, "10 GB/s", "expected a bit rate"),
        (RATE, "800 rps", "Did you mean '800 /s'?"),
        (SHARE, "150 %", "expected a share of at most 1"),
    ],
)
def test_what_is_no_quantity_is_told_why(quantity: Quantity, text: str, sentence: str) -> None:
    with pytest.raises(QuantityError) as error:
        quantity.read(text)
    assert sentence in str(error.value)


def test_a_whole_number_of_base_units_where_only_that_will_do() -> None:
    with pytest.raises(QuantityError, match=r"expected a whole number of ns\. The nearest is 2 ns\."):
        DURATION.read_whole("1.5 ns")


@given(st.sampled_from([DURATION, SIZE, BIT_RATE, BYTE_RATE]), st.integers(0, LARGEST))
def test_a_text_reads_back_as_the_same_value(quantity: Quantity, value: int) -> None:
    assert quantity.read_whole(quantity.text(value)) == value


@given(st.sampled_from([RATE, SHARE, CPUS]), st.decimals(0, 1, places=6))
def test_a_fraction_reads_back_as_the_same_value(quantity: Quantity, value: Decimal) -> None:
    assert quantity.read(quantity.text(Fraction(value))) == Fraction(value)


@pytest.mark.parametrize(("value", "text"), [(0, "0 s"), (1_500_000, "1.5 ms"), (90 * S, "90 s"), (3600 * S, "1 h"), (1, "1 ns")])
def test_a_text_is_the_shortest(value: int, text: str) -> None:
    assert DURATION.text(value) == text


class Timer(Part):
    period: Duration = Field(default=200 * US, ge=1 * US, le=1 * S)
    """How long."""
    share: Share = Fraction(1, 2)
    cpus: Cpus = Field(default=Fraction(1), gt=0)
    count: Count = Field(default=3, le=10)


def told(**written: Any) -> dict[str, Any]:
    with pytest.raises(ValidationError) as error:
        Timer.model_validate(written, context=FROM_FILE)
    (only,) = error.value.errors()
    return dict(only)


def test_in_a_file_a_number_needs_its_unit_and_in_python_it_is_base_units() -> None:
    assert told(period=50)["ctx"]["hint"] == "Did you mean '50 ms'?"
    assert Timer(period=50 * MS).period == 50_000_000
    assert Timer.model_validate({"cpus": Decimal("0.5"), "share": 1}, context=FROM_FILE).cpus == Fraction(1, 2)


def test_bounds_are_told_in_units() -> None:
    assert told(period="1 ns")["msg"] == "expected a duration of at least 1 us"
    assert told(period="2 s")["msg"] == "expected a duration of at most 1 s"
    assert told(cpus=0)["msg"] == "expected an amount of CPU time of more than 0"


@pytest.mark.parametrize("written", [True, None, 1.5, [], {}, float("nan"), float("inf")])
def test_other_things_are_no_quantities(written: object) -> None:
    assert told(period=written)["type"] == "expected"


@pytest.mark.parametrize("written", [0, 11, True, "3", 1.0, Decimal(3), 2**70])
def test_a_count_is_a_whole_number_within_its_bounds(written: object) -> None:
    told(count=written)


def test_a_part_writes_its_quantities_with_units() -> None:
    assert Timer(period=1500 * US).model_dump(mode="json") == {"period": "1.5 ms", "share": "0.5", "cpus": "1", "count": 3}


def test_the_json_schema_knows_the_form() -> None:
    properties = Timer.model_json_schema()["properties"]
    assert properties["period"]["pattern"] == "^\\+?[0-9]+(\\.[0-9]+)?\\s*(ns|us|[µ\u03bc]s|ms|s|min|h)$"
    assert properties["period"]["description"] == "How long."


def test_every_example_is_one() -> None:
    assert all(quantity.read(example) for quantity in QUANTITIES for example in quantity.examples)


def test_an_interval_is_to_the_nearest_nanosecond() -> None:
    assert mean_interval_ns(Fraction(800)) == 1_250_000
    assert mean_interval_ns(Fraction(1, 3)) == 3 * S
