"""What a thread does with its CPU: bursts of work for its requests, and the overhead between them.

A burst is overhead first (a switch, a round of the event loop, the price of waking others), then the works of one request one after the
other. `settle` charges what has run, to the nanosecond and in this order, whenever a burst ends or stops on the way.
"""

from __future__ import annotations

from cutaway.sim.traffic.agenda import put
from cutaway.sim.traffic.books import note_span
from cutaway.sim.traffic.draws import draw
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import (
    BURST_ENDED,
    COMPUTING,
    FOR_EVER,
    GOING_TO_SLEEP,
    HOG,
    ITEM,
    KINDS,
    MARKS,
    NOTHING,
    OVERHEAD,
    RUNNABLE,
    S_RUN_QUEUE,
    S_RUNNING,
    S_STOLEN,
    S_THROTTLED,
    S_TURN,
    S_WAKING,
    SLEEPING,
    SPINNING,
    STOLEN,
    THROTTLED,
    WAKING,
    WORK,
    Tables,
)


@compiled
def start(w: Tables, t: int) -> None:
    """The thread's burst runs from now on; the event at its end is new, older ones no longer count."""
    task = w.tasks[t]
    task.settled_at = w.world[0].now
    task.stamp += 1
    if task.left < FOR_EVER:
        put(w, w.world[0].now + task.left, BURST_ENDED, t, task.stamp)


@compiled
def settle(w: Tables, t: int) -> None:
    """Charges what the thread has run since it was last settled."""
    task = w.tasks[t]
    now = w.world[0].now
    ran = now - task.settled_at
    task.settled_at = now
    if ran <= 0:
        return
    if task.left < FOR_EVER:
        task.left -= ran
    if task.overhead > 0:
        part = min(task.overhead, ran)
        task.overhead -= part
        ran = _charge_overhead(w, t, task.layer, part, ran)
    if ran > 0 and task.trapped > 0:
        part = min(task.trapped, ran)
        task.trapped -= part
        ran = _charge_overhead(w, t, task.trap_layer, part, ran)
    if ran <= 0:
        return
    if task.token >= 0:
        _settle_marks(w, t, ran)
    else:
        w.layer_ns[task.spin_layer if task.phase == SPINNING else task.layer] += ran


@compiled
def _charge_overhead(w: Tables, t: int, layer: int, part: int, ran: int) -> int:
    w.layer_ns[layer] += part
    task = w.tasks[t]
    if task.token >= 0:
        begun = w.world[0].now - ran
        note_span(w, task.token, layer, S_RUNNING, begun, begun + part, t, task.cpu, -1)
    return ran - part


@compiled
def _settle_marks(w: Tables, t: int, ran: int) -> None:
    task = w.tasks[t]
    i = task.token
    begun = w.world[0].now - ran
    while ran > 0:
        part = min(task.mark_left, ran)
        s = w.tokens[i].step + task.mark
        layer = w.steps[s].layer
        w.layer_ns[layer] += part
        note_span(w, i, layer, S_RUNNING, begun, begun + part, t, task.cpu, s)
        begun += part
        ran -= part
        task.mark_left -= part
        while task.mark_left == 0 and task.mark + 1 < w.tokens[i].marks:
            task.mark += 1
            task.mark_left = w.rows[i, task.mark]


@compiled
def note_interrupted(w: Tables, t: int, state: int, since: int) -> None:
    """The thread lost its CPU in the middle of a burst and has it again: its request has waited in the layer where it was."""
    task = w.tasks[t]
    if task.phase != ITEM:
        return
    s = w.tokens[task.token].step + task.mark
    kind = S_RUN_QUEUE
    if state == THROTTLED:
        kind = S_THROTTLED
    elif state == STOLEN:
        kind = S_STOLEN
    elif state == WAKING:
        kind = S_WAKING
    note_span(w, task.token, w.steps[s].layer, kind, since, w.world[0].now, t, -1, s)


@compiled
def add_overhead(w: Tables, t: int, ns: int) -> None:
    """Overhead before whatever the thread does next: now if a burst has begun, else in its next one."""
    task = w.tasks[t]
    if task.phase == NOTHING:
        task.debt += ns
        return
    task.overhead += ns
    if task.left < FOR_EVER:
        task.left += ns


@compiled
def in_state(w: Tables, t: int, state: int) -> int:
    """How long the thread has been in a waiting state, up to this moment."""
    task = w.tasks[t]
    past = task.runnable_ns
    if state == WAKING:
        past = task.waking_ns
    elif state == THROTTLED:
        past = task.throttled_ns
    elif state == STOLEN:
        past = task.stolen_ns
    if task.state == state:
        return past + w.world[0].now - task.since
    return past


@compiled
def remember_waits(w: Tables, i: int, t: int) -> None:
    """The token enters the thread's queue: it notes the thread's accounts, to know later what it waited for."""
    token = w.tokens[i]
    token.entered = w.world[0].now
    token.runnable_ns = in_state(w, t, RUNNABLE)
    token.waking_ns = in_state(w, t, WAKING)
    token.throttled_ns = in_state(w, t, THROTTLED)
    token.stolen_ns = in_state(w, t, STOLEN)


@compiled
def _book_waits(w: Tables, i: int, t: int) -> None:
    """The token's turn has come: the time in the queue, by what kept the thread from it; what is left is its turn."""
    token = w.tokens[i]
    task = w.tasks[t]
    step = w.steps[token.step]
    at = token.entered
    for kind in (S_WAKING, S_STOLEN, S_RUN_QUEUE, S_THROTTLED):
        ns = task.waking_ns - token.waking_ns
        if kind == S_STOLEN:
            ns = task.stolen_ns - token.stolen_ns
        elif kind == S_RUN_QUEUE:
            ns = task.runnable_ns - token.runnable_ns
        elif kind == S_THROTTLED:
            ns = task.throttled_ns - token.throttled_ns
        note_span(w, i, step.layer, kind, at, at + ns, t, -1, token.step)
        at += ns
    note_span(w, i, step.layer, S_TURN, at, w.world[0].now, t, -1, token.step)


@compiled
def _take(w: Tables, t: int) -> None:
    """The thread takes the first item of its queue and knows how long the works ahead will be."""
    task = w.tasks[t]
    i = task.head
    token = w.tokens[i]
    task.head = token.next
    if task.head < 0:
        task.tail = -1
    task.queued -= 1
    task.batch_left -= 1
    if w.steps[token.step].stopwatch:
        token.born = w.world[0].now
        for column in range(w.world[0].layers * KINDS):
            w.rows[i, MARKS + column] = 0
    else:
        _book_waits(w, i, t)
    prepare(w, t, i)


@compiled
def prepare(w: Tables, t: int, i: int) -> None:
    """Draws the works ahead of the token on this thread; they become its burst."""
    task = w.tasks[t]
    token = w.tokens[i]
    role = w.steps[token.step].role
    count = 0
    total = 0
    while count < MARKS:
        s = token.step + count
        step = w.steps[s]
        if step.kind != WORK or step.role != role or (count > 0 and (step.next_round or step.stopwatch or step.asleep_role >= 0)):
            break
        cost = _cost(w, i, s)
        w.rows[i, count] = cost
        total += cost
        count += 1
    token.marks = count
    task.token = i
    task.worked_for = token.request
    task.mark = 0
    task.mark_left = w.rows[i, 0]
    while task.mark_left == 0 and task.mark + 1 < count:
        task.mark += 1
        task.mark_left = w.rows[i, task.mark]
    task.phase = ITEM
    task.left += total


@compiled
def _cost(w: Tables, i: int, s: int) -> int:
    step = w.steps[s]
    token = w.tokens[i]
    world = w.world[0]
    if step.asleep_role >= 0:
        role = w.roles[step.asleep_role]
        if w.tasks[role.first + token.connection % role.count].state != SLEEPING:
            return 0
    who = w.clients[token.client].who + token.connection
    return draw(step.cost, step.table, w.quantiles, world.seed_low, world.seed_high, step.stream, who, token.number, step.visit)


@compiled
def begin(w: Tables, t: int) -> bool:
    """The thread has its CPU and no burst: the next item, a new round, or overhead alone. False when there is nothing to do."""
    task = w.tasks[t]
    may_sleep = task.phase != GOING_TO_SLEEP
    _take_debt(w, t)
    if task.kind == HOG:
        task.phase, task.left = COMPUTING, FOR_EVER
    elif task.head >= 0:
        if task.batch_left <= 0:
            task.rounds += 1
            task.batch_left = min(task.queued, task.batch)
            task.overhead += task.poll
            task.left += task.poll
        _take(w, t)
    elif may_sleep and _polls(w, t):
        if task.left > 0:
            task.phase = OVERHEAD
        elif task.watches >= 0:
            task.phase, task.left = SPINNING, FOR_EVER
        else:
            task.phase, task.left = SPINNING, task.spin
    elif may_sleep and task.sleep > 0:
        _go_to_sleep(w, t)
    elif task.left > 0:
        task.phase = OVERHEAD
    else:
        task.phase = NOTHING
        return False
    start(w, t)
    return True


@compiled
def _polls(w: Tables, t: int) -> bool:
    """Whether the thread polls before it sleeps: for a while, or because the next request of its open loop is about to be due."""
    task = w.tasks[t]
    if task.watches < 0:
        return bool(task.spin > 0)
    client = w.clients[task.watches]
    return bool(client.next_at - w.world[0].now <= client.lead)


@compiled
def _go_to_sleep(w: Tables, t: int) -> None:
    task = w.tasks[t]
    task.phase = GOING_TO_SLEEP
    task.overhead += task.sleep
    task.left += task.sleep


@compiled
def polled_in_vain(w: Tables, t: int) -> bool:
    """Its time to poll is over: the thread goes to sleep. False when that takes no time."""
    task = w.tasks[t]
    task.phase, task.left, task.overhead = NOTHING, 0, 0
    if task.sleep == 0:
        return False
    _go_to_sleep(w, t)
    start(w, t)
    return True


@compiled
def _take_debt(w: Tables, t: int) -> None:
    task = w.tasks[t]
    task.overhead, task.trapped = task.debt, task.trap_debt
    task.debt, task.trap_debt = 0, 0
    task.left = task.overhead + task.trapped
    task.token = -1
