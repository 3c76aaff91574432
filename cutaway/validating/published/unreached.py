"""What the model lacks: for single points, and for the sources that it does not reach at all."""

from __future__ import annotations

ARM = "ARM: no profile of such a machine"
BEYOND_BOOT_P50 = "how a boot time varies is not known"
CLOUD_WIRE = "the rate of a cloud's network is not stated"
COMMANDS = "Redis commands other than GET and SET"
COUNTED_CPU = "which CPUs were counted is not stated"
COMPETING = "starts at once, on a machine whose disk and CPUs are not known well enough"
DISK = "no program that reads and writes the disk (fio), no virtio-blk"
DPDK = "poll-mode drivers (DPDK, vhost-user) are not modelled"
EBPF = "forwarding by eBPF programs is not modelled"
EMBEDDED = "an embedded device: no profile of such a machine"
FAULTY_KERNEL = "a kernel's fault at making a network name space, since mended"
GUEST_KERNELS = "guest kernels of another configuration (Lupine) are not told apart"
GVISOR = "gVisor: a kernel in user space that takes system calls and packets itself"
HYPER_THREADS = "two threads of a core are not modelled"
IGNITE = "a virtual machine that is started as a container by Ignite is not modelled"
IN_MEMORY = "nginx replies from memory are not modelled"
KATA = "Kata: requests, packets and files through the guest of a container"
KERNEL_MODE = "system calls as function calls (kernel-mode Linux) are not modelled"
KSM = "pages that are merged (KSM) are not modelled"
LOOP = "iterations of a loop of unknown length"
MEMORY_OF_DATA = "memory that data and other programs take is not modelled"
MICROVM = "QEMU's microvm machine: its firmware and devices are not priced"
MINIMUM = "the smallest memory that a program starts in is not modelled"
MITIGATIONS = "mitigations by themselves are not a cost of the profiles"
NINE_P = "9pfs is not modelled"
OTHER_LOAD = "no machine was made of so many connections or commands in a pipeline"
OTHER_PROGRAM = "no such server program (Apache, node, ffmpeg, sysbench, SQLite)"
OVERLAY = "encapsulation (VXLAN, WireGuard) is not modelled"
SEGMENTS = "a stream's segments have one size in the model"
SHARERS = "how many processes share the program is not stated"
STREAMS = "several streams at once"
SNAPSHOT = "restoring a snapshot is not modelled"
THIN_VMM = "no cost of a thin VMM's start and memory"
TLS = "TLS is not modelled"
UDP = "UDP is not modelled"
UNIKERNEL = "unikernels: a program and its network without a kernel's border"
USER_NETWORK = "network stacks in user space (slirp4netns, gvisor-tap-vsock, pasta, vpnkit) are not modelled"
VMM_MAPPINGS = "mapped, not resident memory is not a figure of the model"

SOURCES = {
    "docker-storage-2016": "disks; copy-up and look-up in overlay, AUFS and device mapper",
    "docker-storage-2017": "disks; copy-up and look-up in overlay, AUFS and device mapper",
    "firecracker-nsdi-rn-haswell": "",
    "techempower-2013": "Java, Go and Node servers; Xen; the two platforms differ in CPU",
    "vm-exit-cost": "",
    "xdp-linux-packet-cost": "packets without a socket (dropped, forwarded)",
}
"""Sources that no rule reaches, with the missing mechanism; none where all that they have are costs, which profiles take over."""
