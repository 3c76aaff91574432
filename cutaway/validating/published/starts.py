"""Sources that timed starts and weighed what runs: containers, virtual machines, daemons.

A boot is the sum of the stages that qemu-boot-stages publishes. A thin VMM (Firecracker, Cloud Hypervisor) has no firmware and loads a
kernel that is not packed; what it takes itself is not known.
"""

from __future__ import annotations

from cutaway.models import startup
from cutaway.models.docker import run as docker
from cutaway.models.docker.platforms.holding import held
from cutaway.models.docker.platforms.step import BRIDGED, OVERLAY, SECCOMP
from cutaway.models.hypervisor import KvmPart
from cutaway.models.memory import BYTES_A_TABLE_BYTE
from cutaway.models.units import KIB, MIB
from cutaway.sim.clock import Clock
from cutaway.validating.published import unreached
from cutaway.validating.published.case import Answer, Case, TakenOver
from cutaway.validating.published.loads import met
from cutaway.validating.published.machines import BARE, CLOUD, Published, machine
from cutaway.validating.published.points import Asked
from cutaway.validating.published.round_trips import REMOTE, machine_with, ping_us
from cutaway.validating.published.servers import WIRE, GvisorGuideServers
from cutaway.validating.published.streams import DIRECTIONS, GBIT, HOST_TO_GUEST, Stream, of_firecracker

OF_QEMU = ("QEMU start", "QEMU to firmware", "firmware", "kernel load", "kernel decompression", "kernel start")
OF_A_THIN_VMM = ("fork and exec", "kernel load", "kernel start")
OF_CONTAINERD = ("containerd task", "shim start", "task start")
PACKED = "kernel decompression"
MS = 1e6


def docker_run_ms(on: Published, *, bridged: bool = True, engine: str = "docker", runtime: str = "") -> float:
    """From the command to the container's first instruction."""
    clock = Clock(initial_time=0)
    start = startup.Start(clock, on.profile)
    has = frozenset({OVERLAY, SECCOMP} | ({BRIDGED} if bridged else set()))
    clock.process(docker.run(start, docker.Asked(has, engine, runtime)))
    clock.run()
    return start.phases[-1].end_ns / MS


def of_runtime(name: str) -> tuple[str, ...]:
    """What create and start of runc or crun are made of."""
    return (f"{name} create", "name spaces", "cgroups", "cgroup wait", "seccomp load", f"{name} start")


def held_bytes(on: Published, engine: str, runtime: str) -> float:
    """What one more container takes beside its programs."""
    return sum(on.bytes(one.cost) * one.times for one in held(engine, runtime, published=False) if not one.once_a_host)


class QemuStages(Case):
    """The stages are costs of the profile; their sum is one point."""

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE))

    def answer(self, asked: Asked) -> Answer:
        return TakenOver(self.on.ns(*OF_QEMU) / MS) if asked.what == "exec to init" else "one stage of it"


class ContainerStart(Case):
    """Single values of several machines, few of them stated."""

    reads = frozenset({"runtime"})
    labels = frozenset({"cpu", "kernel", "range", "version"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE))

    def answer(self, asked: Asked) -> Answer:
        on = self.on
        if asked.what.startswith("run /bin/true"):
            return on.ns(*of_runtime(asked.text("runtime")), "fork and exec") / MS
        if asked.what == "containerd create and start, without docker":
            return on.ns(*OF_CONTAINERD, *of_runtime("runc")) / MS
        if asked.what == "docker run --rm echo, --network=none":
            return docker_run_ms(on) - docker_run_ms(on, bridged=False)
        if "before the change" in asked.what:
            return unreached.FAULTY_KERNEL
        if asked.what.startswith("docker run"):
            return docker_run_ms(on)
        if asked.what.startswith("create and start 500"):
            return unreached.COMPETING
        return unreached.IGNITE if asked.what.startswith("ignite") else unreached.EMBEDDED


class FirecrackerNsdi(Case):
    """Boot, memory and ping of virtual machines by VMM."""

    reads = frozenset({"vmm", "parallel", "vm_MB"})
    labels = frozenset({"guest_total_KB"})

    def prepare(self) -> None:
        ping = self.known("ping host to guest", stack="native")
        # natively a ping does not leave the machine: loopback, and an answer in the interrupt
        self.on = self.machine_is(machine(BARE))
        self.made.append(f"native ping {ping:g} us is not met: it wakes nobody")
        self.streaming = {one: self.machine_is(of_firecracker(self.known, one), f"streams, {one}") for one in DIRECTIONS}

    def answer(self, asked: Asked) -> Answer:
        if asked.what.startswith("VM boot"):
            return self._boot(asked)
        if asked.what == "memory of an idle VM":
            return self._memory(asked)
        if asked.what == "ping host to guest" and asked.stack != "native":
            return ping_us(self.on, KvmPart(network="vhost" if asked.stack == "kvm" else "qemu"))
        return unreached.DISK if asked.what.startswith("fio") else self._stream(asked)

    def _stream(self, asked: Asked) -> Answer:
        if "10 streams" in asked.what:
            return unreached.STREAMS
        # Cloud Hypervisor moves packets itself, as Firecracker does
        kvm = None if asked.stack == "native" else KvmPart(network="vhost" if asked.stack == "kvm" else "qemu", vcpus=2)
        direction = next(one for one in DIRECTIONS if one in asked.what)
        return Stream(from_client=direction == HOST_TO_GUEST, kvm=kvm).bytes_per_s(self.streaming[direction]) / GBIT

    def _boot(self, asked: Asked) -> Answer:
        vmm = asked.text("vmm")
        if asked.number("parallel") > 1:
            return unreached.COMPETING
        if "p99" in asked.metric:
            return unreached.BEYOND_BOOT_P50
        if "microvm" in vmm:
            return unreached.MICROVM
        if asked.stack == "kvm":
            stages = tuple(stage for stage in OF_QEMU if stage != "firmware" or "qboot" not in vmm)
        else:
            stages = (*OF_A_THIN_VMM, PACKED) if "bzImage" in vmm else OF_A_THIN_VMM
        return self.on.ns(*stages) / MS

    def _memory(self, asked: Asked) -> Answer:
        seen, system = asked.number("vm_MB") * MIB, self.on.bytes("guest system memory")
        if asked.metric == "guest memory available":
            return (seen - system) / KIB
        if "beyond" in asked.metric:
            return unreached.VMM_MAPPINGS
        if asked.stack != "kvm":
            return unreached.THIN_VMM
        return (system + self.on.bytes("QEMU memory") + seen / BYTES_A_TABLE_BYTE) / KIB


class FirecrackerSpec(Case):
    """Bounds of Firecracker, and pings between instances."""

    def prepare(self) -> None:
        base = machine(BARE)
        native_us = 1000 * self.known("ping instance to instance", stack="native")
        wire = met(lambda ns: ping_us(machine_with(base, ns), None, REMOTE), native_us, rises=True, first=60_000, lowest=100)
        self.on = self.machine_is(machine(BARE, taken={WIRE: wire}, why="the wire: native ping"))
        self.native_us = native_us

    def answer(self, asked: Asked) -> Answer:
        if asked.what == "InstanceStart to guest init":
            return self.on.ns("kernel load", "kernel start") / MS
        if asked.what in ("added network latency", "ping microVM to instance"):
            ping = ping_us(self.on, KvmPart(network="qemu"), REMOTE)
            return (ping - (self.native_us if asked.what.startswith("added") else 0)) / 1000
        return unreached.SEGMENTS if asked.what.startswith("TCP") else unreached.THIN_VMM


class UnikraftBootMemory(Case):
    """Of all its guests one is a whole Linux."""

    reads = frozenset({"guest"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE))

    def answer(self, asked: Asked) -> Answer:
        if asked.text("guest") == "alpine linux":
            return self.on.ns("kernel load", "kernel start", "guest services") / MS
        if asked.what.startswith("minimum memory"):
            return unreached.MINIMUM
        return unreached.GUEST_KERNELS if asked.stack == "firecracker" else unreached.UNIKERNEL


class DaemonMemory(Case):
    """Processes of containerd and Docker, of versions from 2016 on."""

    labels = frozenset({"sample", "variant", "version", "year"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(CLOUD))

    def answer(self, asked: Asked) -> Answer:
        if asked.what.startswith("dockerd"):
            return self.on.bytes("dockerd memory", "containerd memory") / MIB
        if asked.what == "containerd":
            return self.on.bytes("containerd memory") / KIB
        if asked.metric == "proportional set":
            return unreached.SHARERS
        return self.on.bytes("shim memory", "shim shared memory") / KIB


class GvisorGuide(Case):
    """What it measured of runc, and of gVisor start and memory."""

    reads = frozenset({"command"})
    labels = frozenset({"app"})

    def prepare(self) -> None:
        self.servers = GvisorGuideServers(self.known)
        self.on = self.machine_is(self.servers.on)

    def answer(self, asked: Asked) -> Answer:
        gvisor = asked.stack.startswith("gvisor")
        if asked.what == "memory per container, empty":
            return held_bytes(self.on, "docker", "runsc" if gvisor else "runc")
        if asked.what == "docker run until ready, empty":
            return docker_run_ms(self.on, runtime="runsc" if gvisor else "runc")
        if gvisor:
            return unreached.GVISOR
        if asked.what.startswith("redis-benchmark"):
            command = asked.text("command")
            return self.servers.rate(command) if command in ("GET", "SET") else unreached.COMMANDS
        if asked.what.startswith("memory per container"):
            return unreached.MEMORY_OF_DATA
        if asked.what.startswith("iperf"):
            return unreached.CLOUD_WIRE
        return unreached.DISK if asked.what.startswith("fio") else unreached.OTHER_PROGRAM


class KataCi(Case):
    """Bounds of Kata's own tests, started by `ctr run` without a network."""

    labels = frozenset({"hypervisor", "worker"})

    def prepare(self) -> None:
        self.on = self.machine_is(machine(BARE))

    def answer(self, asked: Asked) -> Answer:
        if asked.what == "container to workload":
            return docker_run_ms(self.on, bridged=False, engine="containerd", runtime="kata-runtime") / 1000
        if asked.what == "memory per container":
            return held_bytes(self.on, "containerd", "kata-runtime") / KIB
        if asked.what == "memory inside container":
            return "the memory of the guest is a setting"
        return unreached.KSM if "KSM" in asked.what else unreached.KATA
