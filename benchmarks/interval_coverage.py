"""Whether intervals hold what they promise: 1,000 experiments on a queue whose true figures are known.

    python benchmarks/interval_coverage.py

M/M/1 of ordinary parts of the engine, 300 requests a second on a server of 500 /s: the mean response is 1 / 200 s and its 99th percentile
ln 100 / 200 s [Kleinrock 1975, 3.2]. Prints how often each kind of interval covers, what the stopping rule reaches, how often the warm-up
is called too short, and what common random numbers save on real scenarios. docs/sim/statistics.md shows the figures. Some minutes on
two cores. (A file named coverage.py would be taken by Numba for the package of that name.)
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from statistics import median, variance
from typing import TypeVar

from cutaway.building import build_stacks, span_of
from cutaway.comparison import METRICS
from cutaway.scenarios import load
from cutaway.sim import warm_up
from cutaway.sim.experiments import replicate, seed_of
from cutaway.sim.machine import EXPONENTIAL, Cpu, Kernel, Machine, OpenLoop, Plan, Thread, Work
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate
from cutaway.sim.statistics import RelativePrecision, batch_means, confidence_of_each, estimate, quantile_interval
from cutaway.sim.warm_up import Verdict

T = TypeVar("T")
MS, S = 1_000_000, 1_000_000_000
SERVICE_RATE, RATE = 500, 300
MEAN_S = 1 / (SERVICE_RATE - RATE)
P99_S = math.log(100) * MEAN_S
SETTLED = Span(warm_up_ns=20 * S, requests=20_000)
SHORT = Span(warm_up_ns=2 * S, requests=2_000)
JUDGED_NS = 1 * S
"""Enough, and no more than needed: the queue forgets its start within some 30 ms [Odoni and Roth 1983, relaxation time of M/M/1]."""
UNSETTLED = {
    "105 % load, 10 runs of 2,000 requests": (525, 2_000, 10),
    "95 % load, 10 runs of 500 requests": (475, 500, 10),
    "95 % load, 30 runs of 2,000 requests": (475, 2_000, 30),
}
"""Queues whose start is in the figures: rate, requests, replications."""
REPLICATIONS = 10
ASKED = RelativePrecision(0.02)
SCENARIOS = ("lecture/three-stacks", "validation/nginx-in-containers")


def queue(rate: int) -> Machine:
    """M/M/1: one thread on one CPU serves who arrives at that rate a second."""
    return Machine(
        "queue",
        ("client", "server"),
        (Kernel("kernel", "server", 3 * MS, 4 * MS),),
        (Cpu("cpu0", "kernel"),),
        (Thread("server", ("cpu0",)),),
        (Plan("request", (Work("server", "serve", "server", S // SERVICE_RATE, EXPONENTIAL),)),),
        (OpenLoop("clients", "request", S // rate),),
    )


def results(rate: int, experiment: int, span: Span, count: int) -> list[Result]:
    """The replications of one experiment."""
    return [simulate(queue(rate), seed_of(experiment, k), span).result for k in range(count)]


@dataclass(frozen=True)
class Experiment:
    """What is kept of ten replications, s."""

    means: list[float]
    p99s: list[float]
    batches_cover: bool
    batches_independent: bool
    verdicts: dict[int, Verdict]
    """By the number of replications that it was made of."""


def settled(experiment: int) -> Experiment:
    """After a long warm-up. The first replication gives the interval of batch means."""
    found = results(RATE, experiment, SETTLED, REPLICATIONS)
    batches = batch_means(found[0].series, SETTLED.warm_up_ns)
    series = [one.series for one in found]
    return Experiment(
        [one.mean_ns / 1e9 for one in found],
        [one.percentile_ns(0.99) / 1e9 for one in found],
        batches.estimate.contains(MEAN_S * 1e9),
        batches.independent,
        {count: warm_up.judge(series[:count], JUDGED_NS) for count in (5, 8, REPLICATIONS)},
    )


def unsettled(experiment: int) -> list[Verdict]:
    """Of each queue of UNSETTLED: it starts empty and has no warm-up."""
    return [
        warm_up.judge([one.series for one in results(rate, experiment, Span(0, requests), count)], 0)
        for rate, requests, count in UNSETTLED.values()
    ]


def stopped(experiment: int) -> tuple[list[float], int]:
    """The means until the rule says enough, s; and what it foresaw from the first ones."""
    means: list[float] = []
    while not ASKED.reached(means):
        means.append(simulate(queue(RATE), seed_of(experiment, len(means)), SHORT).result.mean_ns / 1e9)
    return means, ASKED.needed(means[: ASKED.least]) or 0


def in_parallel(work: Callable[[int], T], experiments: int, workers: int) -> list[T]:
    """Of experiment after experiment; how many workers there are changes nothing."""
    with get_context("spawn").Pool(workers) as pool:
        return list(pool.imap(work, range(experiments), chunksize=4))


def share(name: str, held: Sequence[bool]) -> None:
    """Prints a line: how often, with the standard error of that; of what never happened, what it is below with 95 %."""
    found = sum(held) / len(held)
    doubt = f"± {100 * math.sqrt(found * (1 - found) / len(held)):.2f}" if any(held) else f"(below {300 / len(held):.2f} %)"
    print(f"  {name:66} {100 * found:6.2f} % {doubt}")


def tell_coverage(found: Sequence[Experiment]) -> None:
    """Intervals of replications and of batch means."""
    print(f"Intervals of 95 % that hold the true value, {len(found):,} experiments:")
    share(f"mean, {REPLICATIONS} replications, t", [estimate(one.means).contains(MEAN_S) for one in found])
    share("mean, 5 replications, t", [estimate(one.means[:5]).contains(MEAN_S) for one in found])
    share(f"p99, mean of {REPLICATIONS} replications, t", [estimate(one.p99s).contains(P99_S) for one in found])
    middle = median(p99 for one in found for p99 in one.p99s)
    share(f"p99, median of {REPLICATIONS} replications, order statistics", [quantile_interval(one.p99s).contains(middle) for one in found])
    each = confidence_of_each(2)
    both = [estimate(one.means, each).contains(MEAN_S) and estimate(one.p99s, each).contains(P99_S) for one in found]
    share("mean and p99 at once, Bonferroni", both)
    share("mean, batch means of one run", [one.batches_cover for one in found])
    share("  where the test finds the batches independent", [one.batches_cover for one in found if one.batches_independent])
    share("  the test finds them so", [one.batches_independent for one in found])


def tell_warm_up(found: Sequence[Experiment], short: Sequence[list[Verdict]]) -> None:
    """False alarms, and alarms that are due."""
    print("\nThe warm-up is called too short, or the run:")
    for count in found[0].verdicts:
        share(f"wrongly, {count} replications that are stationary", [one.verdicts[count].finding != "enough" for one in found])
    cut_late = [_would_cut(one.verdicts[REPLICATIONS]) for one in found]
    share(f"  MSER-5 by itself would have cut there, {REPLICATIONS} replications", cut_late)
    print(f"  of queues that start empty, without a warm-up, {len(short):,} experiments each:")
    for number, name in enumerate(UNSETTLED):
        share(f"rightly, {name}", [verdicts[number].finding != "enough" for verdicts in short])


def _would_cut(verdict: Verdict) -> bool:
    return verdict.truncation.run_too_short or verdict.truncation.time_ns > JUDGED_NS


def tell_stopping(found: Sequence[tuple[list[float], int]]) -> None:
    """How long the rule goes on, and how precise that is."""
    print(f"\nAsked for {100 * ASKED.relative:g} % with {100 * ASKED.confidence:g} %, {len(found):,} experiments of short runs:")
    share("interval holds the true value", [estimate(means).contains(MEAN_S) for means, _ in found])
    errors = sorted(abs(estimate(means).mean / MEAN_S - 1) for means, _ in found)
    share("mean is as near as was asked", [error <= ASKED.relative for error in errors])
    for percent in (50, 90, 95, 99):
        print(f"  {f'error that {percent} % of the experiments do not exceed':66} {100 * errors[len(errors) * percent // 100]:6.2f} %")
    lengths = sorted(len(means) for means, _ in found)
    low, high = lengths[len(lengths) // 20], lengths[len(lengths) * 19 // 20]
    print(f"  {'replications taken: median, and 90 % of the experiments':66} {median(lengths):6.0f}, {low} to {high}")
    foreseen = sorted(needed for _, needed in found)
    low, high = foreseen[len(foreseen) // 20], foreseen[len(foreseen) * 19 // 20]
    print(f"  {f'foreseen after the first {ASKED.least}':66} {median(foreseen):6.0f}, {low} to {high}")


def tell_pairs(name: str, replications: int, workers: int) -> None:
    """The variance of a difference without and with common random numbers."""
    scenario = load(name)
    machines = {built.name: built.machine for built in build_stacks(scenario, list(scenario.stacks))}
    found = replicate(machines, span_of(scenario), scenario.run.seed, replications, workers=workers)
    base, *others = found
    print(f"\nRuns with seeds of their own for the half width of one with a common seed, {name}, {replications} pairs:")
    print(f"  {'less ' + base:42}" + "".join(f"{other:>16}" for other in others))
    for metric in METRICS:
        gains = [gain_of_pairs(*([metric.of(result) for result in found[stack]] for stack in (other, base))) for other in others]
        print(f"  {metric.name:42}" + "".join(f"{gain:16.1f}" for gain in gains))
    tell_shipped(found, scenario.run.warm_up, scenario.run.replications)


def tell_shipped(found: Mapping[str, list[Result]], warm_up_ns: int, count: int) -> None:
    """How often the scenario's warm-up would be called too short, by as many replications as it has."""
    runs = [[one.series for one in results[k : k + count]] for results in found.values() for k in range(0, len(results) - count + 1, count)]
    told = sum(warm_up.judge(series, warm_up_ns).finding != "enough" for series in runs)
    print(f"  its warm-up is called too short, or its runs, {told} times in {len(runs)} comparisons of {count} replications")


def gain_of_pairs(ones: list[float], twos: list[float]) -> float:
    """The variance of a difference of independent runs over that of a difference of pairs."""
    return (variance(ones) + variance(twos)) / variance([one - two for one, two in zip(ones, twos, strict=True)])


def main(experiments: int, workers: int) -> None:
    """All of it, part by part."""
    run = partial(in_parallel, experiments=experiments, workers=workers)
    found = run(settled)
    tell_coverage(found)
    tell_warm_up(found, in_parallel(unsettled, max(experiments // 5, 1), workers))
    tell_stopping(run(stopped))
    for name in SCENARIOS:
        tell_pairs(name, 100, workers)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    given = parser.parse_args()
    main(given.experiments, given.workers)
