"""Sources that measured streams: iperf3, nuttcp, qperf. A stream is messages of 1 MiB, four on the way, so that neither end waits.

There is no congestion control and no window in the model: a stream ends at the wire's rate or where one of its threads has no more time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.hardware import HardwarePart
from cutaway.models.hypervisor import KvmPart
from cutaway.models.parts import ProgramPart
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.redis import RedisPart
from cutaway.models.units import KIB, MIB
from cutaway.validating.published import unreached
from cutaway.validating.published.case import Answer, Case, TakenOver
from cutaway.validating.published.loads import CLOSE, Load, met, simulated
from cutaway.validating.published.machines import BARE, Published, echo, machine
from cutaway.validating.published.points import Asked

ON_THE_WAY = 4
MESSAGES = 2000
MESSAGE = {"1024KiB": MIB, "128KiB": 128 * KIB}
"""iperf3's buffers, as they are named."""
GBIT = 1e9 / 8
HOST_TO_GUEST = "host to guest"
DIRECTIONS = (HOST_TO_GUEST, "guest to host")
NO_WIRE = 400_000_000_000
"""A wire that is never the narrow place."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Who sends, how, over what."""

    where: str = "loopback"
    from_client: bool = False
    sendfile: bool = False
    wire_bits: int = NO_WIRE
    docker: DockerPart | None = None
    kvm: KvmPart | None = None
    message: int = MIB

    @property
    def load(self) -> Load:
        program: ProgramPart = NginxPart(page=self.message) if self.sendfile else RedisPart(value=self.message)
        if self.from_client:
            program = RedisPart(value=self.message, operation="set")
        clients = ClosedLoopPart.model_validate({"where": self.where, "connections": ON_THE_WAY})
        return Load(program, clients, HardwarePart(cpus=4, nic=self.wire_bits), self.docker, self.kvm, MESSAGES)

    def bytes_per_s(self, on: Published) -> float:
        return self.message * simulated(self.load, echo(on)).throughput

    def mover_share(self, on: Published) -> float:
        """How busy the thread is that moves a virtual machine's packets."""
        return simulated(self.load, echo(on)).mover


def as_fast_as(stream: Stream, bytes_per_s: float, why: str, base: str = BARE) -> Published:
    """The machine on which a stream has this rate."""
    factor = met(lambda x: stream.bytes_per_s(machine(base, x)), bytes_per_s, rises=False)
    return machine(base, factor, why=why)


def beside_native(stream: Stream, on: Published, native: float) -> float:
    """A published rate times what the model says of the two; where the wire decides both it is the published one."""
    ratio = stream.bytes_per_s(on) / replace(stream, docker=None, kvm=None).bytes_per_s(on)
    return TakenOver(native) if abs(ratio - 1) < CLOSE else native * ratio


def of_firecracker(known: Callable[..., float], direction: str) -> Published:
    """m5d.metal, by the native stream of firecracker-nsdi-m5d-metal in that direction."""
    native = known(f"iperf3 1 stream, {direction}", stack="native") * GBIT
    return as_fast_as(Stream(from_client=direction == HOST_TO_GUEST), native, "native iperf3, one stream")


class KubernetesNetworks(Case):
    """iperf3 between pods of two machines; kube-router forwards without a second header, as Docker's bridge does."""

    reads = frozenset({"cni"})
    wire = 40_000_000_000

    def prepare(self) -> None:
        self.native = Stream("another machine", sendfile=True, wire_bits=self.wire)
        one = self.known("iperf3 TCP, 1 stream", "throughput", "native")
        self.on = self.machine_is(as_fast_as(self.native, one * GBIT, "native iperf3 -Z, one stream"))

    def answer(self, asked: Asked) -> Answer:
        if "UDP" in asked.what:
            return unreached.UDP
        if asked.text("cni") == "calico-ebpf":
            return unreached.EBPF
        if asked.text("cni") not in ("kuberouter", ""):
            return unreached.OVERLAY
        if "CPU" in asked.metric:
            return unreached.COUNTED_CPU
        pod = replace(self.native, docker=DockerPart(seccomp="unconfined")) if asked.stack == "k8s-pod" else self.native
        if asked.what == "iperf3 TCP, many streams":
            return TakenOver(self.known(asked.what, stack="native"))          # several threads: the wire decides
        return pod.bytes_per_s(self.on) / GBIT


class RootlessNetwork(Case):
    """Streams out of a name space: a veth pair is the same whoever made it, and all else is a network stack in user space."""

    reads = frozenset({"mtu"})
    labels = frozenset({"driver"})

    def prepare(self) -> None:
        self.made.append("rootful veth, as published")

    def answer(self, asked: Asked) -> Answer:
        if asked.stack != "veth":
            return unreached.USER_NETWORK
        return TakenOver(self.known(asked.what, asked.metric, "veth", driver="rootful veth", mtu=asked.number("mtu")))
