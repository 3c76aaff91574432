"""What if: the same scenario twice, as it is and with other values, run for run with the same random numbers.

Every request of a run meets the same draws before and after the change, so that a difference is the change's, not chance's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway import __version__
from cutaway.building import BuiltStack
from cutaway.comparison import METRICS, Comparison, Metric, plain
from cutaway.models.memory import total_bytes
from cutaway.scenarios import Scenario, digest
from cutaway.session import compared
from cutaway.sim.results import Result
from cutaway.sim.statistics import Estimate, paired_difference

OF_BOTH = "run."
"""Keys that begin so say how long and how often is run: they hold for both sides."""


def throttled_share(result: Result) -> float:
    """Time that groups could have run and were held back by their quota, over the time elapsed, in per cent; several may exceed 100."""
    return 100 * sum(group["throttled_ns"] for group in result.groups.values()) / result.counted_ns


def stolen_share(result: Result) -> float:
    """Time that virtual CPUs wanted to run while their core was elsewhere, over the time elapsed, in per cent of one CPU."""
    return 100 * sum(cpu["lost_ns"] for cpu in result.cpus.values()) / result.counted_ns


FIGURES = (
    *METRICS[:-1],
    Metric("p999_latency", "p99.9 latency", "µs", lambda result: result.percentile_ns(0.999) / 1e3),
    METRICS[-1],
    Metric("throttled", "throttled time", "%", throttled_share),
    Metric("stolen", "stolen time", "%", stolen_share),
)
"""What a change may move."""


@dataclass(frozen=True)
class WhatIf:
    """Both sides, and what was changed."""

    changes: Mapping[str, str]
    base: Comparison
    changed: Comparison

    def difference(self, stack: str, metric: Metric) -> Estimate:
        """After less before, run for run, with the interval of the pairs."""
        after, before = (side.results[stack] for side in (self.changed, self.base))
        return paired_difference([metric.of(one) for one in after], [metric.of(one) for one in before])

    def stacks(self) -> list[tuple[BuiltStack, BuiltStack]]:
        """Each stack before and after."""
        return list(zip(self.base.stacks, self.changed.stacks, strict=True))

    def document(self) -> dict[str, Any]:
        """All of it, for programs; docs/cutaway/whatif.md explains the keys."""
        return {
            "cutaway": __version__,
            "changes": dict(self.changes),
            "base": digest(self.base.scenario),
            "changed": digest(self.changed.scenario),
            "replications": self.base.scenario.run.replications,
            "units": {metric.key: metric.unit for metric in FIGURES} | {"memory": "B", "start_up": "ns", "cpu_by_layer": "ns a request"},
            "stacks": {before.name: self._stack(before, after) for before, after in self.stacks()},
            "warnings": {"base": self.base.warnings(), "changed": self.changed.warnings()},
        }

    def _stack(self, before: BuiltStack, after: BuiltStack) -> dict[str, Any]:
        name = before.name
        figures = {
            metric.key: {
                "before": plain(self.base.figure(name, metric)),
                "after": plain(self.changed.figure(name, metric)),
                "difference": plain(self.difference(name, metric)),
                "within_noise": self.difference(name, metric).is_zero,
            }
            for metric in FIGURES
        }
        layers = {key: side.cpu_time_ns(name) for key, side in (("before", self.base), ("after", self.changed))}
        served = {"before": self.base.served(name), "after": self.changed.served(name)}
        return {
            **figures,
            "cpu_by_layer": {key: {layer: ns / served[key] for layer, ns in times.items()} for key, times in layers.items()},
            "memory": {"before": total_bytes(before.memory), "after": total_bytes(after.memory)},
            "start_up": {"before": before.start_up_ns, "after": after.start_up_ns},
        }


def what_if(scenario: Scenario, changes: Mapping[str, Any], stacks: Sequence[str], *, workers: int = 1) -> WhatIf:
    """Runs both sides. Raises ScenarioError for a wrong key or value."""
    of_both = {key: value for key, value in changes.items() if key.startswith(OF_BOTH)}
    before = scenario.with_(of_both) if of_both else scenario
    after = scenario.with_(dict(changes))
    sides = [compared(side, stacks, workers=workers) for side in (before, after)]
    return WhatIf({key: str(value) for key, value in changes.items() if key not in of_both}, *sides)
