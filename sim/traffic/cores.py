"""CPUs: what turns on them, whose time it is, and virtual CPUs, which are a thread below and a CPU above.

Nothing here recurses. A change that may alter what a CPU should run marks it dirty, and `advance` reschedules dirty CPUs before the next
event. The task that `turns` on a virtual CPU does so only while the vCPU thread below turns; stopping that one freezes all above it.
Read next: wakeups.py, ticks.py, choice.py.
"""

from __future__ import annotations

from cutaway.sim.traffic.agenda import put
from cutaway.sim.traffic.books import note_state
from cutaway.sim.traffic.bursts import begin, note_interrupted, settle, start
from cutaway.sim.traffic.fair import book_run, charge, pick
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import (
    CPU_IDLE,
    CPU_IRQ,
    CPU_LOST,
    CPU_TASK,
    ENTERING,
    IN_GUEST,
    INTERRUPT,
    LOG_STATE,
    LOG_STINT,
    NO_TICK,
    NOTHING,
    OFF,
    ON,
    RUNNABLE,
    RUNNING,
    SLEEPING,
    STOLEN,
    THROTTLED,
    TICK,
    TICK_MISSED,
    TICK_SET,
    VCPU,
    WAKING,
    Tables,
)


@compiled
def mark_dirty(w: Tables, c: int) -> None:
    """This CPU must be looked at before the next event."""
    cpu = w.cpus[c]
    if cpu.is_dirty:
        return
    world = w.world[0]
    cpu.is_dirty, cpu.next_dirty = 1, -1
    if world.last_dirty >= 0:
        w.cpus[world.last_dirty].next_dirty = c
    else:
        world.dirty = c
    world.last_dirty = c


@compiled
def set_state(w: Tables, t: int, state: int) -> None:
    """The thread's time goes to another account from now on, and the stretch that ended into the log."""
    task = w.tasks[t]
    now = w.world[0].now
    begun, old = task.since, task.state
    if old == SLEEPING:
        task.sleeping_ns += now - begun
    elif old == RUNNING:
        task.running_ns += now - begun
        note_state(w, t, old, begun, now, task.cpu, LOG_STINT, task.worked_for)
    else:
        note_state(w, t, old, begun, now, task.cpu, LOG_STATE, -1)
        note_interrupted(w, t, old, begun)
        if old == RUNNABLE:
            task.runnable_ns += now - begun
        elif old == WAKING:
            task.waking_ns += now - begun
        elif old == THROTTLED:
            task.throttled_ns += now - begun
        else:
            task.stolen_ns += now - begun
    task.state, task.since = state, now


@compiled
def set_cpu_state(w: Tables, c: int, state: int) -> None:
    """The CPU's time goes to another account from now on."""
    cpu = w.cpus[c]
    gone = w.world[0].now - cpu.since
    if cpu.state == CPU_IDLE:
        cpu.idle_ns += gone
    elif cpu.state == CPU_TASK:
        cpu.task_ns += gone
    elif cpu.state == CPU_IRQ:
        cpu.irq_ns += gone
    else:
        cpu.lost_ns += gone
    cpu.state, cpu.since = state, w.world[0].now


@compiled
def account(w: Tables, c: int) -> None:
    """Brings the scheduler's accounts of the current task up to now; may ask for a new choice."""
    cpu = w.cpus[c]
    now = w.world[0].now
    if cpu.task >= 0 and cpu.turning == cpu.task and cpu.power == ON:
        ran = now - cpu.charged_at
        if ran > 0:
            book_run(w, cpu.task, ran - cpu.ahead)
            if charge(w, cpu.task, ran):
                cpu.resched = 1
    cpu.charged_at, cpu.ahead = now, 0


@compiled
def book_ahead(w: Tables, c: int) -> None:
    """Charges the groups of the current task up to now and leaves the scheduler's accounts alone: who only looks changes nothing."""
    cpu = w.cpus[c]
    if cpu.task >= 0 and cpu.turning == cpu.task and cpu.power == ON:
        ran = w.world[0].now - cpu.charged_at
        book_run(w, cpu.task, ran - cpu.ahead)
        cpu.ahead = ran


# --- stop and go ---------------------------------------------------------------------------------------------------------------------


@compiled
def run(w: Tables, c: int, t: int) -> None:
    """The task turns on this CPU from now on. It has something to do: a burst, or a guest."""
    cpu = w.cpus[c]
    cpu.turning = t
    cpu.charged_at = w.world[0].now
    set_cpu_state(w, c, CPU_IRQ if w.tasks[t].kind == INTERRUPT else CPU_TASK)
    set_state(w, t, RUNNING)
    task = w.tasks[t]
    if task.phase == IN_GUEST and task.left == 0:
        _power_on(w, task.vcpu)
    elif task.phase != NOTHING:
        start(w, t)
    elif task.kind == VCPU:
        enter_guest(w, t)
    else:
        begin(w, t)


@compiled
def called_wait(w: Tables, c: int) -> None:
    """The CPU turns: who was called to it waits in its run queue from now on, unless there is only one, which runs at once."""
    cpu = w.cpus[c]
    called, cpu.called = cpu.called, 0
    if called == 0 or (called == 1 and cpu.turning < 0):
        return
    for t in range(len(w.tasks)):
        task = w.tasks[t]
        if task.cpu == c and (task.state == WAKING or task.state == STOLEN) and t != cpu.turning:
            set_state(w, t, RUNNABLE)


@compiled
def _power_on(w: Tables, c: int) -> None:
    """A virtual CPU turns again, and what it was doing goes on; a level above likewise."""
    while True:
        cpu = w.cpus[c]
        cpu.power = ON
        cpu.charged_at = w.world[0].now
        called_wait(w, c)
        if cpu.tick_set == TICK_MISSED:
            cpu.tick_set = TICK_SET
            put(w, w.world[0].now, TICK, c, 0)
        mark_dirty(w, c)
        t = cpu.turning
        if t < 0:
            set_cpu_state(w, c, CPU_TASK)
            return
        task = w.tasks[t]
        set_cpu_state(w, c, CPU_IRQ if task.kind == INTERRUPT else CPU_TASK)
        set_state(w, t, RUNNING)
        if task.phase != IN_GUEST or task.left > 0:
            start(w, t)
            return
        c = task.vcpu


@compiled
def _freeze(w: Tables, t: int) -> None:
    """The task loses its CPU: what it has run is charged, and a whole guest stands still with it."""
    while True:
        task = w.tasks[t]
        if task.phase != IN_GUEST or w.cpus[task.vcpu].power != ON:
            settle(w, t)
            task.stamp += 1
            return
        c = task.vcpu
        account(w, c)
        guest = w.cpus[c]
        guest.power = OFF
        set_cpu_state(w, c, CPU_LOST)
        t = guest.turning
        if t < 0:
            return
        set_state(w, t, STOLEN)


@compiled
def stop(w: Tables, c: int, state: int) -> None:
    """What turns on this CPU stops, and waits in `state`."""
    cpu = w.cpus[c]
    t = cpu.turning
    if t < 0:
        return
    account(w, c)
    _freeze(w, t)
    cpu.turning = -1
    set_state(w, t, state)


@compiled
def enter_guest(w: Tables, t: int) -> None:
    """A vCPU thread that has its core goes into the guest, by way of the entry and what it owes."""
    task = w.tasks[t]
    task.phase = ENTERING
    task.overhead, task.debt = task.debt + task.resume, 0
    task.left = task.overhead
    start(w, t)


@compiled
def entered_guest(w: Tables, t: int) -> None:
    """The entry is done: the guest's CPU turns."""
    task = w.tasks[t]
    task.phase = IN_GUEST
    task.left = 0
    _power_on(w, task.vcpu)


@compiled
def has_work(w: Tables, c: int) -> bool:
    """Whether a CPU has something to run."""
    cpu = w.cpus[c]
    return bool(cpu.turning >= 0 or cpu.first_irq >= 0 or cpu.task >= 0 or pick(w, cpu.queue) >= 0)


@compiled
def is_idle(w: Tables, c: int) -> bool:
    """No task has this CPU or waits for it."""
    cpu = w.cpus[c]
    return bool(cpu.task < 0 and w.queues[cpu.queue].count == 0)


# --- ticks ---------------------------------------------------------------------------------------------------------------------------


@compiled
def arm_tick(w: Tables, c: int) -> None:
    """The next tick of a busy CPU, at a whole multiple of the tick; an idle CPU has none."""
    cpu = w.cpus[c]
    tick = w.kernels[cpu.kernel].tick
    if cpu.tick_set != NO_TICK or tick == 0:
        return
    cpu.tick_set = TICK_SET
    put(w, (w.world[0].now // tick + 1) * tick, TICK, c, 0)
