"""The load average, beside Linux's rule a sample at a time."""

from hypothesis import given
from hypothesis import strategies as st

from cutaway.models.docker.processes.loads import KEEPS, ONE, SAMPLE_NS, Load


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5)), max_size=12))
def test_samples_taken_together_are_those_taken_one_by_one(changes: list[tuple[int, int]]) -> None:
    """calc_load() each five seconds; powers are rounded, so that a few hundredths may differ."""
    load, one_by_one, now = Load(), [0, 0, 0], 0
    for samples, threads in changes:
        for _ in range(samples):
            active = load.threads * ONE
            one_by_one = [(average * keep + active * (ONE - keep) + (ONE - 1 if active >= average else 0)) // ONE
                          for average, keep in zip(one_by_one, KEEPS, strict=True)]  # fmt: skip
        now += samples * SAMPLE_NS
        load.change(now, threads - load.threads)
        for found, expected in zip(load.averages(now), one_by_one, strict=True):
            assert abs(found - expected / ONE) <= 0.06


def test_a_minute_with_one_thread_is_two_thirds() -> None:
    """1 - 1/e."""
    load = Load()
    load.change(0, 1)
    one, five, fifteen = load.averages(60_000_000_000)
    assert 0.61 <= one <= 0.66 and one > five > fifteen > 0
    load.change(60_000_000_000, -1)
    assert load.averages(10**16) == (0, 0, 0)
