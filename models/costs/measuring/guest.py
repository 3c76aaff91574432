"""A small guest under QEMU's TCG (no KVM): from fork to userspace, to its network and to the first 200 of nginx; what QEMU holds then.

    python -m cutaway.models.costs.measuring.guest OUT.jsonl --kernel FOLDER [--rounds N]

FOLDER is an unpacked kernel package of the distribution (boot/vmlinuz-*, lib/modules). The guest serves from its initial ramdisk.
Only a reference for what emulation costs: with KVM everything but the device models runs at the processor's speed.
"""
import argparse
import gzip
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from cutaway.models.costs.measuring.calm import Watch, clean_up_when_told_to_stop, wait_until_calm
from cutaway.models.costs.measuring.life_cycle import Book, Unit, first_200, rollup
from cutaway.models.costs.measuring.rows import Subject
from cutaway.models.costs.measuring.stacks import CONTAINER_PORT, IN_HOST, fill_root, workshop

PORT, PATIENCE_S, MIB = 18090, 20.0, 1 << 20
MODULES = (
    "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "failover", "net_failover", "virtio_net",
)
INIT = f"""#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
echo MARK userspace
for module in {" ".join(MODULES)}; do /bin/busybox insmod /modules/$module.ko; done
/bin/busybox ip link set lo up
/bin/busybox ip addr add 10.0.2.15/24 dev eth0
/bin/busybox ip link set eth0 up
/bin/busybox ip route add default via 10.0.2.2
echo MARK network
/usr/sbin/nginx -c /etc/nginx/container.conf &
/bin/busybox sleep 2
echo MARK available $(/bin/busybox sed -n 's/MemAvailable: *//p' /proc/meminfo)
exec /bin/busybox sleep 100000
"""


def make_ramdisk(root: Path, kernel: Path, target: Path) -> None:
    fill_root(root)
    (root / "modules").mkdir()
    for module in MODULES:
        shutil.copy(next(kernel.rglob(f"{module}.ko")), root / "modules")
    (root / "init").write_text(INIT)
    (root / "init").chmod(0o755)
    archive = subprocess.run("find . | busybox cpio -o -H newc", shell=True, cwd=root, check=True, capture_output=True).stdout
    target.write_bytes(gzip.compress(archive, 6))


def command(kernel: Path, ramdisk: Path, memory_mib: int) -> list[str]:
    return [
        "qemu-system-x86_64", "-accel", "tcg", "-m", str(memory_mib), "-smp", "1", "-nographic", "-nodefaults", "-serial", "stdio",
        "-kernel", str(next(kernel.glob("boot/vmlinuz-*"))), "-initrd", str(ramdisk), "-append", "console=ttyS0 quiet panic=-1",
        "-nic", f"user,model=virtio-net-pci,hostfwd=tcp:127.0.0.1:{PORT}-:{CONTAINER_PORT}"]


def boot(command: Sequence[str], memory_mib: int, book: Book) -> None:
    params, use = {"memory_bytes": memory_mib * MIB, "vcpus": 1}, "calibrate" if memory_mib == 256 else "validate"
    shown = " ".join(Path(part).name if part.startswith("/") else part for part in command)
    wait_until_calm(PATIENCE_S)
    watch, started_s = Watch(), time.time()
    qemu = subprocess.Popen([*IN_HOST, *command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    assert qemu.stdout
    try:
        values = {}
        for line in qemu.stdout:
            if b"MARK userspace" in line:
                values["to_userspace"] = [time.time() - started_s]
            if b"MARK network" in line:
                values["to_network"] = [time.time() - started_s]
                break
        values["to_first_200"] = [first_200(PORT) - started_s]
        fields = Path(f"/proc/{qemu.pid}/stat").read_text().rpartition(")")[2].split()
        values["cpu_until_first_200"] = [(int(fields[11]) + int(fields[12])) / 100]
        subject = Subject("lifecycle", "QEMU boot to userspace and to the first 200", "qemu-tcg", params, shown, Unit("s"), use)
        book.add(subject, values, watch)
        available = next(re.findall(rb"MARK available (\d+)", line) for line in qemu.stdout if b"MARK available" in line)
        held = {f"{metric}_after_first_200": [size] for metric, size in rollup(qemu.pid).items()}
        subject = Subject("memory", "memory of the QEMU process", "qemu-tcg", params, shown, Unit("byte"), use)
        book.add(subject, held | {"guest_mem_available": [int(available[0]) * 1024]}, watch)
    finally:
        qemu.kill()
        qemu.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--kernel", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    clean_up_when_told_to_stop()
    book = Book()
    with workshop() as folder:
        make_ramdisk(folder / "root", asked.kernel, folder / "guest.gz")
        for _ in range(asked.rounds):
            for memory_mib in (128, 256, 512):
                boot(command(asked.kernel, folder / "guest.gz", memory_mib), memory_mib, book)
        book.write(asked.out)


if __name__ == "__main__":
    main()
