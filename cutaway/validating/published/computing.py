"""Sources that measured system calls, packets of a worker, and how programs that compute share CPUs."""

from __future__ import annotations

from dataclasses import replace

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.neighbours import HogPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import KIB, MS, S
from cutaway.sim.machine import Group, Machine
from cutaway.sim.results import Result
from cutaway.sim.simulate import Span, simulate
from cutaway.validating.published import unreached
from cutaway.validating.published.case import Answer, Case, TakenOver
from cutaway.validating.published.loads import met
from cutaway.validating.published.machines import BARE, Published, machine, slowness
from cutaway.validating.published.points import Asked
from cutaway.validating.published.round_trips import POLLING_300_US, round_trip
from cutaway.validating.published.starts import docker_run_ms

HOUR = 3600 * S
WIRE_BITS = 10_000_000_000
FRAME_BYTES = 4 + 20
"""Beside a packet on the wire: check sum, preamble and gap."""


class GvisorAnalysis(Case):
    """System calls in a container: natively measured, and a filter before each."""

    reads = frozenset({"bytes", "call", "starters"})

    def prepare(self) -> None:
        call = self.known("system call getuid", stack="native")
        filtered = self.known("system call getuid", stack="docker") - call
        files = 1000 * self.known("open+close, volume", stack="native")
        factor = slowness(BARE, [(call, ("null system call",)), (files, ("open file", "close file"))])
        taken = {"null system call": call, "seccomp filter": filtered}
        self.on = self.machine_is(machine(BARE, factor, taken, "getuid, open and close"))

    def answer(self, asked: Asked) -> Answer:
        if asked.stack.startswith("gvisor"):
            return unreached.GVISOR
        if asked.what.startswith("containers started"):
            return 1000 / docker_run_ms(self.on) if asked.number("starters") == 1 else unreached.COMPETING
        calls = 2 if asked.what.startswith("open+close") else 1
        native = self.known(asked.what, asked.metric, "native", **dict(asked.params))
        return native + (calls * self.on.ns("seccomp filter") / 1000 if asked.stack == "docker" else 0)


class KernelBuild(Case):
    """A compilation computes; a container takes nothing from it. The other points are single costs."""

    reads = frozenset({"mitigations"})
    labels = frozenset({"seccomp"})

    def answer(self, asked: Asked) -> Answer:
        if not asked.what.startswith("kernel 5.9.1"):
            return "a single cost"
        return TakenOver(self.known(asked.what, asked.metric, "native", mitigations=asked.text("mitigations")))


class UnikraftMicro(Case):
    """Packets of one guest core, as far as vhost's worker is the narrow place."""

    reads = frozenset({"backend", "mode", "packet_B"})
    labels = frozenset({"guest"})

    def prepare(self) -> None:
        call = self.known("no-op system call in a Linux 5.11 KVM guest", "time", mitigations="on")
        factor = slowness(BARE, [(call, ("null system call",))])
        self.on = self.machine_is(machine(BARE, factor, why="no-op system call"))

    def answer(self, asked: Asked) -> Answer:
        if asked.stack in ("unikernel-kvm", "xen"):
            return unreached.UNIKERNEL
        if asked.what.startswith("transmit") and asked.text("backend") == "vhost-net":
            copy = self.on.ns("copy per KiB") * asked.number("packet_B") / KIB
            wire = WIRE_BITS / (8 * (asked.number("packet_B") + FRAME_BYTES)) / 1e6
            return min(1000 / (self.on.ns("vhost packet", "tap") + copy), wire)
        if asked.what.startswith("9pfs"):
            return unreached.NINE_P
        return unreached.UDP if asked.what.startswith("UDP") and "DPDK" not in asked.text("mode") else unreached.DPDK


class CpuQuota(Case):
    """One thread that computes, under a quota."""

    reads = frozenset({"period_ms", "quota_ms", "run_s"})
    labels = frozenset({"event"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE))

    def answer(self, asked: Asked) -> Answer:
        if asked.metric == "iterations":
            return unreached.LOOP
        quota, period = (round(asked.number(name) * MS) for name in ("quota_ms", "period_ms"))
        seconds = asked.number("run_s", 5)
        group = shared(self.on, 8, {"limited": (1, 1024, quota, period)}, round(seconds * S)).groups["limited"]
        if asked.metric == "CPU used":
            return group["ran_ns"] / MS
        throttled = group["throttled_periods"]
        return float(throttled) if asked.metric == "throttled periods" else group["throttled_ns"] / throttled / MS


class WeightAndHalt(Case):
    """Two virtual machines that compute, of equal weight; and a ping-pong with halt polling."""

    cpus, of_a, of_b = 32, 31, 4

    def prepare(self) -> None:
        self.alone_s = self.known("30 CPU-bound processes of fixed work, alone (container)")
        native = self.known("small packet ping-pong", stack="native")
        factor = met(lambda x: round_trip(machine(BARE, x)).mean, native, rises=True)
        self.on = self.machine_is(machine(BARE, factor, why="native ping-pong, taken as us"))

    def answer(self, asked: Asked) -> Answer:
        if asked.what.startswith("small packet"):
            return round_trip(self.on, kvm=POLLING_300_US if asked.stack == "kvm" else None).mean
        groups = {"A": (self.of_a, 1024, 0, 100 * MS), "B": (self.of_b, 1024, 0, 100 * MS)}
        seconds = 2
        found = shared(machine(BARE), self.cpus, groups, seconds * S).groups
        if asked.metric == "CPU use of B":
            return 100 * found["B"]["ran_ns"] / (seconds * S)
        return self.alone_s * self.of_a * seconds * S / found["A"]["ran_ns"]


def shared(on: Published, cpus: int, groups: dict[str, tuple[int, int, int, int]], span_ns: int) -> Result:
    """Threads that compute, in cgroups: how many, weight, quota and period of each. A server beside them is asked nothing."""
    count = sum(threads for threads, *_ in groups.values())
    parts = [HardwarePart(cpus=cpus), LinuxPart(), RedisPart()]
    built = stack.build("published", parts, ClosedLoopPart(connections=1, think=HOUR), on.profile, [HogPart(count=count, group="none")])
    return simulate(_in_groups(built, groups), 0, Span(duration_ns=span_ns)).result


def _in_groups(built: Machine, groups: dict[str, tuple[int, int, int, int]]) -> Machine:
    names = [name for name, (threads, *_) in groups.items() for _ in range(threads)]
    threads, left = [], iter(names)
    for thread in built.threads:
        threads.append(replace(thread, group=next(left)) if thread.kind == "hog" else thread)
    made = tuple(Group(name, "host", "", weight, quota, period) for name, (_, weight, quota, period) in groups.items())
    return replace(built, threads=tuple(threads), groups=(*built.groups, *made))
