"""Stacks beside each other: the figures of each with their intervals, the differences, the ledgers; as a document and as text."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cutaway import __version__
from cutaway.building import BuiltStack
from cutaway.models.memory import total_bytes
from cutaway.models.units import DURATION
from cutaway.scenarios import Scenario, digest
from cutaway.sim import trace, warm_up
from cutaway.sim.results import BESIDE_THE_SERVER, Integers, Result
from cutaway.sim.statistics import Estimate, estimate, paired_difference


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure of a run. Latencies are in microseconds."""

    key: str
    name: str
    unit: str
    of: Callable[[Result], float]


METRICS = (
    Metric("throughput", "throughput", "/s", lambda result: result.throughput),
    Metric("mean_latency", "mean latency", "µs", lambda result: result.mean_ns / 1e3),
    Metric("p50_latency", "p50 latency", "µs", lambda result: result.percentile_ns(0.50) / 1e3),
    Metric("p90_latency", "p90 latency", "µs", lambda result: result.percentile_ns(0.90) / 1e3),
    Metric("p99_latency", "p99 latency", "µs", lambda result: result.percentile_ns(0.99) / 1e3),
    Metric("cpu_time", "CPU time a request", "µs", lambda result: result.cpu_ns_per_request / 1e3),
)


@dataclass(frozen=True, slots=True)
class Beside:
    """A measured figure beside the simulated one, in the metric's unit."""

    stack: str
    metric: Metric
    measured: float
    spread: tuple[float, ...] | None
    """Quartiles, if they are known."""
    simulated: float
    source: str

    @property
    def error(self) -> float:
        """Simulated over measured less 1."""
        return self.simulated / self.measured - 1


@dataclass(frozen=True)
class Comparison:
    """The results of all stacks, by replication."""

    scenario: Scenario
    stacks: Sequence[BuiltStack]
    results: dict[str, list[Result]]

    def figure(self, stack: str, metric: Metric) -> Estimate:
        """Mean over the replications, with its interval."""
        return estimate([metric.of(result) for result in self.results[stack]])

    def difference(self, stack: str, base: str, metric: Metric) -> Estimate:
        """The stack less the base, run for run."""
        return paired_difference([metric.of(one) for one in self.results[stack]], [metric.of(one) for one in self.results[base]])

    def ledger_ns(self, stack: str) -> Integers:
        """(layers, kinds): over all served requests of all replications."""
        total: Integers = np.sum([result.ledger_ns for result in self.results[stack]], axis=0, dtype=np.int64)
        return total

    def served(self, stack: str) -> int:
        """Requests served in all replications; 1 where there are none, to divide by."""
        return max(sum(result.served for result in self.results[stack]), 1)

    def cpu_time_ns(self, stack: str) -> dict[str, int]:
        """CPU time by layer over all replications, for whatever reason; the client's and the neighbours' own left out."""
        results = self.results[stack]
        total: Integers = np.sum([result.layer_ns for result in results], axis=0, dtype=np.int64)
        return {layer: int(ns) for layer, ns in zip(results[0].layers, total, strict=True) if layer not in BESIDE_THE_SERVER}

    def layers(self) -> list[str]:
        """All layers that any stack has, in the ledger's order."""
        longest: list[str] = []
        for built in self.stacks:
            for layer in built.machine.layers:
                if layer not in longest:
                    place = _place_after_neighbours(longest, built.machine.layers, layer)
                    longest.insert(place, layer)
        return longest

    def warnings(self) -> list[str]:
        """What a reader must know before trusting the figures: of each stack, and of all its runs the first that gives cause."""
        found = []
        for built in self.stacks:
            results = self.results[built.name]
            if none := sum(not result.served for result in results):
                unserved = f"no request was served in {none} of {len(results)} runs"
                found.append(f"{built.name}: {unserved}; a latency of 0 there means that none is known.")
            elif (least := min(result.served for result in results)) < self._asked():
                short = f"a run ended with {least:,} requests served, of {self._asked():,}"
                found.append(f"{built.name}: {short}: the simulated time was over.")
            first = next((texts for result in results if (texts := result.warnings())), [])
            found += first or unsettled(results, self.scenario.run.warm_up)
        return found

    def _asked(self) -> int:
        """Requests that a run must serve; 0 when it has a duration."""
        run = self.scenario.run
        return run.requests if run.duration is None else 0

    def assumed(self) -> dict[str, list[str]]:
        """Costs that are assumed, and the stacks whose figures rest on them."""
        found: dict[str, list[str]] = {}
        for built in self.stacks:
            for cost in built.assumed:
                found.setdefault(cost.name, []).append(built.name)
        return found

    def missed(self) -> list[str]:
        """The scenario's targets that were missed, a sentence each."""
        by_name = {metric.name: metric for metric in METRICS} | {"cpu time": METRICS[-1]}
        sentences = []
        for target in self.scenario.expect:
            if target.stack not in self.results:
                continue
            if target.what != "throughput" and not all(result.served for result in self.results[target.stack]):
                sentences.append(f"{target.stack}: {target.what} is not known, for in a run no request was served.")
                continue
            metric = by_name[target.what]
            found = self.figure(target.stack, metric).mean
            least, most = getattr(target, "at_least", None), getattr(target, "at_most", None)
            if least is not None and found < float(least):
                sentences.append(f"{target.stack}: {target.what} is {found:.1f} {metric.unit}, expected at least {float(least):.1f}.")
            if most is not None and found > most / 1e3:
                sentences.append(f"{target.stack}: {target.what} is {found:.1f} {metric.unit}, expected at most {most / 1e3:.1f}.")
        return sentences

    def beside_measured(self) -> list[Beside]:
        """What the scenario says was measured, beside what was simulated; of the stacks that were run."""
        by_name = {metric.name: metric for metric in METRICS}
        found = []
        for one in self.scenario.measured:
            if one.stack in self.results:
                metric = by_name[one.what]
                unit = 1.0 if one.what == "throughput" else 1e3
                spread = tuple(float(side) / unit for side in one.spread) if one.spread else None
                found.append(Beside(one.stack, metric, float(one.value) / unit, spread, self.figure(one.stack, metric).mean, one.source))
        return found

    def document(self) -> dict[str, Any]:
        """All of it, for programs. docs/results.md explains the keys."""
        base = self.stacks[0].name
        return {
            "cutaway": __version__,
            "scenario": {"title": self.scenario.title.en, "digest": digest(self.scenario), "profile": self.scenario.profile},
            "replications": len(self.results[base]),
            "units": {metric.key: metric.unit for metric in METRICS} | {"memory": "B", "start_up": "ns", "ledger": "ns a request"},
            "stacks": {built.name: self._stack_document(built) for built in self.stacks},
            "differences": {
                built.name: {"from": base, **{metric.key: plain(self.difference(built.name, base, metric)) for metric in METRICS}}
                for built in self.stacks[1:]
            },
            "assumed": self.assumed(),
            "measured": [_measured_document(one) for one in self.beside_measured()],
            "warnings": self.warnings(),
            "missed": self.missed(),
        }

    def table(self) -> Any:
        """A pyarrow.Table with a row a stack and replication: the figures of METRICS, outcomes, seed, fingerprint."""
        from cutaway.keeping import runs_table

        return runs_table(self)

    def to_pandas(self) -> Any:
        """The same as a pandas.DataFrame (the `notebook` extra)."""
        return self.table().to_pandas()

    def _stack_document(self, built: BuiltStack) -> dict[str, Any]:
        results = self.results[built.name]
        ledger = self.ledger_ns(built.name)
        served = sum(result.served for result in results)
        return {
            **{metric.key: plain(self.figure(built.name, metric)) for metric in METRICS},
            "memory": {
                "bytes": total_bytes(built.memory),
                "of_which_once_a_host": total_bytes(built.memory) - total_bytes(built.memory, False),
            },
            "start_up": built.start_up_ns,
            "served": served,
            "latency_sum_ns": sum(result.latency_sum_ns for result in results),
            "ledger_sum_ns": {
                layer: {kind: int(ns) for kind, ns in zip(trace.KINDS, ledger[index], strict=True)}
                for index, layer in enumerate(built.machine.layers)
            },
            "cpu_sum_ns": self.cpu_time_ns(built.name),
            "fingerprints": [result.fingerprint for result in results],
        }


def unsettled(results: Sequence[Result], warm_up_ns: int) -> list[str]:
    """Whether the start of these replications of a stack is in their figures, as far as that is clear."""
    verdict = warm_up.judge([result.series for result in results], warm_up_ns)
    stack = results[0].stack
    if verdict.finding == "enough":
        return []
    moved = f"what comes before makes the mean latency {100 * abs(verdict.bias):.2g} % {'larger' if verdict.bias > 0 else 'smaller'}"
    if verdict.finding == "run too short":
        return [f"{stack}: the runs are too short: latency still changes in their second half, and {moved}."]
    settled = DURATION.text(int(float(f"{verdict.truncation.time_ns:.1e}")))
    return [f"{stack}: the warm-up is too short: latency settles about {settled} after the start, and {moved}."]


def _place_after_neighbours(longest: list[str], layers: Sequence[str], layer: str) -> int:
    before = layers[: layers.index(layer)]
    return max((longest.index(one) + 1 for one in before if one in longest), default=0)


def _measured_document(one: Beside) -> dict[str, Any]:
    return {
        "stack": one.stack,
        "what": one.metric.key,
        "measured": one.measured,
        "spread": one.spread,
        "simulated": one.simulated,
        "error": one.error,
        "source": one.source,
    }


def plain(found: Estimate) -> dict[str, float | None]:
    """For JSON: an infinite half width, of a single run, is null."""
    return {"mean": found.mean, "half_width": found.half_width if math.isfinite(found.half_width) else None}


def shares_that_sum(parts: Sequence[int], count: int, unit_ns: int) -> list[int]:
    """Means of `parts` over `count` in whole `unit_ns`, rounded so that they sum to their rounded sum (largest remainders)."""
    total = (2 * sum(parts) + count * unit_ns) // (2 * count * unit_ns)
    floors = [part // (count * unit_ns) for part in parts]
    remainders = sorted(range(len(parts)), key=lambda k: (-(parts[k] % (count * unit_ns)), k))
    for k in remainders[: total - sum(floors)]:
        floors[k] += 1
    return floors
