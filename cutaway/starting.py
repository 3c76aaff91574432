"""A race of containers: how long each engine and runtime takes from the command to the program, alone and several at once.

Every entry starts the same container: a network of its own, a published port, an overlay, Docker's filter where there is one. What they
hold in memory stands beside. Read first: docs/models/docker/platforms.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cutaway.building import watched
from cutaway.models.contention import Host
from cutaway.models.costs import Cost, Profile
from cutaway.models.docker.platforms.engines import ENGINES
from cutaway.models.docker.platforms.holding import held
from cutaway.models.docker.platforms.step import WHOLE
from cutaway.models.docker.run import Asked, run
from cutaway.models.startup import Phase, Start
from cutaway.printing import a_table, console
from cutaway.sim.clock import Clock

RACE = (
    ("docker", "crun"), ("docker", "runc"), ("docker", "runsc"), ("docker", "kata-runtime"), ("containerd", "runc"), ("podman", "crun"),
)  # fmt: skip
"""Who starts if nobody is named: each runtime by Docker, each other engine by its own."""


@dataclass(frozen=True, slots=True)
class Runner:
    """One engine with one runtime, and what it takes."""

    engine: str
    runtime: str
    phases: tuple[Phase, ...]
    """Of one that starts alone."""
    at_once_ns: tuple[int, ...]
    """When each of those ends that start at the same moment, in order."""
    memory_bytes: int
    """For each further container, its programs apart."""
    assumed: tuple[Cost, ...]

    @property
    def alone_ns(self) -> int:
        return self.phases[-1].end_ns


def race(entrants: Sequence[tuple[str, str]], profile: Profile, cpus: int, at_once: int) -> list[Runner]:
    """Each for itself, on a host with so many CPUs. An entrant without a runtime takes its engine's."""
    return [_runner(engine, runtime or ENGINES[engine].runtime, profile, cpus, at_once) for engine, runtime in entrants]


def _runner(engine: str, runtime: str, profile: Profile, cpus: int, at_once: int) -> Runner:
    noting, book = watched(profile)
    asked = Asked(WHOLE, engine, runtime)
    (alone,) = _started(asked, noting, cpus, 1)
    ends = sorted(start.phases[-1].end_ns for start in _started(asked, noting, cpus, at_once))
    own = [one for one in held(engine, runtime, published=True) if not one.once_a_host]
    memory = sum(round(noting[one.cost].value) * one.times for one in own)
    assumed = tuple(cost for cost in book.asked.values() if cost.record.kind == "assumption")
    return Runner(engine, runtime, tuple(alone.phases), tuple(ends), memory, assumed)


def _started(asked: Asked, profile: Profile, cpus: int, count: int) -> list[Start]:
    clock = Clock(initial_time=0)
    host = Host(clock, cpus)
    starts = [Start(clock, profile, host=host) for _ in range(count)]
    for start in starts:
        clock.process(run(start, asked))
    clock.run()
    return starts


def document(runners: Sequence[Runner], profile: Profile, cpus: int) -> dict[str, Any]:
    """For programs: times in ns, memory in bytes."""
    return {
        "profile": profile.name, "cpus": cpus, "units": {"alone": "ns", "at_once": "ns", "memory": "B", "start": "ns", "end": "ns"},
        "starts": [
            {
                "engine": one.engine, "runtime": one.runtime, "alone": one.alone_ns, "at_once": list(one.at_once_ns),
                "memory": one.memory_bytes, "assumed": [cost.name for cost in one.assumed],
                "phases": [
                    {"who": phase.who, "what": phase.what, "start": phase.start_ns, "end": phase.end_ns,
                     "costs": [use.name for use in phase.costs]}
                    for phase in one.phases
                ],
            }
            for one in runners
        ],
    }  # fmt: skip


def show(runners: Sequence[Runner], profile: Profile, cpus: int, phases: bool) -> None:
    """The table, fastest first, each one's phases if asked for, and what they rest on."""
    out = console()
    many = len(runners[0].at_once_ns)
    out.print(f"From the command to the program's first instruction; {cpus} CPUs, costs: {profile.name}", style="bold")
    table = a_table("", gap=1)
    for heading in ("engine", "runtime"):
        table.add_column(heading)
    for heading in ("alone, ms", f"{many} at once: first", "last", "memory each, MiB"):
        table.add_column(heading, justify="right")
    ordered = sorted(runners, key=lambda one: one.alone_ns)
    for one in ordered:
        first, last = (f"{ns / 1e6:.1f}" for ns in (one.at_once_ns[0], one.at_once_ns[-1]))
        table.add_row(one.engine, one.runtime, f"{one.alone_ns / 1e6:.1f}", first, last, f"{one.memory_bytes / 2**20:.1f}")
    out.print(table)
    for one in ordered if phases else ():
        out.print()
        listed = a_table(f"{one.engine}, {one.runtime}", gap=1)
        listed.add_column("at, ms", justify="right")
        listed.add_column("takes", justify="right")
        listed.add_column("who")
        listed.add_column("what")
        for phase in one.phases:
            listed.add_row(f"{phase.start_ns / 1e6:.1f}", f"{(phase.end_ns - phase.start_ns) / 1e6:.1f}", phase.who, phase.what)
        out.print(listed)
    assumed = {cost.name: f"{cost.name} ({' to '.join(cost.record.range or ())})" for one in runners for cost in one.assumed}
    if assumed:
        out.print()
        out.print(f"Rests on {len(assumed)} costs that are assumed (cutaway cost NAME tells each): {'; '.join(assumed.values())}.")
