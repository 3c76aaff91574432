"""A stage: what stands on the screen for a scenario, as plain data beside the trace.

Columns (a stack each), floors (a row each), the parts in a floor with the (layer, operation) pairs of the trace that happen there, cues
with captions, and cost records to look up. `default_stage.stage_for` derives one from the traces; `stage_data` reads a scene's changes to
it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Language = Literal["ko", "en"]
HUES = ("bare", "vm", "container")
KINDS = ("client", "wire", "nic", "lane", "slab", "process", "exit", "box", "cache", "queue", "cpus", "vcpus")
"""client: the laptop at the foot. wire: between client and machine. nic, lane: the way crosses it. slab: a ring lying in the border under
its floor. process: where the way turns. exit: a box reached by a fall through the VM's border. box: a box beside the way. cache: page
cache. queue: the run queue. cpus, vcpus: the processors."""


@dataclass(frozen=True, slots=True)
class Said:
    """A phrase in both languages."""

    ko: str
    en: str

    def told(self, language: Language) -> str:
        return self.ko if language == "ko" else self.en


@dataclass(frozen=True, slots=True)
class Match:
    """Steps of one layer whose operation contains one of the words; no words: all steps of the layer that no other part claims."""

    layer: str
    words: tuple[str, ...] = ()

    def claims(self, layer: str, operation: str) -> bool:
        return layer == self.layer and any(word in operation.casefold() for word in self.words)


@dataclass(frozen=True, slots=True)
class Part:
    """A thing in a floor. `mark` is a small drawing beside the name: "pair", "arrows" or "rails"."""

    key: str
    name: Said
    floor: str
    kind: str
    matches: tuple[Match, ...] = ()
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Floor:
    """A row, from the top down in `Stage.floors`; `layers` are the trace's whose time its row of the ledger counts."""

    key: str
    name: Said
    second: Said
    layers: tuple[str, ...]
    height: float
    """Share of the height, beside the others'; 100 is a floor of the least comfortable height on the standard canvas."""


@dataclass(frozen=True, slots=True)
class Column:
    """One stack: which trace, how it is called, and what stands in it."""

    trace: int
    name: Said
    second: str
    hue: str
    parts: tuple[str, ...]
    walls: tuple[str, ...] = ()
    """Names of the namespaces around the server's processes."""
    group: str = ""
    """The cgroup whose meter hangs on the wall."""


@dataclass(frozen=True, slots=True)
class Cue:
    """From `at_ns` on the stage's clock the caption stands, and the film runs at `speed` (simulated seconds a second; 0: as before)."""

    at_ns: int
    caption: Said
    speed: float = 0.0
    answered: int | None = None
    """The trace whose answer to the followed request it waits for, in place of a time: `View.cues` knows when that is."""


@dataclass(frozen=True, slots=True)
class CostRecord:
    """Where a number came from, as the cost profile has it."""

    value: str
    what: str = ""
    spread: str = ""
    source: str = ""
    machine: str = ""
    command: str = ""
    kind: str = ""
    """Such as "assumption"; a measured one need not say so."""


@dataclass(frozen=True)
class Stage:
    """All of it. With `by_request` each column's clock starts at the followed request's birth; else all show the run's own time."""

    title: Said
    place: tuple[Said, ...]
    floors: tuple[Floor, ...]
    parts: tuple[Part, ...]
    columns: tuple[Column, ...]
    cues: tuple[Cue, ...] = ()
    by_request: bool = True
    request: tuple[int, int, int] | None = None
    """(client, connection, number) of the request to follow first; none: one of middle latency."""
    costs: Mapping[str, CostRecord] = field(default_factory=dict)
    motto: Said | None = None
    """Stands where captions do while there is none."""

    def floor(self, key: str) -> Floor:
        return next(floor for floor in self.floors if floor.key == key)

    def parts_of(self, column: Column) -> list[Part]:
        """The parts of a column, in the stage's order."""
        return [part for part in self.parts if part.key in column.parts]

    def part_of(self, column: Column, layer: str, operation: str) -> Part | None:
        """Where in the column a step happens: the part that claims the operation, else the one that takes the rest of the layer."""
        parts = self.parts_of(column)
        claimed = (part for part in parts if any(match.claims(layer, operation) for match in part.matches))
        rest = (part for part in parts if any(match.layer == layer and not match.words for match in part.matches))
        return next(claimed, None) or next(rest, None)


def steps_of(meta: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(layer, operation) of every step of a trace."""
    return [(str(step["layer"]), str(step["operation"])) for step in meta["steps"]]
