"""The traffic engine's door: one simulated machine that can be advanced, changed and counted.

`Traffic` owns the tables. It gives the compiled loop more room when that asks for it, hands the log on when it is full, and puts events
on the agenda. Between two calls of `advance` anybody may read the tables; only this class writes them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import numpy as np

from cutaway.sim.machine import MOST_EVENTS, MOST_UNDER_WAY, Machine
from cutaway.sim.traffic import agenda as _agenda
from cutaway.sim.traffic import census
from cutaway.sim.traffic import tables as t
from cutaway.sim.traffic.advance import advance, settle_all
from cutaway.sim.traffic.build import build, chain_free_tokens, stream_of

Array = t.Array
LogSink = Callable[[t.Array], None]
_STAGGER_NS = 1_000
"""Connections of a closed loop open one after the other, a microsecond apart."""


class Overloaded(Exception):  # noqa: N818
    """A run that would go on without end, or fill the memory. Says what was reached."""


class Traffic:
    """One machine and its load, from time 0 on. `log_every` k logs one request in k and all CPUs, 0 nothing."""

    def __init__(self, machine: Machine, seed: int, *, log_every: int = 0, sink: LogSink | None = None, log_rows: int = 1 << 16) -> None:
        self.built = build(machine, seed, log_every=log_every, log_rows=log_rows)
        self.w = self.built.tables
        self.machine = machine
        self._sink = sink
        self._counting_since = 0
        self._tasks_before = self.w.tasks.copy()
        self._note_what_is_under_way()
        self._put_first_events(seed)

    @property
    def now_ns(self) -> int:
        """The engine's clock."""
        return int(self.w.world[0].now)

    @property
    def counted_ns(self) -> int:
        """The time since the counters were last set to 0."""
        return self.now_ns - self._counting_since

    @property
    def served(self) -> int:
        """Requests served since the counters were last set to 0."""
        return int(self.w.world[0].served)

    @property
    def in_flight(self) -> int:
        """Requests under way now, without branches and without those that nobody waits for any more."""
        return int(census.requests_in_flight(self.w).sum())

    @property
    def fingerprint(self) -> str:
        """A hash over (time, kind, entity, order) of every event so far: it shows any change of the trajectory."""
        return f"{int(self.w.world[0].print_high):08x}{int(self.w.world[0].print_low):08x}"

    def put(self, time_ns: int, kind: int, who: int, stamp: int = 0) -> None:
        """An event from outside. Not in the past."""
        if time_ns < self.now_ns:
            raise ValueError(f"an event at {time_ns} ns would lie before the clock, {self.now_ns} ns")
        if self.w.world[0].agenda >= len(self.w.agenda):
            self._make_room()
        plainly = getattr(_agenda.put, "py_func", _agenda.put)
        plainly(self.w, time_ns, kind, who, stamp)

    def advance(self, until_ns: int, goal: int | None = None) -> bool:
        """Runs to `until_ns`, events before it included; or until `goal` requests have been served: then it returns True.

        Raises Overloaded when more is under way, or has happened, than a run may come to.
        """
        self.w.world[0].goal = t.FOR_EVER if goal is None else goal
        while True:
            why = advance(self.w, until_ns)
            if why == t.NEEDS_ROOM:
                self._make_room()
            elif why == t.LOG_FULL:
                self.flush_log()
            elif why == t.STILL_GOING:
                self._refuse_to_go_on_for_ever()
            else:
                if why == t.NOTHING_TO_DO:
                    self.w.world[0].now = until_ns
                return bool(why == t.REACHED_GOAL)

    def settle(self) -> None:
        """Brings all accounts up to now, before they are read."""
        if self.w.world[0].log_every > 0:
            self._reserve_log(int(self.w.world[0].log_room))
        settle_all(self.w)

    def start_counting(self) -> None:
        """Sets all counters to 0 (the warm-up is over); requests in flight count when they come home."""
        self.settle()
        w = self.w
        self._note_what_is_under_way()
        w.books[:] = 0
        w.layer_ns[:] = 0
        # queued requests remember their thread's accounts, so these go on; `thread_counts` subtracts
        self._tasks_before = w.tasks.copy()
        for column in ("idle_ns", "task_ns", "irq_ns", "lost_ns", "switches", "wakes"):
            w.cpus[column] = 0
        for column in ("bytes_in", "bytes_out", "bytes_lost", "busy_ns", "count"):
            w.devices[column] = 0
        for column in ("periods", "throttled_periods", "throttled_ns", "ran_ns"):
            w.groups[column] = 0
        w.world[0].served = 0
        self._counting_since = self.now_ns

    def thread_counts(self, column: str) -> Array:
        """(tasks): what a column of the threads has gained since counting began: a time in ns, or sleeps, preemptions, rounds."""
        return np.asarray(self.w.tasks[column] - self._tasks_before[column])

    def flush_log(self) -> None:
        """Hands the log to the sink and begins a new one."""
        count = int(self.w.world[0].logged)
        if self._sink is not None and count:
            self._sink(np.array(self.w.log[:count]))
        self.w.world[0].logged = 0

    def _note_what_is_under_way(self) -> None:
        """What counting begins with: requests (clients), their ages (clients, ns), bytes on links and in disks (devices)."""
        self.in_flight_before = census.requests_in_flight(self.w)
        self.ages_before = census.ages_ns(self.w)
        self.crossing_before = census.bytes_crossing(self.w)

    def start_hog(self, role: str) -> None:
        """A hog begins to compute, now."""
        row = self.w.roles[self.built.roles.index(role)]
        for task in range(int(row.first), int(row.first + row.count)):
            self.put(self.now_ns, t.HOG_BEGINS, task)

    def end_arrivals(self) -> None:
        """Open loops send nothing more from now on; what is under way goes on, and closed loops do."""
        is_open = self.w.clients["kind"] == t.OPEN
        self.w.clients["stamp"][is_open] += 1
        self.w.clients["next_at"][is_open] = t.FOR_EVER

    def _put_first_events(self, seed: int) -> None:
        w = self.w
        for index in range(len(self.machine.groups)):
            group = w.groups[index]
            if group.quota > 0:
                phase = (stream_of("quota period", self.machine.groups[index].name) ^ seed) % int(group.period)
                self.put(phase, t.QUOTA_PERIOD, index)
        for c in range(len(w.cpus)):
            if w.cpus[c].stall_interval > 0:
                self.put(0, t.STALL, c)
        for thread in self.machine.threads:
            if thread.kind == "hog":
                self.start_hog(thread.name)
        for k in range(len(self.machine.clients)):
            if w.clients[k].kind == t.OPEN:
                self.put(0, t.ARRIVAL, k)
            else:
                self._open_connections(k)

    def _open_connections(self, k: int) -> None:
        world = self.w.world[0]
        for connection in range(int(self.w.clients[k].connections)):
            if world.free_token < 0:
                self._make_room()
            w = self.w
            world = w.world[0]
            i = int(world.free_token)
            token = w.tokens[i]
            world.free_token = token.next
            world.used_tokens += 1
            token.client, token.connection, token.number, token.next, token.parent, token.role, token.task = (
                k,
                connection,
                0,
                -1,
                -1,
                -1,
                -1,
            )
            self.put(connection * _STAGGER_NS, t.AGAIN, i, int(token.stamp))

    def _make_room(self) -> None:
        """Twice the rows of tokens and agenda. Raises Overloaded."""
        w = self.w
        old = len(w.tokens)
        if 2 * old > MOST_UNDER_WAY:
            self._give_up(f"{int(w.world[0].used_tokens):,} requests are under way at once", f"{MOST_UNDER_WAY:,}")
        tokens = np.zeros(2 * old, t.TOKEN).view(np.recarray)
        tokens[:old] = w.tokens
        rows = np.zeros((2 * old, w.rows.shape[1]), np.int64)
        rows[:old] = w.rows
        tokens["step"][old:] = -1
        chain_free_tokens(tokens, old)
        tokens["next"][-1] = w.world[0].free_token
        w.world[0].free_token = old
        agenda = np.zeros(2 * len(w.agenda), t.EVENT).view(np.recarray)
        agenda[: len(w.agenda)] = w.agenda
        self.w = self.built.tables = replace(w, tokens=tokens, rows=rows, agenda=agenda)

    def _refuse_to_go_on_for_ever(self) -> None:
        if int(self.w.world[0].events) > MOST_EVENTS:
            self._give_up(f"{int(self.w.world[0].events):,} events have happened", f"{MOST_EVENTS:,}")

    def _give_up(self, found: str, most: str) -> NoReturn:
        after = f"{self.machine.name}: after {self.now_ns / 1e9:.6g} s of simulated time {found}"
        raise Overloaded(f"{after}; expected at most {most}. Simulate a shorter time, or fewer requests a second.")

    def _reserve_log(self, rows: int) -> None:
        if int(self.w.world[0].logged) + rows > len(self.w.log):
            self.flush_log()
