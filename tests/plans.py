"""Sums over a plan, for tests."""

from cutaway.models.lowering import flat
from cutaway.sim.machine import Plan, Work


def cpu_ns(plan: Plan, layer: str = "", thread: str = "") -> int:
    """CPU time of one request: all, of one layer, or of one thread."""
    works = [step for step in flat(plan.steps) if isinstance(step, Work)]
    return sum(work.cost_ns for work in works if layer in ("", work.layer) and thread in ("", work.thread))
