"""What every reached source gives: how its machine was made, and a figure or a reason for each of its points."""

from __future__ import annotations

from dataclasses import replace

from cutaway.validating.published.machines import Published
from cutaway.validating.published.points import Asked, Known

Answer = float | str
"""The figure in the point's unit, or what is missing."""


class TakenOver(float):
    """A figure that is the answer as it stands in the source: the model says no more than that nothing changes it. Counted apart."""


class Case:
    """One source. Its machines are made of what is `Known`, before anything is asked."""

    reads: frozenset[str] = frozenset()
    """Params that the answer goes by."""
    labels: frozenset[str] = frozenset()
    """Params that say of what a point is, and that the model does not tell apart: docs/validation.md names them."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.made: list[str] = []
        self.prepare()

    def prepare(self) -> None:
        """Makes the machines; `machine_is` writes down how."""

    def machine_is(self, found: Published, of: str = "") -> Published:
        self.made.append(f"{of}: {found.made}" if of else found.made)
        return found

    def figure(self, asked: Asked) -> Answer:
        """The answer, unless the point has a param that no rule knows."""
        unknown = [param for param, _ in asked.params if param not in self.reads | self.labels]
        found = self.answer(replace(asked, params=tuple(one for one in asked.params if one[0] not in unknown)))
        return f"param {unknown[0]} is not modelled" if unknown and not isinstance(found, str) else found

    def answer(self, asked: Asked) -> Answer:
        """The figure, or what is missing."""
        raise NotImplementedError
