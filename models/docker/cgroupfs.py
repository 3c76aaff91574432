"""/sys/fs/cgroup as a container sees it: its own cgroup, of version 2, with what it uses and may use.

Read first: Documentation/admin-guide/cgroup-v2.rst of Linux.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cutaway.models.docker.filesystem.nodes import Attributes, Made
from cutaway.models.docker.filesystem.tree import Tree
from cutaway.models.docker.processes.fair import WEIGHT
from cutaway.models.docker.processes.memory import UNLIMITED
from cutaway.models.docker.processes.space import Space

FULL_WEIGHT = 100
"""cpu.weight of who has Docker's 1024 shares (CGROUP_WEIGHT_DFL of Linux)."""


def cgroup_files(space: Callable[[], Space | None]) -> Tree:
    """The files of the cgroup that a container has when they are read."""
    def made(show: Callable[[Space], str]) -> Made:
        def text() -> bytes:
            found = space()
            return show(found).encode() if found is not None else b""
        return Made(text, Attributes(0o444))
    tree = Tree()
    for name, show in FILES.items():
        tree.put(f"/{name}", made(show))
    return tree


def _table(values: Mapping[str, int]) -> str:
    return "".join(f"{name} {value}\n" for name, value in values.items())


def _most(value: int | None, unlimited: int | None = None) -> str:
    return "max" if value == unlimited else str(value)


def _cpu_stat(space: Space) -> str:
    group = space.group
    used = {"usage_usec": space.cpu_ns // 1000, "user_usec": space.cpu_ns // 1000, "system_usec": 0}
    throttled_us = group.throttled_until(space.cpus.now_ns) // 1000
    return _table({**used, "nr_periods": group.periods, "nr_throttled": group.throttled_periods, "throttled_usec": throttled_us})


def _cpu_max(space: Space) -> str:
    quota_ns = space.limits.quota_ns
    return f"{_most(None if quota_ns is None else quota_ns // 1000)} {space.limits.period_ns // 1000}\n"


def _cpuset(space: Space) -> str:
    """Numbers as ranges."""
    ranges: list[list[int]] = []
    for number in space.group.allowed:
        if ranges and ranges[-1][-1] == number - 1:
            ranges[-1][1:] = [number]
        else:
            ranges.append([number])
    return ",".join("-".join(map(str, one)) for one in ranges) + "\n"


def _memory_stat(space: Space) -> str:
    memory = space.memory
    return _table({"anon": memory.own, "file": memory.cache + memory.shared, "kernel": memory.kernel, "shmem": memory.shared,
                   "inactive_anon": memory.own + memory.shared, "inactive_file": memory.cache})  # fmt: skip


def _memory_events(space: Space) -> str:
    memory = space.memory
    return _table({"low": 0, "high": 0, "max": memory.full, "oom": memory.kills, "oom_kill": memory.kills, "oom_group_kill": 0})


FILES: Mapping[str, Callable[[Space], str]] = {
    "cgroup.procs": lambda space: "".join(f"{number}\n" for number in sorted(space.processes)),
    "cpu.max": _cpu_max,
    "cpu.stat": _cpu_stat,
    "cpu.weight": lambda space: f"{max(1, space.limits.shares * FULL_WEIGHT // WEIGHT)}\n",
    "cpuset.cpus.effective": _cpuset,
    "memory.current": lambda space: f"{space.memory.usage}\n",
    "memory.events": _memory_events,
    "memory.low": lambda space: f"{space.memory.reservation}\n",
    "memory.max": lambda space: f"{_most(space.memory.limit, UNLIMITED)}\n",
    "memory.peak": lambda space: f"{space.memory.peak}\n",
    "memory.stat": _memory_stat,
    "pids.current": lambda space: f"{len(space.processes)}\n",
    "pids.max": lambda space: f"{_most(space.limits.pids)}\n",
}
