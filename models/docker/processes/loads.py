"""The load average of a host, as /proc/loadavg tells it: threads that run or wait, averaged over 1, 5 and 15 minutes.

Linux takes a sample every five seconds (kernel/sched/loadavg.c). Between two changes all samples are the same, so they are taken together
when something changes or somebody looks; nothing has to wake for them.
"""

from __future__ import annotations

SAMPLE_NS = 5_000_000_000
ONE = 1 << 11
"""FIXED_1 of Linux."""
KEEPS = (1884, 2014, 2037)
"""What is left of the old average after a sample, of `ONE`: EXP_1, EXP_5 and EXP_15 of Linux."""

ENOUGH = 2_000
"""Samples after which nothing of an old average is left."""


class Load:
    """Of one host."""

    def __init__(self) -> None:
        self.threads = 0
        """That run or wait for a CPU now."""
        self._averages = [0, 0, 0]
        self._samples = 0
        """Taken until now."""

    def change(self, now_ns: int, count: int) -> None:
        """More or fewer threads from now on."""
        self._sample(now_ns)
        self.threads += count

    def averages(self, now_ns: int) -> tuple[float, float, float]:
        self._sample(now_ns)
        one, five, fifteen = (round(average / ONE, 2) for average in self._averages)
        return one, five, fifteen

    def _sample(self, now_ns: int) -> None:
        count, self._samples = now_ns // SAMPLE_NS - self._samples, now_ns // SAMPLE_NS
        if count:
            self._averages = [_after(average, self.threads * ONE, keep, count) for average, keep in zip(self._averages, KEEPS, strict=True)]


def _after(average: int, active: int, keep: int, count: int) -> int:
    """So many samples of the same, rounded towards it (calc_load_n)."""
    count = min(count, ENOUGH)
    power = int(keep**count) // int(ONE ** (count - 1))
    return (average * power + active * (ONE - power) + (ONE - 1 if active >= average else 0)) // ONE
