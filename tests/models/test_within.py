"""Messages between two programs of one stack."""

from __future__ import annotations

from cutaway.models import stack
from cutaway.models.clients import ClosedLoopPart
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.hardware import HardwarePart
from cutaway.models.kernel import LinuxPart
from cutaway.models.lowering import flat
from cutaway.models.part import Part
from cutaway.models.servers.nginx import NginxPart
from cutaway.models.servers.python_app import PythonAppPart
from cutaway.sim.machine import Work


def hops(profile: Profile, above: tuple[Part, ...], where: str) -> dict[str, int]:
    """How often packets cross what, on all ways of a request that nginx hands to the application behind it."""
    parts = [HardwarePart(), LinuxPart(), *above, NginxPart(upstream=PythonAppPart())]
    built = stack.build("chain", parts, ClosedLoopPart(where=where), profile)  # type: ignore[arg-type]
    found: dict[str, int] = {}
    for step in flat(built.plans[0].steps):
        if isinstance(step, Work) and step.operation in ("loopback", "veth", "bridge"):
            found[step.operation] = found.get(step.operation, 0) + sum(int(use.times) for use in step.costs)
    return found


def test_a_message_within_a_stack_crosses_loopback_once(profile: Profile) -> None:
    """Each way: the client's request and its answer; inside a handshake, a request, an answer, a farewell."""
    assert hops(profile, (), "loopback") == {"loopback": 2 + 3 + 1 + 1 + 2}


def test_in_a_container_it_crosses_nothing_of_the_container_s_way(profile: Profile) -> None:
    assert hops(profile, (DockerPart(),), "veth") == {"veth": 4, "bridge": 2}


def test_with_a_far_client_it_still_has_the_host_s_loopback(profile: Profile) -> None:
    assert hops(profile, (), "another machine") == {"loopback": 3 + 1 + 1 + 2}
