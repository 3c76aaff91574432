"""The plain model to beat: one calibrated figure of the bare system, times one constant a stack.

The figure is the row of the same program and request (or the nearest size of page) that calibration may use; the constant is the ratio of
the one-byte round trips on one CPU, which are calibration rows, too. Latency grows with the number of connections and throughput does not;
for a given rate it is the calibrated latency of one connection. Nothing else is known to it: no wake-ups, no ticks, no quotas.
"""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.models.costs.row import Row
from cutaway.validating.apps import App, asked
from cutaway.validating.setups import Load

_ROUND_TRIP = "tcp_round_trip_1B"
_LIKE = dict.fromkeys(
    ("docker-host", "docker-host-unconfined", "docker-host-volume", "docker-host-volume-unconfined", "native-cgroup"), "native"
)
"""Stacks whose packets go the way of another's, and have its constant."""
_PROPORTIONAL = ("server_cpu_per_request", "client_cpu_per_request", "machine_cpu_per_request")


class ConstantFactor:
    """Fitted on the calibration rows."""

    def __init__(self, rows: Sequence[Row]) -> None:
        usable = [row for row in rows if row.use == "calibrate"]
        self.trips = {row.stack: row.median for row in usable if row.what == _ROUND_TRIP and row.number("client_cpu", 1) == 1}
        self.points: dict[int, dict[str, Row]] = {}
        self.apps: dict[tuple[str, str], dict[str, Row]] = {}
        for row in usable:
            if row.group == "apps" and row.stack == "native":
                self.apps.setdefault((row.what, asked(row)), {})[row.metric] = row
            if row.what == "nginx static, closed loop" and row.stack == "native":
                self.points.setdefault(int(row.number("body_bytes")), {})[row.metric] = row

    def predicted(self, load: Load | App, metric: str) -> float | None:
        """The figure of a load, None where nothing was calibrated for it."""
        point = self._point(load)
        if metric not in point or "native" not in self.trips:
            return None
        stack = _LIKE.get(load.stack, load.stack)
        if stack not in self.trips:
            return None
        factor = self.trips[stack] / self.trips["native"]
        rate = load.rate_per_s if isinstance(load, Load) else 0
        measured = point[metric]
        if metric.startswith("latency"):
            at_once = 1 if rate else load.connections
            return measured.median * factor * at_once / measured.number("connections", 1)
        if metric.startswith("throughput"):
            return None if rate else measured.median / factor
        return measured.median * factor if metric in _PROPORTIONAL else measured.median

    def _point(self, load: Load | App) -> dict[str, Row]:
        """Calibration rows of the same program and request, or of the nearest size of page."""
        if isinstance(load, App):
            return self.apps.get(load.calibrated, {})
        size = min(self.points, key=lambda one: abs(one - load.page_bytes), default=0)
        return self.points.get(size, {})
