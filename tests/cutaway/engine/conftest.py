"""A simulated Engine at a socket, in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cutaway.engine.engine import Engine
from cutaway.engine.live import Live
from cutaway.engine.server import Server, bound
from cutaway.models import costs
from cutaway.models.costs import Profile
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.images import catalogue
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.references import reference_of
from cutaway.sim.clock import Clock

MACHINE = Machine("host", 2, 4 << 30, "6.1.0-test", "#1 SMP test", "Test Linux")
EPOCH_NS = 1_700_000_000_000_000_000


@dataclass
class Served:
    """A running Engine, and where it listens."""

    path: Path
    engine: Engine
    server: Server
    loop: asyncio.AbstractEventLoop

    @property
    def host(self) -> str:
        return f"unix://{self.path}"


def with_alpine(served: Served) -> None:
    """The image is there at once."""
    entry, images = catalogue.find("alpine", "latest"), served.engine.daemon.images
    assert entry is not None
    images.tag(images.add(entry.image), reference_of("alpine"), 0)


def ports() -> Ports:
    return Ports(lambda address, port, protocol, container: None, lambda address, port, protocol: None)


@contextlib.contextmanager
def serving(path: Path, speed: float = 1000.0, epoch_ns: int = EPOCH_NS) -> Iterator[Served]:
    """An Engine that listens at a path."""
    with bound(path) as listening, served_at(listening, path, speed, epoch_ns) as found:
        yield found


@contextlib.contextmanager
def served_at(listening: socket.socket, path: Path = Path(), speed: float = 1000.0, epoch_ns: int = EPOCH_NS) -> Iterator[Served]:
    """An Engine at a socket, in a thread of its own."""
    ready, ended = threading.Event(), asyncio.Event()
    clock = Clock(initial_time=0)
    found: list[Served] = []

    async def run() -> None:
        live = Live(clock, speed)
        engine = Engine(Daemon(clock, MACHINE, costs.load("bare-metal"), ports(), 1, epoch_ns), live)
        server = Server(engine, listening)
        found.append(Served(path, engine, server, asyncio.get_running_loop()))
        ready.set()
        await server.run(ended)
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(20)
    try:
        yield found[0]
    finally:
        found[0].loop.call_soon_threadsafe(ended.set)
        thread.join(20)
    assert not thread.is_alive()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for all tests of a file."""
    with serving(tmp_path_factory.mktemp("engine") / "s") as found:
        yield found


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Served]:
    """One that nobody has asked anything."""
    with serving(tmp_path / "s") as found:
        yield found


@pytest.fixture
def profile() -> Profile:
    return costs.load("bare-metal")
