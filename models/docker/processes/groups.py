"""The CPU side of a cgroup: its weight, the CPUs that it may use, and its quota with who was throttled by it.

On each CPU a cgroup has a share: an entity among those of other cgroups, and a queue of its own threads below it. A quota is kept as Linux
keeps it: each share takes run time from the pool of its cgroup in pieces, and stands still when the pool is empty until the next period.
Read first: docs/models/docker/sharing.md.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import simpy

from cutaway.models.docker.processes.fair import Entity, Queue
from cutaway.models.docker.processes.limits import Limits

PIECE_NS = 5_000_000
"""Of a quota, taken by a CPU at once: sched_cfs_bandwidth_slice_us of Linux."""
KEPT_NS = 1_000_000
"""Of that by a CPU where nothing of the cgroup runs any more: min_cfs_rq_runtime of Linux."""
LEAST_WEIGHT = 2
"""Of an entity in a queue (MIN_SHARES of Linux)."""


class Worker(Protocol):
    """Who wants CPU time, as far as it is known here: mostly a process."""

    used_ns: int
    """That it has had, as far as it is booked."""
    bursts: set[Burst]
    """That it wants and has not had yet."""

    @property
    def is_frozen(self) -> bool:
        """It stands still, and gets none."""


@dataclass(eq=False)
class Burst:
    """CPU time that is wanted."""

    process: Worker
    left_ns: int
    ended: simpy.Event
    """It has had it, or nobody wants it any more."""
    thread: Thread | None = None
    """That works on it."""


@dataclass(eq=False, kw_only=True)
class Thread(Entity):
    """What takes a CPU: it works off bursts, its own or those that it shares with the other threads of a server."""

    group: Group
    waiting: deque[Burst]
    burst: Burst | None = None
    cpu: int = -1
    """Where it is or was last; -1 if it has never run."""
    came_ns: int = 0
    """When it came to its CPU."""


@dataclass(eq=False, kw_only=True)
class Share(Entity):
    """What a cgroup has on one CPU."""

    cpu: int
    threads: Queue[Thread]
    left_ns: int = 0
    """Run time that it has taken from the pool and not used; below zero what it has used too much."""
    throttled_at_ns: int | None = None


@dataclass(eq=False)
class Group:
    """One cgroup."""

    limits: Limits
    cpus: int
    """Of the machine."""
    make_queue: Callable[[], Queue[Thread]]
    shares: dict[int, Share] = field(default_factory=dict)
    pool_ns: int = 0
    period_runs: bool = False
    """Whether a period is running: an idle cgroup has none."""
    drawn: bool = False
    """Whether run time was taken in this period."""
    was_throttled: bool = False
    periods: int = 0
    throttled_periods: int = 0
    throttled_ns: int = 0
    """Over all CPUs."""
    used_ns: int = 0
    """CPU time of all that ever ran in it."""

    @property
    def allowed(self) -> tuple[int, ...]:
        """CPUs that it may use."""
        return self.limits.cpuset or tuple(range(self.cpus))

    def share(self, cpu: int) -> Share:
        if cpu not in self.shares:
            self.shares[cpu] = Share(cpu=cpu, threads=self.make_queue())
        return self.shares[cpu]

    def split(self) -> None:
        """Divides the weight over the CPUs by the weight queued on each (calc_group_shares)."""
        total = sum(share.threads.weights for share in self.shares.values())
        for share in self.shares.values():
            if share.threads.weights:
                weight = max(LEAST_WEIGHT, self.limits.shares * share.threads.weights // total)
                if share.queue is not None:
                    share.queue.reweigh(share, weight)
                else:
                    share.lag, share.weight = share.lag * share.weight // weight, weight

    def may_run(self, share: Share) -> bool:
        """Whether a share has run time, after taking some from the pool if it has none left."""
        quota_ns = self.limits.quota_ns
        if quota_ns is None or share.left_ns > 0:
            return True
        taken = min(self.pool_ns, PIECE_NS - share.left_ns)
        self.pool_ns -= taken
        share.left_ns += taken
        self.drawn = True
        return share.left_ns > 0

    def give_back(self, share: Share) -> None:
        """A share that sleeps keeps a millisecond and leaves the rest to the others (return_cfs_rq_runtime)."""
        if self.limits.quota_ns is not None and share.left_ns > KEPT_NS:
            self.pool_ns += share.left_ns - KEPT_NS
            share.left_ns = KEPT_NS

    def begin_period(self) -> list[Share]:
        """The pool is full again; the shares that go on with it (distribute_cfs_runtime)."""
        self.periods += 1
        self.throttled_periods += self.was_throttled
        self.pool_ns, self.drawn, going_on = self.limits.quota_ns or 0, False, []
        for share in self.shares.values():
            if share.throttled_at_ns is not None:
                taken = min(self.pool_ns, 1 - share.left_ns)
                self.pool_ns -= taken
                share.left_ns += taken
                if share.left_ns > 0:
                    going_on.append(share)
        self.was_throttled = any(share.throttled_at_ns is not None for share in self.shares.values())
        return going_on

    def throttled_until(self, now_ns: int) -> int:
        """Time that its shares have stood still, those that do now included."""
        still = sum(now_ns - share.throttled_at_ns for share in self.shares.values() if share.throttled_at_ns is not None)
        return self.throttled_ns + still
