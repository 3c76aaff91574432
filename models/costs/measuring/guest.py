"""A small guest under QEMU: from fork to userspace, to its network and to the first 200 of nginx; what QEMU holds then; what runs in it.

One virtual CPU, QEMU's threads on CPU 1, virtio-net over a tap in the engine's namespace, no vhost; the guest serves from its ramdisk.
Without KVM (TCG) it is only a reference for what emulation costs: with KVM everything but the device models runs at the processor's speed.
"""
import gzip
import lzma
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from cutaway.models.costs.measuring.leftovers import ends_with_us
from cutaway.models.costs.measuring.needs import GUEST, guest_kernel, program
from cutaway.models.costs.measuring.paths import run
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.rows import Subject, Unit
from cutaway.models.costs.measuring.serving import first_200, rollup
from cutaway.models.costs.measuring.stacks import CONTAINER_PORT, IN_HOST, root, wire

MIB = 1 << 20
BOOTS_S = {"qemu-tcg": 60, "qemu-kvm": 20}
NETWORKS = {"qemu-tcg": ("cw-tcg", "10.77.5.1", "10.77.5.2"), "qemu-kvm": ("cw-kvm", "10.77.6.1", "10.77.6.2")}
"""By stack: its tap, the host's address there, the guest's. The guest is told on its kernel's command line."""
MODULES = (
    "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "failover", "net_failover", "virtio_net",
)
INIT = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sys /sys
/bin/busybox mount -t devtmpfs dev /dev
echo MARK userspace
for module in {" ".join(MODULES)}; do [ -f /modules/$module.ko ] && /bin/busybox insmod /modules/$module.ko; done
/bin/busybox ip link set lo up
/bin/busybox ip addr add $guest_address/24 dev eth0
/bin/busybox ip link set eth0 up
/bin/busybox ip route add default via $host_address
echo MARK network
/usr/sbin/nginx -c /etc/nginx/container.conf &
/bin/busybox stty -echo
echo MARK ready
while read -r line; do
    eval "$line" 2>&1
    echo "MARK ended $?"
done
exec /bin/busybox sleep 100000
"""


@dataclass
class Guest:
    """A running guest; what is written to its serial line runs in it."""
    process: subprocess.Popen[bytes]
    command: str
    started_s: float
    marks_s: dict[str, float] = field(default_factory=dict)
    buffer: bytes = b""

    def wait_for(self, mark: str, seconds: float) -> str:
        """What it prints until a line with the mark."""
        assert self.process.stdout
        give_up_s, text, lines = time.monotonic() + seconds, f"MARK {mark}".encode(), list[bytes]()
        while True:
            while b"\n" in self.buffer:
                line, _, self.buffer = self.buffer.partition(b"\n")
                lines.append(line.rstrip(b"\r"))
                if text in lines[-1]:                                       # the firmware leaves escapes before the first
                    self.marks_s[mark] = time.time() - self.started_s
                    return b"\n".join(lines).decode(errors="replace")
            if not select.select([self.process.stdout], [], [], max(0.0, give_up_s - time.monotonic()))[0]:
                raise MeasuringError(f"the guest has not come to '{mark}' within {seconds:g} s")
            if not (more := os.read(self.process.stdout.fileno(), 65536)):
                raise MeasuringError(f"QEMU has ended before the guest came to '{mark}'")
            self.buffer += more

    def said(self, command: str, seconds: float) -> str:
        """What a command prints in the guest, from its first brace on."""
        assert self.process.stdin
        with suppress(BrokenPipeError):                                     # QEMU has ended, which the next line says
            self.process.stdin.write(f"{command}\n".encode())
            self.process.stdin.flush()
        said = self.wait_for("ended", seconds)
        if not said.endswith("MARK ended 0"):
            raise MeasuringError(f"in the guest: {said.rpartition('MARK')[0].strip()[-200:]}")
        return said.rpartition("MARK")[0].strip()

    @property
    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def ramdisk(bench: Bench) -> Iterator[Path]:
    """The root folder as an archive, with the modules of the guest's kernel and a first process."""
    kernel, folder = guest_kernel(bench.settings.kernel), bench.folder / "guest-root"
    assert kernel
    shutil.copytree(bench.keep(root), folder, symlinks=True, ignore=shutil.ignore_patterns("null"))
    (folder / "modules").mkdir()
    modules = bench.settings.kernel / "lib/modules" / kernel.name.removeprefix("vmlinuz-")
    for name in MODULES:                                                    # what is not there is built in
        for found in modules.rglob(f"{name}.ko*"):
            (folder / f"modules/{name}.ko").write_bytes(unpacked(found))
    (folder / "init").write_text(INIT)
    (folder / "init").chmod(0o755)
    archive = subprocess.run(
        f"find . | {program('busybox')} cpio -o -H newc", shell=True, cwd=folder, check=True, capture_output=True).stdout
    target = bench.folder / "guest.gz"
    target.write_bytes(gzip.compress(archive, 6))
    yield target


def unpacked(module: Path) -> bytes:
    if module.suffix == ".xz":
        return lzma.decompress(module.read_bytes())
    if module.suffix == ".gz":
        return gzip.decompress(module.read_bytes())
    if module.suffix == ".zst":
        return subprocess.run(["zstd", "-dc", str(module)], check=True, capture_output=True).stdout
    return module.read_bytes()


@contextmanager
def tap(bench: Bench, stack: str) -> Iterator[None]:
    bench.keep(wire)
    name, host, _ = NETWORKS[stack]
    run(f"ip -n cw-engine tuntap add {name} mode tap")
    run(f"ip -n cw-engine addr add {host}/24 dev {name}")
    run(f"ip -n cw-engine link set {name} up")
    yield


@contextmanager
def guest(bench: Bench, stack: str, memory_mib: int) -> Iterator[Guest]:
    """Booted, until its network is up and it takes commands."""
    bench.keep(tap, stack)
    name, host, address = NETWORKS[stack]
    disk, kernel = bench.keep(ramdisk), guest_kernel(bench.settings.kernel)
    command = [
        program("qemu-system-x86_64"), "-accel", stack.removeprefix("qemu-"), "-m", str(memory_mib), "-smp", "1",
        "-nographic", "-nodefaults", "-serial", "stdio", "-kernel", str(kernel), "-initrd", str(disk),
        "-append", f"console=ttyS0 quiet panic=-1 host_address={host} guest_address={address}",
        "-netdev", f"tap,id=net,ifname={name},script=no,downscript=no", "-device", "virtio-net-pci,netdev=net,romfile="]
    shown = " ".join(Path(part).name if part.startswith("/") else part for part in command)
    started_s = time.time()
    process = subprocess.Popen(
        [*IN_HOST, "taskset", "-c", "1", *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True, preexec_fn=ends_with_us)
    one = Guest(process, f"{shown} (pinned to CPU 1)", started_s)
    try:
        for mark in ("userspace", "network", "ready"):
            one.wait_for(mark, BOOTS_S[stack])
        yield one
    finally:
        process.kill()
        process.wait()


def boot(stack: str, memory_mib: int, bench: Bench) -> Iterator[Found]:
    """A start, and what QEMU holds after it."""
    use = "calibrate" if memory_mib == 256 else "validate"
    params = {"memory_bytes": memory_mib * MIB, "vcpus": 1}
    with guest(bench, stack, memory_mib) as one:
        values = {"to_userspace": [one.marks_s["userspace"]], "to_network": [one.marks_s["network"]]}
        values["to_first_200"] = [first_200(NETWORKS[stack][2], CONTAINER_PORT) - one.started_s]
        values["cpu_until_first_200"] = [one.cpu_s]
        subject = Subject("lifecycle", "QEMU boot to userspace and to the first 200", stack, params, one.command, Unit("s"), use)
        yield Found(subject, values)
        time.sleep(1)
        available = re.findall(r"MemAvailable: +(\d+)", one.said("busybox cat /proc/meminfo", 10))
        held: Mapping[str, list[float]] = {f"{metric}_after_first_200": [size] for metric, size in rollup(one.process.pid).items()}
        held = {**held, "guest_mem_available": [int(available[0]) * 1024]}
        if program("wrk"):                                                  # a guest that has served holds more of its memory
            url = f"http://{NETWORKS[stack][2]}:{CONTAINER_PORT}/f612"
            subprocess.run([*IN_HOST, "taskset", "-c", "0", program("wrk"), "-t1", "-c16", "-d1s", url], check=True, capture_output=True)
            held = {**held, **{f"{metric}_after_load": [size] for metric, size in rollup(one.process.pid).items()}}
        yield Found(Subject("memory", "memory of the QEMU process", stack, params, one.command, Unit("byte"), use), held)


def parts(settings: Settings) -> Iterator[Part]:
    sizes = (128, 256, 512)
    points = [
        Point(f"boot {stack} {size}", stack, partial(boot, stack, size), 7 if stack == "qemu-tcg" else 3,
              GUEST | ({"kvm"} if stack == "qemu-kvm" else frozenset()))
        for size in sizes for stack in BOOTS_S]
    what = "a guest's boot by size of its memory, and what QEMU holds after it"
    yield Part("lifecycle", "guest", what, points, settings.least(5, 1), 2, 4)
