"""What `cutaway up` does: a simulated host, an Engine on it, a socket for real clients; the value is the exit code."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cutaway.engine.demands import Demands
from cutaway.engine.engine import Engine
from cutaway.engine.live import Live
from cutaway.engine.publishing import Publish, Publisher
from cutaway.engine.server import Server, bound
from cutaway.models import costs
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
from cutaway.sim.clock import Clock


def up(
    machine: Machine,
    profile: costs.Profile,
    path: Path,
    *,
    speed: float,
    seed: int,
    epoch_ns: int | None,
    said: Callable[[str], None],
    publish: Publish = "unprivileged",
) -> int:
    """Serves until a signal ends it. Raises SocketRefused, OSError."""
    listening = bound(path)
    try:
        begun_ns = time.time_ns() if epoch_ns is None else epoch_ns
        return asyncio.run(_serve(machine, profile, listening, path, speed, seed, begun_ns, said, publish))
    finally:
        listening.close()
        path.unlink(missing_ok=True)


async def _serve(
    machine: Machine,
    profile: costs.Profile,
    listening: socket.socket,
    path: Path,
    speed: float,
    seed: int,
    epoch_ns: int,
    said: Callable[[str], None],
    publish: Publish,
) -> int:
    clock = Clock(initial_time=0)
    live = Live(clock, speed)
    publisher = Publisher(live, publish)
    daemon = Daemon(clock, machine, profile, Ports(publisher.open, publisher.close), seed, epoch_ns, demand=Demands(machine, profile))
    engine = Engine(daemon, live)
    ended, number = asyncio.Event(), 0

    def stop(received: int) -> None:
        nonlocal number
        number = received
        ended.set()
    loop = asyncio.get_running_loop()
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with contextlib.suppress(NotImplementedError, RuntimeError):
            loop.add_signal_handler(one, stop, int(one))
    said(f"export DOCKER_HOST=unix://{path}")
    try:
        await Server(engine, listening).run(ended)
    finally:
        publisher.close_all()
    return 0


if __name__ == "__main__":
    profile = costs.load("bare-metal")
    machine = Machine("host", 2, 24 << 30, "6.1.0-26-cloud-amd64", "#1 SMP PREEMPT_DYNAMIC Debian 6.1.112-1",
                      "Debian GNU/Linux 12 (bookworm)")  # fmt: skip
    up(machine, profile, Path(sys.argv[1]), speed=float(sys.argv[2]), seed=1, epoch_ns=None, said=lambda text: print(text, flush=True),
       publish="real" if "--publish-real" in sys.argv else "unprivileged")  # fmt: skip
