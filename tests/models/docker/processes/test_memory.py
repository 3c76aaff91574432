"""Memory limits: what counts, what is given up first, who is killed and what the daemon says of it.

What a real Engine (20.10) was seen to do with the same commands: codes, `OOMKilled`, the order of events, what the shell prints.
"""

from typing import Any

import pytest

from cutaway.models.costs import Profile
from cutaway.models.docker.container import Container
from cutaway.models.docker.filesystem.nodes import File
from tests.models.docker.host import MACHINE, Host, log

MIB = 1 << 20
ZEROS = ("dd", "if=/dev/zero", "bs=1M")


@pytest.fixture
def host(profile: Profile) -> Host:
    return Host(profile)


def told(host: Host, container: Container, *actions: str) -> list[tuple[str, str | None]]:
    """Events of a container, with the code of its end."""
    events = [one for one in host.daemon.events.kept if one.id == container.id and one.action in actions]
    return [(one.action, one.attributes.get("exitCode")) for one in events]


def ran(host: Host, *command: str, seconds: float = 2, **limits: Any) -> Container:
    container = host.run("busybox", *command, **limits)
    host.let_pass(seconds)
    return container


@pytest.mark.parametrize("command", [
    ("tail", "/dev/zero"),
    (*ZEROS, "of=/dev/shm/x", "count=200"),
    ("sh", "-c", "x=a; while true; do x=$x$x; done"),
])  # fmt: skip
def test_who_exceeds_its_limit_is_killed(host: Host, command: tuple[str, ...]) -> None:
    other = host.run("nginx")
    container = ran(host, *command, Memory=32 * MIB, ShmSize=1 << 30)
    assert (container.status, container.exit_code, container.oom_killed) == ("exited", 137, True)
    assert told(host, container, "oom", "die") == [("oom", None), ("die", "137")]
    assert container.space is not None and container.space.memory.peak <= 32 * MIB
    assert (other.status, other.oom_killed) == ("running", False) and host.ask(other, 80).status == 200


def test_the_memory_of_a_container_is_free_when_it_has_ended(host: Host) -> None:
    ran(host, "true")
    before = host.daemon.memory.used        # what the daemons hold, and the pages of programs that all containers run
    ran(host, *ZEROS, "of=/dev/shm/x", "count=200", Memory=64 * MIB, ShmSize=1 << 30)
    ran(host, "sh", "-c", "for i in 1 2 3 4 5; do sleep 1000 & done; dd if=/dev/zero of=/x bs=1M count=10")
    assert host.daemon.memory.used == before and not host.daemon.memory.cgroups
    kept = host.run("busybox", "sleep", "1000")
    assert kept.space is not None
    assert host.daemon.memory.used - before == kept.space.memory.usage + round(host.daemon.profile["shim memory"].value)


def test_a_child_is_killed_and_the_shell_goes_on(host: Host) -> None:
    container = ran(host, "sh", "-c", "tail /dev/zero; echo code $?; cat /sys/fs/cgroup/memory.events", Memory=64 * MIB)
    assert log(container).splitlines()[:2] == ["Killed", "code 137"] and "oom_kill 1\n" in log(container)
    assert (container.exit_code, container.oom_killed) == (0, True)
    assert told(host, container, "oom", "die") == [("oom", None), ("die", "0")]


def test_page_cache_is_given_up_before_anybody_is_killed(host: Host) -> None:
    """A file that is larger than the limit is written without harm."""
    container = ran(host, "sh", "-c", "dd if=/dev/zero of=/x bs=1M count=200; cat /sys/fs/cgroup/memory.stat; sleep 100", Memory=64 * MIB)
    assert container.space is not None
    memory = container.space.memory
    assert (container.status, container.oom_killed, memory.written) == ("running", False, 200 * MIB)
    assert 60 * MIB < memory.cache <= memory.usage <= 64 * MIB and memory.full > 0
    assert f"inactive_file {memory.cache}" in log(container)
    host.inside(container, "rm", "/x")
    assert memory.cache == 0


def test_a_file_in_memory_does_not_outgrow_its_mount(host: Host) -> None:
    container = ran(host, *ZEROS, "of=/dev/shm/x", "count=200", Memory=256 * MIB)
    assert container.exit_code == 1 and "No space left on device" in log(container) and not container.oom_killed
    node = container.view.node("/dev/shm/x")
    assert isinstance(node, File) and node.size == 64 * MIB


def test_restart_policy_applies(host: Host) -> None:
    container = ran(host, "tail", "/dev/zero", Memory=64 * MIB, RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 2}, seconds=5)
    assert (container.status, container.restarts, container.oom_killed) == ("exited", 2, True)
    assert told(host, container, "start", "oom", "die") == [("start", None), ("oom", None), ("die", "137")] * 3


def test_an_update_below_what_is_used_reclaims_and_then_kills(host: Host) -> None:
    """As cgroup v2 does when memory.max is lowered."""
    cached = ran(host, "sh", "-c", "dd if=/dev/zero of=/x bs=1M count=100; sleep 100", Memory=256 * MIB)
    held = ran(host, "sh", "-c", "dd if=/dev/zero of=/dev/shm/x bs=1M count=100; sleep 100", Memory=256 * MIB, ShmSize=1 << 30)
    for container in (cached, held):
        host.daemon.update(container, {"Memory": 32 * MIB})
        host.let_pass(1)
    assert cached.status == "running" and cached.space is not None and cached.space.memory.usage <= 32 * MIB
    assert (held.status, held.exit_code, held.oom_killed) == ("exited", 137, True)


def test_a_host_without_memory_kills_the_largest_of_all(host: Host) -> None:
    """Over all containers, moved by oom_score_adj; page cache first, of those above their reservation before others."""
    writer = ran(host, "sh", "-c", "dd if=/dev/zero of=/x bs=1M count=900; sleep 10000", MemoryReservation=1 << 30)
    free = ran(host, "sh", "-c", "dd if=/dev/zero of=/x bs=1M count=900; sleep 10000")
    spared = host.run("mariadb", config={"Env": ["MARIADB_ALLOW_EMPTY_ROOT_PASSWORD=1"]}, OomScoreAdj=-1000)
    hog = ran(host, "tail", "/dev/zero", seconds=30)
    assert (hog.exit_code, hog.oom_killed) == (137, True)
    assert spared.status == writer.status == "running"
    assert hog.space is not None and hog.space.memory.peak > MACHINE.memory * 9 // 10
    assert free.space is not None and free.space.memory.cache == 0 and host.daemon.memory.used <= MACHINE.memory


def test_processes_are_limited(host: Host) -> None:
    """The shell and four others; a real shell said the same, and ended with 2."""
    container = ran(host, "sh", "-c", "for i in $(seq 10); do sleep 2 & done; wait", PidsLimit=5)
    assert (log(container), container.exit_code) == ("sh: can't fork: Resource temporarily unavailable\n", 2)
    show = "for i in 1 2 3; do sleep 9 & done; cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids.current"
    assert log(ran(host, "sh", "-c", show, PidsLimit=20)).split() == ["20", "5"]


def test_variables_that_cannot_be_held_are_refused(host: Host) -> None:
    container = ran(host, "sh", "-c", "x=a; while true; do x=$x$x; done")
    assert container.exit_code == 2 and "are not simulated" in log(container)
