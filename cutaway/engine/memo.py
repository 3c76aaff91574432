"""Answers that hold until something happens: a list of a thousand containers is made once for all who ask for it at the same time."""

from __future__ import annotations

from collections.abc import Callable, Hashable

KEPT = 8
"""Different questions whose answers are kept."""
_SECOND_NS = 1_000_000_000


class Memo:
    """The last answers of one Engine. All that changes them tells an event; ages are told in seconds."""

    def __init__(self) -> None:
        self.answers: dict[Hashable, bytes] = {}
        self.of = (-1, -1)

    def get(self, told: int, now_ns: int, question: Hashable, make: Callable[[], bytes]) -> bytes:
        """The answer after so many events; made if none is kept."""
        if (moment := (told, now_ns // _SECOND_NS)) != self.of or len(self.answers) >= KEPT:
            self.answers.clear()
            self.of = moment
        if question not in self.answers:
            self.answers[question] = make()
        return self.answers[question]
