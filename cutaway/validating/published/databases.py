"""The source that measured MySQL by threads and stack: sysbench's read-only transaction from a second machine.

The machine is that of felter-redis, whose points for calibrating tell how fast its kernel and wire are. MySQL's own part is met by one
figure: what a statement takes, by the peak of the bare system. All other points of the bare system stay predictions, counted apart.
"""

from __future__ import annotations

from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.servers.mysql import MysqlPart
from cutaway.models.units import MS
from cutaway.validating.published.case import Answer, Case
from cutaway.validating.published.loads import Figures, Load, met, simulated
from cutaway.validating.published.machines import BARE, Published, machine
from cutaway.validating.published.points import Asked, load
from cutaway.validating.published.servers import UNFILTERED, WIRE, felter_machine, unfiltered_host

WHAT = "mysql sysbench oltp read-only"
PEAK_THREADS = 170
"""Where the bare system has its highest rate."""
CPUS = 32
"""Threads of the cores; in the model two of a core are two CPUs."""
TRANSACTIONS = 1200
STATEMENT = "mysql statement"
FIGURES = {"throughput": "throughput", "latency mean": "mean", "latency p95": "p95"}


class FelterMysql(Case):
    """AUFS holds files that nobody asks for once the table is in memory: with it and without is the same here."""

    reads = frozenset({"threads"})

    def prepare(self) -> None:
        self.felter = felter_machine(load("felter-redis").known(self.known.deviations))
        peak = self.known(WHAT, "throughput", "native", threads=PEAK_THREADS)
        self.known(WHAT, "latency p95", "native", threads=10)                  # the profile's spread of a statement is from it
        ns = met(lambda ns: self._peak(self._with(ns)), peak, rises=False, first=100_000, lowest=1000)
        self.on = self._with(ns)
        self.made.append(f"felter-redis's, {self.felter.made}; {STATEMENT} {ns:.4g} ns (native, {PEAK_THREADS} threads)")
        self.found: dict[tuple[str, int], Figures] = {}

    def answer(self, asked: Asked) -> Answer:
        at = asked.stack.removesuffix("-aufs"), int(asked.number("threads"))
        if at not in self.found:
            self.found[at] = self._simulated(*at, self.on)
        found = float(getattr(self.found[at], FIGURES[asked.metric]))
        return found if asked.metric == "throughput" else found / 1e3

    def _peak(self, on: Published) -> float:
        return self._simulated("native", PEAK_THREADS, on).throughput

    def _with(self, statement_ns: float) -> Published:
        return machine(BARE, self.felter.factor, {WIRE: self.felter.ns(WIRE), STATEMENT: statement_ns})

    def _simulated(self, stack: str, threads: int, on: Published) -> Figures:
        docker = {"docker-host": unfiltered_host(), "docker-nat": DockerPart.model_validate(UNFILTERED)}.get(stack)
        clients = ClosedLoopPart(connections=threads, cpus=tuple(range(CPUS)))
        return simulated(Load(MysqlPart(), clients, HardwarePart(cpus=CPUS), docker, requests=TRANSACTIONS, warm_up_ns=60 * MS, runs=1), on)
