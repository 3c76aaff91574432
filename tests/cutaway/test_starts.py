"""`cutaway starts`: the race of engines and runtimes."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from cutaway import scenarios, starting
from cutaway.building import build_stacks
from cutaway.cli import app
from cutaway.models import costs
from cutaway.scenarios import ScenarioError
from cutaway.scenarios.loader import changed


def told(*arguments: str) -> Any:
    found = CliRunner().invoke(app, ["starts", *arguments])
    assert found.exit_code == 0, found.output
    return found


def test_the_race_is_told_fastest_first_with_what_it_rests_on() -> None:
    lines = told().output.splitlines()
    alone = [float(line.split()[2]) for line in lines if line.split()[:1] and line.split()[0] in ("docker", "containerd", "podman")]
    assert len(alone) == len(starting.RACE) and alone == sorted(alone)
    assert "kata agent (50" in " ".join(told().output.split())


def test_phases_follow_each_other_to_the_end_and_programs_read_them() -> None:
    (one,) = json.loads(told("podman,runc", "--json", "--at-once", "3").output)["starts"]
    assert [phase["end"] for phase in one["phases"][:-1]] == [phase["start"] for phase in one["phases"][1:]]
    assert one["phases"][-1]["end"] == one["alone"] and len(one["at_once"]) == 3 and one["assumed"]
    assert (one["engine"], one["runtime"]) == ("podman", "runc")


def test_more_cpus_bring_those_at_once_nearer_to_one_alone() -> None:
    profile = costs.load("two-core-vm")
    ((two,), (many,)) = (starting.race([("docker", "")], profile, cpus, 4) for cpus in (2, 64))
    assert two.at_once_ns[-1] > 1.5 * two.alone_ns
    assert many.alone_ns < many.at_once_ns[-1] < 1.5 * many.alone_ns


@pytest.mark.parametrize(("who", "sentence"), [("dcoker", "is no engine"), ("docker,rucn", "Did you mean 'runc'?")])
def test_who_is_not_known_is_told(who: str, sentence: str) -> None:
    found = CliRunner().invoke(app, ["starts", who])
    assert found.exit_code == 2 and sentence in " ".join(found.output.split())


def test_a_sandbox_serves_no_requests_silently_as_runc_would() -> None:
    with pytest.raises(ScenarioError, match="'runsc', of which start and memory are known, and not what a request costs"):
        changed(scenarios.load("lecture/three-stacks"), {"stacks.container.layers.docker.runtime": "runsc"})


def test_docker_proxy_is_docker_s() -> None:
    with pytest.raises(ScenarioError, match="which only dockerd has; expected 'nat' with docker"):
        changed(scenarios.load("whatif/container-engines"), {"stacks.podman.layers.docker.publish": "proxy", "clients.where": "loopback"})


def test_an_engine_is_no_part_of_a_request() -> None:
    """Start-up and memory differ, the plan does not."""
    docker, containerd, podman = build_stacks(scenarios.load("whatif/container-engines"), ["docker", "containerd", "podman"])
    assert docker.machine.plans == containerd.machine.plans == podman.machine.plans
    assert len({one.start_up_ns for one in (docker, containerd, podman)}) == 3
    assert docker.memory_bytes() > containerd.memory_bytes() > podman.memory_bytes()
