"""The record of an Engine's steps, and its gate."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from cutaway.models import costs
from cutaway.models.docker.errors import ConflictError
from cutaway.models.docker.images.pulling import Pull, pulled
from cutaway.models.docker.record import Act
from cutaway.models.docker.references import reference_of
from tests.models.docker.host import Host


@pytest.fixture
def host() -> Host:
    return Host(costs.load("bare-metal"))


def last(host: Host, kind: str) -> Act:
    return next(act for act in reversed(host.daemon.record.past) if act.kind == kind)


def length_ns(act: Act) -> int:
    assert all(step.ended_ns is not None for step in act.steps)
    return sum((step.ended_ns or 0) - step.begun_ns for step in act.steps)


def pull(host: Host, name: str) -> Any:
    return pulled(host.daemon, reference_of(name), Pull(host.clock, host.daemon.images, lambda message: None))


def took_ns(host: Host, steps: Any) -> int:
    began = int(host.clock.now)
    host.done(steps)
    return int(host.clock.now) - began


def test_the_steps_of_an_act_sum_to_its_time_and_do_not_overlap(host: Host) -> None:
    took = {"pull": took_ns(host, pull(host, "nginx:latest"))}
    container = host.run("nginx", PortBindings={"80/tcp": [{"HostPort": "8080"}]})
    took["stop"] = took_ns(host, host.daemon.lifecycle.stop(container, None, None))
    took["start"] = took_ns(host, host.daemon.lifecycle.start(container))
    host.let_pass(0.1)
    began = int(host.clock.now)
    server = container.space.listening[80, "tcp"] if container.space else None
    with host.daemon.record.act("page", container.id, "GET /") as page:
        host.done(server.answer(_question(), page))  # type: ignore[attr-defined]
    took["page"] = int(host.clock.now) - began
    for kind, time_ns in took.items():
        act = last(host, kind)
        assert length_ns(act) == time_ns, kind
        assert all(one.ended_ns is not None and one.ended_ns <= other.begun_ns for one, other in pairwise(act.steps)), kind
    assert took["pull"] > 10**9 and took["start"] > 10**8 and took["page"] > 1000


def _question() -> Any:
    from cutaway.models.docker.programs.servers.web import Question

    return Question("GET", "/", "localhost")


def test_a_held_step_waits_while_the_clock_and_everything_else_goes_on(host: Host) -> None:
    container = host.run("nginx")
    host.stop(container)
    record = host.daemon.record
    record.hold()
    start = host.clock.process(host.daemon.lifecycle.start(container))
    host.let_pass(60)
    assert start.is_alive and not container.has_process and [one.what for one in record.standing] == ["mount the overlay"]
    record.let_one()
    host.let_pass(1)
    assert last_steps(host) == ["mount the overlay"] and record.standing[0].what == "veth pair, bridge port, interfaces up"
    record.let_all()
    host.let_pass(1)
    assert not start.is_alive and container.has_process
    # The minute at the gate is nobody's time.
    assert length_ns(last(host, "start")) < 10**9


def last_steps(host: Host) -> list[str]:
    return [step.what for act in host.daemon.record.going.values() for step in act.steps]


def test_a_step_that_stands_keeps_no_processor(host: Host) -> None:
    """Four stand, of which more than there are processors; the one that is let through still takes no longer than alone."""
    containers = [host.run("nginx") for _ in range(4)]
    for one in containers:
        host.stop(one)
    record = host.daemon.record
    record.hold()
    for one in containers:
        host.clock.process(host.daemon.lifecycle.start(one))
    host.let_pass(1)
    assert len(record.standing) == 4
    record.let_one()
    host.let_pass(0.01)
    assert record.standing[-1].act.subject == containers[0].id and len(record.standing[-1].act.steps) == 1
    record.let_all()


def test_an_act_that_fails_says_so(host: Host) -> None:
    from cutaway.models.docker.errors import NotFoundError

    with pytest.raises(NotFoundError):
        host.done(pull(host, "nosuch"))
    assert last(host, "pull").error.startswith("pull access denied") and not host.daemon.record.going


def test_a_pause_can_be_held_and_is_refused_if_the_container_ends_meanwhile(host: Host) -> None:
    container = host.run("alpine", "sleep", "1000")
    host.daemon.record.hold()
    pause = host.clock.process(host.daemon.lifecycle.pause(container))
    host.let_pass(1)
    assert not container.paused and [one.what for one in host.daemon.record.standing] == ["pause: freezes the cgroup"]
    assert container.main is not None
    container.main.kill(9)
    host.let_pass(1)
    host.daemon.record.let_all()
    with pytest.raises(ConflictError):
        host.clock.run(until=pause)
    assert last(host, "pause").error.endswith("is not running")


def test_what_is_remembered_is_bounded(host: Host) -> None:
    for _ in range(1000):
        with host.daemon.record.act("page", "x"):
            pass
    assert len(host.daemon.record.past) == 256 and not host.daemon.record.going and host.daemon.record.count == 1000
