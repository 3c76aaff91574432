"""CPU time, throttling and memory of a process's cgroup, in either version; and cgroups of our own."""
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from cutaway.models.costs.measuring.leftovers import note, remove_cgroups
from cutaway.models.costs.measuring.points import Bench

TOP, OURS = Path("/sys/fs/cgroup"), "cutaway-measure"


def version() -> int:
    return 2 if (TOP / "cgroup.controllers").exists() else 1


def folder_of(pid: int, controller: str) -> Path:
    """Of a process, where a controller keeps its files."""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if controller in names.split(","):
            hierarchy = next((folder for folder in (TOP / controller, TOP / names) if folder.is_dir()), TOP / controller)
            return hierarchy / path.lstrip("/")
        if not names and version() == 2:
            return TOP / path.lstrip("/")
    raise FileNotFoundError(f"no cgroup of process {pid} for {controller}")


def used_ns(pid: int) -> int:
    """CPU time of all that was ever in the process's cgroup."""
    if version() == 1:
        return int((folder_of(pid, "cpuacct") / "cpuacct.usage").read_text())
    return int(_table(folder_of(pid, "cpu") / "cpu.stat")["usage_usec"]) * 1000


def throttling(pid: int) -> Mapping[str, float]:
    """Periods, periods with throttling, and throttled time (s) so far."""
    found = _table(folder_of(pid, "cpu") / "cpu.stat")
    time_s = found["throttled_time"] / 1e9 if "throttled_time" in found else found.get("throttled_usec", 0) / 1e6
    return {"periods": found.get("nr_periods", 0), "throttled": found.get("nr_throttled", 0), "throttled_time": time_s}


def memory_bytes(pid: int) -> Mapping[str, float]:
    if version() == 1:
        folder = folder_of(pid, "memory")
        names = {"usage": "memory.usage_in_bytes", "kmem": "memory.kmem.usage_in_bytes"}
    else:
        folder, names = folder_of(pid, "memory"), {"usage": "memory.current"}
    return {metric: int((folder / name).read_text()) for metric, name in names.items() if (folder / name).exists()}


def members(pid: int) -> list[int]:
    """All processes of the process's cgroup."""
    return [int(one) for one in (folder_of(pid, "cpuacct" if version() == 1 else "cpu") / "cgroup.procs").read_text().split()]


def _table(file: Path) -> dict[str, int]:
    return {key: int(value) for key, value in (line.split() for line in file.read_text().splitlines())}


@contextmanager
def own(bench: Bench, name: str, controller: str) -> Iterator[Path]:
    """A cgroup of ours, empty."""
    note("cgroup", OURS)
    top = TOP / controller / OURS if version() == 1 else TOP / OURS
    try:
        top.mkdir(exist_ok=True)
        if version() == 2:
            with suppress(OSError):
                (TOP / "cgroup.subtree_control").write_text(f"+{controller}")
            (top / "cgroup.subtree_control").write_text(f"+{controller}")
        if controller == "cpuset" and version() == 1:                      # a new one has no CPUs until it is told to take its parent's
            for file in ("cpuset.cpus", "cpuset.mems"):
                (top / file).write_text((TOP / controller / file).read_text())
            (top / "cgroup.clone_children").write_text("1")
        (top / name).mkdir(exist_ok=True)
        yield top / name
    finally:
        remove_cgroups(f"{OURS}/{name}")
        with suppress(OSError):
            top.rmdir()
