"""One request in a gunicorn worker, and wrk that has to connect again."""

from __future__ import annotations

from cutaway.models.clients import ClosedLoopPart
from cutaway.models.costs import Profile
from cutaway.models.generators.reconnecting import Reconnecting
from cutaway.models.operations import Accept, Afterwards, CloseConnection, Compute, Connect, Handshake, Receive, Send, Serve, SystemCall
from cutaway.models.servers.program import Place
from cutaway.models.servers.python_app import PythonApp, PythonAppPart
from cutaway.sim.machine import Respond, Work


def app(profile: Profile, part: PythonAppPart) -> PythonApp:
    return PythonApp(profile, part, Place(("cpu0",)))


def test_a_connection_a_request(profile: Profile) -> None:
    items = list(app(profile, PythonAppPart()).lower(Serve("python", 44, 171)))
    kinds = [type(item) for item in items]
    assert kinds == [Handshake, Receive, SystemCall, Compute, Work, SystemCall, Respond, Compute, Send, Afterwards]
    assert items[-1] == Afterwards("python", (CloseConnection("python"),))
    send = next(item for item in items if isinstance(item, Send))
    assert send.writes == 2 and not send.local


def test_the_application_takes_its_turns(profile: Profile) -> None:
    def turns_ns(loops: int) -> int:
        items = app(profile, PythonAppPart(loops=loops)).lower(Serve("python", 44, 171))
        return sum(item.cost_ns for item in items if isinstance(item, Work))

    assert turns_ns(0) == 0 and abs(turns_ns(18_000) - 1_000_000) < 30_000


def test_a_worker_takes_one_request_at_a_time_and_whoever_is_free_takes_it(profile: Profile) -> None:
    [workers] = app(profile, PythonAppPart(workers=3)).fittings().threads
    assert (workers.count, workers.batch, workers.choose) == (3, 1, "first free")


def test_wrk_connects_again_when_it_has_counted_the_answer(profile: Profile) -> None:
    *_, afterwards = list(Reconnecting(profile, ClosedLoopPart(), "python").lower(Accept("client", 171)))
    assert isinstance(afterwards, Afterwards)
    assert [type(item) for item in afterwards.operations] == [CloseConnection, Connect, SystemCall]
