"""The latency histogram's buckets, beside those of HdrHistogram."""

from __future__ import annotations

from hdrh.histogram import HdrHistogram
from hypothesis import given
from hypothesis import strategies as st

from cutaway.sim.traffic import books

bucket_of = getattr(books.bucket_of, "py_func", books.bucket_of)
LARGEST = (1 << 52) - 1


@given(st.integers(0, LARGEST))
def test_a_duration_lies_in_its_bucket_which_is_narrow(value: int) -> None:
    low, high = books.bucket_bounds(bucket_of(value))
    assert low <= value <= high
    assert high - low <= value / 1024


@given(st.integers(1, LARGEST))
def test_buckets_are_those_of_hdrhistogram(value: int) -> None:
    """With three digits HdrHistogram cuts as this engine does, so that its tools may read the counts."""
    reference = HdrHistogram(1, LARGEST, 3)
    low, high = books.bucket_bounds(bucket_of(value))
    assert reference.get_lowest_equivalent_value(value) == low
    assert reference.get_highest_equivalent_value(value) == high


def test_buckets_follow_each_other_without_gap() -> None:
    at = 0
    for bucket in range(books.BUCKETS):
        low, high = books.bucket_bounds(bucket)
        assert low == at and bucket_of(low) == bucket_of(high) == bucket
        at = high + 1
    assert at == 1 << 53 or at > LARGEST
    assert bucket_of(1 << 60) == books.BUCKETS - 1
