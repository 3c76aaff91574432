"""Health checks: a command in the container now and then; what it ends with decides whether the container counts as well."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import simpy

from cutaway.models.docker.container import Container, HealthState
from cutaway.models.docker.dates import rfc3339
from cutaway.models.docker.errors import DaemonError
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.streams import Collected
from cutaway.models.docker.specification import Health
from cutaway.sim.clock import Process as Steps

INTERVAL_NS, TIMEOUT_NS, RETRIES = 30_000_000_000, 30_000_000_000, 3
"""dockerd's own (daemon/health.go of moby)."""
KEPT, KEPT_BYTES = 5, 4096


@dataclass
class Checker:
    """Checks one container as long as it runs."""

    container: Container
    run: Callable[[Container, list[str], Collected], Process]
    """Starts a command in it."""
    changed: Callable[[Container, str], None]
    now_ns: Callable[[], int]

    def check(self, health: Health) -> Steps:
        container, clock = self.container, self.container.clock
        begun, main = int(clock.now), container.main
        state = container.health = HealthState()
        command = list(health.test or [])
        argv = command[1:] if command[0] == "CMD" else ["/bin/sh", "-c", " ".join(command[1:])]
        while True:
            starting = state.status == "starting" and health.start_period and clock.now - begun < health.start_period
            yield clock.timeout((health.start_interval or 5_000_000_000) if starting else (health.interval or INTERVAL_NS))
            if container.main is not main or not container.has_process:
                return
            if container.paused:
                continue
            start_ns, output = self.now_ns(), Collected(KEPT_BYTES)
            code = yield from self._once(argv, output, health.timeout or TIMEOUT_NS)
            if container.main is not main or not container.has_process:
                return
            self._take(state, code, start_ns, output, health, inside=bool(health.start_period) and clock.now - begun < health.start_period)

    def _once(self, argv: list[str], output: Collected, timeout_ns: int) -> Steps:
        clock = self.container.clock
        try:
            process = self.run(self.container, argv, output)
        except (OSError, DaemonError) as error:
            output.content += str(error).encode()[:KEPT_BYTES]
            return -1
        late: simpy.Event = clock.timeout(timeout_ns)
        yield process.ended | late
        if process.code is None:
            process.kill(signals.KILL)
            output.content += f"Health check exceeded timeout ({timeout_ns / 1e9:g}s)".encode()
            return -1
        return process.code

    def _take(self, state: HealthState, code: int, start_ns: int, output: Collected, health: Health, *, inside: bool) -> None:
        entry: dict[str, Any] = {"Start": rfc3339(start_ns), "End": rfc3339(self.now_ns()), "ExitCode": code,
                                 "Output": output.content.decode(errors="replace")}  # fmt: skip
        state.log = [*state.log, entry][-KEPT:]
        before = state.status
        if code == 0:
            state.failing, state.status = 0, "healthy"
        elif not (inside and before == "starting"):
            state.failing += 1
            if state.failing >= (health.retries or RETRIES):
                state.status = "unhealthy"
        if state.status != before:
            self.changed(self.container, state.status)

