"""Pilot runs that say when a system has forgotten its start: MSER-5 on the mean of a few of them, which are not counted."""

from __future__ import annotations

from cutaway.scenarios import limits
from cutaway.sim.experiments import seed_of
from cutaway.sim.machine import Machine
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.warm_up import truncation

PILOTS = 5
"""Welch's procedure asks for five to ten replications [Law 2015, 9.5.1]."""


def settled_ns(machine: Machine, span: Span, seed: int) -> int:
    """Time after the start that MSER-5 cuts from runs of this length. Their draws are those of no run that counts."""
    runs = (simulate(machine, seed_of(seed, limits.REPLICATIONS.value + k), span) for k in range(PILOTS))
    return truncation([run.result.series for run in runs]).time_ns
