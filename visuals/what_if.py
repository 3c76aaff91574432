"""A what-if beside the animation, as data: its sliders, what came of a setting, and where both come from.

Who moves a slider asks a `Source`, which runs what it runs elsewhere: nothing here waits. An answer holds the steady state before and
after, a recording the traces that the animation goes on with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from cutaway.visuals.moment import Replay
from cutaway.visuals.stage import Said, Stage

Setting = tuple[int, ...]
"""The stop of each slider."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A value that a slider can stand at, and the text that `--set` takes for it; None where a limit is taken away."""

    said: Said
    value: str | int | None


@dataclass(frozen=True, slots=True)
class Slider:
    """A key of the scenario with its stops, from the least on; it stands at `base` in the scenario."""

    key: str
    name: Said
    stops: tuple[Stop, ...]
    base: int
    stacks: tuple[str, ...]
    """The stacks that have the key, by their names in the scenario."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a stack, before and after: times in nanoseconds, throughput in requests a second."""

    name: str
    before: float
    after: float
    difference: float
    noise: bool
    """Whether the interval of the difference holds 0."""


@dataclass(frozen=True, slots=True)
class StackAnswer:
    """What a setting does to one stack."""

    figures: tuple[Figure, ...]
    layers: tuple[Figure, ...]
    """CPU time a request of each layer."""
    beware: str = ""
    """Why its figures are no steady state, as a key of `words`; empty if they are."""


@dataclass(frozen=True)
class Answer:
    """What came of a setting: by the names of the stacks, or one sentence on why it cannot be."""

    setting: Setting
    stacks: Mapping[str, StackAnswer] = field(default_factory=dict)
    error: str = ""


@dataclass(frozen=True)
class Recording:
    """What the animation shows under a setting."""

    setting: Setting
    stage: Stage
    replays: list[Replay]


class Source(Protocol):
    """Answers settings, each first with an `Answer` and then, unless it is the scenario's own, with a `Recording`."""

    def ask(self, setting: Setting) -> None:
        """Of what is asked quickly one after the other only the last is answered for sure."""

    def poll(self) -> list[Answer | Recording]:
        """What has come since; it never waits."""

    def close(self) -> None:
        """Ends what it has running."""


@dataclass
class Panel:
    """The panel's state."""

    source: Source
    sliders: Sequence[Slider]
    sample: str
    """What every answer rests on, such as `8 x 4,000`: runs of each stack and side, and requests a run."""
    at: list[int] = field(default_factory=list)
    open: bool = False
    focus: int = 0
    place: int = 0
    """Which of the shown columns stands beside the panel."""
    answer: Answer | None = None
    recorded: Recording | None = None
    """What was there before any slider moved."""
    shown: Setting | None = None
    """The setting of the animation."""

    def __post_init__(self) -> None:
        self.at = self.at or list(self.base)

    @property
    def base(self) -> Setting:
        return tuple(slider.base for slider in self.sliders)

    @property
    def setting(self) -> Setting:
        return tuple(self.at)

    @property
    def waiting(self) -> bool:
        """Whether what is shown is not yet what the sliders say."""
        return self.answer is None or self.answer.setting != self.setting

    @property
    def moved(self) -> list[int]:
        """The sliders that do not stand where the scenario has them."""
        return [number for number, slider in enumerate(self.sliders) if self.at[number] != slider.base]
