"""How many requests a second of one core the engine simulates, beside SimPy, and how much memory it takes.

    python benchmarks/engine.py

All figures come from one run, the variants taking turns, because machines are noisy: the ratios count. The SimPy version is
`simpy_pipeline.py` beside this file. Targets: 60 times SimPy's rate with all metrics; memory that does not grow with the requests.
"""

from __future__ import annotations

import argparse
import multiprocessing
import resource
import time
from collections.abc import Callable
from functools import partial
from statistics import median

from simpy_pipeline import Pipeline

from cutaway.building import build_stacks
from cutaway.scenarios import load
from cutaway.sim.machine import Machine
from cutaway.sim.traffic.engine import Array, Traffic

SCENARIO = "lecture/three-stacks"
WARM_UP_NS = 50_000_000
FOR_EVER_NS = 1 << 61


def machines() -> list[Machine]:
    """The machine of each stack of the scenario."""
    scenario = load(SCENARIO)
    return [built.machine for built in build_stacks(scenario, list(scenario.stacks))]


def engine_rate(machine: Machine, requests: int, log_every: int = 0) -> float:
    """Requests a second, with all that is counted; with `log_every` 1 every span, stint and state is logged as well."""
    traffic = Traffic(machine, 1, log_every=log_every, sink=_taken)
    traffic.advance(WARM_UP_NS)
    traffic.start_counting()
    begun = time.perf_counter()
    traffic.advance(FOR_EVER_NS, requests)
    return requests / (time.perf_counter() - begun)


def _taken(log: Array) -> None:
    """A full log is copied and handed over, as to a recorder, and then forgotten."""


def simpy_rate(machine: Machine, requests: int, *, merged: bool) -> float:
    """Requests a second of the pipeline in SimPy."""
    pipeline = Pipeline(machine, 1, merged=merged)
    begun = time.perf_counter()
    pipeline.run(requests)
    return requests / (time.perf_counter() - begun)


def compare_speed(rounds: int, requests: int) -> None:
    """Prints a line a stack and variant."""
    print(f"{'stack':12} {'variant':34} {'requests/s':>12} {'times SimPy':>12}")
    for machine in machines():
        variants: dict[str, Callable[[], float]] = {
            "SimPy, a hop a step": partial(simpy_rate, machine, requests // 100, merged=False),
            "SimPy, neighbouring works merged": partial(simpy_rate, machine, requests // 100, merged=True),
            "engine, with all metrics": partial(engine_rate, machine, requests),
            "engine, with full trace": partial(engine_rate, machine, requests // 4, 1),
        }
        rates: dict[str, list[float]] = {name: [] for name in variants}
        for _ in range(rounds):
            for name, run in variants.items():
                rates[name].append(run())
        plain = rates["SimPy, a hop a step"]
        for name, found in rates.items():
            times = median(one / base for one, base in zip(found, plain, strict=True))
            print(f"{machine.name:12} {name:34} {median(found):12,.0f} {times:12.1f}")


def peak_mib(requests: int) -> float:
    """The most memory that a process of its own held while it simulated so many requests, MiB."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_peak_here, (requests,))


def _peak_here(requests: int) -> float:
    engine_rate(machines()[-1], requests)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compare_memory() -> None:
    """Prints a line a number of requests."""
    few = peak_mib(10**5)
    print(f"\n{'requests':>12} {'peak MiB':>9} {'ratio':>6}")
    for requests, peak in ((10**5, few), (10**7, peak_mib(10**7))):
        print(f"{requests:12,} {peak:9.1f} {peak / few:6.3f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=200_000, help="of the engine; SimPy gets a hundredth")
    parser.add_argument("--no-memory", action="store_true", help="leave out the ten million requests")
    given = parser.parse_args()
    compare_speed(given.rounds, given.requests)
    if not given.no_memory:
        compare_memory()
