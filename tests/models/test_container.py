"""What a container changes of what its program asks for."""

from fractions import Fraction

import pytest

from cutaway.models.container import Container, DockerPart
from cutaway.models.costs import Profile
from cutaway.models.operations import Compute, OpenFile, Operation, Receive, Send, StatFile, SystemCall
from cutaway.models.placement import HOST
from cutaway.sim.machine import Step, Work

HOPS = ("bridge", "veth")


def lowered(profile: Profile, operation: Operation, **part: object) -> list[Step | Operation]:
    return list(Container(profile, DockerPart(**part), HOST, HOPS).lower(operation))  # type: ignore[arg-type]


def test_each_system_call_passes_the_filter_first(profile: Profile) -> None:
    call = SystemCall("nginx", "fstat", 3)
    filtered, passed = lowered(profile, call)
    assert isinstance(filtered, Work) and filtered.cost_ns == profile.ns("seccomp filter", 3) and passed == call
    assert lowered(profile, call, seccomp="unconfined") == [call]


def test_computing_passes_untouched(profile: Profile) -> None:
    compute = Compute("nginx", "nginx", "parse", "nginx request")
    assert lowered(profile, compute) == [compute]


@pytest.mark.parametrize(("storage", "overlay"), [("overlay2", True), ("volume", False)])
def test_files_of_the_image_lie_on_an_overlay(profile: Profile, storage: str, overlay: bool) -> None:
    assert lowered(profile, OpenFile("nginx"), storage=storage)[-1] == OpenFile("nginx", overlay)


def test_a_file_that_is_sent_is_read_through_the_overlay(profile: Profile) -> None:
    _, read, sent = lowered(profile, Send("nginx", 850, from_file=True), seccomp="unconfined")
    assert isinstance(read, Work) and read.cost_ns == profile.ns("overlay read") and isinstance(sent, Send)
    assert len(lowered(profile, Send("nginx", 850, from_file=True), seccomp="unconfined", storage="volume")) == 2
    assert lowered(profile, StatFile("nginx"))[-1] == StatFile("nginx", overlay=True)


def test_messages_take_the_longer_way(profile: Profile) -> None:
    receive, *_ = lowered(profile, Receive("nginx", 47))
    assert receive == Receive("nginx", 47, HOPS)
    assert lowered(profile, Send("nginx", 850))[-1] == Send("nginx", 850, HOPS)


def test_the_memory_of_messages_is_charged_to_the_cgroup_at_the_container_s_end(profile: Profile) -> None:
    """Before a message leaves and after one has come, so that nginx has no more to do once docker-proxy has it."""
    for publish in ("nat", "proxy"):
        for message, place in ((Receive("nginx", 47), -1), (Send("nginx", 850), 0)):
            charged = lowered(profile, message, seccomp="unconfined", publish=publish)[place]
            assert isinstance(charged, Work) and charged.thread == "nginx" and charged.cost_ns == profile.ns("cgroup accounting")


def test_docker_proxy_stands_between_with_two_sockets(profile: Profile) -> None:
    way = lowered(profile, Receive("nginx", 47), publish="proxy", seccomp="unconfined")
    assert [type(item).__name__ for item in way] == ["Receive", "Compute", "Send", "Receive", "Work"]
    assert [item.thread for item in way if isinstance(item, Operation)] == ["docker-proxy"] * 3 + ["nginx"]
    assert isinstance(way[-2], Receive) and way[-2].sender == "docker-proxy"
    back = lowered(profile, Send("nginx", 850), publish="proxy", seccomp="unconfined")
    assert [item.thread for item in back if isinstance(item, Operation)] == ["nginx"] + ["docker-proxy"] * 3
    received = [item for item in way + back if isinstance(item, Receive) and item.thread == "docker-proxy"]
    sent = [item for item in way + back if isinstance(item, Send) and item.thread == "docker-proxy"]
    assert [item.spliced for item in received] == [item.from_file for item in sent] == [True, True]


def test_a_quota_is_cpu_time_of_each_period(profile: Profile) -> None:
    [group] = Container(profile, DockerPart(cpus=Fraction(1, 2), cpu_shares=512), HOST, ()).fittings().groups
    assert (group.quota_ns, group.period_ns, group.weight) == (50_000_000, 100_000_000, 512)
    assert Container(profile, DockerPart(), HOST, ()).group().quota_ns == 0
