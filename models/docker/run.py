"""`docker run -d -p`: from the command to the container's first instruction, by whatever engine and runtime.

Serves: `run`, and the two halves that an Engine's clients ask for one by one, `create` and `start`; each is a process. The parts that the
kernel does (name spaces, cgroups, mounts, veth, address translation) are priced by their own measurements; the rest of each phase is
programs starting and talking to each other.
Not modelled: pulling an image, logging, restart policies. Read first: docs/models/docker/run.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from cutaway.models.docker.platforms.engines import ENGINES
from cutaway.models.docker.platforms.runtimes import RUNTIMES
from cutaway.models.docker.platforms.step import played
from cutaway.models.startup import Start
from cutaway.sim.clock import Process


@dataclass(frozen=True, slots=True)
class Asked:
    """What is started: what the container has (`bridged`, `published`, `overlay`, `seccomp`), and by what."""

    has: frozenset[str]
    engine: str = "docker"
    runtime: str = ""
    """The engine's own by default."""


def run(begun: Start, asked: Asked) -> Process:
    """The command line, the daemon, the runtime; ends where the server program is executed."""
    yield from played(begun, ENGINES[asked.engine].command, asked.has)
    yield from create(begun, asked)
    yield from start(begun, asked)


def create(begun: Start, asked: Asked) -> Process:
    """POST /containers/create."""
    yield from played(begun, ENGINES[asked.engine].create, asked.has)


def start(begun: Start, asked: Asked) -> Process:
    """POST /containers/ID/start."""
    engine = ENGINES[asked.engine]
    runtime = RUNTIMES[asked.runtime or engine.runtime]
    for steps in (engine.prepare, runtime.create, engine.hand_over, runtime.created, engine.begin, runtime.start):
        yield from played(begun, steps, asked.has)
