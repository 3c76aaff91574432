"""How the measured machine counts: CPU time with the interrupts in it, and each figure as the median of some runs."""

from __future__ import annotations

from cutaway.sim.results import Result

RUNS = 5
"""Runs of the measured length; as with the measurement, each figure is their median."""
CLIENT_CPU, SERVER_CPU = "cpu0", "cpu1"
"""The first of the server's, where it has several: what is said of it holds for the others, too."""


def interrupts_charged(result: Result, cpu: str) -> float:
    """The factor by which run times of a CPU's threads grow when its ticks and interrupts are charged to whom they interrupt.

    That is how a kernel without CONFIG_IRQ_TIME_ACCOUNTING counts, and the measured one is such; the engine counts them apart.
    """
    counts = result.cpus[cpu]
    return 1 + counts["irq_ns"] / counts["task_ns"] if counts["task_ns"] else 1.0
