"""The CPUs of a host, for which the processes of all its containers compete: who runs where, for how long, and who waits.

A CPU is looked at when something happens: a thread wakes, ends its burst or is held, a slice is used, a quota is empty, a period begins.
Slices and quotas are noticed at ticks, as Linux notices them, but no tick happens where there is nothing to notice: a machine whose threads
sleep has no events, and a lone thread has one, at its end. Read first: docs/models/docker/sharing.md; `fair` has the rules,
`groups` the cgroups, `placing` says where threads go.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from cutaway.models.docker.processes.fair import Queue
from cutaway.models.docker.processes.groups import Burst, Group, Share, Thread
from cutaway.models.docker.processes.limits import Limits
from cutaway.models.docker.processes.loads import Load
from cutaway.models.docker.processes.placing import BALANCE_NS, Cpu, movable, place, unbalanced
from cutaway.sim.clock import LATEST_NS, Clock


class Cpus:
    """All CPUs of one host."""

    def __init__(self, clock: Clock, count: int, slice_ns: int, tick_ns: int) -> None:
        self.clock = clock
        self.tick_ns = tick_ns
        # entity_lag() of Linux: two slices, or a tick where that is longer
        self._queue = slice_ns, max(2 * slice_ns, tick_ns)
        self.cpus = [Cpu(number, Queue(*self._queue)) for number in range(count)]
        self.load = Load()
        self.balance_ns = max(BALANCE_NS * count // tick_ns - 1, 1) * tick_ns      # less a tick, as get_sd_balance_interval() has it
        self._balancing = False
        self._failed = self._balances = 0

    @property
    def now_ns(self) -> int:
        return int(self.clock.now)

    def group(self, limits: Limits) -> Group:
        return Group(limits, len(self.cpus), lambda: Queue(*self._queue))

    # --- what threads ask for ---

    def add(self, burst: Burst, waiting: deque[Burst], threads: list[Thread]) -> None:
        """CPU time is wanted: of the threads that work off what waits there, one that has nothing to do takes it, if there is one."""
        waiting.append(burst)
        free = [thread for thread in threads if thread.burst is None]
        if free:
            # one that has ended a burst in this moment goes on with this one, without having slept
            thread = next((thread for thread in free if thread.queue is not None), free[0])
            self._take(thread)
            self.wake(thread)

    def drop(self, burst: Burst) -> None:
        """It is wanted no more."""
        burst.ended.succeed()
        if (thread := burst.thread) is not None:
            self.hold(thread)
            thread.burst = None
            self._take(thread)
            self.wake(thread)

    def hold(self, thread: Thread) -> None:
        """A thread leaves the run queue, with what is left of its burst."""
        if thread.queue is not None:
            cpu = self.cpus[thread.cpu]
            self._book(cpu)
            self._dequeue(thread)
            self._look(cpu)

    def wake(self, thread: Thread) -> None:
        """A thread wants a CPU, if it has a burst and its process is not frozen."""
        if thread.burst is None or thread.burst.process.is_frozen:
            self.hold(thread)
            return
        cpu = self.cpus[thread.cpu if thread.queue is not None else place(self.cpus, thread)]
        self._book(cpu)
        if thread.queue is None:
            self._enqueue(thread, cpu)
        else:
            cpu.lingers = False
        self._look(cpu)

    def _take(self, thread: Thread) -> None:
        """The next burst for a thread, if there is one that is still wanted."""
        while thread.waiting and thread.burst is None:
            burst = thread.waiting.popleft()
            if not burst.ended.triggered:
                thread.burst, burst.thread = burst, thread

    def change(self, group: Group, limits: Limits) -> None:
        """Other limits for a cgroup, from now on."""
        for cpu in self.cpus:
            self._book(cpu)
        group.limits = limits
        group.pool_ns = limits.quota_ns or 0
        for share in list(group.shares.values()):
            for thread in list(share.threads.entities) if share.cpu not in group.allowed else []:
                self._dequeue(thread)
                if thread.burst is not None:
                    self._enqueue(thread, self.cpus[place(self.cpus, thread)])
            share.left_ns = 0
            if share.throttled_at_ns is not None:
                self._unthrottle(group, share)
        group.split()
        if any(share.threads.entities for share in group.shares.values()):
            self._begin_period(group)
        for cpu in self.cpus:
            cpu.chooses = True
            self._look(cpu)

    # --- time ---

    def unbooked_ns(self, wanted: Callable[[Thread], bool]) -> int:
        """CPU time that threads have had since it was last booked."""
        return sum(self.now_ns - cpu.since_ns for cpu in self.cpus if cpu.thread is not None and wanted(cpu.thread))

    def _book(self, cpu: Cpu) -> None:
        """The thread that has the CPU has run until now."""
        ran_ns, cpu.since_ns = self.now_ns - cpu.since_ns, self.now_ns
        thread = cpu.thread
        if thread is None or thread.burst is None or not ran_ns:
            return
        share = thread.group.share(cpu.number)
        share.threads.charge(thread, ran_ns)
        cpu.queue.charge(share, ran_ns)
        cpu.busy_ns += ran_ns
        thread.burst.left_ns -= ran_ns
        thread.burst.process.used_ns += ran_ns
        thread.group.used_ns += ran_ns
        if thread.group.limits.quota_ns is not None:
            share.left_ns -= ran_ns

    def _arm(self, cpu: Cpu) -> None:
        """Sets when it must be looked at next."""
        due_ns, thread, cpu.tick_ns = LATEST_NS, cpu.thread, LATEST_NS
        if thread is not None and thread.burst is not None:
            share = thread.group.share(cpu.number)
            due_ns = self.now_ns + thread.burst.left_ns
            until = [cpu.queue.slice_left_ns(share)] if len(cpu.queue.entities) > 1 else []
            if len(share.threads.entities) > 1:
                until.append(share.threads.slice_left_ns(thread))
            if thread.group.limits.quota_ns is not None:
                until.append(share.left_ns)
            if until:
                ticks = max((self.now_ns + min(until) - 1) // self.tick_ns, self.now_ns // self.tick_ns) + 1
                cpu.tick_ns = ticks * self.tick_ns
                due_ns = min(due_ns, cpu.tick_ns)
        if due_ns >= LATEST_NS:
            cpu.due_ns = -1
        elif due_ns != cpu.due_ns:
            cpu.due_ns = due_ns
            self._after(due_ns - self.now_ns, lambda: self._due(cpu, due_ns))

    def _due(self, cpu: Cpu, due_ns: int) -> None:
        if cpu.due_ns == due_ns == self.now_ns:         # else something has happened meanwhile, and it was set anew
            cpu.due_ns = -1
            cpu.chooses = cpu.chooses or self.now_ns >= cpu.tick_ns
            self._book(cpu)
            self._look(cpu)

    def _after(self, duration_ns: int, act: Callable[[], None]) -> None:
        event = self.clock.timeout(duration_ns)
        assert event.callbacks is not None
        event.callbacks.append(lambda event: act())

    # --- who runs ---

    def _look(self, cpu: Cpu) -> None:
        """Makes a CPU, whose time is booked, run what it should."""
        thread = cpu.thread
        if thread is not None and thread.burst is not None and thread.burst.left_ns <= 0:
            self._end_burst(cpu, thread)
        if not cpu.lingers:
            if cpu.thread is not None and cpu.thread.burst is None:
                self._dequeue(cpu.thread)
            self._dispatch(cpu)
        self._arm(cpu)
        if cpu.awake > 1:
            self._push(cpu)

    def _end_burst(self, cpu: Cpu, thread: Thread) -> None:
        burst, thread.burst = thread.burst, None
        assert burst is not None
        burst.process.bursts.remove(burst)
        burst.ended.succeed()
        self._take(thread)
        if thread.burst is None:
            cpu.lingers = True
            self._after(0, lambda: self._moment_over(cpu))
        elif thread.burst.process.is_frozen:
            self._dequeue(thread)

    def _moment_over(self, cpu: Cpu) -> None:
        cpu.lingers = False
        self._book(cpu)
        self._look(cpu)

    def _dispatch(self, cpu: Cpu) -> None:
        """Gives the CPU to whom the scheduler picks: mostly to who has it."""
        if cpu.thread is not None and not cpu.chooses:
            return
        cpu.chooses = False
        while True:
            share = cpu.queue.choose()
            if share is None and self._pull(cpu):
                continue
            if share is None:
                cpu.thread = None
                return
            thread = share.threads.choose()
            assert thread is not None
            if thread.group.may_run(share):
                break
            self._throttle(cpu, thread.group, share)
        if cpu.thread is not None and cpu.thread is not thread:
            cpu.thread.group.share(cpu.number).threads.current = None
        cpu.thread = thread
        cpu.queue.run(share)
        share.threads.run(thread)

    def _enqueue(self, thread: Thread, cpu: Cpu) -> None:
        share = thread.group.share(cpu.number)
        if thread.cpu != cpu.number:
            thread.cpu, thread.came_ns = cpu.number, self.now_ns
        share.threads.insert(thread)
        cpu.awake += 1
        cpu.chooses = True
        thread.group.split()
        if share.throttled_at_ns is None:
            self.load.change(self.now_ns, 1)
            if share.queue is None:
                cpu.queue.insert(share)
        self._watch_balance()
        self._begin_period(thread.group)

    def _dequeue(self, thread: Thread) -> None:
        cpu = self.cpus[thread.cpu]
        share = thread.group.share(cpu.number)
        share.threads.remove(thread)
        cpu.awake -= 1
        if cpu.thread is thread:
            cpu.thread = cpu.queue.current = None
            cpu.lingers = False
        if share.throttled_at_ns is None:
            self.load.change(self.now_ns, -1)
            if not share.threads.entities:
                cpu.queue.remove(share)
                thread.group.give_back(share)
        thread.group.split()

    # --- quota ---

    def _begin_period(self, group: Group) -> None:
        if group.limits.quota_ns is not None and not group.period_runs:
            group.period_runs, group.pool_ns = True, group.limits.quota_ns
            self._after(group.limits.period_ns, lambda: self._period(group))

    def _period(self, group: Group) -> None:
        """A period is over; the next one begins if this one was used, or somebody waits for it."""
        waited = any(share.throttled_at_ns is not None for share in group.shares.values())
        group.period_runs = False
        if group.limits.quota_ns is None or not (group.drawn or waited):
            return
        shares = group.begin_period()
        group.period_runs = True
        self._after(group.limits.period_ns, lambda: self._period(group))
        for share in shares:
            cpu = self.cpus[share.cpu]
            self._book(cpu)
            self._unthrottle(group, share)
            cpu.chooses = True
            self._look(cpu)

    def _throttle(self, cpu: Cpu, group: Group, share: Share) -> None:
        """Its threads stand still on this CPU until the pool is filled."""
        if cpu.thread is not None and cpu.thread.group is group:
            cpu.thread = None
            share.threads.current = None
        cpu.queue.remove(share)
        share.throttled_at_ns, group.was_throttled = self.now_ns, True
        self.load.change(self.now_ns, -len(share.threads.entities))

    def _unthrottle(self, group: Group, share: Share) -> None:
        assert share.throttled_at_ns is not None
        group.throttled_ns += self.now_ns - share.throttled_at_ns
        share.throttled_at_ns = None
        if share.threads.entities:
            self.load.change(self.now_ns, len(share.threads.entities))
            self.cpus[share.cpu].queue.insert(share)

    # --- where ---

    def _move(self, thread: Thread, to: Cpu) -> None:
        cpu = self.cpus[thread.cpu]
        self._book(cpu)
        self._dequeue(thread)
        self._enqueue(thread, to)
        self._arm(cpu)

    def _pull(self, cpu: Cpu) -> bool:
        """A CPU that would go idle takes a thread that waits elsewhere (newidle balance)."""
        for other in self.cpus:
            if other is not cpu and other.awake > 1:
                for thread in movable(other, cpu):
                    self._move(thread, cpu)
                    return True
        return False

    def _push(self, cpu: Cpu) -> None:
        """Threads that wait here go to CPUs that idle: what preempted them may run nowhere else (nohz balance, here at once)."""
        for other in [other for other in self.cpus if not other.awake]:
            if (thread := next(movable(cpu, other), None)) is not None:
                self._book(other)
                self._move(thread, other)
                self._look(other)

    def _watch_balance(self) -> None:
        if not self._balancing and len(self.cpus) > 1 and any(cpu.awake > 1 for cpu in self.cpus):
            self._balancing = True
            # a tick more or less each time: on a real machine chance keeps the balance out of step with the slices
            self._balances += 1
            self._after(self.balance_ns + self._balances % 3 * self.tick_ns, self._balance)

    def _balance(self) -> None:
        self._balancing = False
        going, to = unbalanced(self.cpus, self._failed)
        for thread in going:
            self._book(to)
            self._move(thread, to)
            self._look(to)
        self._failed = 0 if going else self._failed + 1
        self._watch_balance()
