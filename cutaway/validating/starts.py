"""Start-up times and memory, predicted in the terms of the measured rows (s, bytes)."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from cutaway.models import startup
from cutaway.models.contention import Host
from cutaway.models.costs import Profile
from cutaway.models.docker import run as docker
from cutaway.models.docker.platforms.step import BRIDGED, PUBLISHED, WHOLE
from cutaway.sim.clock import Clock, Process
from cutaway.validating.setups import Start

PROXIES = 2
"""docker-proxy processes of one published port."""
CPUS = 2
"""Of the machines that starts were measured on."""
_BY_WHO = {
    "phase_cli_and_ping": ("the command starts and finds the daemon",),
    "phase_api_create": ("create: configuration, layers", "mount the overlay"),
    "phase_start_network": ("veth pair, bridge port, interfaces up", "addresses, endpoint", "rules for the published port"),
    "phase_start_bundle_to_containerd": ("bundle, task",),
    "phase_shim_start": ("the shim starts, twice",),
    "phase_runc_create_incl_network_hook": (
        "create: starts itself again inside",
        "name spaces",
        "cgroups, one a controller",
        "started again as a hook, to hand the interface over",
        "move the veth end into the name space",
        "build and load the seccomp filter",
    ),
    "phase_runc_start": ("has the shim start the task", "start"),
}
"""Phases of the model that a measured phase holds."""
_AT = {
    "at_create_call": "phase_api_create",
    "at_start_call": "phase_start_network",
    "at_network_programmed": "phase_start_bundle_to_containerd",
    "at_containerd_created": "phase_shim_start",
    "at_shim_loop": "phase_runc_create_incl_network_hook",
    "at_task_created": "phase_runc_start",
}
"""Moments at which a measured phase begins."""


def figures(start: Start, profile: Profile) -> dict[str, float]:
    """By metric; what is not among them the model does not say."""
    if start.what.startswith("memory"):
        return _memory(start, profile)
    if start.what.startswith("nginx"):
        return {"total_first_200": _server_s(profile)}
    if start.what.startswith("docker run variants"):
        return {
            "run_network_host": _total_s(_run(profile, WHOLE - {BRIDGED, PUBLISHED})),
            "run_bridge_no_port": _total_s(_run(profile, WHOLE - {PUBLISHED})),
        }
    if start.what.startswith("OCI runtime"):
        create, started = (profile.ns(f"{start.runtime} {what}") / 1e9 for what in ("create", "start"))
        create += sum(profile.ns(name) for name in ("name spaces", "cgroups", "cgroup wait")) / 1e9
        return {"create": create, "start": started, "create_and_start": create + started}
    if start.what.endswith("started at once"):
        return _at_once(start.at_once, profile)
    whole = _run(profile)
    if start.what.startswith("docker commands"):
        command, create = _seconds(whole, "phase_cli_and_ping"), _seconds(whole, "phase_api_create")
        return {"create": command + create, "start": _total_s(whole) - create}
    return _phases(whole) | _answered(whole, profile)


def _run(profile: Profile, has: frozenset[str] = WHOLE) -> list[startup.Phase]:
    return _played(profile, lambda start: docker.run(start, docker.Asked(has)))


def _played(profile: Profile, process: Callable[[startup.Start], Process]) -> list[startup.Phase]:
    clock = Clock(initial_time=0)
    start = startup.Start(clock, profile, host=Host(clock, CPUS))
    clock.process(process(start))
    clock.run()
    return start.phases


def _at_once(count: int, profile: Profile) -> dict[str, float]:
    """Commands that are given at the same moment and share the machine."""

    def answered(start: startup.Start) -> Process:
        yield from docker.run(start, docker.Asked(WHOLE))
        returned_s.append(clock.now / 1e9)
        yield from startup.server_process(start, 1)
        answered_s.append(clock.now / 1e9)

    returned_s: list[float] = []
    answered_s: list[float] = []
    clock = Clock(initial_time=0)
    host = Host(clock, CPUS)
    for _ in range(count):
        clock.process(answered(startup.Start(clock, profile, host=host)))
    clock.run()
    return {
        "first_200_first": answered_s[0],
        "first_200_median": median(answered_s),
        "first_200_last": answered_s[-1],
        "cli_exit_last": returned_s[-1],
    }


def _server_s(profile: Profile) -> float:
    return _total_s(_played(profile, lambda start: startup.server_process(start, 1)))


def _total_s(phases: list[startup.Phase]) -> float:
    return phases[-1].end_ns / 1e9


def _seconds(phases: list[startup.Phase], measured: str) -> float:
    return sum(phase.end_ns - phase.start_ns for phase in phases if phase.what in _BY_WHO[measured]) / 1e9


def _phases(phases: list[startup.Phase]) -> dict[str, float]:
    found = {measured: _seconds(phases, measured) for measured in _BY_WHO}
    for moment, begins in _AT.items():
        found[moment] = min(phase.start_ns for phase in phases if phase.what in _BY_WHO[begins]) / 1e9
    return found


def _answered(phases: list[startup.Phase], profile: Profile) -> dict[str, float]:
    total, server = _total_s(phases), _server_s(profile)
    running = {"at_task_started": total, "at_process_main": total, "phase_total_cli": total, "total_cli": total, "at_cli_exit": total}
    answered = dict.fromkeys(("at_first_200", "phase_total_first_200", "total_first_200"), total + server)
    return running | answered | {"phase_process_to_first_200": server}


def _memory(start: Start, profile: Profile) -> dict[str, float]:
    """What a process has for itself, with its share of the program that all of its kind run from (PSS), and with all of it (RSS)."""

    def of(cost: str) -> float:
        return float(profile[cost].value)

    if start.what.startswith("memory cgroup"):
        kernel = of("container kernel memory")
        return {"kmem": kernel, "usage": kernel + of("nginx master memory") + of("nginx worker memory")}
    process = start.what.removeprefix("memory of ").partition(",")[0]
    if process in ("dockerd", "containerd"):
        return {"pss": of(f"{process} memory")}
    if process.startswith("nginx"):
        return {"private": of(f"{process.replace('-', ' ')} memory")}
    name, many = ("shim", 1) if process == "containerd-shim" else ("docker-proxy", PROXIES)
    own, shared = of(f"{name} memory"), of(f"{name} shared memory")
    return {"private": own, "rss": own + shared, "pss": own + shared / max(start.running * many, 1)}
