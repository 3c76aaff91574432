"""Wake-ups: how a sleeping thread gets its CPU's attention, what that costs the waker, and how long a halted CPU takes to come up.

A wake-up for a halted virtual CPU goes on one level below, at the vCPU's own thread.
"""

from __future__ import annotations

from cutaway.sim.traffic.agenda import put
from cutaway.sim.traffic.bursts import begin, settle
from cutaway.sim.traffic.cores import account, arm_tick, enter_guest, is_idle, mark_dirty, set_state
from cutaway.sim.traffic.draws import draw
from cutaway.sim.traffic.fair import dequeue, enqueue, preempts
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import (
    COMING,
    CPU_UP,
    INTERRUPT,
    KICK,
    NOTHING,
    ON,
    RUNNABLE,
    RUNNING,
    SLEEPING,
    SPINNING,
    STOLEN,
    THROTTLED,
    VCPU,
    WAKING,
    Tables,
)


@compiled
def wake(w: Tables, t: int, waker: int, who: int, number: int) -> None:
    """A sleeping thread gets work. `waker` is the thread that gave it (-1: hardware); (who, number) is the request, for the draw.

    On a halted virtual CPU the wake-up goes on below, at the vCPU's thread.
    """
    while True:
        task = w.tasks[t]
        stopped = False
        if task.kind == INTERRUPT:
            _queue_interrupt(w, t)
        else:
            _choose_cpu(w, t)
            account(w, task.cpu)
            stopped = enqueue(w, t)
        c = task.cpu
        cpu = w.cpus[c]
        if stopped:
            set_state(w, t, THROTTLED)
            return
        if cpu.owner < 0:
            call_core(w, t, c, waker, who, number)
            return
        if not call_virtual_cpu(w, t, c, waker):
            return
        t = cpu.owner


@compiled
def call_virtual_cpu(w: Tables, t: int, c: int, waker: int) -> bool:
    """Asks a virtual CPU to run this thread, now or as soon as it turns. Returns whether its own thread below sleeps and must be woken."""
    cpu = w.cpus[c]
    if cpu.power == ON:
        set_state(w, t, RUNNABLE)
        _ask(w, t, c, waker)
        return False
    task = w.tasks[t]
    owner = w.tasks[cpu.owner]
    _bill(w, waker, task.kernel, w.kernels[task.kernel].waker)
    lost = owner.state == RUNNABLE or owner.state == THROTTLED or owner.state == STOLEN
    set_state(w, t, STOLEN if lost else WAKING)
    cpu.called += 1
    if task.kind != INTERRUPT and cpu.task >= 0 and preempts(w, t):
        cpu.resched = 1
    if owner.phase == SPINNING:
        end_spin(w, cpu.owner)
        return False
    return bool(owner.state == SLEEPING)


@compiled
def _queue_interrupt(w: Tables, t: int) -> None:
    task = w.tasks[t]
    cpu = w.cpus[task.cpu]
    task.next_irq = -1
    if cpu.last_irq >= 0:
        w.tasks[cpu.last_irq].next_irq = t
    else:
        cpu.first_irq = t
    cpu.last_irq = t


@compiled
def call_core(w: Tables, t: int, c: int, waker: int, who: int, number: int) -> None:
    """A core that sleeps comes up after its latency; one that is awake is asked whether this thread may run at once."""
    cpu = w.cpus[c]
    kernel = w.kernels[cpu.kernel]
    if cpu.power == ON:
        set_state(w, t, RUNNABLE)
        _ask(w, t, c, waker)
        return
    set_state(w, t, WAKING)
    cpu.called += 1
    if cpu.power == COMING:
        return
    cpu.power = COMING
    cpu.wakes += 1
    if w.world[0].now < cpu.idle_at + kernel.going_idle:
        cpu.cold = 0
        up = cpu.idle_at + _wake_draw(w, t, kernel.turn_back, kernel.turn_back_table, who, number)
        _bill(w, waker, cpu.kernel, kernel.nudge)
    else:
        up = w.world[0].now + _wake_draw(w, t, kernel.wake_latency, kernel.wake_table, who, number)
        _bill(w, waker, cpu.kernel, kernel.waker)
    put(w, max(w.world[0].now, up, cpu.frozen_until), CPU_UP, c, 0)


@compiled
def _wake_draw(w: Tables, t: int, ns: int, table: int, who: int, number: int) -> int:
    """How long a wake-up takes this time: by the request that it is for and the thread that is woken."""
    world = w.world[0]
    role = w.tasks[t].role
    visit = w.roles[role].stream if role >= 0 else 0
    stream = w.kernels[w.tasks[t].kernel].wake_stream
    return draw(ns, table, w.quantiles, world.seed_low, world.seed_high, stream, who, number, visit)


@compiled
def _ask(w: Tables, t: int, c: int, waker: int) -> None:
    """The CPU is busy: an interrupt always gets it, a thread if the scheduler prefers it."""
    cpu = w.cpus[c]
    arm_tick(w, c)
    if w.tasks[t].kind == INTERRUPT:
        mark_dirty(w, c)
        return
    if cpu.task < 0 or cpu.resched:
        mark_dirty(w, c)
    elif preempts(w, t):
        if waker < 0 or w.tasks[waker].cpu == c:
            look_again_at(w, c)
            return
        kernel = w.kernels[cpu.kernel]
        _bill(w, waker, cpu.kernel, kernel.kick)
        put(w, w.world[0].now + kernel.kick_latency, KICK, c, 0)


@compiled
def look_again_at(w: Tables, c: int) -> None:
    """Somebody asks this CPU to choose anew."""
    w.cpus[c].resched = 1
    mark_dirty(w, c)


@compiled
def _bill(w: Tables, waker: int, kernel: int, ns: int) -> None:
    """The waker pays, in its own kernel's time or, from inside a guest, in the time of the kernel below that it trapped into."""
    if waker < 0 or ns == 0:
        return
    task = w.tasks[waker]
    if task.kernel == kernel:
        task.debt += ns
    elif w.cpus[task.cpu].level > w.cpus[w.kernels[kernel].first_cpu].level:
        task.trap_debt += ns
        task.trap_layer = w.kernels[kernel].layer


@compiled
def end_spin(w: Tables, t: int) -> None:
    """Polling has found something: the thread goes on at once, or when it has its CPU again."""
    task = w.tasks[t]
    turning = w.cpus[task.cpu].turning == t and task.state == RUNNING
    if turning:
        settle(w, t)
    task.phase, task.left, task.overhead = NOTHING, 0, 0
    task.stamp += 1
    if not turning:
        return
    if task.kind == VCPU:
        enter_guest(w, t)
    else:
        begin(w, t)


@compiled
def _choose_cpu(w: Tables, t: int) -> None:
    """Where a woken thread goes: where it last ran if that CPU is idle, else an idle one that it may use, else where it last ran.

    One that has never run goes where the fewest are, as a new thread does (select_task_rq_fair with SD_BALANCE_FORK).
    """
    task = w.tasks[t]
    if task.allowed <= 1 or not w.kernels[task.kernel].balance or is_idle(w, task.cpu):
        return
    for k in range(task.allowed):
        c = w.allowed[task.first_allowed + k]
        if is_idle(w, c):
            move(w, t, c)
            return
    if task.running_ns == 0:
        move(w, t, _least_crowded(w, t))


@compiled
def _least_crowded(w: Tables, t: int) -> int:
    """The first of the CPUs that a thread may use with the fewest threads awake on it."""
    task = w.tasks[t]
    best, fewest = task.cpu, len(w.tasks) + 1
    for k in range(task.allowed):
        c = w.allowed[task.first_allowed + k]
        awake = 0
        for other in range(len(w.tasks)):
            if other != t and w.tasks[other].cpu == c and w.tasks[other].state != SLEEPING and w.tasks[other].kind != INTERRUPT:
                awake += 1
        if awake < fewest:
            best, fewest = c, awake
    return best


@compiled
def move(w: Tables, t: int, c: int) -> None:
    """A thread that has no CPU now belongs to another one; its lag goes with it."""
    task = w.tasks[t]
    entity = w.entities[t]
    if task.cpu == c:
        return
    if entity.on_queue:
        late = entity.delayed
        dequeue(w, t, False)
        if late:
            entity.lag = min(entity.lag, 0)
    task.cpu = c
    entity.cpu = c
    if task.group >= 0:
        entity.queue = w.groups[task.group].first_queue + c - w.kernels[task.kernel].first_cpu
    else:
        entity.queue = w.cpus[c].queue
