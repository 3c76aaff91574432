"""A simulated Engine at a socket, in a thread of the test's own process."""

from __future__ import annotations

import asyncio
import contextlib
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
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
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


def ports() -> Ports:
    return Ports(lambda address, port, protocol, container: None, lambda address, port, protocol: None)


@contextlib.contextmanager
def serving(path: Path, speed: float = 1000.0, epoch_ns: int = EPOCH_NS) -> Iterator[Served]:
    """An Engine that listens at a path."""
    listening, ready, loops = bound(path), threading.Event(), []
    clock = Clock(initial_time=0)
    found: list[Served] = []

    async def run() -> None:
        live = Live(clock, speed)
        engine = Engine(Daemon(clock, MACHINE, costs.load("bare-metal"), ports(), 1, epoch_ns), live)
        server, ended = Server(engine, listening), asyncio.Event()
        loops.append((asyncio.get_running_loop(), ended))
        found.append(Served(path, engine, server, asyncio.get_running_loop()))
        ready.set()
        await server.run(ended)
    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    assert ready.wait(20)
    try:
        yield found[0]
    finally:
        loop, ended = loops[0]
        loop.call_soon_threadsafe(ended.set)
        thread.join(20)
        listening.close()
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
