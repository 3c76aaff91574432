"""The trace at one instant, read only: where each request in flight is, what each CPU runs, which threads wait, which guests stand still.

`Replay` holds the indices of a trace and answers `at(time)`. Nothing is interpolated beyond what the trace says: a request's share of its
step is the work done in it so far over the work that the trace has for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cutaway.sim.trace import RUNNING, T_RUNNABLE, T_STOLEN, T_THROTTLED, T_WAKING, Trace
from cutaway.visuals.apart import told_apart
from cutaway.visuals.cast import cast_of
from cutaway.visuals.metrics import BusyTime, Latencies
from cutaway.visuals.seek import Holding, Journeys, Rows, is_moving

EXIT_AND_ENTRY_NS = 5_000
"""More than the exit of a halt and the entry after it take together on any machine of today."""


@dataclass(frozen=True, slots=True)
class OnCpu:
    """A CPU at work. `request` is what the work is for, -1 for none; since and until are the stint's."""

    cpu: int
    thread: int
    request: int
    since_ns: int
    until_ns: int

    def share(self, now_ns: int) -> float:
        return (now_ns - self.since_ns) / max(self.until_ns - self.since_ns, 1)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A thread that is not asleep and does not run; `state` is one of the trace's thread states."""

    thread: int
    cpu: int
    state: int
    since_ns: int
    until_ns: int


@dataclass(frozen=True)
class Moment:
    """One instant. The arrays have a place for each request in flight."""

    time_ns: int
    rows: Rows
    request: npt.NDArray[np.int64]
    step: npt.NDArray[np.int32]
    kind: npt.NDArray[np.uint8]
    share: npt.NDArray[np.float64]
    thread: npt.NDArray[np.int32]
    cpus: dict[int, OnCpu]
    work: dict[int, int]
    """Of each CPU, virtual ones too, the request whose own way the work on it is part of."""
    waiting: tuple[Waiting, ...]

    def where(self, request: int) -> int | None:
        """The place of a request in the arrays."""
        found = np.flatnonzero(self.request == request)
        return int(found[0]) if len(found) else None

    def waiting_in(self, state: int) -> list[Waiting]:
        return [one for one in self.waiting if one.state == state]

    def thread_for(self, request: int) -> int:
        """The thread that serves or should serve a request now, -1 for none."""
        at = self.where(request)
        return int(self.thread[at]) if at is not None else -1


class Replay:
    """A trace with what is needed to look at any instant of it."""

    def __init__(self, trace: Trace) -> None:
        trace = told_apart(trace)
        self.trace, self.cast = trace, cast_of(trace)
        self.spans = Holding(trace.spans)
        self.states = Holding(trace.states)
        self.journeys = Journeys(trace.spans)
        self.stints = Holding(trace.stints)
        self.busy_host = BusyTime(trace.stints[np.isin(trace.stints["cpu"], self.cast.host_cpus)])
        self._busy: dict[int, BusyTime] = {}
        self._guests: dict[int, tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]] = {}
        self.group_busy = {
            name: BusyTime(trace.stints[np.isin(trace.stints["thread"], members)]) for name, members in self.cast.groups.items()
        }
        self.latencies = Latencies(trace)
        self.answering = np.array([bool(step.get("answering")) for step in trace.meta["steps"]] or [False])
        self._by_number = np.argsort(trace.requests["request"], kind="stable")
        self._numbers = trace.requests["request"][self._by_number]
        self._last: Moment | None = None

    @property
    def start_ns(self) -> int:
        return int(self.trace.meta["start_ns"])

    @property
    def end_ns(self) -> int:
        return int(self.trace.meta["end_ns"])

    def row(self, request: int) -> int | None:
        """Where in the table of requests one stands, if it was traced."""
        at = int(np.searchsorted(self._numbers, request))
        return int(self._by_number[at]) if at < len(self._numbers) and self._numbers[at] == request else None

    def record(self, request: int) -> np.void:
        """The row of a request that was traced."""
        row = self.row(request)
        if row is None:
            raise KeyError(request)
        record: np.void = self.trace.requests[row]
        return record

    def at(self, time_ns: int) -> Moment:
        """The instant; asked again for the same one, it is at hand."""
        if self._last is None or self._last.time_ns != time_ns:
            self._last = self._look(time_ns)
        return self._last

    def _look(self, time_ns: int) -> Moment:
        rows = self.spans.at(time_ns)
        spans = self.trace.spans[rows]
        # Forked and detached parts show on the CPUs; the request itself is one sign on the way.
        own = spans["branch"] == 0
        rows, spans = rows[own], spans[own]
        running = spans[spans["kind"] == RUNNING]
        work = dict(zip(running["cpu"].tolist(), running["request"].tolist(), strict=True))
        done = self.journeys.before[rows] + np.where(is_moving(spans), time_ns - spans["start"], 0)
        total = np.maximum(self.journeys.total[rows], 1)
        return Moment(
            time_ns,
            rows,
            spans["request"],
            self.journeys.step[rows],
            spans["kind"],
            np.minimum(done / total, 1.0),
            spans["thread"],
            self._cpus(time_ns),
            work,
            self._waiting(time_ns),
        )

    def _cpus(self, time_ns: int) -> dict[int, OnCpu]:
        rows = self.trace.stints[self.stints.at(time_ns)]
        return {
            int(row["cpu"]): OnCpu(int(row["cpu"]), int(row["thread"]), int(row["request"]), int(row["start"]), int(row["end"]))
            for row in rows
        }

    def _waiting(self, time_ns: int) -> tuple[Waiting, ...]:
        rows = self.trace.states[self.states.at(time_ns)]
        return tuple(Waiting(int(row["thread"]), int(row["cpu"]), int(row["state"]), int(row["start"]), int(row["end"])) for row in rows)

    def run_queue(self, moment: Moment) -> list[Waiting]:
        """Who waits for a CPU of the host, first come first: the kernel's own threads of a guest stand in the guest's queue, not here."""
        return [one for one in moment.waiting_in(T_RUNNABLE) if one.thread in self.cast.host_threads]

    def waking(self, moment: Moment) -> dict[int, Waiting]:
        """Idle CPUs that are coming up, and for whom; a virtual one while its thread wakes on its core."""
        waking = {one.cpu: one for one in moment.waiting_in(T_WAKING)}
        owners = {one.thread: one for one in waking.values()}
        return waking | {vcpu: owners[owner] for vcpu, owner in self.cast.vcpu_threads.items() if owner in owners}

    def frozen(self, moment: Moment) -> dict[int, int]:
        """Virtual CPUs that have work while their thread stands in the host's run queue, and since when."""
        at_the_host = {one.thread: one.since_ns for one in moment.waiting_in(T_RUNNABLE)}
        stolen = {one.cpu for one in moment.waiting_in(T_STOLEN)}
        return {
            vcpu: at_the_host[owner]
            for vcpu, owner in self.cast.vcpu_threads.items()
            if owner in at_the_host and (vcpu in stolen or vcpu in moment.cpus)
        }

    def throttled(self, moment: Moment, group: str) -> int | None:
        """When the group may run again, if it has used its quota."""
        ends = [one.until_ns for one in moment.waiting_in(T_THROTTLED) if one.thread in self.cast.groups.get(group, ())]
        return max(ends, default=None)

    def quota_used(self, group: str, time_ns: int) -> float:
        """Share of its quota that a group has used in the current period."""
        quota_ns, period_ns = self.cast.quotas[group]
        return self.group_busy[group].within(time_ns - time_ns % period_ns, time_ns) / quota_ns

    def polling(self, moment: Moment) -> dict[int, int]:
        """Virtual CPUs that KVM polls for: the guest has halted, its thread still has its core, and since when.

        The trace does not tell the exit of the halt and the entry after it from the polling between them: where a guest stands still for no
        longer than these two take, it was not polled for.
        """
        found = {}
        for host in moment.cpus.values():
            vcpu = self.cast.vcpu_of.get(host.thread)
            if vcpu is None or vcpu in moment.cpus:
                continue
            starts, ends = self._guest_stints(vcpu)
            before = int(np.searchsorted(ends, moment.time_ns, "right")) - 1
            halted = int(ends[before]) if before >= 0 else host.since_ns
            after = min(int(starts[before + 1]), host.until_ns) if before + 1 < len(starts) else host.until_ns
            if halted > host.since_ns and after - halted > EXIT_AND_ENTRY_NS:
                found[vcpu] = halted
        return found

    def _guest_stints(self, vcpu: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """When a virtual CPU turned: starts and ends, in order."""
        if vcpu not in self._guests:
            rows = self.trace.stints[self.trace.stints["cpu"] == vcpu]
            self._guests[vcpu] = np.ascontiguousarray(rows["start"]), np.ascontiguousarray(rows["end"])
        return self._guests[vcpu]

    def busy(self, cpu: int) -> BusyTime:
        """CPU time of one CPU; a machine may have thousands, of which few are asked for."""
        if cpu not in self._busy:
            self._busy[cpu] = BusyTime(self.trace.stints[self.trace.stints["cpu"] == cpu])
        return self._busy[cpu]

    def cpu_share(self, now_ns: int, window_ns: int) -> float:
        """How busy the host's CPUs were in the window that ends now."""
        since = max(now_ns - window_ns, self.start_ns)
        return self.busy_host.within(since, now_ns) / max((now_ns - since) * len(self.cast.host_cpus), 1)

    def running_for(self, moment: Moment, cpu: int) -> int:
        """The request that a CPU works for now; a core that turns for a virtual CPU works for that one's request."""
        now = moment.cpus.get(cpu)
        if now is None:
            return -1
        inner = self.cast.vcpu_of.get(now.thread, cpu)
        return moment.work.get(cpu, moment.work.get(inner, -1))
