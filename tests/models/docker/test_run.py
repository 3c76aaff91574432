"""`docker run`, by phases."""

import pytest

from cutaway.models.costs import Profile
from cutaway.models.docker.run import IPTABLES_RULES, docker_run
from cutaway.models.startup import Phase, Start
from cutaway.sim.clock import Clock


def run(profile: Profile, **switches: bool) -> list[Phase]:
    clock = Clock(initial_time=0)
    start = Start(clock, profile)
    clock.process(docker_run(start, **{"bridged": True, "published": True, "overlay": True, "seccomp": True, **switches}))
    clock.run()
    return start.phases


def test_from_the_command_line_down_to_the_runtime(profile: Profile) -> None:
    who = list(dict.fromkeys(phase.who for phase in run(profile) if phase.who != "kernel"))
    assert who == ["docker", "dockerd", "iptables", "containerd", "containerd-shim", "runc"]


@pytest.mark.parametrize(
    ("switch", "phase"), [("bridged", "veth"), ("published", "rules"), ("overlay", "overlay"), ("seccomp", "seccomp")]
)
def test_what_a_container_does_without_takes_no_time(switch: str, phase: str, profile: Profile) -> None:
    assert any(phase in step.what for step in run(profile))
    assert not any(phase in step.what for step in run(profile, **{switch: False}))


def test_rules_are_paid_one_by_one(profile: Profile) -> None:
    rules = next(phase for phase in run(profile) if phase.who == "iptables")
    assert rules.end_ns - rules.start_ns == profile.ns("iptables rule", IPTABLES_RULES)
