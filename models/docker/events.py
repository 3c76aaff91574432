"""What happens in an Engine, as `docker events` tells it: the last ones are kept, and who listens hears each once, in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

KEPT = 256
"""Events that a daemon remembers (daemon/events/events.go of moby)."""


@dataclass(frozen=True)
class Event:
    """One happening."""

    kind: str
    """`container`, `image`, `network`, `volume`, `daemon`, `builder`."""
    action: str
    id: str
    attributes: Mapping[str, str]
    time_ns: int
    """Unix time."""


Listener = Callable[[Event], None]


class Events:
    """The book of events."""

    def __init__(self) -> None:
        self.kept: deque[Event] = deque(maxlen=KEPT)
        self.listeners: list[Listener] = []
        self.told = 0
        """How many there have been."""

    def tell(self, event: Event) -> None:
        self.kept.append(event)
        self.told += 1
        for listener in list(self.listeners):
            listener(event)

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Hears what happens from now on; the value ends it."""
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)
