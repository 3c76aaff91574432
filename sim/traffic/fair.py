"""Who runs next: Linux's fair scheduler, EEVDF, over a tree of run queues (kernel/sched/fair.c of Linux 6.18).

Each queue holds entities, tasks or whole groups, with weight, virtual run time and deadline. Eligible is who has had no more than its
share (the weighted average of virtual run times); of these the earliest deadline wins, and keeps the CPU until its slice is used
(RUN_TO_PARITY) as long as it stays eligible. Who sleeps keeps its lag; who sleeps in debt stays queued until the debt is gone
(DELAY_DEQUEUE). A group with a quota takes run time from its pool in slices and is throttled when the pool is empty.

Not modelled: nice levels beyond weights, custom slices, idle and real-time classes, load averages (a group's weight is split by the
weights queued now).
"""

from __future__ import annotations

from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import WEIGHT, Tables

BANDWIDTH_SLICE = 5_000_000
"""What a queue takes from its group's pool at once: sched_cfs_bandwidth_slice_us, 5 ms."""


@compiled
def average(w: Tables, q: int) -> int:
    """The virtual time of a queue: the weighted average of its entities' virtual run times."""
    queue = w.queues[q]
    if queue.weights > 0:
        shift = queue.moment // queue.weights
        queue.zero += shift
        queue.moment -= shift * queue.weights
    return queue.zero


@compiled
def _insert(w: Tables, e: int) -> None:
    entity = w.entities[e]
    queue = w.queues[entity.queue]
    entity.previous, entity.next = queue.tail, -1
    if queue.tail >= 0:
        w.entities[queue.tail].next = e
    else:
        queue.head = e
    queue.tail = e
    queue.count += 1
    queue.weights += entity.weight
    queue.moment += (entity.vruntime - queue.zero) * entity.weight
    entity.on_queue = 1


@compiled
def _remove(w: Tables, e: int) -> None:
    entity = w.entities[e]
    queue = w.queues[entity.queue]
    average(w, entity.queue)
    if entity.previous >= 0:
        w.entities[entity.previous].next = entity.next
    else:
        queue.head = entity.next
    if entity.next >= 0:
        w.entities[entity.next].previous = entity.previous
    else:
        queue.tail = entity.previous
    queue.count -= 1
    queue.weights -= entity.weight
    queue.moment -= (entity.vruntime - queue.zero) * entity.weight
    entity.on_queue = 0
    entity.delayed = 0


@compiled
def _slice_of(w: Tables, e: int) -> int:
    return w.kernels[w.cpus[w.entities[e].cpu].kernel].slice


@compiled
def _place(w: Tables, e: int) -> None:
    """Puts an entity where its lag says, made larger because its own arrival moves the average (place_entity)."""
    entity = w.entities[e]
    queue = w.queues[entity.queue]
    lag = entity.lag
    if queue.weights > 0:
        lag = lag * (queue.weights + entity.weight) // queue.weights
    entity.vruntime = average(w, entity.queue) - lag
    entity.deadline = entity.vruntime + _slice_of(w, e) * WEIGHT // entity.weight


@compiled
def _keep_lag(w: Tables, e: int) -> None:
    entity = w.entities[e]
    kernel = w.kernels[w.cpus[entity.cpu].kernel]
    limit = max(2 * kernel.slice, kernel.tick) * WEIGHT // entity.weight
    lag = average(w, entity.queue) - entity.vruntime
    entity.lag = min(max(lag, -limit), limit)


@compiled
def _eligible(w: Tables, e: int) -> bool:
    entity = w.entities[e]
    queue = w.queues[entity.queue]
    return (entity.vruntime - queue.zero) * queue.weights <= queue.moment


@compiled
def enqueue(w: Tables, e: int) -> bool:
    """An entity becomes runnable, and the groups above it with it. Returns whether a throttled group stops it on the way."""
    while True:
        entity = w.entities[e]
        if entity.delayed:
            _revive(w, e)
        elif not entity.on_queue:
            _place(w, e)
            _insert(w, e)
        queue = w.queues[entity.queue]
        if queue.owner < 0:
            return False
        _share_weight(w, queue.group)
        if queue.throttled:
            return True
        owner = w.entities[queue.owner]
        if owner.on_queue and not owner.delayed:
            _share_weights_above(w, queue.owner)
            return is_throttled(w, queue.owner)
        e = queue.owner


@compiled
def _revive(w: Tables, e: int) -> None:
    """Woken before its debt was gone: it goes on from there, without the credit if there is some by now (requeue_delayed_entity)."""
    entity = w.entities[e]
    _keep_lag(w, e)
    if entity.lag > 0:
        _remove(w, e)
        entity.lag = 0
        _place(w, e)
        _insert(w, e)
    entity.delayed = 0


@compiled
def dequeue(w: Tables, e: int, asleep: bool) -> None:
    """An entity leaves its queue, and an emptied group's entity the one above. In debt it stays, marked, if it only sleeps."""
    while True:
        entity = w.entities[e]
        if not entity.on_queue:
            return
        average(w, entity.queue)
        if asleep and not _eligible(w, e):
            entity.delayed = 1
            return
        _keep_lag(w, e)
        _remove(w, e)
        queue = w.queues[entity.queue]
        if queue.owner < 0:
            return
        _share_weight(w, queue.group)
        if queue.count > 0 or queue.throttled:
            _share_weights_above(w, queue.owner)
            return
        e = queue.owner


@compiled
def _choose(w: Tables, q: int) -> int:
    """The eligible entity with the earliest deadline; the current one while its slice protects it (pick_eevdf)."""
    queue = w.queues[q]
    if queue.count <= 1:
        return queue.head
    current = queue.current
    if (
        current >= 0
        and w.entities[current].on_queue
        and _eligible(w, current)
        and w.entities[current].vruntime < w.entities[current].protected
    ):
        return current
    best = -1
    least = queue.head
    e = queue.head
    while e >= 0:
        entity = w.entities[e]
        if _eligible(w, e) and (best < 0 or entity.deadline < w.entities[best].deadline):
            best = e
        if entity.vruntime < w.entities[least].vruntime:
            least = e
        e = entity.next
    return best if best >= 0 else least


@compiled
def pick(w: Tables, root: int) -> int:
    """The task that should run on the CPU of this root queue, -1 for none."""
    q = root
    while True:
        e = _choose(w, q)
        if e < 0:
            if q == root:
                return -1
            q = root
            continue
        entity = w.entities[e]
        if entity.delayed:
            # it slept in debt and has paid it off by waiting
            dequeue(w, e, False)
            entity.lag = min(entity.lag, 0)
            q = root
        elif entity.child < 0:
            return e
        else:
            q = entity.child


@compiled
def set_current(w: Tables, task: int) -> None:
    """The task gets its CPU: it and its groups are protected until their deadlines."""
    e = task
    while e >= 0:
        entity = w.entities[e]
        w.queues[entity.queue].current = e
        entity.protected = entity.deadline
        e = w.queues[entity.queue].owner


@compiled
def clear_current(w: Tables, task: int) -> None:
    """The task no longer has its CPU."""
    e = task
    while e >= 0:
        queue = w.queues[w.entities[e].queue]
        queue.current = -1
        e = queue.owner


@compiled
def preempts(w: Tables, task: int) -> bool:
    """Whether a woken task should have the CPU at once; compared where its branch meets the current task's."""
    e = task
    while e >= 0:
        queue = w.queues[w.entities[e].queue]
        if queue.current >= 0:
            if queue.current == e:
                return False
            average(w, w.entities[e].queue)
            return bool(_choose(w, w.entities[e].queue) == e)
        e = queue.owner
    return True


@compiled
def charge(w: Tables, task: int, ran: int) -> bool:
    """The current task has run: virtual time goes on, quota is used. Returns whether the scheduler should look again (update_curr)."""
    look = False
    e = task
    while e >= 0:
        entity = w.entities[e]
        queue = w.queues[entity.queue]
        step = ran * WEIGHT // entity.weight
        entity.vruntime += step
        queue.moment += step * entity.weight
        if entity.vruntime >= entity.deadline:
            entity.deadline = entity.vruntime + _slice_of(w, e) * WEIGHT // entity.weight
            look = look or queue.count > 1
        if queue.owner >= 0 and w.groups[queue.group].quota > 0:
            queue.left -= ran
            look = look or not refill(w, entity.queue)
        e = queue.owner
    return look


@compiled
def book_run(w: Tables, task: int, ran: int) -> None:
    """The groups above a task have run: for the reader only, the scheduler does not look at it."""
    g = w.tasks[task].group
    while g >= 0:
        w.groups[g].ran_ns += ran
        g = w.groups[g].parent


@compiled
def refill(w: Tables, q: int) -> bool:
    """Whether a queue with a quota may run, after taking from its group's pool if it has nothing left."""
    queue = w.queues[q]
    if queue.left > 0:
        return True
    group = w.groups[queue.group]
    amount = min(group.pool, BANDWIDTH_SLICE - queue.left)
    group.pool -= amount
    queue.left += amount
    return bool(queue.left > 0)


@compiled
def is_throttled(w: Tables, e: int) -> bool:
    """Whether a group on the way from this entity up has used its quota."""
    while e >= 0:
        queue = w.queues[w.entities[e].queue]
        if queue.throttled:
            return True
        e = queue.owner
    return False


@compiled
def is_throttled_on(w: Tables, task: int, c: int) -> bool:
    """Whether a group above this task has used its quota on another CPU, so that it must not go there (throttled_lb_pair)."""
    g = w.tasks[task].group
    first = w.kernels[w.tasks[task].kernel].first_cpu
    while g >= 0:
        if w.queues[w.groups[g].first_queue + c - first].throttled:
            return True
        g = w.groups[g].parent
    return False


@compiled
def contended(w: Tables, q: int) -> bool:
    """Whether more than one task is queued on a CPU: at its root, or in the one group that is there."""
    while True:
        queue = w.queues[q]
        if queue.count != 1:
            return bool(queue.count > 1)
        q = w.entities[queue.head].child
        if q < 0:
            return False


@compiled
def exhausted_queue(w: Tables, task: int) -> int:
    """The outermost queue above the task that must be throttled now, -1 for none."""
    found = -1
    e = task
    while e >= 0:
        q = w.entities[e].queue
        queue = w.queues[q]
        if queue.owner >= 0 and w.groups[queue.group].quota > 0 and queue.left <= 0 and not refill(w, q):
            found = q
        e = queue.owner
    return found


@compiled
def throttle(w: Tables, q: int) -> None:
    """A group leaves the run queue of one CPU until its pool is filled."""
    queue = w.queues[q]
    queue.throttled = 1
    queue.throttled_at = w.world[0].now
    w.groups[queue.group].was_throttled = 1
    dequeue(w, queue.owner, False)


@compiled
def unthrottle(w: Tables, q: int) -> None:
    """The group's entity comes back, if anything in it is runnable."""
    queue = w.queues[q]
    queue.throttled = 0
    w.groups[queue.group].throttled_ns += w.world[0].now - queue.throttled_at
    if queue.count > 0:
        enqueue(w, queue.owner)


@compiled
def _share_weight(w: Tables, g: int) -> None:
    """Splits a group's weight over the CPUs by the weight queued on each (calc_group_shares)."""
    group = w.groups[g]
    kernel = w.kernels[group.kernel]
    if kernel.cpus == 1:
        return
    total = 0
    for k in range(kernel.cpus):
        total += w.queues[group.first_queue + k].weights
    if total == 0:
        return
    for k in range(kernel.cpus):
        mine = w.queues[group.first_queue + k].weights
        if mine > 0:
            _reweight(w, group.first_entity + k, max(2, group.weight * mine // total))


@compiled
def _share_weights_above(w: Tables, e: int) -> None:
    """An entity's weight has changed, and so may the share of each group above it."""
    q = w.entities[e].queue
    while w.queues[q].owner >= 0:
        _share_weight(w, w.queues[q].group)
        q = w.entities[w.queues[q].owner].queue


@compiled
def _reweight(w: Tables, e: int, weight: int) -> None:
    """Another weight, the same lag: what the entity is owed does not change (reweight_entity)."""
    entity = w.entities[e]
    if entity.weight == weight:
        return
    if not entity.on_queue:
        entity.lag = entity.lag * entity.weight // weight
        entity.weight = weight
        return
    virtual = average(w, entity.queue)
    queue = w.queues[entity.queue]
    old = entity.weight
    queue.weights += weight - old
    queue.moment -= (entity.vruntime - queue.zero) * old
    entity.deadline = virtual + (entity.deadline - entity.vruntime) * old // weight - (virtual - entity.vruntime) * old // weight
    entity.protected = virtual + (entity.protected - virtual) * old // weight
    entity.vruntime = virtual - (virtual - entity.vruntime) * old // weight
    queue.moment += (entity.vruntime - queue.zero) * weight
    entity.weight = weight
