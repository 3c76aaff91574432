"""The plain model to beat: the source's own figure of the bare system, times one constant a stack.

The figure is the point for calibrating of the same thing whose parameters are nearest; the constant is the ratio of one-byte round trips
that was measured on two-core-vm, where the stack's was, and 1 for all else: host networks, virtual machines, programs that compute.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from cutaway.models import costs
from cutaway.models.costs.row import read
from cutaway.validating.factor import ConstantFactor
from cutaway.validating.published.points import Asked, Known, Point

MEASURED = Path(costs.__file__).parent / "measured" / "two-core-vm.jsonl"
RATES = ("throughput", "transactions")


def by_factor(known: Known, asked: Asked) -> float | None:
    """None where the source has no such figure of the bare system."""
    natives = [point for point in known.points if (point.what, point.metric, point.stack) == (asked.what, asked.metric, "native")]
    if not natives:
        return None
    nearest = min(natives, key=lambda point: _distance(point, asked))
    ratio = _ratios().get(asked.stack, 1.0)
    return nearest.value / ratio if asked.metric in RATES else nearest.value * ratio


def _distance(point: Point, asked: Asked) -> tuple[int, float]:
    """Words that differ, then how far the numbers are apart. Who says more says no other: `another server, published port`."""
    wanted = dict(asked.params)
    shared = [(point.params[key], wanted[key]) for key in point.params.keys() & wanted.keys()]
    words = sum(not str(other).startswith(str(one)) for one, other in shared if isinstance(one, str) or isinstance(other, str))
    return words, sum(abs(float(one) - float(other)) for one, other in shared if not isinstance(one, str) and not isinstance(other, str))


@lru_cache
def _ratios() -> dict[str, float]:
    trips = ConstantFactor(read(MEASURED)).trips
    return {stack: trip / trips["native"] for stack, trip in trips.items()}
