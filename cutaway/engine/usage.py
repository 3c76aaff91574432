"""What `docker stats` tells of a container: CPU, throttling, memory, disk and network, in the Engine API's names on cgroup v2."""

from __future__ import annotations

from typing import Any

from cutaway.engine.times import rfc3339
from cutaway.models.docker.container import Container
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.processes.groups import Group
from cutaway.models.docker.processes.memory import Memory
from cutaway.models.docker.processes.space import Space

NO_LIMIT = 18_446_744_073_709_551_615
"""Of processes, as the daemon shows it."""
DISK = 254, 0
"""Device numbers of the host's disk, /dev/vda."""
NEVER = "0001-01-01T00:00:00Z"


def sample(daemon: Daemon, container: Container, before: dict[str, Any] | None) -> dict[str, Any]:
    """One sample of stats; with `before`, the one before it."""
    space = container.space
    if not container.has_process or space is None:
        return {"name": f"/{container.name}", "id": container.id}
    empty = {"cpu_usage": _used(0), "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0}}
    return {
        "name": f"/{container.name}", "id": container.id, "read": rfc3339(daemon.now_ns), "preread": before["read"] if before else NEVER,
        "pids_stats": {"current": len(space.processes), "limit": space.limits.pids or NO_LIMIT}, "num_procs": 0, "storage_stats": {},
        "blkio_stats": _disk(space.memory), "cpu_stats": _cpu(daemon, space), "precpu_stats": before["cpu_stats"] if before else empty,
        "memory_stats": _memory(daemon, space.memory), "networks": _networks(space),
    }  # fmt: skip


def _used(cpu_ns: int) -> dict[str, int]:
    return {"total_usage": cpu_ns, "usage_in_kernelmode": 0, "usage_in_usermode": cpu_ns}


def _cpu(daemon: Daemon, space: Space) -> dict[str, Any]:
    cpus = daemon.machine.cpus
    return {"cpu_usage": _used(space.cpu_ns), "system_cpu_usage": daemon.cpus.now_ns * cpus, "online_cpus": cpus,
            "throttling_data": _throttling(space.group, daemon.cpus.now_ns)}  # fmt: skip


def _throttling(group: Group, now_ns: int) -> dict[str, int]:
    return {"periods": group.periods, "throttled_periods": group.throttled_periods, "throttled_time": group.throttled_until(now_ns)}


def _memory(daemon: Daemon, memory: Memory) -> dict[str, Any]:
    counts = {
        "anon": memory.own, "file": memory.cache + memory.shared, "kernel": memory.kernel, "shmem": memory.shared,
        "active_anon": 0, "inactive_anon": memory.own + memory.shared, "active_file": 0, "inactive_file": memory.cache, "unevictable": 0,
    }  # fmt: skip
    return {"usage": memory.usage, "stats": counts, "limit": min(memory.limit, daemon.machine.memory)}


def _disk(memory: Memory) -> dict[str, Any]:
    major, minor = DISK
    entries = [{"major": major, "minor": minor, "op": op, "value": value} for op, value in (("read", 0), ("write", memory.written))]
    others = ("io_serviced", "io_queue", "io_service_time", "io_wait_time", "io_merged", "io_time", "sectors")
    return {"io_service_bytes_recursive": entries if memory.written else None, **{f"{name}_recursive": None for name in others}}


def _networks(space: Space) -> dict[str, dict[str, int]]:
    nothing = {f"{way}_{what}": 0 for way in ("rx", "tx") for what in ("packets", "errors", "dropped")}
    return {one.name: {"rx_bytes": one.received, "tx_bytes": one.sent, **nothing} for one in space.facts.interfaces}
