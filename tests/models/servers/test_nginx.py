"""One request in an nginx worker."""

from cutaway.models.costs import Profile
from cutaway.models.operations import Afterwards, CloseConnection, CloseFile, Compute, Connect, OpenFile, Receive, Send, Serve
from cutaway.models.servers.nginx import Nginx, NginxPart
from cutaway.models.servers.program import Place
from cutaway.models.servers.python_app import PythonAppPart
from cutaway.sim.machine import Respond


def test_a_page_is_received_found_opened_sent_and_only_then_tidied_up(profile: Profile) -> None:
    items = list(Nginx(profile, NginxPart(), Place(("cpu0",))).lower(Serve("nginx", 47, 850)))
    kinds = [type(item) for item in items]
    assert kinds[0] is Receive and kinds[-1] is Afterwards
    assert kinds.index(OpenFile) < kinds.index(Respond) < kinds.index(CloseFile) < kinds.index(Send)
    send = next(item for item in items if isinstance(item, Send))
    assert send.from_file and send.corked and send.size_bytes == 850


def test_user_space_takes_its_measured_share(profile: Profile) -> None:
    """19.4 % of the CPU time at 16 connections is in user space; the three parts of it sum to that."""
    items = list(Nginx(profile, NginxPart(), Place(("cpu0",))).lower(Serve("nginx", 47, 850)))
    computes = [item for item in items if isinstance(item, Compute)]
    computes += [inner for item in items if isinstance(item, Afterwards) for inner in item.operations if isinstance(inner, Compute)]
    row = "nginx.nginx-static-closed-loop.native.b=612.c=16"
    measured_ns = 1000 * profile.rows[f"{row}.server_cpu_per_request"].value * profile.rows[f"{row}.server_user_fraction"].value
    assert abs(sum(profile.ns(item.cost) for item in computes) - measured_ns) < 5


def test_workers_are_one_role(profile: Profile) -> None:
    [thread] = Nginx(profile, NginxPart(workers=4), Place(("cpu0", "cpu1"), "container")).fittings().threads
    assert (thread.count, thread.choose, thread.group, thread.cpus) == (4, "by connection", "container", ("cpu0", "cpu1"))


def test_behind_it_an_application_is_asked_over_a_connection_of_its_own(profile: Profile) -> None:
    """Who does what, in order: nginx takes the request and connects, the application answers, nginx hands the answer on and closes."""
    part = NginxPart(upstream=PythonAppPart(loops=0))
    items = list(Nginx(profile, part, Place(("cpu0",))).lower(Serve("nginx", 47, 165)))
    messages = [(type(item).__name__, item.thread, item.within) for item in items if isinstance(item, Receive | Connect | Send)]
    assert messages == [
        ("Receive", "nginx", False),
        ("Connect", "nginx", True),
        ("Send", "nginx", True),
        ("Receive", "python", True),
        ("Send", "python", True),
        ("Receive", "nginx", True),
        ("Send", "nginx", False),
    ]
    closes = [inner for item in items if isinstance(item, Afterwards) for inner in item.operations if isinstance(inner, CloseConnection)]
    assert [(close.thread, close.within, close.first) for close in closes] == [("python", True, True), ("nginx", True, False)]
    assert not any(isinstance(item, OpenFile) for item in items)


def test_the_application_may_have_cpus_of_its_own(profile: Profile) -> None:
    part = NginxPart(workers=2, upstream=PythonAppPart(workers=3))
    threads = Nginx(profile, part, Place(("cpu0",), behind=("cpu1",))).fittings().threads
    assert [(thread.name, thread.count, thread.cpus) for thread in threads] == [("nginx", 2, ("cpu0",)), ("python", 3, ("cpu1",))]
    assert Nginx.roles(part) == ("nginx", "python") and Nginx.behind(part) == (part.upstream,)
