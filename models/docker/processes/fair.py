"""Who is next on a CPU: Linux's EEVDF on queues of entities, each a thread or what a cgroup has on that CPU (kernel/sched/fair.c).

The rules are those of sim/traffic/fair.py, on objects that come and go: weights, virtual run times and deadlines are integers; eligible
is who has had no more than its share, and of these the earliest deadline wins and keeps the CPU until its slice is used. Who sleeps keeps
its lag. Left out: who sleeps in debt leaves the queue at once (no DELAY_DEQUEUE). Read first: docs/sim/traffic/scheduler.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

WEIGHT = 1024
"""Of a thread, and of a cgroup with Docker's 1024 shares: for it a nanosecond of run time is one of virtual time."""


@dataclass(eq=False)
class Entity:
    """What stands in a queue."""

    weight: int = WEIGHT
    queue: Queue[Any] | None = None
    """Where it stands; None while it is not runnable."""
    vruntime: int = 0
    deadline: int = 0
    protected: int = 0
    """Virtual run time until which it keeps the CPU."""
    lag: int = 0
    """What it was owed when it left its queue; negative if it had had more than its share."""


E = TypeVar("E", bound=Entity)


@dataclass(eq=False)
class Queue(Generic[E]):
    """Entities that compete for the same time."""

    slice_ns: int
    lag_ns: int
    """No entity is owed more."""
    entities: list[E] = field(default_factory=list)
    current: E | None = None
    weights: int = 0
    zero: int = 0
    moment: int = 0
    """Sum of weight times virtual run time, this counted from `zero`."""

    def average(self) -> int:
        """The virtual time: the weighted average of the entities' virtual run times."""
        if self.weights:
            shift = self.moment // self.weights
            self.zero += shift
            self.moment -= shift * self.weights
        return self.zero

    def insert(self, entity: E) -> None:
        """Puts an entity where its lag says, made larger because its own arrival moves the average (place_entity)."""
        lag = entity.lag * (self.weights + entity.weight) // self.weights if self.weights else entity.lag
        entity.vruntime = self.average() - lag
        entity.deadline = entity.vruntime + self._slice_of(entity)
        entity.queue = self
        self.entities.append(entity)
        self._weigh(entity, entity.weight)

    def remove(self, entity: E) -> None:
        """It keeps its lag, within bounds."""
        bound = self.lag_ns * WEIGHT // entity.weight
        entity.lag = min(max(self.average() - entity.vruntime, -bound), bound)
        self._weigh(entity, -entity.weight)
        self.entities.remove(entity)
        entity.queue = None
        if self.current is entity:
            self.current = None

    def choose(self) -> E | None:
        """The eligible one with the earliest deadline; the current one while its slice protects it (pick_eevdf)."""
        current = self.current
        if len(self.entities) < 2:
            return self.entities[0] if self.entities else None
        if current is not None and current.vruntime < current.protected and self._eligible(current):
            return current
        eligible = [one for one in self.entities if self._eligible(one)]
        return min(eligible, key=lambda one: one.deadline) if eligible else min(self.entities, key=lambda one: one.vruntime)

    def run(self, entity: E) -> None:
        """It gets the CPU, and is protected for a slice."""
        self.current = entity
        entity.protected = entity.deadline

    def charge(self, entity: E, ran_ns: int) -> None:
        """It has run: its virtual time goes on (update_curr)."""
        step = ran_ns * WEIGHT // entity.weight
        entity.vruntime += step
        self.moment += step * entity.weight
        if entity.vruntime >= entity.deadline:
            entity.deadline = entity.vruntime + self._slice_of(entity)

    def slice_left_ns(self, entity: E) -> int:
        """Run time until the current entity is no longer protected, by its deadline or by having had its share; 0 if it is not now."""
        ahead = (self.average() - entity.vruntime) * self.weights // (self.weights - entity.weight)
        return max(0, min(entity.protected - entity.vruntime, ahead + 1) * entity.weight // WEIGHT)

    def reweigh(self, entity: E, weight: int) -> None:
        """Another weight for one that stands here; what it is owed stays the same (reweight_entity)."""
        old, now = entity.weight, self.average()
        if old == weight:
            return
        self._weigh(entity, -old)
        lag, ahead, kept = now - entity.vruntime, entity.deadline - entity.vruntime, entity.protected - now
        entity.vruntime = now - lag * old // weight
        entity.deadline = entity.vruntime + ahead * old // weight
        entity.protected = now + kept * old // weight
        entity.weight = weight
        self._weigh(entity, weight)

    def _slice_of(self, entity: E) -> int:
        return self.slice_ns * WEIGHT // entity.weight

    def _eligible(self, entity: E) -> bool:
        return (entity.vruntime - self.zero) * self.weights <= self.moment

    def _weigh(self, entity: E, weight: int) -> None:
        """Counts an entity's weight in, or out if it is negative."""
        self.weights += weight
        self.moment += (entity.vruntime - self.zero) * weight
