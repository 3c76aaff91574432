"""Was the machine ours during a run? Time taken by the host, and CPU time that other processes used.

A run counts as calm below 5 % steal and with less than 12 % of one core used by others, on whatever CPU: caches are shared.
Kernel threads are not counted: their work is mostly caused by the run itself.
"""
import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

STEAL_MOST, FOREIGN_MOST = 0.05, 0.12
KERNEL_THREADS = 2


@dataclass(frozen=True)
class Calm:
    """What a run had to share with others, as shares of one core (foreign) and of all CPU time (steal)."""
    steal: float
    foreign: float

    @property
    def enough(self) -> bool:
        return self.steal <= STEAL_MOST and self.foreign <= FOREIGN_MOST

    @property
    def disorder(self) -> float:
        return max(self.steal / STEAL_MOST, self.foreign / FOREIGN_MOST)


def wait_until_calm(patience_s: float) -> None:
    """Returns when others have been quiet for a moment, or patience has run out: then the run's own watch will say so."""
    give_up_s = time.monotonic() + patience_s
    while time.monotonic() < give_up_s:
        watch = Watch()
        time.sleep(0.3)
        if watch.read().enough:
            return


class Watch:
    """Started before a run, read after it; `ours` finds processes besides this one and what it started."""

    def __init__(self, ours: Callable[[], Collection[int]] = tuple) -> None:
        self.find_ours, self.ours = ours, set[int]()
        self.started_s, self.steal_ticks, self.before = time.monotonic(), _steal_ticks(), self._others()

    def read(self) -> Calm:
        elapsed_ticks = max(time.monotonic() - self.started_s, 0.001) * os.sysconf("SC_CLK_TCK")
        foreign = sum(ticks - self.before.get(pid, 0) for pid, ticks in self._others().items())
        return Calm((_steal_ticks() - self.steal_ticks) / elapsed_ticks / (os.cpu_count() or 1), foreign / elapsed_ticks)

    def _others(self) -> dict[int, int]:
        """CPU ticks by process, with those of its children that have ended."""
        parents, used = {}, {}
        self.ours |= {os.getpid(), *self.find_ours()}                       # who has just ended no longer shows its command
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:                                             # it has ended meanwhile
                    continue
                pid = int(folder.name)
                # Process 1 inherits the whole past of orphans, among them containers of ours that have ended.
                parents[pid], used[pid] = int(fields[1]), sum(map(int, fields[11:13] if pid == 1 else fields[11:15]))

        def foreign(pid: int) -> bool:
            while pid > KERNEL_THREADS:
                if pid in self.ours:
                    return False
                pid = parents.get(pid, 0)
            return pid != KERNEL_THREADS

        return {pid: ticks for pid, ticks in used.items() if foreign(pid)}


def _steal_ticks() -> int:
    return int(Path("/proc/stat").read_text().split("\n", 1)[0].split()[8])
