"""The knee of a load-latency curve: the point of greatest power, throughput over mean latency.

Kleinrock, "Power and deterministic rules of thumb for probabilistic problems in computer communications", IEEE International Conference
on Communications, 1979: below it more load buys throughput at little latency, above it latency grows faster than throughput. For M/M/1 it
lies at half the service rate.
"""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.models.copies import COUNT
from cutaway.planning.points import Point


def knee(points: Sequence[Point], key: str) -> Point | None:
    """The point of greatest power of those that were tried, by value; None where the key is no load, or the greatest stands at an end."""
    if not (key.startswith("clients.") or key == COUNT):
        return None
    powers = [power(point) for point in points]
    if not powers:
        return None
    greatest = powers.index(max(powers))
    return points[greatest] if 0 < greatest < len(points) - 1 else None


def power(point: Point) -> float:
    """Throughput over mean latency, in requests a second and nanosecond; 0 where latency has no steady value."""
    if point.trouble or point.throughput is None or point.mean_ns is None or not point.mean_ns.mean:
        return 0.0
    return point.throughput.mean / point.mean_ns.mean
