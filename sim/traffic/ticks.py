"""Ticks, interrupts that serve no request, and the balance of load between the CPUs of a kernel.

Balance is what matters to few CPUs: one that would go idle pulls a waiting thread, and the tick of a busy one pushes to an idle one.
Not modelled: scheduling domains, the periodic balance of unequal loads, NUMA.
"""

from __future__ import annotations

from cutaway.sim.traffic.cores import account, arm_tick, is_idle, mark_dirty
from cutaway.sim.traffic.fair import contended, enqueue, is_throttled_on
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import INTERRUPT, NO_TICK, ON, RUNNABLE, SLEEPING, TICK_MISSED, Tables
from cutaway.sim.traffic.wakeups import call_core, move, wake


@compiled
def tick(w: Tables, c: int) -> None:
    """The timer interrupt: accounts, slices and quotas are looked at, and an idle CPU is given a waiting thread."""
    cpu = w.cpus[c]
    cpu.tick_set = NO_TICK
    if cpu.task < 0 and cpu.irq < 0:
        return
    if cpu.power != ON:
        # a virtual CPU that stands still: its timer is due as soon as it turns
        cpu.tick_set = TICK_MISSED
        return
    account(w, c)
    kernel = w.kernels[cpu.kernel]
    if kernel.tick_cost > 0:
        if cpu.owner >= 0 and kernel.tick_exit > 0:
            interrupt = w.tasks[cpu.tick_task]
            interrupt.trap_debt += kernel.tick_exit
            interrupt.trap_layer = w.tasks[cpu.owner].layer
        interrupt_for(w, cpu.tick_task, kernel.tick_cost)
    push_to_idle(w, c)
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


# --- balance -------------------------------------------------------------------------------------------------------------------------


@compiled
def pull(w: Tables, c: int) -> bool:
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
def push_to_idle(w: Tables, c: int) -> None:
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
                call_core(w, t, other, -1, t - w.roles[w.tasks[t].role].first, w.world[0].now)
                return


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
