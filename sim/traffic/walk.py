"""A request from step to step of its plan: to a thread, over a link, into a disk or a pool, apart and together again, and home.

`enter` stands a token at its step and goes on until it must wait. Nothing here recurses: what one token sets free goes on by an event of
the same instant, or is queued at a thread directly.
"""

from __future__ import annotations

from cutaway.sim.traffic.agenda import put
from cutaway.sim.traffic.books import ISSUED, count_served, note_request, note_span
from cutaway.sim.traffic.bursts import remember_waits
from cutaway.sim.traffic.draws import draw
from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import (
    ACQUIRE,
    AGAIN,
    ARM,
    ARRIVAL,
    BRANCH_BEGINS,
    CLOSED,
    DEADLINE,
    DETACH,
    DEVICE_DONE,
    DISK,
    END,
    FIRST_FREE,
    FORK,
    JOIN,
    KINDS,
    LOG_SPAN,
    LOOK_OUT,
    LOST,
    MARKS,
    NOTHING,
    PAUSE,
    RELEASE,
    S_DEVICE,
    S_PLACE,
    SERVED,
    SLEEPING,
    SPINNING,
    TIMED_OUT,
    TIMER,
    TRANSFER,
    WORK,
    Tables,
)
from cutaway.sim.traffic.wakeups import end_spin, wake

RETRANSMIT = 200_000_000
"""TCP's smallest retransmission time-out, TCP_RTO_MIN of Linux, 200 ms; doubled each time."""
TRIES = 15
"""net.ipv4.tcp_retries2: then the connection is given up."""
_SECOND = 1_000_000_000
_LARGE = 1 << 33


@compiled
def new_token(w: Tables, client: int, connection: int, number: int) -> int:
    """A free row of the tokens; `advance` has seen to it that there is one."""
    world = w.world[0]
    i = world.free_token
    token = w.tokens[i]
    world.free_token = token.next
    world.used_tokens += 1
    token.client, token.connection, token.number = client, connection, number
    token.next, token.parent, token.pending, token.branch = -1, -1, 0, 0
    token.role, token.task, token.orphan, token.logged, token.tries = -1, -1, 0, 0, 0
    return i


@compiled
def free_token(w: Tables, i: int) -> None:
    """The row may be used again; events that still name it no longer count."""
    world = w.world[0]
    token = w.tokens[i]
    token.stamp += 1
    token.step = -1
    token.next = world.free_token
    world.free_token = i
    world.used_tokens -= 1


@compiled
def set_out(w: Tables, i: int) -> None:
    """A request is born: it stands at the first step of its client's plan, its ledger empty."""
    world = w.world[0]
    token = w.tokens[i]
    token.step = w.clients[token.client].first_step
    token.born = world.now
    token.request = world.births
    token.stamp += 1
    token.tries = 0
    world.births += 1
    token.logged = _is_sampled(w, i)
    w.books[token.client, ISSUED] += 1
    _clear_ledger(w, i)


@compiled
def _is_sampled(w: Tables, i: int) -> int:
    """One of `log_every` requests is logged, chosen by its number and connection: so it is the same one on every stack."""
    token = w.tokens[i]
    every = w.world[0].log_every
    if every == 0:
        return 0
    place = token.number
    if w.clients[token.client].kind == CLOSED:
        place += token.connection
    return 1 if place % every == 0 else 0


@compiled
def _clear_ledger(w: Tables, i: int) -> None:
    for column in range(MARKS, MARKS + w.world[0].layers * KINDS):
        w.rows[i, column] = 0


@compiled
def arrive(w: Tables, i: int, waker: int) -> None:
    """The token queues at the thread of its step and wakes it. What the thread itself goes on with comes first."""
    token = w.tokens[i]
    step = w.steps[token.step]
    if token.role != step.role:
        token.role = step.role
        token.task = _thread_for(w, step.role, token.connection)
    t = token.task
    task = w.tasks[t]
    first = t == waker and not step.next_round
    remember_waits(w, i, t)
    if task.head < 0:
        task.head = task.tail = i
        token.next = -1
    elif first:
        token.next = task.head
        task.head = i
    else:
        w.tokens[task.tail].next = i
        task.tail = i
        token.next = -1
    task.queued += 1
    if first:
        task.batch_left = max(task.batch_left, 0) + 1
    if task.phase == SPINNING:
        end_spin(w, t)
    elif task.state == SLEEPING and task.phase == NOTHING:
        wake(w, t, waker, w.clients[token.client].who + token.connection, token.number)


@compiled
def _thread_for(w: Tables, r: int, connection: int) -> int:
    role = w.roles[r]
    if role.choice != FIRST_FREE:
        return role.first + connection % role.count
    best = role.first
    for t in range(role.first, role.first + role.count):
        if _load(w, t) < _load(w, best):
            best = t
    return best


@compiled
def _load(w: Tables, t: int) -> int:
    task = w.tasks[t]
    return task.queued + (1 if task.state != SLEEPING else 0)


@compiled
def enter(w: Tables, i: int, waker: int) -> None:
    """Goes on with the token at its step, until it waits for something or is done. `waker` is the thread whose burst led here."""
    while i >= 0:
        token = w.tokens[i]
        step = w.steps[token.step]
        kind = step.kind
        token.entered = w.world[0].now
        if kind == WORK:
            arrive(w, i, waker)
            return
        if kind == PAUSE:
            if _pause(w, i):
                return
            token.step += 1
            continue
        if kind == TRANSFER:
            _transmit(w, i)
            return
        if kind == DISK:
            _access(w, i)
            return
        if kind == ACQUIRE:
            if not _acquire(w, i):
                return
            token.step += 1
        elif kind == RELEASE:
            _release(w, step.station)
            token.step += 1
        elif kind == DETACH or kind == FORK:
            _part(w, i, waker)
            if kind == FORK:
                return
            token.step = step.next
        elif kind == ARM:
            put(w, w.world[0].now + step.cost, DEADLINE, i, token.stamp)
            token.step += 1
        elif kind == JOIN:
            i = _join(w, i)
        elif kind == END:
            i = _end(w, i)
        else:
            free_token(w, i)
            return


# --- devices -----------------------------------------------------------------------------------------------------------------------


@compiled
def _pause(w: Tables, i: int) -> bool:
    """Draws how long; False when it is no time, and the token goes on in the context that it came in."""
    token = w.tokens[i]
    step = w.steps[token.step]
    world = w.world[0]
    who = w.clients[token.client].who + token.connection
    ns = draw(step.cost, step.table, w.quantiles, world.seed_low, world.seed_high, step.stream, who, token.number, step.visit)
    if ns == 0:
        return False
    put(w, world.now + ns, TIMER, i, token.stamp)
    return True


@compiled
def time_of(amount: int, rate: int) -> int:
    """How long an amount takes at a rate a second, ns; large ones in two parts, because 2**33 s would wrap."""
    if amount < _LARGE:
        return amount * _SECOND // rate
    seconds, rest = amount // rate, amount % rate
    if rest < _LARGE:
        return seconds * _SECOND + rest * _SECOND // rate
    return seconds * _SECOND + (rest >> 10) * _SECOND // (rate >> 10)


@compiled
def _transmit(w: Tables, i: int) -> None:
    """Queues the bytes on a link. What finds no room is lost, and sent again by TCP after its time-out."""
    token = w.tokens[i]
    size = w.steps[token.step].bytes
    link = w.devices[w.steps[token.step].station]
    now = w.world[0].now
    if link.limit > 0 and max(link.free_at - now, 0) * link.rate // (8 * _SECOND) + size > link.limit:
        link.bytes_lost += size
        token.tries += 1
        if token.tries > TRIES:
            _lose(w, i)
        else:
            put(w, now + (RETRANSMIT << min(token.tries - 1, 9)), TIMER, i, token.stamp)
        return
    token.tries = 0
    sending = time_of(size * 8, link.rate)
    link.free_at = max(now, link.free_at) + sending
    link.busy_ns += sending
    link.bytes_in += size
    link.count += 1
    put(w, link.free_at + link.latency, DEVICE_DONE, i, token.stamp)


@compiled
def _access(w: Tables, i: int) -> None:
    """Takes one of the disk's places, or waits for one."""
    disk = w.devices[w.steps[w.tokens[i].step].station]
    if disk.busy < disk.places:
        _seek(w, i)
    else:
        _wait_in_line(w, w.steps[w.tokens[i].step].station, i)


@compiled
def _seek(w: Tables, i: int) -> None:
    token = w.tokens[i]
    step = w.steps[token.step]
    disk = w.devices[step.station]
    world = w.world[0]
    who = w.clients[token.client].who + token.connection
    stream = disk.stream ^ step.stream
    ns = draw(disk.latency, disk.table, w.quantiles, world.seed_low, world.seed_high, stream, who, token.number, step.visit)
    ns += time_of(step.bytes, disk.rate)
    disk.busy += 1
    disk.busy_ns += ns
    disk.bytes_in += step.bytes
    disk.count += 1
    put(w, world.now + ns, DEVICE_DONE, i, token.stamp)


@compiled
def _wait_in_line(w: Tables, d: int, i: int) -> None:
    device = w.devices[d]
    w.tokens[i].next = -1
    if device.tail >= 0:
        w.tokens[device.tail].next = i
    else:
        device.head = i
    device.tail = i
    device.waiting += 1


@compiled
def _next_in_line(w: Tables, d: int) -> int:
    device = w.devices[d]
    i = device.head
    if i >= 0:
        device.head = w.tokens[i].next
        if device.head < 0:
            device.tail = -1
        device.waiting -= 1
    return i


@compiled
def device_done(w: Tables, i: int) -> None:
    """Bytes have crossed a link or left a disk: the token goes on, and the next in line gets the place."""
    token = w.tokens[i]
    step = w.steps[token.step]
    device = w.devices[step.station]
    device.bytes_out += step.bytes
    if step.kind == DISK:
        device.busy -= 1
        following = _next_in_line(w, step.station)
        if following >= 0:
            _seek(w, following)
    note_span(w, i, step.layer, S_DEVICE, token.entered, w.world[0].now, -1, -1, token.step)
    token.step += 1
    enter(w, i, -1)


@compiled
def timer(w: Tables, i: int) -> None:
    """A pause is over, a place was given, or a lost packet is due again."""
    token = w.tokens[i]
    step = w.steps[token.step]
    if step.kind == PAUSE:
        note_span(w, i, step.layer, S_DEVICE, token.entered, w.world[0].now, -1, -1, token.step)
        token.step += 1
    elif step.kind == TRANSFER:
        note_span(w, i, step.layer, S_DEVICE, token.entered, w.world[0].now, -1, -1, token.step)
    elif step.kind == ACQUIRE:
        note_span(w, i, step.layer, S_PLACE, token.entered, w.world[0].now, -1, -1, token.step)
        token.step += 1
    enter(w, i, -1)


@compiled
def _acquire(w: Tables, i: int) -> bool:
    d = w.steps[w.tokens[i].step].station
    pool = w.devices[d]
    if pool.busy < pool.places:
        pool.busy += 1
        pool.count += 1
        return True
    _wait_in_line(w, d, i)
    return False


@compiled
def _release(w: Tables, d: int) -> None:
    """The place goes to the first in line, or becomes free."""
    i = _next_in_line(w, d)
    if i >= 0:
        w.devices[d].count += 1
        put(w, w.world[0].now, TIMER, i, w.tokens[i].stamp)
    else:
        w.devices[d].busy -= 1


# --- apart and together ------------------------------------------------------------------------------------------------------------


@compiled
def _part(w: Tables, i: int, waker: int) -> None:
    """Branches set out: each step row from `first_branch` on holds the first step of one in its `next`."""
    step = w.steps[w.tokens[i].step]
    detached = step.kind == DETACH
    for k in range(step.branches):
        j = new_token(w, w.tokens[i].client, w.tokens[i].connection, w.tokens[i].number)
        parent, branch = w.tokens[i], w.tokens[j]
        branch.step = w.steps[step.first_branch + k].next
        branch.request, branch.born, branch.logged, branch.branch = parent.request, w.world[0].now, parent.logged, k + 1
        branch.entered = w.world[0].now
        branch.stamp += 1
        _clear_ledger(w, j)
        if not detached:
            branch.parent = i
            parent.pending += 1
        if w.steps[branch.step].kind == WORK:
            arrive(w, j, waker)
        else:
            put(w, w.world[0].now, BRANCH_BEGINS, j, branch.stamp)


@compiled
def _join(w: Tables, j: int) -> int:
    """A branch has ended. The last one gives its ledger to the request, which goes on: it was the one that was waited for."""
    i = w.tokens[j].parent
    parent = w.tokens[i]
    parent.pending -= 1
    last = parent.pending == 0
    if last:
        for column in range(MARKS, MARKS + w.world[0].layers * KINDS):
            w.rows[i, column] += w.rows[j, column]
        if parent.logged:
            row = w.log[w.world[0].logged]
            w.world[0].logged += 1
            row.table, row.kind, row.start, row.end, row.request, row.number = (
                LOG_SPAN,
                S_PLACE,
                w.tokens[j].born,
                w.world[0].now,
                parent.request,
                0,
            )
            row.step, row.task, row.cpu, row.layer, row.branch = parent.step, -1, -1, w.steps[parent.step].layer, parent.branch
        parent.step = w.steps[parent.step].next
    free_token(w, j)
    return i if last else -1


# --- home --------------------------------------------------------------------------------------------------------------------------


@compiled
def _end(w: Tables, i: int) -> int:
    """The answer is with the client. A closed loop's next request follows, at once or after thinking; returns its token, or -1."""
    token = w.tokens[i]
    world = w.world[0]
    if token.orphan:
        free_token(w, i)
        return -1
    count_served(w, i, world.now - token.born)
    world.served += 1
    note_request(w, i, SERVED)
    return _follow_up(w, i)


@compiled
def _follow_up(w: Tables, i: int) -> int:
    token = w.tokens[i]
    client = w.clients[token.client]
    if client.kind != CLOSED:
        free_token(w, i)
        return -1
    token.number += 1
    token.stamp += 1
    token.role = -1
    if client.interval > 0:
        _think(w, i)
        return -1
    set_out(w, i)
    return i


@compiled
def _think(w: Tables, i: int) -> None:
    """The client pauses; the token of its next request stands ready."""
    token = w.tokens[i]
    client = w.clients[token.client]
    world = w.world[0]
    who = client.who + token.connection
    ns = draw(client.interval, client.table, w.quantiles, world.seed_low, world.seed_high, client.stream, who, token.number, 0)
    token.step = -1
    put(w, world.now + ns, AGAIN, i, token.stamp)


@compiled
def again(w: Tables, i: int) -> None:
    """The client has thought, and asks again."""
    set_out(w, i)
    enter(w, i, -1)


@compiled
def _abandon(w: Tables, i: int, outcome: int) -> None:
    """The client no longer waits. What the server still does for this request is done for nobody."""
    token = w.tokens[i]
    if token.orphan:
        return
    w.books[token.client, outcome] += 1
    note_request(w, i, outcome)
    token.orphan, token.logged = 1, 0
    if w.clients[token.client].kind == CLOSED:
        j = new_token(w, token.client, token.connection, token.number + 1)
        w.tokens[j].stamp += 1
        _think(w, j)


@compiled
def _lose(w: Tables, i: int) -> None:
    """The connection is given up, and with a branch the request that waits for it; detached work is missed by nobody."""
    top = i
    while w.tokens[top].parent >= 0:
        top = w.tokens[top].parent
    if w.tokens[top].branch == 0:
        _abandon(w, top, LOST)
    if top == i:
        free_token(w, i)
        return
    parent = _join(w, i)
    if parent >= 0:
        put(w, w.world[0].now, BRANCH_BEGINS, parent, w.tokens[parent].stamp)


@compiled
def deadline(w: Tables, i: int) -> None:
    """The client has waited as long as it will."""
    _abandon(w, i, TIMED_OUT)


@compiled
def arrival(w: Tables, k: int) -> None:
    """A request of an open loop arrives, and the next one is put on the agenda."""
    client = w.clients[k]
    world = w.world[0]
    number = client.arrivals
    client.arrivals += 1
    i = new_token(w, k, number % client.connections, number)
    set_out(w, i)
    gap = draw(client.interval, client.table, w.quantiles, world.seed_low, world.seed_high, client.stream, client.who, number, 0)
    put(w, world.now + gap, ARRIVAL, k, client.stamp)
    client.next_at = world.now + gap
    if client.watcher >= 0 and gap > client.lead:
        put(w, world.now + gap - client.lead, LOOK_OUT, k, client.stamp)
    enter(w, i, -1)


@compiled
def look_out(w: Tables, k: int) -> None:
    """The timer of an open loop's thread: the next request is about to be due."""
    client = w.clients[k]
    task = w.tasks[client.watcher]
    if task.state == SLEEPING and task.phase == NOTHING:
        wake(w, client.watcher, -1, client.who, client.arrivals)
