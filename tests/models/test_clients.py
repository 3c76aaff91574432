"""Closed and open loops, near and far."""

from fractions import Fraction

from cutaway.models.clients import Client, ClientMachine, ClosedLoopPart, OpenLoopPart
from cutaway.models.costs import Profile
from cutaway.models.operations import Accept, Ask, Receive, Send
from cutaway.sim.machine import FIXED, ClosedLoop, OpenLoop, Work


def test_a_long_answer_is_read_in_pieces_of_eight_kib(profile: Profile) -> None:
    client = Client(profile, ClosedLoopPart(), "")
    reads = [item for item in client.lower(Accept("client", 102_638)) if isinstance(item, Receive)]
    assert [read.calls for read in reads] == [13]


def test_a_closed_loop_writes_in_its_next_round_and_looks_at_its_watch_first(profile: Profile) -> None:
    write, send = list(Client(profile, ClosedLoopPart(), "nginx").lower(Ask("client", 47)))
    assert isinstance(write, Work) and write.next_round and write.stopwatch
    assert send == Send("client", 47, local=True)


def test_loads_are_what_the_engine_takes() -> None:
    assert ClosedLoopPart(connections=4, think=5_000).load("request") == ClosedLoop("clients", "request", 4, 5_000)
    steady = OpenLoopPart(rate=Fraction(800), arrivals="constant").load("request")
    assert steady == OpenLoop("clients", "request", 1_250_000, FIXED, 128)


def test_the_client_s_own_machine_has_the_cpus_that_the_client_names(profile: Profile) -> None:
    fittings = ClientMachine(profile, ClosedLoopPart(cpus=(2,))).fittings()
    assert [cpu.name for cpu in fittings.cpus] == ["client cpu0", "client cpu1", "client cpu2"]
    assert not any(cpu.stall_interval_ns for cpu in fittings.cpus)
