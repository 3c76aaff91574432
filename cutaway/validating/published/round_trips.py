"""Sources that measured round trips and nothing else: netperf, qperf, ping. The program reads and writes, and does no more.

A ping is answered in the guest's interrupt; here a program is woken for it. It comes once a second, so every CPU sleeps before it.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import US, S
from cutaway.validating.published import unreached
from cutaway.validating.published.case import Answer, Case, TakenOver
from cutaway.validating.published.loads import HOST_NETWORK, Figures, Load, met, simulated
from cutaway.validating.published.machines import BARE, Published, echo, machine
from cutaway.validating.published.points import Asked, load
from cutaway.validating.published.servers import BENCHMARK_CONNECTIONS, UNFILTERED, WIRE, felter_machine, redis, sandy_bridge_vm
from cutaway.validating.published.streams import DIRECTIONS, HOST_TO_GUEST, MESSAGE, Stream, as_fast_as, beside_native, of_firecracker

LOCAL = ClosedLoopPart(where="loopback", connections=1)
REMOTE = ClosedLoopPart(connections=1)
PINGS = 200
TEN_GBIT = 10_000_000_000


def round_trip(on: Published, clients: ClosedLoopPart = LOCAL, docker: DockerPart | None = None, kvm: KvmPart | None = None) -> Figures:
    """One byte there and back."""
    return simulated(Load(RedisPart(value=1), clients, HardwarePart(cpus=4), docker, kvm), echo(on))


def ping_us(on: Published, kvm: KvmPart | None, clients: ClosedLoopPart = LOCAL) -> float:
    clients = clients.model_copy(update={"think": 1 * S})
    return simulated(Load(RedisPart(value=1), clients, docker=None, kvm=kvm, requests=PINGS), echo(on)).mean


class FelterMicro(Case):
    """netperf between two machines; and programs that only compute."""

    reads = frozenset({"direction", "placement"})
    labels = frozenset({"request_B", "response_B", "vcpu"})

    def prepare(self) -> None:
        # the machines are those of felter-redis, whose points for calibrating tell how fast they are
        felter = felter_machine(load("felter-redis").known())
        rate = self.known("netperf TCP_RR", stack="native")
        wire = met(lambda ns: self._rate(self._with(felter, ns)), rate, rises=False, first=5000, lowest=10)
        self.on = self._with(felter, wire)
        self.made.append(f"felter-redis's, {felter.made}; here the wire from native TCP_RR: {wire:.4g} ns")

    def answer(self, asked: Asked) -> Answer:
        if asked.what == "netperf TCP_RR":
            return self._rate(self.on, sandy_bridge_vm() if asked.stack == "kvm" else None)
        if asked.what.startswith("fio"):
            return unreached.DISK
        if asked.what.startswith("nuttcp"):
            return self._stream(asked)
        if asked.what.startswith("netperf UDP"):
            return unreached.UDP
        native = self.known(asked.what, asked.metric, "native", **{key: value for key, value in asked.params if key != "vcpu"})
        return native / float(self.on.profile["nested paging"].value) if asked.stack == "kvm" else TakenOver(native)

    def _stream(self, asked: Asked) -> float:
        docker = DockerPart.model_validate(UNFILTERED) if asked.stack == "docker-nat" else None
        kvm = sandy_bridge_vm() if asked.stack == "kvm" else None
        stream = Stream("another machine", "client to server" in asked.what, wire_bits=TEN_GBIT, docker=docker, kvm=kvm)
        return stream.bytes_per_s(self.on) * 8 / 1e6

    def _rate(self, on: Published, kvm: KvmPart | None = None) -> float:
        return round_trip(on, REMOTE, kvm=kvm).throughput

    def _with(self, on: Published, wire_ns: float) -> Published:
        return replace(on, profile=machine_with(on, wire_ns).profile)


def machine_with(on: Published, wire_ns: float) -> Published:
    """The same with another wire."""
    return replace(on, profile=on.profile.instead(**{WIRE.replace(" ", "_"): Fraction(wire_ns)}))


class DockerNetwork(Case):
    """Three threads: redis-benchmark of 2015, netperf of 2014, qperf; each a machine of its own."""

    reads = frozenset({"client", "place"})

    def prepare(self) -> None:
        what = "redis-benchmark SET, 1000000 requests"
        self.redis = {
            where: self.machine_is(self._redis_machine(self.known(what, stack="native", client=client), where), f"Redis, {client}")
            for where, client in (("loopback", "loopback"), ("another machine", "another server"))
        }
        latency = self.known("qperf tcp_lat", stack="native", place="same machine")
        factor = met(lambda x: round_trip(machine(BARE, x)).mean / 2, latency, rises=True)
        near = machine(BARE, factor, why="native tcp_lat")
        apart = self.known("qperf tcp_lat", stack="native", place="two machines")
        wire = met(lambda ns: round_trip(machine_with(near, ns), REMOTE).mean / 2, apart, rises=True, first=5000, lowest=10)
        self.qperf = self.machine_is(machine(BARE, factor, {WIRE: wire}, "native tcp_lat on one machine; the wire: on two"), "qperf")
        rate = self.known("qperf tcp_bw", stack="native", place="same machine")
        self.streaming = self.machine_is(as_fast_as(Stream(), rate * 1e6, "native tcp_bw on one machine"), "streams")

    def answer(self, asked: Asked) -> Answer:
        if asked.what.startswith("redis"):
            remote = asked.text("client") != "loopback"
            docker = DockerPart.model_validate(UNFILTERED) if asked.stack == "docker-nat" else HOST_NETWORK.model_copy(update=UNFILTERED)
            where = "another machine" if remote else "loopback"
            return self._redis(self.redis[where], where, docker)
        if asked.what.startswith("netperf, packet"):
            native = self.known(asked.what, stack="native")
            on = machine(BARE)
            docker = self._unfiltered(asked.stack)
            return native * round_trip(on, LOCAL, docker).throughput / round_trip(on).throughput
        if asked.what == "qperf tcp_lat":
            remote = asked.text("place") == "two machines"
            docker = HOST_NETWORK if asked.stack == "docker-host" else DockerPart(publish="nat")
            return round_trip(self.qperf, REMOTE if remote else LOCAL, docker).mean / 2
        return unreached.UDP if "UDP" in asked.what else self._stream(asked)

    def _stream(self, asked: Asked) -> float:
        """On one machine by what copying takes; between two the wire decides."""
        remote = asked.what.startswith("iperf3") or asked.text("place") == "two machines"
        docker = HOST_NETWORK if asked.stack == "docker-host" else DockerPart(publish="nat" if remote else "none")
        if not remote:
            return Stream(docker=docker).bytes_per_s(self.streaming) / 1e6
        native = self.known(asked.what, asked.metric, "native", **dict(asked.params))
        on = machine(BARE) if asked.what.startswith("iperf3") else self.streaming   # nobody knows iperf3's machine: the wire decided
        return beside_native(Stream("another machine", wire_bits=TEN_GBIT, docker=docker), on, native)

    def _unfiltered(self, stack: str) -> DockerPart:
        return HOST_NETWORK.model_copy(update=UNFILTERED) if stack == "docker-host" else DockerPart(publish="none", seccomp="unconfined")

    def _redis_machine(self, published: float, where: str) -> Published:
        factor = met(lambda x: self._redis(machine(BARE, x), where, None), published, rises=False)
        return machine(BARE, factor, why="native SET")

    def _redis(self, on: Published, where: str, docker: DockerPart | None) -> float:
        clients = ClosedLoopPart.model_validate({"where": where, "connections": BENCHMARK_CONNECTIONS})
        return simulated(Load(redis("SET"), clients, docker=docker), on).throughput


class VirtioNet(Case):
    """netperf to a guest; the machine is not stated, and nothing of it may be used."""

    labels = frozenset({"variant"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE))

    def answer(self, asked: Asked) -> Answer:
        of_2013 = asked.metric == "transactions"
        kvm = KvmPart(halt_polling=0, posted_interrupts=False) if of_2013 else KvmPart()
        found = round_trip(self.on, kvm=kvm)
        return {"transactions": found.throughput, "latency p50": found.p50, "latency p99": found.p99}[asked.metric]


class FirecrackerCi(Case):
    """Pings and streams from the host; nothing of its own may be used. The streams ran on firecracker-nsdi's kind of machine, too."""

    reads = frozenset({"cpu", "payload", "vcpus"})
    labels = frozenset({"guest_kernel", "host_kernel"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE), "pings")
        nsdi = load("firecracker-nsdi-m5d-metal").known()
        self.streaming = {one: self.machine_is(of_firecracker(nsdi, one), f"streams, 8175M, {one}") for one in DIRECTIONS}
        self.ping = ping_us(self.on, KvmPart(network="qemu"))

    def answer(self, asked: Asked) -> Answer:
        if asked.what.startswith("fio"):
            return unreached.DISK
        if asked.what == "snapshot restore":
            return unreached.SNAPSHOT
        if asked.text("cpu").startswith("ARM"):
            return unreached.ARM
        return self._stream(asked) if asked.what.startswith("iperf3") else self.ping

    def _stream(self, asked: Asked) -> float:
        kvm = KvmPart(network="qemu", vcpus=int(asked.number("vcpus")))
        direction = next(one for one in DIRECTIONS if one in asked.what)
        stream = Stream(from_client=direction == HOST_TO_GUEST, kvm=kvm, message=MESSAGE[asked.text("payload")])
        if asked.metric == "VMM thread CPU":
            return 100 * stream.mover_share(self.streaming[direction])
        return stream.bytes_per_s(self.streaming[direction]) * 8 / 1e6


POLLING_300_US = KvmPart(halt_polling=300 * US)
