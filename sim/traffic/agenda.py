"""The agenda: what will happen, as a binary heap by (time, class, age)."""

from __future__ import annotations

from cutaway.sim.traffic.jit import compiled
from cutaway.sim.traffic.tables import Tables

_CLASS = 56


@compiled
def put(w: Tables, time: int, kind: int, who: int, stamp: int) -> None:
    """An event of `kind` about row `who` at `time`; it counts only if `stamp` still stands there then."""
    heap = w.agenda
    world = w.world[0]
    world.order += 1
    order = (kind << _CLASS) + world.order
    hole = world.agenda
    world.agenda = hole + 1
    while hole > 0:
        above = (hole - 1) >> 1
        parent = heap[above]
        if parent.time < time or (parent.time == time and parent.order < order):
            break
        heap[hole] = parent
        hole = above
    event = heap[hole]
    event.time, event.order, event.kind, event.who, event.stamp = time, order, kind, who, stamp


@compiled
def drop_first(w: Tables) -> None:
    """Removes the earliest event, row 0, which the caller has read."""
    heap = w.agenda
    world = w.world[0]
    size = world.agenda - 1
    world.agenda = size
    last = heap[size]
    time, order = last.time, last.order
    hole = 0
    while True:
        child = 2 * hole + 1
        if child >= size:
            break
        if child + 1 < size:
            left, right = heap[child], heap[child + 1]
            if right.time < left.time or (right.time == left.time and right.order < left.order):
                child += 1
        below = heap[child]
        if time < below.time or (time == below.time and order < below.order):
            break
        heap[hole] = below
        hole = child
    heap[hole] = heap[size]
