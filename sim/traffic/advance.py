"""One event after the other. The two functions here are all that is called from outside the compiled engine."""

from __future__ import annotations

from cutaway.sim.traffic.agenda import drop_first, put
from cutaway.sim.traffic.bursts import begin, polled_in_vain, settle
from cutaway.sim.traffic.choice import give_up, quota_period, reschedule
from cutaway.sim.traffic.cores import book_ahead, called_wait, enter_guest, entered_guest, has_work, mark_dirty, set_cpu_state, set_state
from cutaway.sim.traffic.draws import draw
from cutaway.sim.traffic.jit import compiled, compiled_and_kept
from cutaway.sim.traffic.tables import (
    AGAIN,
    ARRIVAL,
    BRANCH_BEGINS,
    BURST_ENDED,
    CPU_UP,
    DEADLINE,
    DEVICE_DONE,
    ENTERING,
    HALTING,
    HOG_BEGINS,
    IN_GUEST,
    ITEM,
    KICK,
    LOG_FULL,
    LOOK_OUT,
    NEEDS_ROOM,
    NOTHING,
    NOTHING_TO_DO,
    ON,
    QUOTA_PERIOD,
    REACHED_GOAL,
    REACHED_LIMIT,
    SLEEPING,
    SPINNING,
    STALL,
    STILL_GOING,
    TICK,
    TIMER,
    VCPU,
    Tables,
)
from cutaway.sim.traffic.ticks import interrupt_for, tick
from cutaway.sim.traffic.wakeups import look_again_at, wake
from cutaway.sim.traffic.walk import again, arrival, deadline, device_done, enter, look_out, timer

_EVENTS_A_TURN = 1 << 20
_PRIME_LOW, _PRIME_HIGH = 16777619, 19349663
_WORD = 0xFFFFFFFF


@compiled
def _burst_ended(w: Tables, t: int) -> None:
    """The thread has done what it set out to do: its request goes on, and then the thread does."""
    settle(w, t)
    task = w.tasks[t]
    phase = task.phase
    if task.kind == VCPU:
        _vcpu_burst_ended(w, t, phase)
        return
    if phase == ITEM:
        i = task.token
        task.token, task.phase = -1, NOTHING
        w.tokens[i].step += w.tokens[i].marks
        enter(w, i, t)
    elif phase == SPINNING:
        if not polled_in_vain(w, t):
            give_up(w, t)
        return
    if not begin(w, t):
        give_up(w, t)


@compiled
def _vcpu_burst_ended(w: Tables, t: int, phase: int) -> None:
    """KVM's part of a vCPU thread: into the guest; or after its halt, back into it, polling, or asleep."""
    task = w.tasks[t]
    if phase == ENTERING or phase == IN_GUEST:
        entered_guest(w, t)
    elif has_work(w, task.vcpu):
        enter_guest(w, t)
    elif phase == HALTING and task.spin > 0:
        _begin_polling(w, t)
    else:
        give_up(w, t)


@compiled
def _begin_polling(w: Tables, t: int) -> None:
    """KVM's halt polling: the thread looks for an interrupt before it gives the core away."""
    task = w.tasks[t]
    task.phase, task.left = SPINNING, task.spin
    task.settled_at = w.world[0].now
    task.stamp += 1
    put(w, w.world[0].now + task.spin, BURST_ENDED, t, task.stamp)


@compiled
def _stall(w: Tables, c: int) -> None:
    """Something below takes the core away without a word; the next time is drawn. The first event only draws."""
    cpu = w.cpus[c]
    world = w.world[0]
    first = cpu.stamp == 0
    cpu.stamp += 1
    gap = draw(cpu.stall_interval, 0, w.quantiles, world.seed_low, world.seed_high, cpu.stall_stream, 0, cpu.stamp, 0)
    put(w, world.now + gap, STALL, c, 0)
    ns = draw(cpu.stall, cpu.stall_table, w.quantiles, world.seed_low, world.seed_high, cpu.stall_stream, 0, cpu.stamp, 1)
    if first:
        return
    if cpu.power == ON:
        interrupt_for(w, cpu.stall_task, ns)
    else:
        cpu.frozen_until = max(cpu.frozen_until, world.now + ns)


@compiled
def _core_up(w: Tables, c: int) -> None:
    cpu = w.cpus[c]
    cpu.power = ON
    called_wait(w, c)
    mark_dirty(w, c)


@compiled
def _happen(w: Tables, kind: int, who: int, stamp: int) -> None:
    if kind == BURST_ENDED:
        if w.tasks[who].stamp == stamp:
            _burst_ended(w, who)
    elif kind == CPU_UP:
        _core_up(w, who)
    elif kind == TICK:
        tick(w, who)
    elif kind == STALL:
        _stall(w, who)
    elif kind == QUOTA_PERIOD:
        quota_period(w, who)
        put(w, w.world[0].now + w.groups[who].period, QUOTA_PERIOD, who, 0)
    elif kind == ARRIVAL:
        if w.clients[who].stamp == stamp:
            arrival(w, who)
    elif kind == KICK:
        # a CPU that has gone idle meanwhile has nobody to interrupt
        if w.cpus[who].task >= 0:
            w.cpus[who].kicked = 1
            look_again_at(w, who)
    elif kind == LOOK_OUT:
        if w.clients[who].stamp == stamp:
            look_out(w, who)
    elif kind == HOG_BEGINS:
        if w.tasks[who].state == SLEEPING:
            wake(w, who, -1, who - w.roles[w.tasks[who].role].first, w.world[0].now)
    elif w.tokens[who].stamp == stamp:
        if kind == DEVICE_DONE:
            device_done(w, who)
        elif kind == TIMER:
            timer(w, who)
        elif kind == AGAIN:
            again(w, who)
        elif kind == BRANCH_BEGINS:
            enter(w, who, -1)
        elif kind == DEADLINE:
            deadline(w, who)


@compiled
def _tidy(w: Tables) -> None:
    """Reschedules every CPU that the last event has touched, in the order of being touched."""
    world = w.world[0]
    while world.dirty >= 0:
        c = world.dirty
        cpu = w.cpus[c]
        world.dirty = cpu.next_dirty
        if world.dirty < 0:
            world.last_dirty = -1
        cpu.is_dirty, cpu.next_dirty = 0, -1
        reschedule(w, c)


@compiled_and_kept
def advance(w: Tables, limit: int) -> int:
    """Lets happen all that comes before `limit` (ns); returns why it came back.

    On REACHED_LIMIT the clock stands at the limit, and events of that very instant are still to come. On STILL_GOING it wants to be
    called again: compiled code hears no signal, so it gives Python a turn now and then.
    """
    world = w.world[0]
    turn_ends = world.events + _EVENTS_A_TURN
    while True:
        _tidy(w)
        if world.served >= world.goal:
            return REACHED_GOAL
        if world.agenda == 0:
            return NOTHING_TO_DO
        if world.agenda + world.room > len(w.agenda) or world.used_tokens + world.room > len(w.tokens):
            return NEEDS_ROOM
        if world.log_every > 0 and world.logged + world.log_room > len(w.log):
            return LOG_FULL
        if world.events >= turn_ends:
            return STILL_GOING
        event = w.agenda[0]
        time, order, kind, who, stamp = event.time, event.order, event.kind, event.who, event.stamp
        if time >= limit:
            world.now = limit
            return REACHED_LIMIT
        drop_first(w)
        world.now = time
        world.events += 1
        world.print_low = ((world.print_low ^ (time & _WORD) ^ (kind << 8) ^ who) * _PRIME_LOW) & _WORD
        world.print_high = ((world.print_high ^ (order & _WORD) ^ (time >> 32)) * _PRIME_HIGH) & _WORD
        _happen(w, kind, who, stamp)


@compiled_and_kept
def settle_all(w: Tables) -> None:
    """Brings every account up to now: what runs is charged, and each thread's and CPU's present state is added to its time."""
    for c in range(len(w.cpus)):
        book_ahead(w, c)
        t = w.cpus[c].turning
        if w.cpus[c].power == ON and t >= 0:
            task = w.tasks[t]
            if task.phase != IN_GUEST or task.left > 0:
                settle(w, t)
        set_cpu_state(w, c, w.cpus[c].state)
    for t in range(len(w.tasks)):
        set_state(w, t, w.tasks[t].state)
