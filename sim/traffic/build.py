"""From a `Machine` to tables: numbers the things, resolves the names, lays the plans out as rows of steps.

The agenda stays empty; `engine` puts the first events on it.

A name that nothing bears is a `ValueError` with one sentence; what a user can get wrong is caught earlier, by the scenario's schema.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from hashlib import blake2b
from typing import Any

import numpy as np

from cutaway.sim import machine as m
from cutaway.sim import quantiles
from cutaway.sim.traffic import books
from cutaway.sim.traffic import tables as t

ROOM = 64
"""Rows of tokens and of the agenda that one event needs at most, beside those for each branch of the plans and for each CPU."""
MOST_BRANCHES = 255
"""A trace numbers them in a byte."""
LONGEST_NS = t.FOR_EVER - 1
"""No draw is longer than 36 years: what is longer goes on for ever, and 64 bits wrap at eight times that."""
QUEUE_BYTES = 1 << 30
"""The largest limit of a link's queue; a product with its rate must not wrap."""
_LOG_ROOM = 4096
"""Records that one event may write at most, beside those for each thread and CPU."""


@dataclass
class Built:
    """The tables, and what the rows are called."""

    tables: t.Tables
    threads: list[str]
    """Name of each task row: the role, with `#k` where a role has several, or the CPU's own ticks and stalls."""
    cpus: list[str]
    """Name of each CPU row: the CPUs of the first kernel, then of the next."""
    devices: list[str]
    roles: list[str]
    steps: list[dict[str, Any]]
    """One entry a step row, for the trace's vocabulary and for `explain`."""
    machine: m.Machine = field(repr=False)


def stream_of(*words: str) -> int:
    """The number of a random stream, from its name alone: 31 bits."""
    return int.from_bytes(blake2b("/".join(words).encode(), digest_size=4).digest(), "little") >> 1


def build(machine: m.Machine, seed: int, *, log_every: int = 0, log_rows: int = 1 << 16) -> Built:
    """The tables of a machine at time 0, with its first events on the agenda."""
    return _Builder(machine, seed, log_every, log_rows).build()


@cache
def _quantile_table(spread: m.Spread) -> t.Array:
    return quantiles.table(spread)


def _table(rows: int, dtype: np.dtype[Any]) -> t.Array:
    return np.zeros(max(rows, 1), dtype).view(np.recarray)


@dataclass(frozen=True, slots=True)
class _Where:
    """Where the threads of a role may run."""

    allowed: list[int]
    first: int
    """Its place in the table of allowed CPUs."""
    kernel: int
    owned: list[int]
    """Of a vCPU's thread: the CPUs that it makes turn."""


class _Builder:
    """Holds the numbering while the tables are filled; thrown away afterwards."""

    def __init__(self, machine: m.Machine, seed: int, log_every: int, log_rows: int) -> None:
        self.machine = machine
        self.seed, self.log_every, self.log_rows = seed, log_every, log_rows
        self.layers = _numbered("layer", machine.layers)
        self.kernels = _numbered("kernel", [kernel.name for kernel in machine.kernels])
        self.ordered_cpus = [cpu for kernel in machine.kernels for cpu in machine.cpus if cpu.kernel == kernel.name]
        self.cpus = _numbered("CPU", [cpu.name for cpu in self.ordered_cpus])
        self.groups = _numbered("group", [group.name for group in machine.groups])
        self.roles = _numbered("thread", [thread.name for thread in machine.threads])
        self.devices = _numbered("device", [thing.name for thing in _devices(machine)])
        self.spreads: list[m.Spread] = [m.EXPONENTIAL]
        self.allowed: list[int] = []
        self.step_rows: list[dict[str, Any]] = []
        self.branches = 0

    def build(self) -> Built:
        _refuse_endless_loads(self.machine)
        starts = {plan.name: self._lay_out(plan) for plan in self.machine.plans}
        threads = self._thread_names()
        w = t.Tables(
            world=_table(1, t.WORLD),
            agenda=_table(1024, t.EVENT),
            kernels=_table(len(self.kernels), t.KERNEL),
            cpus=_table(len(self.cpus), t.CPU),
            tasks=_table(len(threads), t.TASK),
            entities=_table(len(threads) + self._group_cpus(), t.ENTITY),
            queues=_table(len(self.cpus) + self._group_cpus(), t.QUEUE),
            groups=_table(len(self.groups), t.GROUP),
            steps=_table(len(self.step_rows), t.STEP),
            tokens=_table(1024, t.TOKEN),
            devices=_table(len(self.devices), t.DEVICE),
            clients=_table(len(self.machine.clients), t.CLIENT),
            roles=_table(len(self.roles), t.ROLE),
            log=_table(max(self.log_rows, 2 * self._log_room(len(threads))) if self.log_every else 1, t.LOG),
            series=_table(books.MOST_BATCHES, t.SERIES),
            quantiles=np.zeros((1, 1), np.int64),
            allowed=np.zeros(1, np.int64),
            rows=np.zeros((1024, t.MARKS + len(self.layers) * t.KINDS), np.int64),
            layer_ns=np.zeros(len(self.layers), np.int64),
            books=np.zeros((max(len(self.machine.clients), 1), books.COUNTS + len(self.layers) * t.KINDS + books.BUCKETS), np.int64),
        )
        self._fill_kernels(w)
        self._fill_cpus(w)
        self._fill_tasks(w, threads)
        self._fill_groups(w, len(threads))
        self._fill_devices(w)
        self._fill_steps(w)
        self._fill_clients(w, starts)
        w = replace(w, quantiles=self._quantile_tables(), allowed=np.array(self.allowed or [0], np.int64))
        self._fill_world(w)
        return Built(
            w, threads, list(self.cpus), list(self.devices), list(self.roles), [row["meta"] for row in self.step_rows], self.machine
        )

    def _log_room(self, threads: int) -> int:
        return _LOG_ROOM + 4 * threads + 2 * t.MARKS * len(self.cpus)

    # --- names and numbers

    def _find(self, numbers: dict[str, int], kind: str, name: str) -> int:
        if name not in numbers:
            raise ValueError(f"{self.machine.name}: no {kind} is called '{name}'; there are {', '.join(numbers) or 'none'}")
        return numbers[name]

    def _spread(self, spread: m.Spread, mean_ns: int, at_once: int = 1) -> int:
        """Row of the spread's quantile tables, -1 for a fixed one; each takes two rows. `at_once` draws may follow each other as one."""
        shares = np.array([quantiles.UNIT - 1]) if spread.kind == "fixed" else _quantile_table(spread)
        longest = mean_ns * at_once * ((int(shares.max()) >> 20) + 1)
        if mean_ns < 0 or shares.min() < 0 or longest > LONGEST_NS:
            what = f"a duration of {mean_ns} ns, {spread.kind},"
            raise ValueError(f"{self.machine.name}: {what} may be negative or longer than {LONGEST_NS // at_once} ns")
        if spread.kind == "fixed":
            return -1
        if spread not in self.spreads:
            self.spreads.append(spread)
        return 2 * self.spreads.index(spread)

    def _quantile_tables(self) -> t.Array:
        return np.concatenate([_quantile_table(spread) for spread in self.spreads])

    def _thread_names(self) -> list[str]:
        names = [thread.name if thread.count == 1 else f"{thread.name}#{k}" for thread in self.machine.threads for k in range(thread.count)]
        return names + [f"{cpu.name} {what}" for cpu in self.ordered_cpus for what in ("tick", "stall")]

    def _group_cpus(self) -> int:
        return sum(len(self._cpus_of(group.kernel)) for group in self.machine.groups)

    def _cpus_of(self, kernel: str) -> list[int]:
        self._find(self.kernels, "kernel", kernel)
        return [self.cpus[cpu.name] for cpu in self.ordered_cpus if cpu.kernel == kernel]

    # --- plans

    def _lay_out(self, plan: m.Plan) -> int:
        """Appends the rows of a plan; returns the first."""
        visits: Counter[str] = Counter()
        return self._lay_out_steps(plan, plan.steps, visits, t.END, answering=False)[0]

    def _lay_out_steps(
        self, plan: m.Plan, steps: Sequence[m.Step], visits: Counter[str], last: int, *, answering: bool
    ) -> tuple[int, bool]:
        """Rows one after the other, closed by a row of kind `last`; branches follow below.

        Returns the first row, and whether the way leads back by then.
        """
        first = len(self.step_rows)
        parted: list[tuple[dict[str, Any], tuple[tuple[m.Step, ...], ...], int, bool]] = []
        for step in steps:
            if isinstance(step, m.Respond):
                answering = True
                continue
            if isinstance(step, m.Fork) and not step.branches:
                continue
            if last != t.END and (isinstance(step, m.Deadline) or (isinstance(step, m.Work) and step.stopwatch)):
                what = "deadline" if isinstance(step, m.Deadline) else "stopwatch"
                raise ValueError(f"plan '{plan.name}': the client's {what} stands in a branch; it belongs to the request itself")
            row = self._row(plan, step, visits, answering)
            self.step_rows.append(row)
            if isinstance(step, m.Fork):
                parted.append((row, step.branches, t.JOIN, answering))
            elif isinstance(step, m.Detach):
                parted.append((row, (step.steps,), t.VANISH, answering))
        self.step_rows.append(_closing_row(plan, last, answering))
        for index, row in enumerate(self.step_rows[first:], first):
            row.setdefault("next", index + 1)
        for row, branches, closing, back in parted:
            heads = [self._lay_out_steps(plan, branch, visits, closing, answering=back)[0] for branch in branches]
            row["first_branch"], row["branches"] = len(self.step_rows), len(heads)
            self.branches += len(heads)
            if len(heads) > MOST_BRANCHES:
                raise ValueError(f"plan '{plan.name}': a step parts into {len(heads)} branches; expected at most {MOST_BRANCHES}")
            self.step_rows.extend({**_closing_row(plan, t.VANISH, back), "next": head} for head in heads)
        return first, answering

    def _row(self, plan: m.Plan, step: m.Step, visits: Counter[str], answering: bool) -> dict[str, Any]:
        layer, operation = getattr(step, "layer", self.machine.layers[0]), getattr(step, "operation", type(step).__name__.lower())
        meta: dict[str, Any] = {
            "plan": plan.name,
            "kind": type(step).__name__.lower(),
            "layer": layer,
            "operation": operation,
            "thread": "",
            "cost_ns": 0,
            "costs": [],
            "answering": answering,
            "size_bytes": 0,
            "spread": "fixed",
        }
        row: dict[str, Any] = {
            "layer": self._find(self.layers, "layer", layer),
            "stream": stream_of("operation", operation),
            "visit": visits[operation],
            "role": -1,
            "station": -1,
            "table": -1,
            "asleep_role": -1,
            "meta": meta,
        }
        visits[operation] += 1
        meta["costs"] = [{"name": use.name, "times": use.times} for use in getattr(step, "costs", ())]
        if isinstance(step, m.Work):
            row |= {
                "kind": t.WORK,
                "role": self._find(self.roles, "thread", step.thread),
                "cost": step.cost_ns,
                "table": self._spread(step.spread, step.cost_ns, at_once=t.MARKS),
                "next_round": step.next_round,
                "stopwatch": step.stopwatch,
            }
            if step.only_if_asleep:
                row["asleep_role"] = self._find(self.roles, "thread", step.only_if_asleep)
            meta |= {"thread": step.thread, "cost_ns": step.cost_ns, "spread": step.spread.kind}
        elif isinstance(step, m.Pause):
            row |= {"kind": t.PAUSE, "cost": step.duration_ns, "table": self._spread(step.spread, step.duration_ns)}
            meta |= {"cost_ns": step.duration_ns, "spread": step.spread.kind}
        elif isinstance(step, m.Transfer | m.DiskAccess):
            name, kind = (step.link, t.TRANSFER) if isinstance(step, m.Transfer) else (step.disk, t.DISK)
            row |= {"kind": kind, "station": self._find(self.devices, "link or disk", name), "bytes": step.size_bytes}
            meta |= {"size_bytes": step.size_bytes, "device": name}
        elif isinstance(step, m.Acquire | m.Release):
            kind = t.ACQUIRE if isinstance(step, m.Acquire) else t.RELEASE
            row |= {"kind": kind, "station": self._find(self.devices, "pool", step.pool)}
            meta["device"] = step.pool
        elif isinstance(step, m.Deadline):
            row |= {"kind": t.ARM, "cost": step.after_ns}
        else:
            row["kind"] = t.FORK if isinstance(step, m.Fork) else t.DETACH
        return row

    # --- tables

    def _fill_kernels(self, w: t.Tables) -> None:
        for row, kernel in zip(w.kernels, self.machine.kernels, strict=True):
            cpus = self._cpus_of(kernel.name)
            if not cpus:
                raise ValueError(f"{self.machine.name}: kernel '{kernel.name}' has no CPU")
            row.layer = self._find(self.layers, "layer", kernel.layer)
            row.first_cpu, row.cpus, row.balance = cpus[0], len(cpus), kernel.balance
            row.slice, row.tick, row.switch = kernel.slice_ns, kernel.tick_ns, kernel.switch_ns
            row.tick_cost, row.tick_exit = kernel.tick_cost_ns, kernel.tick_exit_ns
            row.waker, row.wakee, row.kick = kernel.waker_ns, kernel.wakee_ns, kernel.kick_ns
            row.wake_latency, row.wake_table = kernel.wake_latency_ns, self._spread(kernel.wake_latency_spread, kernel.wake_latency_ns)
            row.going_idle, row.nudge = kernel.going_idle_ns, kernel.nudge_ns
            row.kick_latency, row.kicked = kernel.kick_latency_ns, kernel.kicked_ns
            row.turn_back, row.turn_back_table = kernel.turn_back_ns, self._spread(kernel.turn_back_spread, kernel.turn_back_ns)
            row.wake_stream = stream_of("wake-up", kernel.name)

    def _fill_cpus(self, w: t.Tables) -> None:
        first_own = sum(thread.count for thread in self.machine.threads)
        for index, (row, cpu) in enumerate(zip(w.cpus, self.ordered_cpus, strict=True)):
            for column in ("owner", "task", "irq", "turning", "last_task", "first_irq", "last_irq", "next_dirty"):
                row[column] = -1
            row.kernel, row.queue = self.kernels[cpu.kernel], index
            row.tick_task, row.stall_task = first_own + 2 * index, first_own + 2 * index + 1
            row.power, row.cold, row.state, row.idle_at = t.OFF, 1, t.CPU_IDLE, -t.FOR_EVER
            row.stall_interval, row.stall, row.stall_table = (
                cpu.stall_interval_ns,
                cpu.stall_ns,
                self._spread(cpu.stall_spread, cpu.stall_ns),
            )
            self._spread(m.EXPONENTIAL, cpu.stall_interval_ns)
            row.stall_stream = stream_of("stall", cpu.name)
        for row in w.queues:
            for column in ("owner", "group", "head", "tail", "current"):
                row[column] = -1
        for index in range(len(self.ordered_cpus)):
            w.queues[index].cpu = index

    def _fill_tasks(self, w: t.Tables, names: list[str]) -> None:
        for row in w.tasks:
            for column in ("vcpu", "group", "token", "head", "tail", "next_irq", "role", "worked_for", "watches"):
                row[column] = -1
            row.state, row.phase, row.batch = t.SLEEPING, t.NOTHING, 1
        index = 0
        for role, thread in enumerate(self.machine.threads):
            w.roles[role].first, w.roles[role].count = index, thread.count
            w.roles[role].choice = t.FIRST_FREE if thread.choose == "first free" else t.BY_CONNECTION
            w.roles[role].stream = stream_of("role", thread.name)
            where = self._where(w, thread)
            for k in range(thread.count):
                self._fill_task(w, index, role, thread, k, where)
                index += 1
        for c, _cpu in enumerate(self.ordered_cpus):
            for task in (w.cpus[c].tick_task, w.cpus[c].stall_task):
                kernel = w.cpus[c].kernel
                layer = w.kernels[kernel].layer if task == w.cpus[c].tick_task else self.layers.get("hardware", w.kernels[kernel].layer)
                row = w.tasks[task]
                row.kind, row.cpu, row.kernel, row.layer, row.trap_layer = t.INTERRUPT, c, kernel, layer, layer
        self._set_levels(w)

    def _where(self, w: t.Tables, thread: m.Thread) -> _Where:
        """Once for all threads of a role: with thousands of CPUs their lists are long."""
        allowed = [self._find(self.cpus, "CPU", name) for name in thread.cpus]
        kernels: list[int] = np.unique(w.cpus["kernel"][allowed]).tolist() if allowed else []
        if len(kernels) != 1:
            found = ", ".join(thread.cpus) or "none"
            raise ValueError(f"{self.machine.name}: thread '{thread.name}' must run on CPUs of one kernel, not on {found}")
        owned = [self.cpus[cpu.name] for cpu in self.ordered_cpus if cpu.vcpu == thread.name] if thread.kind == "vcpu" else []
        if thread.kind == "vcpu" and len(owned) != thread.count:
            raise ValueError(f"{self.machine.name}: vCPU thread '{thread.name}' makes {len(owned)} CPUs turn; expected {thread.count}")
        first = len(self.allowed)
        self.allowed.extend(allowed)
        return _Where(allowed, first, kernels[0], owned)

    def _fill_task(self, w: t.Tables, index: int, role: int, thread: m.Thread, k: int, where: _Where) -> None:
        row, entity = w.tasks[index], w.entities[index]
        row.kind = {"loop": t.LOOP, "interrupt": t.INTERRUPT, "hog": t.HOG, "vcpu": t.VCPU}[thread.kind]
        row.role, row.kernel, row.cpu = role, where.kernel, where.allowed[k % len(where.allowed)]
        row.layer = self._find(self.layers, "layer", thread.layer) if thread.layer else w.kernels[row.kernel].layer
        row.trap_layer = row.layer
        row.spin_layer = self._find(self.layers, "layer", thread.spin_layer) if thread.spin_layer else row.layer
        row.first_allowed, row.allowed = where.first, len(where.allowed)
        row.batch, row.poll, row.sleep, row.spin, row.halt, row.resume = (
            thread.batch,
            thread.poll_ns,
            thread.sleep_ns,
            thread.spin_ns,
            thread.halt_ns,
            thread.resume_ns,
        )
        entity.weight, entity.cpu, entity.child, entity.next, entity.previous, entity.queue = thread.weight, row.cpu, -1, -1, -1, row.cpu
        if thread.group:
            row.group = self._find(self.groups, "group", thread.group)
        if where.owned:
            row.vcpu = where.owned[k]
            w.cpus[where.owned[k]].owner = index

    def _set_levels(self, w: t.Tables) -> None:
        for c in range(len(self.ordered_cpus)):
            level, below = 0, w.cpus[c].owner
            if self.ordered_cpus[c].vcpu and below < 0:
                cpu = self.ordered_cpus[c]
                raise ValueError(f"{self.machine.name}: no vCPU thread is called '{cpu.vcpu}', which CPU '{cpu.name}' names")
            while below >= 0:
                level, below = level + 1, w.cpus[w.tasks[below].cpu].owner
            w.cpus[c].level = level

    def _fill_groups(self, w: t.Tables, first_entity: int) -> None:
        queue = len(self.cpus)
        for row, group in zip(w.groups, self.machine.groups, strict=bool(self.groups)):
            cpus = self._cpus_of(group.kernel)
            row.kernel, row.first_queue, row.first_entity = self.kernels[group.kernel], queue, first_entity
            row.parent = self._find(self.groups, "group", group.parent) if group.parent else -1
            row.weight, row.quota, row.period, row.pool = group.weight, group.quota_ns, group.period_ns, group.quota_ns
            queue, first_entity = queue + len(cpus), first_entity + len(cpus)
        for index, group in enumerate(self.machine.groups):
            row = w.groups[index]
            for k, c in enumerate(self._cpus_of(group.kernel)):
                q, e = row.first_queue + k, row.first_entity + k
                w.queues[q].owner, w.queues[q].group, w.queues[q].cpu = e, index, c
                entity = w.entities[e]
                entity.child, entity.cpu, entity.weight, entity.next, entity.previous = q, c, group.weight, -1, -1
                entity.queue = w.groups[row.parent].first_queue + k if row.parent >= 0 else c
        for index in range(len(w.tasks)):
            task = w.tasks[index]
            if task.group >= 0:
                w.entities[index].queue = w.groups[task.group].first_queue + task.cpu - w.kernels[task.kernel].first_cpu

    def _fill_devices(self, w: t.Tables) -> None:
        for index, thing in enumerate(_devices(self.machine)):
            row = w.devices[index]
            row.head, row.tail, row.table, row.stream = -1, -1, -1, stream_of("device", thing.name)
            if isinstance(thing, m.Link):
                if thing.queue_bytes > QUEUE_BYTES:
                    found = f"the queue of link '{thing.name}' holds {thing.queue_bytes} bytes"
                    raise ValueError(f"{self.machine.name}: {found}; expected at most {QUEUE_BYTES}")
                row.kind, row.rate, row.latency, row.limit = t.LINK, thing.bits_per_s, thing.latency_ns, thing.queue_bytes
            elif isinstance(thing, m.Disk):
                row.kind, row.places, row.latency, row.rate, row.table = (
                    t.DISK_DEVICE,
                    thing.depth,
                    thing.access_ns,
                    thing.bytes_per_s,
                    self._spread(thing.spread, thing.access_ns),
                )
            else:
                row.kind, row.places = t.POOL, thing.places

    def _fill_steps(self, w: t.Tables) -> None:
        for row, step in zip(w.steps, self.step_rows, strict=bool(self.step_rows)):
            for column, value in step.items():
                if column != "meta":
                    row[column] = value

    def _fill_clients(self, w: t.Tables, starts: dict[str, int]) -> None:
        for index, (row, client) in enumerate(zip(w.clients, self.machine.clients, strict=bool(self.machine.clients))):
            row.watcher = -1
            row.first_step = self._find(starts, "plan", client.plan)
            row.connections, row.stream, row.who = client.connections, stream_of("client", client.name), stream_of("requests", client.name)
            if isinstance(client, m.ClosedLoop):
                row.kind, row.interval, row.table = t.CLOSED, client.think_ns, self._spread(client.think_spread, client.think_ns)
            else:
                row.kind, row.interval, row.table = t.OPEN, client.interval_ns, self._spread(client.spread, client.interval_ns)
                if client.thread:
                    row.watcher = w.roles[self._find(self.roles, "thread", client.thread)].first
                    row.lead = client.lead_ns
                    w.tasks[row.watcher].watches = index

    def _fill_world(self, w: t.Tables) -> None:
        world = w.world[0]
        world.dirty, world.last_dirty, world.goal = -1, -1, t.FOR_EVER
        world.log_every, world.layers = self.log_every, len(self.layers)
        world.room, world.log_room = ROOM + 2 * self.branches + 4 * len(self.cpus), self._log_room(len(w.tasks))
        world.batch_requests = books.FIRST_BATCH
        world.seed_low, world.seed_high = self.seed & 0xFFFFFFFF, (self.seed >> 32) & 0xFFFFFFFF
        world.print_low, world.print_high = 2166136261, 2166136261
        w.tokens["step"] = -1
        chain_free_tokens(w.tokens, 0)


def _refuse_endless_loads(machine: m.Machine) -> None:
    """Load that would go on for ever without the clock: a client that asks again at once a plan that takes no time."""
    plans = {plan.name: plan for plan in machine.plans}
    for client in machine.clients:
        if isinstance(client, m.OpenLoop):
            if client.interval_ns < 1:
                raise ValueError(f"{machine.name}: client '{client.name}' asks every {client.interval_ns} ns; expected 1 ns or more")
            continue
        steps = plans[client.plan].steps if client.plan in plans else ()
        if any(isinstance(step, m.Deadline) and step.after_ns < 1 for step in steps):
            raise ValueError(f"{machine.name}: plan '{client.plan}' has a deadline below 1 ns")
        if client.think_ns < 1 and client.plan in plans and not any(map(_takes_time, steps)):
            raise ValueError(f"{machine.name}: client '{client.name}' asks again at once, and its plan '{client.plan}' takes no time")


def _takes_time(step: m.Step) -> bool:
    match step:
        case m.Work():
            return step.cost_ns > 0 and not step.only_if_asleep
        case m.Pause():
            return step.duration_ns > 0
        case m.Fork():
            return any(_takes_time(one) for branch in step.branches for one in branch)
        case m.Transfer() | m.DiskAccess():
            return True
        case _:
            return False


def _closing_row(plan: m.Plan, kind: int, answering: bool) -> dict[str, Any]:
    name = {t.END: "end", t.JOIN: "join", t.VANISH: "vanish"}[kind]
    meta = {
        "plan": plan.name,
        "kind": name,
        "layer": "",
        "operation": name,
        "thread": "",
        "cost_ns": 0,
        "costs": [],
        "answering": answering,
        "size_bytes": 0,
        "spread": "fixed",
    }
    return {"kind": kind, "role": -1, "station": -1, "table": -1, "asleep_role": -1, "meta": meta}


def chain_free_tokens(tokens: t.Array, first: int) -> None:
    """Makes the rows from `first` on a list of free ones, the last one the end."""
    tokens["next"][first:] = np.arange(first + 1, len(tokens) + 1)
    tokens["next"][-1] = -1


def _devices(machine: m.Machine) -> list[m.Link | m.Disk | m.Pool]:
    return [*machine.links, *machine.disks, *machine.pools]


def _numbered(kind: str, names: Iterable[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for name in names:
        if name in numbers:
            raise ValueError(f"two {kind}s are called '{name}'")
        numbers[name] = len(numbers)
    return numbers
