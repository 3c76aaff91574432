"""A container: what was asked of it, what it is now, what it has run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import simpy

from cutaway.models.docker.filesystem.tree import Tree
from cutaway.models.docker.filesystem.view import View
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.logs import Log
from cutaway.models.docker.networks import Endpoint
from cutaway.models.docker.platforms.runtimes import Runtime, runtime_of
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.space import Space
from cutaway.models.docker.processes.streams import Output, Pipe
from cutaway.models.docker.processes.terminal import Terminal
from cutaway.models.docker.specification import Config, HostConfig
from cutaway.sim.clock import Clock

NEVER_NS = -1
"""A time that has not been."""


@dataclass
class HealthState:
    """What the checks found."""

    status: str = "starting"
    failing: int = 0
    log: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class MountPoint:
    """A mount of a container, as inspect shows it."""

    kind: str
    """`volume`, `bind`, `tmpfs`."""
    name: str
    source: str
    destination: str
    tree: Tree
    driver: str = ""
    mode: str = ""
    writable: bool = True
    inside: str = "/"
    limit: int | None = None


@dataclass
class Container:
    """One container."""

    id: str
    name: str
    created_ns: int
    config: Config
    host: HostConfig
    image: Image
    clock: Clock
    tree: Tree
    view: View
    log: Log
    output: Output
    mounts: list[MountPoint] = field(default_factory=list)
    wanted: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Networks that it is to be in when it runs, by name, with what the client asked of each."""
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    """By network's name."""
    status: str = "created"
    paused: bool = False
    removing: bool = False
    restarting: bool = False
    oom_killed: bool = False
    exit_code: int = 0
    error: str = ""
    started_ns: int = NEVER_NS
    finished_ns: int = NEVER_NS
    restarts: int = 0
    manually_stopped: bool = False
    health: HealthState | None = None
    space: Space | None = None
    main: Process | None = None
    stdin: Pipe | None = None
    terminal: Terminal | None = None
    ports: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """Published ports, by `80/tcp`: address and port of the host."""
    execs: list[str] = field(default_factory=list)
    linked_from: set[tuple[str, str]] = field(default_factory=set)
    """Who links to it: id and alias."""
    next_exit: simpy.Event = field(init=False)
    gone: simpy.Event = field(init=False)
    size: tuple[int, int] = (24, 80)
    """Rows and columns of its terminal."""

    def __post_init__(self) -> None:
        self.next_exit = self.clock.event()
        self.gone = self.clock.event()

    @property
    def runtime(self) -> Runtime:
        """What makes it, by the name in its configuration, which is known to be one."""
        found = runtime_of(self.host.runtime)
        assert found is not None
        return found

    @property
    def running(self) -> bool:
        return self.status in ("running", "paused", "restarting")

    @property
    def has_process(self) -> bool:
        return self.main is not None and self.main.code is None

    @property
    def argv(self) -> list[str]:
        return [*(self.config.entrypoint or []), *(self.config.cmd or [])]

    @property
    def pid(self) -> int:
        return self.main.pid if self.main is not None and self.has_process else 0

    @property
    def hostname(self) -> str:
        return self.config.hostname or self.id[:12]
