"""Sources that measured Redis and nginx by stack.

The factor is the one with which the model meets one published figure of the bare system; the way over the wire is met by the figure of
one connection, where there is one. What a source does not state of its virtual machine is Linux's default of its year.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.servers.nginx import HEADER_BYTES, NginxPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import KIB
from cutaway.validating.published import unreached
from cutaway.validating.published.case import Answer, Case
from cutaway.validating.published.loads import HOST_NETWORK, Load, met, simulated
from cutaway.validating.published.machines import BARE, CLOUD, Published, machine, slowness
from cutaway.validating.published.points import Asked, Known

UNFILTERED = {"seccomp": "unconfined"}
"""Docker filters system calls since 1.10, of 2016."""
WIRE = "wire and card latency"
BENCHMARK_CONNECTIONS = 50
"""redis-benchmark's own, where none are stated."""


def redis(operation: str, value: int = 3) -> RedisPart:
    return RedisPart.model_validate({"kind": "redis", "operation": operation.lower(), "value": value})


def unfiltered_host() -> DockerPart:
    """On the host's network, before system calls were filtered."""
    return HOST_NETWORK.model_copy(update=UNFILTERED)


def sandy_bridge_vm() -> KvmPart:
    """Linux 3.11 has no halt polling, and the Xeon E5-2600 of 2012 no posted interrupts."""
    return KvmPart(vcpus=2, halt_polling=0, posted_interrupts=False)


class FelterRedis(Case):
    """redis-benchmark on a second machine."""

    reads = frozenset({"command", "connections"})

    def prepare(self) -> None:
        self.on = {command: self.machine_is(felter_machine(self.known, command), command) for command in ("GET", "SET")}
        self.alone = {command: alone(self.known, command, self.on[command]) for command in ("GET", "SET")}
        self.made += [f"{command}, one connection: {found.made}" for command, found in self.alone.items()]
        self.found: dict[tuple[str, str, int], float] = {}

    def answer(self, asked: Asked) -> Answer:
        at = asked.text("command"), asked.stack, int(asked.number("connections"))
        if at not in self.found:
            self.found[at] = self._simulated(*at)
        return self.found[at]

    def _simulated(self, command: str, stack: str, connections: int) -> float:
        load = felter_load(command, connections)
        on = (self.alone if connections == 1 else self.on)[command]
        docker = {
            "docker-host": unfiltered_host(),
            "docker-nat": DockerPart.model_validate(UNFILTERED),
        }.get(stack)
        return simulated(replace(load, docker=docker, kvm=sandy_bridge_vm() if stack == "kvm" else None), on).throughput


def felter_load(command: str, connections: int) -> Load:
    return Load(redis(command, 50), ClosedLoopPart(connections=connections), HardwarePart(cpus=16))


def felter_machine(known: Known, command: str = "GET") -> Published:
    """The factor from the rate of 50 connections, the wire from that of four."""
    what = f"redis-benchmark {command}"
    many, few = (known(what, stack="native", connections=number) for number in (50, 4))
    factor = met(lambda x: simulated(felter_load(command, 50), machine(BARE, x)).throughput, many, rises=False)
    return _wired(factor, command, 4, few, "native, 50 connections; the wire: 4")


def alone(known: Known, command: str, of: Published) -> Published:
    """One connection waits for cores that have gone to sleep and for moderated interrupts; that is met apart, as a longer wire."""
    one = known(f"redis-benchmark {command}", stack="native", connections=1)
    return _wired(of.factor, command, 1, one, "native, 50 connections; the wire: 1")


def _wired(factor: float, command: str, connections: int, rate: float, why: str) -> Published:
    def with_wire(ns: float) -> float:
        return simulated(felter_load(command, connections), machine(BARE, factor, {WIRE: ns})).throughput

    return machine(BARE, factor, {WIRE: met(with_wire, rate, rises=False, first=12_000, lowest=10)}, why)


class UnikraftServers(Case):
    """nginx and Redis on one core of a machine, generator on two others, a virtual machine's packets on a fourth."""

    reads = frozenset({"command", "connections", "mitigations", "pipeline"})
    labels = frozenset({"guest", "vmm"})
    hardware = HardwarePart(cpus=4)
    clients = ClosedLoopPart(where="loopback", cpus=(0, 1), connections=30)
    pipeline = 16

    def prepare(self) -> None:
        nginx = self.known("nginx static 612 B page, keep-alive", "throughput", "native", mitigations="on")
        factor = met(lambda x: simulated(self._load("nginx"), machine(BARE, x)).throughput, nginx, rises=False)
        self.nginx = self.machine_is(machine(BARE, factor, why="native nginx, mitigations on"), "nginx")
        self.redis = {command: self.machine_is(self._redis_machine(command), command) for command in ("GET", "SET")}

    def answer(self, asked: Asked) -> Answer:
        if asked.stack == "unikernel-kvm":
            return unreached.UNIKERNEL
        if (asked.number("connections"), asked.number("pipeline", self.pipeline)) != (self.clients.connections, self.pipeline):
            return unreached.OTHER_LOAD
        nginx = asked.what.startswith("nginx")
        if asked.text("mitigations") != ("on" if nginx else "off"):
            return unreached.MITIGATIONS
        if not nginx:
            return self._redis(asked.text("command"), self.redis[asked.text("command")], asked.stack)
        found = simulated(self._load("nginx", asked.stack), self.nginx)
        return found.mean if asked.metric == "latency mean" else found.throughput

    def _load(self, program: str, stack: str = "native") -> Load:
        kvm = KvmPart(cpus=(2,), io_cpus=(3,), network="vhost" if stack == "kvm" else "qemu")
        pinned = {"cpus": () if stack in ("kvm", "firecracker") else (2,)}
        part = NginxPart.model_validate(pinned) if program == "nginx" else redis(program).model_copy(update=pinned)
        docker = HOST_NETWORK.model_copy(update={"storage": "overlay2"}) if stack == "docker-host" else None
        return Load(part, self.clients, self.hardware, docker, kvm if not pinned["cpus"] else None)

    def _redis(self, command: str, on: Published, stack: str = "native") -> float:
        return self.pipeline * simulated(self._load(command, stack), on).throughput

    def _redis_machine(self, command: str) -> Published:
        rate = self.known(f"redis-benchmark {command}, pipeline 16", "throughput", "native", mitigations="off")
        factor = met(lambda x: self._redis(command, self._pipelined(machine(BARE, x))), rate, rises=False)
        return self._pipelined(machine(BARE, factor, why=f"native {command}, mitigations off"))

    def _pipelined(self, of: Published) -> Published:
        """Sixteen commands in one read and one write: parsed, carried out and answered one by one."""
        changes = {name.replace(" ", "_"): of.profile[name].value * self.pipeline for name in ("redis command", "redis answer")}
        return replace(of, profile=of.profile.instead(**changes))


class Lupine(Case):
    """Redis and nginx in Firecracker guests of one vCPU; the host is not stated, and nothing of it may be used."""

    reads = frozenset({"command", "connections", "guest"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE))

    def answer(self, asked: Asked) -> Answer:
        if asked.stack == "unikernel-kvm":
            return unreached.UNIKERNEL
        if "kernel-mode-linux" in asked.text("guest"):
            return unreached.KERNEL_MODE
        nginx = asked.what.startswith("nginx")
        program = NginxPart() if nginx else redis(asked.text("command"))
        clients = ClosedLoopPart(where="loopback", connections=int(asked.number("connections", BENCHMARK_CONNECTIONS)))
        return simulated(Load(program, clients, kvm=KvmPart(network="qemu")), self.on).throughput


class NginxCores(Case):
    """nginx by cores: no point is for validating, so those that make no profile are looked at apart.

    In the model cores share nothing but the wire: one is simulated, with generators that are never the narrow place.
    """

    reads = frozenset({"cpus", "file_KB", "machine"})
    wire_bits = 80_000_000_000
    per_core = 50

    def prepare(self) -> None:
        first = self.known("nginx HTTP static file", cpus=1, file_KB=1)
        self.machines = {"": self._machine(first, KIB, "1 KiB on one core")}
        for name in ("Xeon E5-2682, file", "AMD 7T83, file"):
            one = self.known("nginx small reply, interrupts on another node", machine=name, cpus=1)
            self.machines[name] = self._machine(one, 612, f"{name} on one core")

    def answer(self, asked: Asked) -> Answer:
        if "HTTPS" in asked.what:
            return unreached.TLS
        if "in-memory" in asked.what or "in-memory" in asked.text("machine"):
            return unreached.IN_MEMORY
        if "hyper-threads" in asked.what:
            return unreached.HYPER_THREADS
        page = int(asked.number("file_KB")) * KIB if asked.what == "nginx HTTP static file" else 612
        on = self.machines[asked.text("machine")]
        return min(asked.number("cpus") * self._one_core(page, on), self.wire_bits / 8 / (page + HEADER_BYTES))

    def _machine(self, published: float, page: int, why: str) -> Published:
        factor = met(lambda x: self._one_core(page, machine(BARE, x)), published, rises=False)
        return self.machine_is(machine(BARE, factor, why=why))

    def _one_core(self, page: int, on: Published) -> float:
        nothing = ("client write", "client read", "receive copy per KiB", "receive copy per KiB beyond 16 KiB")
        tireless = on.profile.instead(**{name.replace(" ", "_"): Fraction(0) for name in nothing})
        hardware = HardwarePart(cpus=1, nic=self.wire_bits)
        load = Load(NginxPart(page=page), ClosedLoopPart(cpus=(0, 1, 2, 3), connections=self.per_core), hardware)
        return simulated(load, replace(on, profile=tireless)).throughput


class GvisorGuideServers:
    """The runc half of gVisor's guide that is Redis: a cloud's virtual machine of four CPUs, clients on another."""

    def __init__(self, known: Known) -> None:
        docker_call = known("raw system call", stack="docker")
        profile = machine(CLOUD).profile
        filter_ns = float(profile["seccomp filter"].value)
        factor = slowness(CLOUD, [(docker_call - filter_ns, ("null system call",))])
        self.on = machine(CLOUD, factor, {"null system call": docker_call - filter_ns}, "one micro cost, beyond belief as a factor")

    def rate(self, command: str) -> float:
        load = Load(redis(command), ClosedLoopPart(connections=BENCHMARK_CONNECTIONS), docker=DockerPart())
        return simulated(load, self.on).throughput
