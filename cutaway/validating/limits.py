"""Limits of memory and of processes, as the simulated Engine keeps them: when a process that takes ever more is killed, or cannot fork.

The measured program touches memory a mebibyte at a time and marks every eight; `tail /dev/zero` touches it as fast in the model. A cgroup
without a container is taken as a container's: what the kernel holds for that is less than a mark.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cutaway.models.costs import Profile
from cutaway.models.costs.row import Row
from cutaway.models.docker.container import Container
from cutaway.models.docker.creating import create
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.images import catalogue
from cutaway.models.docker.ports import Ports
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.processes.process import SMALL_BYTES
from cutaway.models.docker.references import reference_of
from cutaway.models.docker.specification import Config, HostConfig, form_of
from cutaway.models.units import MIB
from cutaway.sim.clock import Clock

MEMORY = "memory limit, OOM kill of a process that touches memory"
PROCESSES = "pids limit, processes started before fork fails"
WHATS = (MEMORY, PROCESSES)
MARK_BYTES = 8 * MIB
CPUS, BYTES, IMAGE = 2, 24 << 30, "alpine:latest"
FORK_UNTIL_IT_FAILS = "while sleep 1000 & do :; done"
PATIENCE_NS = 10_000_000_000


@dataclass(frozen=True, slots=True)
class Limit:
    """What is limited, to how much (bytes, processes), and whether a container has the limit, or a cgroup alone."""

    what: str
    most: int
    contained: bool


def limit_of(row: Row) -> Limit:
    """The set-up of a row of one of WHATS."""
    return Limit(row.what, int(row.number("limit_bytes" if row.what == MEMORY else "pids_limit")), row.stack == "docker")


def figures(limit: Limit, profile: Profile) -> dict[str, float]:
    """By metric; bytes, s, and an exit code as who waits for it reads it."""
    return _killed(limit, profile) if limit.what == MEMORY else _forked(limit, profile)


def _killed(limit: Limit, profile: Profile) -> dict[str, float]:
    container = _started(profile, ("tail", "/dev/zero"), {"Memory": limit.most})
    main, space = container.main, container.space
    assert main is not None and space is not None
    before = space.memory.kernel + SMALL_BYTES
    for _ in _until_it_ends(container):
        pass
    took_s, touched = (int(container.clock.now) - main.started_ns) / 1e9, space.memory.peak - before
    marked = touched // MARK_BYTES * MARK_BYTES
    marked_s = took_s * marked / touched            # alone on the machine it touches at an even pace
    found = {"touched_at_kill": float(marked), "time_to_touch_limit": marked_s}
    if limit.contained:
        return found | {"exit_code": float(container.exit_code), "oom_killed": float(container.oom_killed)}
    return found | {
        "exit_code": float(128 - container.exit_code if container.exit_code > 128 else container.exit_code),
        "last_8MiB_mark_to_death": took_s - marked_s, "start_to_death": profile.ns("fork and exec") / 1e9 + took_s,
    }  # fmt: skip


def _forked(limit: Limit, profile: Profile) -> dict[str, float]:
    container = _started(profile, ("sh", "-c", FORK_UNTIL_IT_FAILS), {"PidsLimit": limit.most})
    started = 0
    for _ in _until_it_ends(container):
        if container.space is not None:
            started = max(started, len(container.space.processes) - 1)
    return {"processes_started": float(started)}


def _started(profile: Profile, command: tuple[str, ...], host: dict[str, Any]) -> Container:
    """A container on a host that has nothing else to do."""
    clock = Clock(initial_time=0)
    ports = Ports(lambda address, port, protocol, container: None, lambda address, port, protocol: None)
    daemon = Daemon(clock, Machine("host", CPUS, BYTES, "6.18.0", "#1 SMP", "Linux"), profile, ports, 1, 0)
    reference = reference_of(IMAGE)
    entry = catalogue.find(reference.repository, reference.tag or "latest")
    assert entry is not None
    daemon.images.tag(daemon.images.add(entry.image), reference, 0)
    config: Config = form_of(Config, {"Image": IMAGE, "Cmd": list(command)})
    limits: HostConfig = form_of(HostConfig, host)
    made: Any = clock.run(until=clock.process(create(daemon, None, config, limits, {})))
    container: Container = made[0]
    clock.run(until=clock.process(daemon.lifecycle.start(container)))
    return container


def _until_it_ends(container: Container) -> Iterator[None]:
    """After each event, until its first process ends or nothing more is to be expected."""
    clock, main = container.clock, container.main
    assert main is not None
    while not main.ended.processed and int(clock.now) < main.started_ns + PATIENCE_NS:
        clock.step()
        yield
