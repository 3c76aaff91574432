"""Connections that come and go."""

from __future__ import annotations

import pytest

from cutaway.models.connections import FAREWELL, HANDSHAKE, Connections
from cutaway.models.costs import Profile
from cutaway.models.operations import CloseConnection, Connect, Deliver, Handshake, Transmit
from cutaway.models.placement import HOST
from cutaway.sim.machine import Work

PATHS = {
    "native": ("loopback",),
    "native-veth": ("veth",),
    "docker-bridge": ("veth", "bridge"),
    "docker-nat-lo": ("veth", "bridge", "DNAT in OUTPUT"),
    "docker-nat": ("veth", "veth", "bridge", "DNAT in PREROUTING"),
}


@pytest.mark.parametrize("path", PATHS)
def test_the_parts_of_a_connection_sum_to_what_was_measured_on_each_path(path: str, profile: Profile) -> None:
    """Goal: five packets' way and four costs explain what a connection takes beyond a round trip, on paths of very different length."""
    rows = [profile.rows[f"micro.tcp-{what}.{path}.client_cpu=1.time_per_op"].value for what in ("connect-1b-echo-close", "round-trip-1b")]
    way = sum(profile[hop].value for hop in PATHS[path]) * (HANDSHAKE.data + FAREWELL.data)
    parts = profile["connect"].value + profile["accept"].value + 2 * profile["close connection"].value
    assert abs(float(way + parts) / (rows[0] - rows[1]) - 1) < 0.03


def test_who_connects_pays_for_the_handshake_and_who_closes_first_for_the_farewell(profile: Profile) -> None:
    layer = Connections(profile, HOST)
    [mine] = list(layer.lower(Connect("client")))
    assert isinstance(mine, Work) and mine.thread == "client"
    assert list(layer.lower(Handshake("python", ("veth",)))) == [Deliver("python", HANDSHAKE, ("veth",))]
    work, way = list(layer.lower(CloseConnection("python", ("veth",))))
    assert isinstance(work, Work) and way == Transmit("python", FAREWELL, ("veth",))
    assert len(list(layer.lower(CloseConnection("client", first=False)))) == 1


def test_between_two_programs_of_a_stack_all_of_it_runs_where_it_is_asked_for(profile: Profile) -> None:
    layer = Connections(profile, HOST)
    _, way = list(layer.lower(Connect("nginx", within=True)))
    assert way == Deliver("nginx", HANDSHAKE, (), sender="nginx")
    _, way = list(layer.lower(CloseConnection("python", within=True)))
    assert way == Deliver("python", FAREWELL, (), sender="python")
