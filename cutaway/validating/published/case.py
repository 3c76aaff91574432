"""What every reached source gives: how its machine was made, and a figure or a reason for each of its points."""

from __future__ import annotations

from cutaway.validating.published.machines import Published
from cutaway.validating.published.points import Asked, Known

Answer = float | str
"""The figure in the point's unit, or what is missing."""


class Case:
    """One source. Its machines are made of what is `Known`, before anything is asked."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.made: list[str] = []
        self.prepare()

    def prepare(self) -> None:
        """Makes the machines; `machine_is` writes down how."""

    def machine_is(self, found: Published, of: str = "") -> Published:
        self.made.append(f"{of}: {found.made}" if of else found.made)
        return found

    def answer(self, asked: Asked) -> Answer:
        """The figure, or what is missing."""
        raise NotImplementedError
