"""CPUs: what turns on them, interrupts, wake-ups, and virtual CPUs, which are a thread below and a CPU above.

Nothing here recurses. A change that may alter what a CPU should run marks it dirty, and `advance` reschedules dirty CPUs before the next
event. The task that `turns` on a virtual CPU does so only while the vCPU thread below turns; stopping that one freezes all above it.
"""

from __future__ import annotations

from cutaway.sim.traffic.agenda import put
from cutaway.sim.traffic.books import note_state
from cutaway.sim.traffic.bursts import add_overhead, begin, note_interrupted, settle, start
from cutaway.sim.traffic.draws import draw
from cutaway.sim.traffic.fair import (
    book_run,
    charge,
    clear_current,
    contended,
    dequeue,
    enqueue,
    exhausted_queue,
    is_throttled,
    is_throttled_on,
    pick,
    preempts,
    set_current,
    throttle,
    unthrottle,
)
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import (
    COMING,
    CPU_IDLE,
    CPU_IRQ,
    CPU_LOST,
    CPU_TASK,
    CPU_UP,
    ENTERING,
    HALTING,
    IN_GUEST,
    INTERRUPT,
    KICK,
    LOG_STATE,
    LOG_STINT,
    NOTHING,
    OFF,
    ON,
    RUNNABLE,
    RUNNING,
    SLEEPING,
    SPINNING,
    STOLEN,
    THROTTLED,
    TICK,
    VCPU,
    WAKING,
    Tables,
)

MISSED = 2
"""`tick_set` of a virtual CPU that stood still when its tick was due."""


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


# --- stop and go -------------------------------------------------------------------------------------------------------------------


@compiled
def _run(w: Tables, c: int, t: int) -> None:
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
        if cpu.tick_set == MISSED:
            cpu.tick_set = 1
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
def _stop(w: Tables, c: int, state: int) -> None:
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


# --- wake-ups ----------------------------------------------------------------------------------------------------------------------


@compiled
def has_work(w: Tables, c: int) -> bool:
    """Whether a CPU has something to run."""
    cpu = w.cpus[c]
    return bool(cpu.turning >= 0 or cpu.first_irq >= 0 or cpu.task >= 0 or pick(w, cpu.queue) >= 0)


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
            _call_core(w, t, c, waker, who, number)
            return
        if not _call_virtual_cpu(w, t, c, waker):
            return
        t = cpu.owner


@compiled
def _call_virtual_cpu(w: Tables, t: int, c: int, waker: int) -> bool:
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
def _call_core(w: Tables, t: int, c: int, waker: int, who: int, number: int) -> None:
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
    """Where a woken thread goes: where it last ran if that CPU is idle, else an idle one that it may use, else where it last ran."""
    task = w.tasks[t]
    if task.allowed <= 1 or not w.kernels[task.kernel].balance or is_idle(w, task.cpu):
        return
    for k in range(task.allowed):
        c = w.allowed[task.first_allowed + k]
        if is_idle(w, c):
            move(w, t, c)
            return


@compiled
def is_idle(w: Tables, c: int) -> bool:
    """No task has this CPU or waits for it."""
    cpu = w.cpus[c]
    return bool(cpu.task < 0 and w.queues[cpu.queue].count == 0)


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


# --- the choice --------------------------------------------------------------------------------------------------------------------


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
            _run(w, c, cpu.task)
        return
    _dispatch(w, c)


@compiled
def _interrupt(w: Tables, c: int) -> None:
    cpu = w.cpus[c]
    _stop(w, c, RUNNABLE)
    t = cpu.first_irq
    cpu.first_irq = w.tasks[t].next_irq
    if cpu.first_irq < 0:
        cpu.last_irq = -1
    cpu.irq = t
    _pay_wakeup(w, c, t)
    arm_tick(w, c)
    _run(w, c, t)


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
        _stop(w, c, RUNNABLE)
    clear_current(w, t)
    w.tasks[t].preemptions += 1
    cpu.task = -1
    if q >= 0:
        _throttle(w, c, q)


@compiled
def _throttle(w: Tables, c: int, q: int) -> None:
    throttle(w, q)
    for t in range(len(w.tasks)):
        task = w.tasks[t]
        waits = task.state == RUNNABLE or task.state == WAKING
        if task.cpu == c and waits and task.kind != INTERRUPT and is_throttled(w, t):
            set_state(w, t, THROTTLED)


@compiled
def _dispatch(w: Tables, c: int) -> None:
    """Gives a free CPU to a task, one of another CPU's if need be."""
    cpu = w.cpus[c]
    cpu.resched = 0
    while True:
        t = pick(w, cpu.queue)
        if t < 0 and _pull(w, c):
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
    _run(w, c, t)


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
            _call_core(w, t, c, -1, who, w.world[0].now)
        elif _call_virtual_cpu(w, t, c, -1):
            wake(w, w.cpus[c].owner, -1, who, w.world[0].now)


# --- ticks and balance -------------------------------------------------------------------------------------------------------------


@compiled
def arm_tick(w: Tables, c: int) -> None:
    """The next tick of a busy CPU, at a whole multiple of the tick; an idle CPU has none."""
    cpu = w.cpus[c]
    tick = w.kernels[cpu.kernel].tick
    if cpu.tick_set or tick == 0:
        return
    cpu.tick_set = 1
    put(w, (w.world[0].now // tick + 1) * tick, TICK, c, 0)


@compiled
def tick(w: Tables, c: int) -> None:
    """The timer interrupt: accounts, slices and quotas are looked at, and an idle CPU is given a waiting thread."""
    cpu = w.cpus[c]
    cpu.tick_set = 0
    if cpu.task < 0 and cpu.irq < 0:
        return
    if cpu.power != ON:
        # a virtual CPU that stands still: its timer is due as soon as it turns
        cpu.tick_set = MISSED
        return
    account(w, c)
    cost = w.kernels[cpu.kernel].tick_cost
    if cost > 0:
        interrupt_for(w, cpu.tick_task, cost)
    _push_to_idle(w, c)
    arm_tick(w, c)
    mark_dirty(w, c)


@compiled
def interrupt_for(w: Tables, t: int, ns: int) -> None:
    """Takes this CPU for so long, by an interrupt that serves no request (a tick, a stall)."""
    if ns <= 0:
        return
    w.tasks[t].debt += ns
    if w.tasks[t].state == SLEEPING:
        wake(w, t, -1, 0, 0)


@compiled
def _waiting_on(w: Tables, c: int, other: int) -> int:
    """The thread that has waited longest on CPU `c` and may run on `other`, -1 for none."""
    best = -1
    for t in range(len(w.tasks)):
        task = w.tasks[t]
        if task.cpu == c and task.state == RUNNABLE and task.kind != INTERRUPT and w.cpus[c].task != t and task.allowed > 1:
            for k in range(task.allowed):
                if w.allowed[task.first_allowed + k] != other or is_throttled_on(w, t, other):
                    continue
                if best < 0 or task.since < w.tasks[best].since:
                    best = t
    return best


@compiled
def _pull(w: Tables, c: int) -> bool:
    """A CPU that would go idle takes a thread that waits elsewhere (newidle balance)."""
    kernel = w.kernels[w.cpus[c].kernel]
    if not kernel.balance or kernel.cpus == 1:
        return False
    for k in range(kernel.cpus):
        other = kernel.first_cpu + k
        if other != c and contended(w, w.cpus[other].queue):
            t = _waiting_on(w, other, c)
            if t >= 0:
                move(w, t, c)
                enqueue(w, t)
                return True
    return False


@compiled
def _push_to_idle(w: Tables, c: int) -> None:
    """At the tick of a CPU with waiting threads, an idle CPU that could run one is woken for it (nohz balance)."""
    kernel = w.kernels[w.cpus[c].kernel]
    if not kernel.balance or kernel.cpus == 1 or not contended(w, w.cpus[c].queue):
        return
    for k in range(kernel.cpus):
        other = kernel.first_cpu + k
        if other != c and is_idle(w, other) and w.cpus[other].owner < 0:
            t = _waiting_on(w, c, other)
            if t >= 0:
                move(w, t, other)
                enqueue(w, t)
                _call_core(w, t, other, -1, t - w.roles[w.tasks[t].role].first, w.world[0].now)
                return
