"""What if: the same scenario twice, as it is and with other values, run for run with the same random numbers.

Every request of a run meets the same draws before and after the change, so that a difference is the change's, not chance's.
Read first: docs/cutaway/whatif.md.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cutaway import __version__
from cutaway.building import BuiltStack
from cutaway.comparison import METRICS, Comparison, Metric, plain
from cutaway.models.memory import total_bytes
from cutaway.scenarios import Scenario, digest
from cutaway.scenarios.prices import HourlyPrice
from cutaway.session import compared
from cutaway.sim.results import BESIDE_THE_SERVER, Result
from cutaway.sim.statistics import Estimate, estimate, paired_difference

BARE = ("hardware", "linux")
"""What a program on bare metal stands on."""
NOT_ON_BARE_METAL = ("bridge and NAT", "vhost", "hypervisor", "halt polling", "guest kernel")
"""Layers of the ledger that only a container or a virtual machine has."""
OF_BOTH = ("run.",)
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


@dataclass(frozen=True, slots=True)
class Pair:
    """A figure of every run, before and after."""

    key: str
    name: str
    unit: str
    before: Sequence[float]
    after: Sequence[float]

    @property
    def difference(self) -> Estimate:
        """After less before, run for run, with the interval of the pairs."""
        return paired_difference(self.after, self.before)

    @property
    def within_noise(self) -> bool | None:
        """Whether chance alone may have made the difference; None with one run, which cannot tell."""
        found = self.difference
        return found.is_zero and bool(found.half_width) if math.isfinite(found.half_width) else None

    def document(self) -> dict[str, Any]:
        return {
            "before": plain(estimate(self.before)),
            "after": plain(estimate(self.after)),
            "difference": plain(self.difference),
            "within_noise": self.within_noise,
        }


@dataclass(frozen=True)
class WhatIf:
    """Both sides, and what was changed."""

    changes: Mapping[str, str]
    base: Comparison
    changed: Comparison
    asked: Sequence[str]
    """The stacks that were asked for; both sides have the one on bare metal beside them, where the scenario has one."""

    @property
    def bare(self) -> str:
        """The stack that overhead is counted from; "" where the scenario has none."""
        return bare_stack(self.base.scenario)

    @property
    def prices(self) -> tuple[HourlyPrice, ...]:
        """Of the machine, before and after; none where one is not known, or in another currency."""
        known = [side.scenario.prices.host for side in (self.base, self.changed) if side.scenario.prices]
        return tuple(known) if len(known) == 2 and known[0].currency == known[1].currency else ()

    def pairs(self, stack: str) -> list[Pair]:
        """The figures that a change may move: FIGURES, then overhead, then money where it is known."""
        before, after = (side.results[stack] for side in (self.base, self.changed))
        found = [self.pair(stack, one) for one in FIGURES]
        if stack != self.bare:
            overhead = [self._overhead_us(side, stack) for side in (self.base, self.changed)]
            found.append(Pair("overhead", "overhead, CPU time", "µs", *overhead))
        if self.prices and all(run.served for run in (*before, *after)):
            sides = zip(self.prices, (before, after), strict=True)
            money = [[float(price.per_million(run.served, run.counted_ns)) for run in runs] for price, runs in sides]
            found.append(Pair("money_per_million", "a million requests", self.prices[0].currency, *money))
        return found

    def pair(self, stack: str, metric: Metric) -> Pair:
        """One figure of a stack."""
        before, after = ([metric.of(run) for run in side.results[stack]] for side in (self.base, self.changed))
        return Pair(metric.key, metric.name, metric.unit, before, after)

    def layers(self, stack: str) -> list[Pair]:
        """CPU time a request of each layer, in µs; a layer that only one side has costs nothing on the other."""
        sides = [side.results[stack] for side in (self.base, self.changed)]
        names = dict.fromkeys(layer for side in sides for layer in side[0].layers if layer not in BESIDE_THE_SERVER)
        return [Pair(layer, layer, "µs", *([cpu_us(run, (layer,)) for run in side] for side in sides)) for layer in names]

    def difference(self, stack: str, metric: Metric) -> Estimate:
        """After less before of one figure, run for run, with the interval of the pairs."""
        return next(pair.difference for pair in self.pairs(stack) if pair.key == metric.key)

    def stacks(self) -> list[tuple[BuiltStack, BuiltStack]]:
        """Each stack that was asked for, before and after."""
        both = zip(self.base.stacks, self.changed.stacks, strict=True)
        return [(before, after) for before, after in both if before.name in self.asked]

    def document(self) -> dict[str, Any]:
        """All of it, for programs; docs/cutaway/whatif.md explains the keys."""
        units = {pair.key: pair.unit for name in self.asked for pair in self.pairs(name)}
        return {
            "cutaway": __version__,
            "changes": dict(self.changes),
            "base": digest(self.base.scenario),
            "changed": digest(self.changed.scenario),
            "replications": self.base.scenario.run.replications,
            "overhead_from": self.bare or list(NOT_ON_BARE_METAL),
            "units": units | {"memory": "B", "start_up": "ns", "cpu_by_layer": "µs"},
            "stacks": {before.name: self._stack(before, after) for before, after in self.stacks()},
            "warnings": {"base": self.base.warnings(), "changed": self.changed.warnings()},
        }

    def table(self) -> Any:
        """A pyarrow.Table with a row a stack and figure, then a row a stack and layer: both sides, the difference, half widths."""
        from cutaway.keeping import what_if_table

        return what_if_table(self)

    def to_pandas(self) -> Any:
        """The same as a pandas.DataFrame (the `notebook` extra)."""
        return self.table().to_pandas()

    def _stack(self, before: BuiltStack, after: BuiltStack) -> dict[str, Any]:
        return {
            **{pair.key: pair.document() for pair in self.pairs(before.name)},
            "cpu_by_layer": {pair.key: pair.document() for pair in self.layers(before.name)},
            "memory": {"before": total_bytes(before.memory), "after": total_bytes(after.memory)},
            "start_up": {"before": before.start_up_ns, "after": after.start_up_ns},
        }

    def _overhead_us(self, side: Comparison, stack: str) -> list[float]:
        """CPU time a request more than on bare metal, run for run; without such a stack, that of the layers which bare metal lacks."""
        if self.bare:
            both = zip(side.results[stack], side.results[self.bare], strict=True)
            return [(run.cpu_ns_per_request - bare.cpu_ns_per_request) / 1e3 for run, bare in both]
        return [cpu_us(run, NOT_ON_BARE_METAL) for run in side.results[stack]]


def cpu_us(run: Result, layers: Sequence[str]) -> float:
    """CPU time of some layers for one served request."""
    total = sum(int(ns) for layer, ns in zip(run.layers, run.layer_ns, strict=True) if layer in layers)
    return total / run.served / 1e3 if run.served else 0.0


def bare_stack(scenario: Scenario) -> str:
    """The first stack whose program runs on the host's kernel alone; "" where there is none."""
    return next((name for name in scenario.stacks if tuple(layer.kind for layer in scenario.layers_of(name))[:-1] == BARE), "")


def what_if(scenario: Scenario, changes: Mapping[str, Any], stacks: Sequence[str], *, workers: int = 1) -> WhatIf:
    """Runs both sides, and the stack on bare metal that overhead is counted from. Raises ScenarioError for a wrong key or value."""
    begins = OF_BOTH if scenario.prices else (*OF_BOTH, "prices")                         # a first price is no change of one
    of_both = {key: value for key, value in changes.items() if key.startswith(begins)}
    before = scenario.with_(of_both) if of_both else scenario
    after = scenario.with_(dict(changes))
    run = list(dict.fromkeys([*stacks, *filter(None, [bare_stack(before)])]))
    changed = {key: str(value) for key, value in changes.items() if key not in of_both}
    return WhatIf(changed, compared(before, run, workers=workers), compared(after, run, workers=workers), stacks)
