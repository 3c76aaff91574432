"""Memory: what the processes of a cgroup hold and have written, what it may hold, and who is killed when there is no more.

Counted are the processes' own pages, files in memory (tmpfs, /dev/shm), written files in the page cache, and the kernel's for the
container. A cgroup at its limit first gives up page cache, then its largest process is killed; so does a host, over all cgroups. The host
has no swap.
Read first: docs/models/docker/sharing.md, and mm/oom_kill.c of Linux.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cutaway.models.docker.filesystem.nodes import File, Node, size_of
from cutaway.models.docker.filesystem.tree import join
from cutaway.models.docker.filesystem.view import Mount, View
from cutaway.models.docker.processes import signals

if TYPE_CHECKING:
    from cutaway.models.docker.processes.process import Process

PAGE_BYTES = 4096
TOUCH_NS = 812
"""CPU time for a page that is touched for the first time: micro.pagefault-4k.docker of the two-core VM, quartiles 790 and 871 ns."""
NEVER = -1000
"""The oom_score_adj of who is not killed for want of memory."""
UNLIMITED = 1 << 62


@dataclass(eq=False)
class HostMemory:
    """Of all cgroups together."""

    total: int
    """Bytes."""
    cgroups: list[Memory] = field(default_factory=list)
    used: int = 0
    programs: set[str] = field(default_factory=set)
    """What it holds once however many containers there are: daemons, pages of programs that all run."""

    def hold_once(self, what: str, size: int) -> None:
        """From the first container that needs it, and for good."""
        if what not in self.programs:
            self.programs.add(what)
            self.used += size

    def fit(self) -> None:
        """Makes room: page cache first, of cgroups above their reservation before that of others; then the OOM killer."""
        if self.used <= self.total:
            return
        for cgroup in sorted(self.cgroups, key=lambda one: one.usage <= one.reservation):
            cgroup.reclaim(self.used - self.total)
        while self.used > self.total and kill_largest(self.cgroups, self.total):
            pass


@dataclass(eq=False)
class Memory:
    """Of one cgroup."""

    host: HostMemory
    view: View
    """Where its processes find files in memory."""
    processes: dict[int, Process]
    kernel: int
    """Bytes that the kernel, or a sandbox in its cgroup, holds for it."""
    killed: Callable[[Process], None]
    """Hears of each process that is killed for want of memory, before it is."""
    beside: int = 0
    """Bytes that the host holds for it outside of its cgroup: its shim, docker-proxy, a virtual machine."""
    limit: int = UNLIMITED
    reservation: int = 0
    oom_score_adj: int = 0
    own: int = 0
    """Bytes of its processes' own."""
    shared: int = 0
    """Bytes of files in memory."""
    cache: int = 0
    """Bytes of files in the page cache."""
    peak: int = 0
    kills: int = 0
    full: int = 0
    """How often it has met its limit."""
    written: int = 0
    """Bytes that it has written to disk, in all."""
    _pages: dict[tuple[int, str], int] = field(default_factory=dict)
    """Page cache by tree and path, the oldest first."""

    def __post_init__(self) -> None:
        self.host.cgroups.append(self)
        self.host.used += self.kernel + self.beside
        self.view.watch = self._file_changed

    @property
    def usage(self) -> int:
        return self.own + self.shared + self.cache + self.kernel

    def close(self) -> None:
        """The cgroup is taken away, and its files in memory with its mounts; processes that are still being killed give back their own."""
        self.host.used -= self.usage - self.own + self.beside
        self.shared = self.cache = self.kernel = self.beside = 0
        self.host.cgroups.remove(self)
        self.view.watch = None

    def change(self, limit: int | None, reservation: int, oom_score_adj: int) -> None:
        """Other limits, from now on."""
        self.limit, self.reservation, self.oom_score_adj = limit or UNLIMITED, reservation, oom_score_adj
        self._fit()

    def grow(self, size: int) -> None:
        """Processes hold so much more, or less. Raises Killed, if it is the running one that is ended for it."""
        self.own += size
        self.host.used += size
        if size > 0:
            self._fit()

    def _file_changed(self, mount: Mount, path: str, before: Node | None, node: Node | None) -> None:
        """A process has put a node in another's place, or taken away what was at a path. Raises Killed."""
        held = self.shared + self.cache
        if mount.kind == "tmpfs":
            self.shared = sum({id(one.tree): one.tree.size for one in self.view.mounts.values() if one.kind == "tmpfs"}.values())
        else:
            self._cached((id(mount.tree), path), size_of(before) if isinstance(before, File) else 0, node)
        self.host.used += self.shared + self.cache - held
        self._fit()

    def _cached(self, place: tuple[int, str], before: int, node: Node | None) -> None:
        if isinstance(node, File):
            more, held = max(0, node.size - before), self._pages.pop(place, 0)
            self.written += more
            self._pages[place] = min(held + more, node.size)
            self.cache += self._pages[place] - held
        else:
            below = join(place[1], "")
            for one in [one for one in self._pages if one == place or (one[0] == place[0] and one[1].startswith(below))]:
                self.cache -= self._pages.pop(one)

    def _fit(self) -> None:
        self.peak = max(self.peak, min(self.usage, self.limit))
        if self.usage > self.limit:
            self.full += 1
            self.reclaim(self.usage - self.limit)
        while self.usage > self.limit and kill_largest([self], self.limit):
            pass
        self.host.fit()

    def reclaim(self, size: int) -> None:
        """Gives up page cache, what was written longest ago first."""
        while size > 0 and self._pages:
            place, held = next(iter(self._pages.items()))
            freed = min(size, held)
            self._pages[place] = held - freed
            if freed == held:
                del self._pages[place]
            self.cache -= freed
            self.host.used -= freed
            size -= freed


def kill_largest(cgroups: Iterable[Memory], total: int) -> bool:
    """Kills the process with the largest badness: what it holds, moved by its oom_score_adj (oom_badness). False if there is none."""
    found = [
        (process.resident + cgroup.oom_score_adj * total // 1000, cgroup, process)
        for cgroup in cgroups if cgroup.oom_score_adj > NEVER
        for process in cgroup.processes.values() if process.resident
    ]  # fmt: skip
    if not found:
        return False
    _, cgroup, process = max(found, key=lambda one: one[0])
    cgroup.kills += 1
    cgroup.killed(process)
    # its memory is there again at once (oom_reaper), though it may be a while until it has ended
    process.hold(0)
    process.kill(signals.KILL)
    return True
