"""What `cutaway up` does: a simulated host, an Engine on it, a socket for real clients; the value is the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.engine.demands import Demands
from cutaway.engine.engine import MOST_ARCHIVE_BYTES, Engine
from cutaway.engine.live import Live
from cutaway.engine.publishing import Publish, Publisher
from cutaway.engine.server import Server, bound, bound_tcp
from cutaway.models import costs
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
from cutaway.sim.clock import Clock

if TYPE_CHECKING:
    from cutaway.engine.showing.beside import Beside
    from cutaway.visuals.docker.process import Wanted

SIGNALLED = 128


@dataclass(frozen=True)
class Asked:
    """What kind of Engine is wanted."""

    machine: Machine
    profile: costs.Profile
    speed: float = 1.0
    seed: int = 1
    publish: Publish = "unprivileged"
    epoch_ns: int | None = None
    """Unix time at which the simulation begins; now when left out."""
    most_archive_bytes: int = MOST_ARCHIVE_BYTES
    hold: bool = False
    """Each step waits until the view lets it through."""


def up(asked: Asked, path: Path, said: Callable[[str], None], tcp: str | None = None, view: Wanted | None = None) -> int:
    """Serves until a signal ends it, at a TCP address too where one is given, with a view if one is wanted. `said` gets the line to paste.

    Raises SocketRefused, SocketBusy, OSError; what the view cannot do: NoDisplayError, RecordingError.
    """
    with contextlib.ExitStack() as held:
        listening = [held.enter_context(bound_tcp(tcp))] if tcp else []
        listening.append(held.enter_context(bound(path)))
        held.callback(path.unlink, missing_ok=True)
        beside = None
        if view is not None:
            from cutaway.engine.showing.beside import Beside

            beside = Beside(view)
            held.callback(beside.close)
        return asyncio.run(_serve(asked, listening, lambda: said(f"export DOCKER_HOST=unix://{path}"), beside))


def engine_of(asked: Asked) -> tuple[Engine, Publisher]:
    """An Engine that nobody asks yet. To be called in the event loop's thread."""
    live = Live(Clock(initial_time=0), asked.speed)
    publisher = Publisher(live, asked.publish)
    epoch_ns = time.time_ns() if asked.epoch_ns is None else asked.epoch_ns
    demand = Demands(asked.machine, asked.profile)
    ports = Ports(publisher.open, publisher.close)
    daemon = Daemon(live.clock, asked.machine, asked.profile, ports, asked.seed, epoch_ns, demand=demand)
    publisher.record = daemon.record
    live.standing = daemon.record.standing
    return Engine(daemon, live, most_archive_bytes=asked.most_archive_bytes), publisher


async def _serve(asked: Asked, listening: list[socket.socket], ready: Callable[[], None], beside: Beside | None) -> int:
    engine, publisher = engine_of(asked)
    server = Server(engine, *listening)
    if beside is not None:
        from cutaway.engine.showing.snapshots import Snapshots

        server.watch = snapshots = Snapshots(engine)
        beside.serve(snapshots)
    if asked.hold:
        engine.daemon.record.hold()
    ended = asyncio.Event()
    received: list[int] = []

    def stop(number: int) -> None:
        received.append(number)
        ended.set()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(one, stop, int(one))
    ready()
    try:
        await server.run(ended)
    finally:
        publisher.close_all()
    return SIGNALLED + received[0]
