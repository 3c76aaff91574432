"""The choice of what a CPU runs next: interrupts first, then the task that the scheduler picks, within its groups' quotas."""

from __future__ import annotations

from cutaway.sim.traffic.bursts import add_overhead, start
from cutaway.sim.traffic.cores import account, arm_tick, mark_dirty, run, set_cpu_state, set_state, stop
from cutaway.sim.traffic.fair import clear_current, dequeue, exhausted_queue, is_throttled, pick, set_current, throttle, unthrottle
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import CPU_IDLE, HALTING, INTERRUPT, NOTHING, OFF, ON, RUNNABLE, SLEEPING, THROTTLED, WAKING, Tables
from cutaway.sim.traffic.ticks import pull
from cutaway.sim.traffic.wakeups import call_core, call_virtual_cpu, wake


@compiled
def reschedule(w: Tables, c: int) -> None:
    """Makes a CPU run what it should: interrupts, then the task that the scheduler picks, else nothing."""
    cpu = w.cpus[c]
    if cpu.power != ON or cpu.irq >= 0:
        return
    if cpu.first_irq >= 0:
        _interrupt(w, c)
        return
    if cpu.task >= 0 and cpu.resched:
        _look_again(w, c)
    if cpu.task >= 0:
        cpu.resched = 0
        if cpu.turning < 0:
            run(w, c, cpu.task)
        return
    _dispatch(w, c)


@compiled
def _interrupt(w: Tables, c: int) -> None:
    cpu = w.cpus[c]
    stop(w, c, RUNNABLE)
    t = cpu.first_irq
    cpu.first_irq = w.tasks[t].next_irq
    if cpu.first_irq < 0:
        cpu.last_irq = -1
    cpu.irq = t
    _pay_wakeup(w, c, t)
    arm_tick(w, c)
    run(w, c, t)


@compiled
def _pay_wakeup(w: Tables, c: int, t: int) -> None:
    """What waking costs the first to run after it: after a halt, or after an interrupt that took the CPU from another."""
    cpu = w.cpus[c]
    if cpu.cold:
        cpu.cold = 0
        add_overhead(w, t, w.kernels[cpu.kernel].wakee)
    if cpu.kicked:
        cpu.kicked = 0
        add_overhead(w, t, w.kernels[cpu.kernel].kicked)


@compiled
def _look_again(w: Tables, c: int) -> None:
    """Whether the current task keeps its CPU: not without quota, and not if another is due."""
    cpu = w.cpus[c]
    account(w, c)
    t = cpu.task
    q = exhausted_queue(w, t)
    if q < 0 and pick(w, cpu.queue) == t:
        clear_current(w, t)
        set_current(w, t)
        cpu.kicked = 0
        return
    if cpu.turning == t:
        stop(w, c, RUNNABLE)
    clear_current(w, t)
    w.tasks[t].preemptions += 1
    cpu.task = -1
    if q >= 0:
        _throttle(w, c, q)


@compiled
def _dispatch(w: Tables, c: int) -> None:
    """Gives a free CPU to a task, one of another CPU's if need be."""
    cpu = w.cpus[c]
    cpu.resched = 0
    while True:
        t = pick(w, cpu.queue)
        if t < 0 and pull(w, c):
            t = pick(w, cpu.queue)
        if t < 0:
            _go_idle(w, c)
            return
        q = exhausted_queue(w, t)
        if q < 0:
            break
        _throttle(w, c, q)
    cpu.task = t
    set_current(w, t)
    if cpu.last_task != t:
        cpu.switches += 1
        add_overhead(w, t, w.kernels[cpu.kernel].switch)
    cpu.last_task = t
    _pay_wakeup(w, c, t)
    arm_tick(w, c)
    run(w, c, t)


@compiled
def _go_idle(w: Tables, c: int) -> None:
    """Nothing to run: a core halts, a virtual CPU's halt is an exit of its thread below."""
    cpu = w.cpus[c]
    cpu.power = OFF
    cpu.cold = 1
    cpu.idle_at = w.world[0].now
    set_cpu_state(w, c, CPU_IDLE)
    if cpu.owner >= 0:
        owner = w.tasks[cpu.owner]
        owner.phase = HALTING
        owner.overhead = owner.halt
        owner.left = owner.halt
        start(w, cpu.owner)


@compiled
def give_up(w: Tables, t: int) -> None:
    """The running thread has nothing left to do: it sleeps, and its CPU looks for another."""
    task = w.tasks[t]
    c = task.cpu
    cpu = w.cpus[c]
    account(w, c)
    task.phase, task.left = NOTHING, 0
    task.sleeps += 1
    cpu.turning = -1
    if task.kind == INTERRUPT:
        cpu.irq = -1
    else:
        clear_current(w, t)
        cpu.task = -1
        dequeue(w, t, True)
    set_state(w, t, SLEEPING)
    mark_dirty(w, c)


# --- quota ---------------------------------------------------------------------------------------------------------------------------


@compiled
def _throttle(w: Tables, c: int, q: int) -> None:
    throttle(w, q)
    for t in range(len(w.tasks)):
        task = w.tasks[t]
        waits = task.state == RUNNABLE or task.state == WAKING
        if task.cpu == c and waits and task.kind != INTERRUPT and is_throttled(w, t):
            set_state(w, t, THROTTLED)


@compiled
def quota_period(w: Tables, g: int) -> None:
    """A new period: the group's pool is full again, and its throttled queues come back as far as it reaches."""
    group = w.groups[g]
    if group.was_throttled or group.pool < group.quota:
        group.periods += 1
        group.throttled_periods += group.was_throttled
    group.was_throttled = 0
    group.pool = group.quota
    for k in range(w.kernels[group.kernel].cpus):
        q = group.first_queue + k
        queue = w.queues[q]
        if not queue.throttled:
            continue
        group.was_throttled = 1
        amount = min(group.pool, 1 - queue.left)
        group.pool -= amount
        queue.left += amount
        if queue.left > 0:
            unthrottle(w, q)
            _return_threads(w, queue.cpu)


@compiled
def _return_threads(w: Tables, c: int) -> None:
    """Threads that no throttled group holds any more wait for their CPU again, which is called if it sleeps."""
    for t in range(len(w.tasks)):
        task = w.tasks[t]
        if task.state != THROTTLED or task.cpu != c or is_throttled(w, t):
            continue
        who = t - w.roles[task.role].first
        if w.cpus[c].owner < 0:
            call_core(w, t, c, -1, who, w.world[0].now)
        elif call_virtual_cpu(w, t, c, -1):
            wake(w, w.cpus[c].owner, -1, who, w.world[0].now)
