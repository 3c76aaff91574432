"""Which sources the model reaches, and with which rules."""

from __future__ import annotations

from cutaway.validating.published.case import Case
from cutaway.validating.published.computing import CpuQuota, GvisorAnalysis, KernelBuild, UnikraftMicro, WeightAndHalt
from cutaway.validating.published.databases import FelterMysql
from cutaway.validating.published.round_trips import DockerNetwork, FelterMicro, FirecrackerCi, VirtioNet
from cutaway.validating.published.servers import FelterRedis, Lupine, NginxCores, UnikraftServers
from cutaway.validating.published.starts import (
    ContainerStart,
    DaemonMemory,
    FirecrackerNsdi,
    FirecrackerSpec,
    GvisorGuide,
    KataCi,
    QemuStages,
    UnikraftBootMemory,
)
from cutaway.validating.published.streams import KubernetesNetworks, RootlessNetwork

REACHED: dict[str, type[Case]] = {
    "container-start": ContainerStart,
    "cpu-quota": CpuQuota,
    "cpu-weight-and-halt": WeightAndHalt,
    "daemon-memory": DaemonMemory,
    "docker-network-various": DockerNetwork,
    "felter-micro": FelterMicro,
    "felter-mysql": FelterMysql,
    "felter-redis": FelterRedis,
    "firecracker-ci-baselines": FirecrackerCi,
    "firecracker-nsdi-m5d-metal": FirecrackerNsdi,
    "firecracker-spec": FirecrackerSpec,
    "gvisor-analysis": GvisorAnalysis,
    "gvisor-guide": GvisorGuide,
    "k8s-cni-2024": KubernetesNetworks,
    "kata-ci-baselines": KataCi,
    "lupine-linux": Lupine,
    "nginx-cores": NginxCores,
    "qemu-boot-stages": QemuStages,
    "rootless-network": RootlessNetwork,
    "syscall-ctxswitch-seccomp": KernelBuild,
    "unikraft-boot-memory": UnikraftBootMemory,
    "unikraft-micro": UnikraftMicro,
    "unikraft-nginx-redis": UnikraftServers,
    "virtio-net-latency": VirtioNet,
}
"""By name; to reach another source, write a Case and enter it here. Those that no rule reaches stand in unreached.py."""
