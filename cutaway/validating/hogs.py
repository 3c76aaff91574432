"""Busy loops on one core, each in a container of its own: what share of it each gets, and how a quota holds one back."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from statistics import median

from cutaway.models import stack
from cutaway.models.clients import OpenLoopPart
from cutaway.models.costs import Profile
from cutaway.models.costs.row import Row
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.neighbours import HogPart
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.units import MS
from cutaway.sim.experiments import seed_of
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate
from cutaway.validating.accounting import RUNS, SERVER_CPU, interrupts_charged

WHATS = (
    "two CPU hogs on one core under cpu.shares",
    "equal CPU hogs on one core, one container each",
    "CPU hog under CFS quota",
)


@dataclass(frozen=True, slots=True)
class Hogs:
    """So many busy loops on the second CPU, by their weights, for so long."""

    shares: tuple[int, ...]
    quota_percent: int
    """Of one CPU; 0 for no limit."""
    period_us: int
    window_ms: int


def hogs_of(row: Row) -> Hogs:
    """The set-up of a row of one of WHATS."""
    given = str(row.params.get("shares", "equal"))
    weights = [1024] * int(row.number("hogs", 1)) if given == "equal" else [1024 * int(part) for part in given.split(":")]
    quota, period = int(row.number("quota_percent")), int(row.number("period_us", 100_000))
    return Hogs(tuple(weights), quota, period, round(1000 * row.number("window_s", 2)))


def figures(hogs: Hogs, profile: Profile) -> dict[str, float]:
    """By metric: shares of the core, periods, throttled time as a share of the window."""
    limit = {"limit": f"{hogs.quota_percent / 100:g}", "limit_period": hogs.period_us * 1000} if hogs.quota_percent else {}
    parts = [HogPart.model_validate({"cpus": [1], "cpu_shares": weight, **limit}) for weight in hogs.shares]
    nobody = OpenLoopPart(where="loopback", rate=Fraction(1, 3600))
    machine = stack.build("hogs", [HardwarePart(cpus=2), LinuxPart(), NginxPart(cpus=(1,))], nobody, profile, parts)
    span = Span(100 * MS, duration_ns=hogs.window_ms * MS)
    runs = [_figures(hogs, simulate(machine, seed_of(0, run), span).result) for run in range(RUNS)]
    return {metric: median(run[metric] for run in runs) for metric in runs[0]}


def _figures(hogs: Hogs, result: Result) -> dict[str, float]:
    groups = [result.groups[f"hog {number} group"] for number in range(len(hogs.shares))]
    charged = interrupts_charged(result, SERVER_CPU)
    shares = [group["ran_ns"] * charged / result.counted_ns for group in groups]
    found = {
        "cpu_share": shares[0],
        "cpu_first": shares[0],
        "cpu_share_first": shares[0] / sum(shares),
        "cpu_share_min": min(shares),
        "cpu_share_max": max(shares),
        "cpu_share_sum": sum(shares),
        "periods": float(groups[0]["periods"]),
        "throttled": float(groups[0]["throttled_periods"]),
        "throttled_fraction": groups[0]["throttled_periods"] / max(groups[0]["periods"], 1),
        "throttled_time_share": groups[0]["throttled_ns"] / result.counted_ns,
    }
    return found | ({"cpu_second": shares[1]} if len(shares) > 1 else {})
