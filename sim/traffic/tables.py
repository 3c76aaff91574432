"""The vocabulary of the traffic engine: its tables, their columns, and the small numbers that stand in them.

Every column is a 64-bit integer. One named after a table holds a row number of that table, -1 for none. Times are nanoseconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def _columns(names: str) -> np.dtype[Any]:
    """A row of 64-bit integers. All columns have one width: the plain engine then computes as the compiled one does."""
    return np.dtype([(name, np.int64) for name in names.split()])


FOR_EVER = 1 << 60
"""A burst that does not end by itself, and the time of an event that never comes."""
WEIGHT = 1024
"""The weight of an ordinary thread: its virtual run time goes with the clock."""
MARKS = 24
"""Works that one burst can hold; `build` cuts longer ones."""

WORLD = _columns(
    "now order agenda events print_low print_high free_token used_tokens births goal served dirty last_dirty logged log_every "
    "room log_room seed_low seed_high layers batch batch_requests"
)
"""One row: the clock, the counters, the heads of the free lists, and which row of the series is being filled, up to how many requests."""

EVENT = _columns("time order kind who stamp")
"""`order` is class * 2**56 + creation number: events of one instant come by class, then by age."""

KERNEL = _columns(
    "layer first_cpu cpus balance slice tick tick_cost tick_exit switch waker wake_latency wake_table wake_stream wakee kick "
    "going_idle turn_back turn_back_table nudge kick_latency kicked"
)

CPU = _columns(
    "kernel owner power task irq turning last_task queue first_irq last_irq resched is_dirty next_dirty tick_set cold kicked "
    "tick_task stall_task stall_table stall_stream level state stamp charged_at frozen_until called ahead idle_at since stall_interval "
    "stall wakes idle_ns task_ns irq_ns lost_ns switches"
)
"""`owner` is the vCPU thread that makes a virtual CPU turn. `task` has the CPU, `irq` has interrupted it, `turning` is the one of them
that runs now. `called` counts the threads that wait for it to turn, `ahead` is run time that groups are charged with before the
scheduler's accounts are. idle_ns + task_ns + irq_ns + lost_ns is the time elapsed; lost is what the kernel below gave to others (steal)."""

TASK = _columns(
    "kind state phase cpu kernel role layer vcpu group first_allowed allowed token head tail next_irq mark batch_left queued "
    "batch trap_layer stamp since settled_at left overhead trapped debt trap_debt mark_left poll sleep spin spin_layer halt resume "
    "sleeping_ns runnable_ns running_ns waking_ns throttled_ns stolen_ns sleeps preemptions rounds worked_for watches"
)
"""A thread. `left` of its burst remains: first `overhead` of its kernel, then what it `trapped` into the kernel below, then its item's
marks. `debt` and `trap_debt` are added to the next burst."""

ENTITY = _columns("queue child cpu on_queue delayed next previous weight vruntime deadline lag protected")
"""What a run queue holds: row t is task t, the rows after the tasks are a group's on each CPU (`child` is its queue)."""

QUEUE = _columns("owner group cpu head tail count current throttled zero weights moment left throttled_at")
"""A run queue: of a CPU, or of a group on a CPU. `moment` is the sum of weight * (vruntime - zero) of all its entities."""

GROUP = _columns(
    "kernel parent first_queue first_entity weight quota period pool periods throttled_periods throttled_ns ran_ns was_throttled"
)

STEP = _columns("kind layer role station table stream next first_branch branches next_round stopwatch asleep_role visit cost bytes")
"""Steps of a plan stand in rows one after the other; `next` follows a fork, `visit` counts the uses of its operation before it.
`station` is a device (NumPy has taken that name for an attribute of its own, as it has `choose`)."""

TOKEN = _columns(
    "step client connection next parent pending branch role task marks orphan logged tries number born entered request stamp "
    "runnable_ns waking_ns throttled_ns stolen_ns"
)
"""A request, or a branch of one, at its step; -1 while its client thinks, and in a free row.
The last four are its thread's accounts when it entered the thread's queue."""

DEVICE = _columns("kind head tail table stream waiting places busy rate latency limit free_at bytes_in bytes_out bytes_lost busy_ns count")
"""A link, a disk or a pool. `rate` is bits a second of a link, bytes a second of a disk."""

CLIENT = _columns("kind connections first_step table stream who interval arrivals stamp next_at lead watcher")
"""`who` plus the connection names a client in every draw; it hangs on the client's name alone. `watcher` is the thread that wakes `lead`
before `next_at`, when an open loop's next request is due; -1 for none, and so is a thread's `watches`."""

ROLE = _columns("first count choice stream")
"""Threads of one name: `count` tasks from `first` on. `choose` BY_CONNECTION or FIRST_FREE."""

SERIES = _columns("requests latency_sum end")
"""A batch of served requests that came home one after the other, the last at `end`; see `books`."""

LOG = _columns("table kind start end request number step task cpu layer branch")
"""A record of the trace, of any of its tables; `tracing.Recorder` sorts them out."""


@dataclass(frozen=True, slots=True)
class Tables:
    """All state of one simulated machine. Compiled code gets one pointer, to the `directory` (see `jit_tables`)."""

    world: Array
    agenda: Array
    kernels: Array
    cpus: Array
    tasks: Array
    entities: Array
    queues: Array
    groups: Array
    steps: Array
    tokens: Array
    devices: Array
    clients: Array
    roles: Array
    log: Array
    series: Array
    quantiles: Array
    """(tables, POINTS + 1): quantile tables of mean 1, in units of 2**-20."""
    allowed: Array
    """Rows of CPUs that tasks may run on; a task has a stretch of it."""
    rows: Array
    """(tokens, MARKS + layers * KINDS): the marks of a token's burst, then its ledger."""
    layer_ns: Array
    """(layers): CPU time charged."""
    books: Array
    """(clients, columns): see `books`."""
    directory: Array = field(default_factory=lambda: np.zeros(0, np.int64))
    """(tables, 3): address, rows and columns of each of the above."""

    def __post_init__(self) -> None:
        tables = [getattr(self, name) for name in TABLE_NAMES]
        places = [(table.ctypes.data, len(table), table.shape[1] if table.ndim == 2 else 1) for table in tables]
        object.__setattr__(self, "directory", np.array(places, np.int64))

    @property
    def address(self) -> int:
        """Where the directory lies in memory; valid as long as this object lives."""
        return int(self.directory.ctypes.data)


TABLE_NAMES = tuple(one.name for one in fields(Tables) if one.name != "directory")
DTYPES = {
    "world": WORLD,
    "agenda": EVENT,
    "kernels": KERNEL,
    "cpus": CPU,
    "tasks": TASK,
    "entities": ENTITY,
    "queues": QUEUE,
    "groups": GROUP,
    "steps": STEP,
    "tokens": TOKEN,
    "devices": DEVICE,
    "clients": CLIENT,
    "roles": ROLE,
    "log": LOG,
    "series": SERIES,
}
"""The tables of named columns; the others are plain integers."""
PLAIN = {"quantiles": 2, "allowed": 1, "rows": 2, "layer_ns": 1, "books": 2}
"""The plain ones and their dimensions."""


# events: class, then kind; the class decides among events of one instant
(
    BURST_ENDED, CPU_UP, TICK, STALL, QUOTA_PERIOD, TIMER, DEVICE_DONE, BRANCH_BEGINS, ARRIVAL, AGAIN, DEADLINE, HOG_BEGINS, KICK, LOOK_OUT,
) = range(14)  # fmt: skip

# kinds of steps
WORK, TRANSFER, PAUSE, DISK, ACQUIRE, RELEASE, DETACH, FORK, JOIN, ARM, END, VANISH = range(12)
# kinds of threads
LOOP, INTERRUPT, HOG, VCPU = range(4)
# states of a thread, as in sim.trace.THREAD_STATES
SLEEPING, RUNNABLE, RUNNING, WAKING, THROTTLED, STOLEN = range(6)
# what the present burst of a thread is
NOTHING, ITEM, OVERHEAD, GOING_TO_SLEEP, SPINNING, COMPUTING, ENTERING, IN_GUEST, HALTING = range(9)
# power of a CPU: without work or core, coming up, turning
OFF, COMING, ON = range(3)
# the tick of a CPU: none to come, on the agenda, or due as soon as a virtual CPU that stands still turns again
NO_TICK, TICK_SET, TICK_MISSED = range(3)
# what a CPU's time goes to
CPU_IDLE, CPU_TASK, CPU_IRQ, CPU_LOST = range(4)
# devices
LINK, DISK_DEVICE, POOL = range(3)
# how a role chooses its thread
BY_CONNECTION, FIRST_FREE = range(2)
# clients
CLOSED, OPEN = range(2)
# kinds of spans, as in sim.trace
S_RUNNING, S_RUN_QUEUE, S_WAKING, S_STOLEN, S_THROTTLED, S_TURN, S_DEVICE, S_PLACE = range(8)
KINDS = 8
# outcomes of requests, as in sim.trace
IN_FLIGHT, SERVED, TIMED_OUT, LOST, REFUSED = range(5)
# tables of the log
LOG_SPAN, LOG_STINT, LOG_STATE, LOG_REQUEST = range(4)
# why `advance` came back
REACHED_LIMIT, REACHED_GOAL, NEEDS_ROOM, LOG_FULL, NOTHING_TO_DO, STILL_GOING = range(6)
