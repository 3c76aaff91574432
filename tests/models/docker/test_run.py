"""`docker run`, by phases; and what engines and runtimes have in common."""

from itertools import product

import pytest

from cutaway.models.contention import Host as Shared
from cutaway.models.costs import Profile
from cutaway.models.docker.platforms.engines import ENGINES, IPTABLES_RULES
from cutaway.models.docker.platforms.runtimes import RUNTIMES, runtime_of
from cutaway.models.docker.platforms.step import BRIDGED, OVERLAY, PUBLISHED, SECCOMP
from cutaway.models.docker.run import Asked, run
from cutaway.models.docker.run import start as started
from cutaway.models.startup import Phase, Start
from cutaway.sim.clock import Clock

from .host import MACHINE, Host

ALL = frozenset({BRIDGED, PUBLISHED, OVERLAY, SECCOMP})


def phases(profile: Profile, without: str = "", engine: str = "docker", runtime: str = "") -> list[Phase]:
    clock = Clock(initial_time=0)
    start = Start(clock, profile)
    clock.process(run(start, Asked(ALL - {without}, engine, runtime)))
    clock.run()
    return start.phases


def total_ns(found: list[Phase]) -> int:
    return found[-1].end_ns


def test_from_the_command_line_down_to_the_runtime(profile: Profile) -> None:
    who = list(dict.fromkeys(phase.who for phase in phases(profile) if phase.who != "kernel"))
    assert who == ["docker", "dockerd", "iptables", "containerd", "containerd-shim", "runc"]


@pytest.mark.parametrize(
    ("switch", "phase"), [(BRIDGED, "veth"), (PUBLISHED, "rules"), (OVERLAY, "overlay"), (SECCOMP, "seccomp")]
)
def test_what_a_container_does_without_takes_no_time(switch: str, phase: str, profile: Profile) -> None:
    assert any(phase in step.what for step in phases(profile))
    assert not any(phase in step.what for step in phases(profile, switch))


def test_rules_are_paid_one_by_one(profile: Profile) -> None:
    rules = next(phase for phase in phases(profile) if phase.who == "iptables")
    assert rules.end_ns - rules.start_ns == profile.ns("iptables rule", IPTABLES_RULES)


@pytest.mark.parametrize(("engine", "runtime"), list(product(ENGINES, RUNTIMES)))
def test_every_engine_starts_by_every_runtime_and_only_docker_asks_dockerd(engine: str, runtime: str, profile: Profile) -> None:
    who = [phase.who for phase in phases(profile, engine=engine, runtime=runtime)]
    assert ("dockerd" in who) == (engine == "docker") and ("containerd" in who) == (engine != "podman")
    assert ("conmon" in who) == (engine == "podman") and ("guest kernel" in who) == (runtime == "kata-runtime")


def test_what_isolates_more_starts_later(profile: Profile) -> None:
    order = [total_ns(phases(profile, runtime=runtime)) for runtime in ("crun", "runc", "runsc", "kata-runtime")]
    assert order == sorted(order)


def test_without_a_daemon_there_are_fewer_programs_to_ask(profile: Profile) -> None:
    """With the same runtime, so that it is the engine that differs."""
    podman, docker = (total_ns(phases(profile, engine=engine, runtime="crun")) for engine in ("podman", "docker"))
    assert podman < docker


def test_a_daemon_s_starts_at_once_share_what_a_scenario_s_do(profile: Profile) -> None:
    """Four clients at once: each start ends when that of a scenario does, though here slices are given and there shares."""
    host = Host(profile)
    containers = [host.run("alpine:latest", "true", name=f"c{number}") for number in range(4)]
    host.let_pass(1)
    begun_ns = int(host.clock.now)
    waiting = [host.clock.process(host.daemon.lifecycle.start(one)) for one in containers]
    for one in waiting:
        host.clock.run(until=one)

    def ends(count: int) -> list[int]:
        clock = Clock(initial_time=0)
        shared = Shared(clock, MACHINE.cpus)
        starts = [Start(clock, profile, host=shared) for _ in range(count)]
        for start in starts:
            clock.process(started(start, Asked(frozenset({BRIDGED, OVERLAY, SECCOMP}))))
        clock.run()
        return sorted(total_ns(start.phases) for start in starts)

    assert sorted(one.started_ns - host.daemon.epoch_ns - begun_ns for one in containers) == pytest.approx(ends(4), rel=0.03)
    assert ends(4)[-1] > 1.5 * ends(1)[0]


def test_an_engine_takes_its_own_runtime_if_none_is_named(profile: Profile) -> None:
    assert phases(profile) == phases(profile, runtime="runc")
    assert phases(profile, engine="podman") == phases(profile, engine="podman", runtime="crun")


def test_ctr_and_podman_take_what_was_measured(profile: Profile) -> None:
    """Goal: what is priced apart is taken off, not counted twice. Method: put the parts of the measured machine together again."""
    def row_ms(machine: str, what: str) -> float:
        return next(row.value * 1e3 for name, row in profile.rows.items() if name.startswith(f"{machine}: ") and what in name)

    starting = "micro.fork-exec-wait-static.native.time_per_op"
    here = profile.rows[starting].value / profile.rows[f"two-core-amd-vm: {starting}"].value
    scaled = {"ctr command", "podman command", "shim start"}
    for engine, command, runtime in (("containerd", "ctr-run", "runc"), ("podman", "podman.network=none", "crun")):
        alone = row_ms("two-core-amd-vm-2", f".{runtime}.network_namespace=new.create_and_start")
        calm = row_ms("two-core-amd-vm", f".{runtime}.network_namespace=host.create_and_start") / alone
        entry = ENGINES[engine]
        costs = [cost for step in (*entry.command, *entry.prepare, *entry.begin) if step.only <= {OVERLAY} for cost in step.costs]
        parts_ms = sum(profile.ns(str(cost)) / 1e6 / (here if cost in scaled else 1) for cost in costs)
        assert abs(parts_ms - (row_ms("two-core-amd-vm-2", command) - alone) * calm) < 0.15


@pytest.mark.parametrize(
    ("name", "found"), [("io.containerd.runsc.v1", "runsc"), ("io.containerd.runc.v2", "runc"), ("crun", "crun"), ("rucn", "")]
)
def test_a_runtime_has_the_name_of_its_shim_too(name: str, found: str) -> None:
    runtime = runtime_of(name)
    assert (runtime.name if runtime else "") == found
