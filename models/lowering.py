"""Lowers what is asked of the top of a stack to a plan of steps, and joins what its layers bring to a machine.

An operation that no layer serves is found here, before anything runs. Read first: models/layer.py, then docs/models/stack.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import chain

from cutaway.models.layer import Fittings, Layer
from cutaway.models.operations import Afterwards, Operation
from cutaway.models.parts import StackError
from cutaway.sim.machine import Detach, Fork, Step, Work


class NotServed(StackError):  # noqa: N818
    """An operation that reached the bottom of the stack."""

    def __init__(self, operation: Operation, stack: Iterable[Layer]) -> None:
        layers = ", ".join(type(layer).__name__ for layer in stack)
        super().__init__(f"{type(operation).__name__} of thread '{operation.thread}' is served by no layer of {layers}")
        self.operation = operation


def lower(operations: Iterable[Operation], stack: Sequence[Layer]) -> tuple[Step, ...]:
    """What the operations come to on this stack, which is given top to bottom."""
    work: list[Step | Operation] = list(operations)
    for layer in stack:
        work = [part for item in work for part in (layer.lower(item) if isinstance(item, Operation) else [item])]
    steps: list[Step] = []
    for item in work:
        if isinstance(item, Afterwards):
            steps.insert(_after_its_thread(steps, item.thread), Detach(lower(item.operations, stack)))
        elif isinstance(item, Operation):
            raise NotServed(item, stack)
        else:
            steps.append(item)
    return tuple(steps)


def _after_its_thread(steps: Sequence[Step], thread: str) -> int:
    """Where the thread's last work ends: it goes on at once, and does not wait until the answer has crossed the wire."""
    return max((place + 1 for place, step in enumerate(steps) if isinstance(step, Work) and step.thread == thread), default=len(steps))


def joined(fittings: Iterable[Fittings]) -> Fittings:
    """All that the layers bring, in their order."""
    every = list(fittings)
    lists = [each.name for each in fields(Fittings) if each.name != "notes"]
    notes = {key: text for one in every for key, text in one.notes.items()}
    return Fittings(**{name: tuple(chain.from_iterable(getattr(one, name) for one in every)) for name in lists}, notes=notes)


def layers_of(steps: Iterable[Step]) -> set[str]:
    """The layers that steps are charged to, also inside detached and parallel ones."""
    return {getattr(step, "layer", "") for step in flat(steps)} - {""}


def flat(steps: Iterable[Step]) -> Iterator[Step]:
    """Step by step, what is detached or parallel in its place."""
    for step in steps:
        match step:
            case Detach(steps=inner):
                yield from flat(inner)
            case Fork(branches=branches):
                yield from chain.from_iterable(flat(branch) for branch in branches)
            case _:
                yield step
