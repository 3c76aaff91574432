"""Messages cut to packets, and the way between device and socket."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cutaway.models.costs import Profile
from cutaway.models.network import (
    LARGEST_PACKET_BYTES,
    LOOPBACK_SEGMENT_BYTES,
    SEGMENT_BYTES,
    Network,
    held_back_permille,
    packets_of,
)
from cutaway.models.operations import Deliver, Receive, Send, SystemCall, Transmit
from cutaway.models.placement import HOST
from cutaway.sim.machine import Pause, Work


@pytest.mark.parametrize(
    ("size", "segment", "corked", "data", "acks"),
    [
        (47, SEGMENT_BYTES, True, 1, 0),                    # a request
        (850, SEGMENT_BYTES, True, 1, 0),                   # a short answer is acknowledged by the next request
        (SEGMENT_BYTES, SEGMENT_BYTES, True, 1, 0),
        (10_478, SEGMENT_BYTES, True, 2, 1),                # seven segments in one packet, and the rest when the cork is pulled
        (10_478, SEGMENT_BYTES, False, 1, 1),
        (10_478, LOOPBACK_SEGMENT_BYTES, True, 1, 0),
        (102_638, LOOPBACK_SEGMENT_BYTES, True, 2, 0),
        (1_048_814, LOOPBACK_SEGMENT_BYTES, True, 17, 8),
        (1_048_814, SEGMENT_BYTES, True, 18, 17),
    ],
)  # fmt: skip
def test_how_a_message_is_cut(size: int, segment: int, corked: bool, data: int, acks: int) -> None:
    packets = packets_of(size, segment, corked)
    assert (packets.data, packets.acks, packets.size_bytes) == (data, acks, size)


@given(st.integers(0, 10_000_000), st.sampled_from([SEGMENT_BYTES, LOOPBACK_SEGMENT_BYTES]), st.booleans())
def test_packets_are_enough_and_not_too_many(size: int, segment: int, corked: bool) -> None:
    packets = packets_of(size, segment, corked)
    assert packets.data * max(LARGEST_PACKET_BYTES, segment) >= size
    assert 1 <= packets.data <= size // segment + 1
    assert 0 <= packets.acks <= packets.data


def test_what_comes_from_outside_is_asked_of_the_layer_below_and_taken_in_by_the_interrupt(profile: Profile) -> None:
    items = list(Network(profile, HOST).lower(Receive("nginx", 47)))
    assert isinstance(items[0], Deliver)
    assert [item.thread for item in items if isinstance(item, Work)] == ["softirq", "nginx"]


def test_what_a_neighbour_sends_is_taken_in_by_the_sender(profile: Profile) -> None:
    items = list(Network(profile, HOST, ("loopback",), peer="client").lower(Receive("nginx", 47)))
    assert all(isinstance(item, Work) for item in items)
    assert [(item.thread, item.layer) for item in items if isinstance(item, Work)] == [
        ("client", "host kernel"), ("client", "host kernel"), ("nginx", "host kernel"),
    ]  # fmt: skip


def test_hops_are_crossed_inwards_and_outwards(profile: Profile) -> None:
    network = Network(profile, HOST)
    hops = ("DNAT in PREROUTING", "bridge", "veth")
    way_in = [item.operation for item in network.lower(Receive("nginx", 47, hops)) if isinstance(item, Work)]
    way_out = [item.operation for item in network.lower(Send("nginx", 850, hops)) if isinstance(item, Work)]
    assert way_in[:3] == list(hops) and way_out[1:4] == list(reversed(hops))


def test_a_longer_way_is_dearer_by_its_hops_for_each_packet(profile: Profile) -> None:
    network = Network(profile, HOST)

    def cost(size: int, *hops: str) -> int:
        steps = network.lower(Send("nginx", size, hops, corked=True))  # type: ignore[arg-type]
        return sum(item.cost_ns for item in steps if isinstance(item, Work))

    assert cost(850, "bridge") - cost(850) == profile.ns("bridge")
    assert cost(10_478, "bridge") - cost(10_478) == profile.ns("bridge", 3)                # two packets, and the acknowledgement of one


def test_a_reader_comes_back_for_a_rest_that_follows_by_itself(profile: Profile) -> None:
    """Two full segments leave as one packet; with a byte more there is a second one, and its reader is called once more."""
    network = Network(profile, HOST, peer="nginx")

    def read(size: int) -> int:
        *_, last = network.lower(Receive("client", size))
        assert isinstance(last, Work)
        return last.cost_ns

    assert read(2 * SEGMENT_BYTES + 1) - read(2 * SEGMENT_BYTES) == pytest.approx(profile.ns("coming back for the rest"), abs=2)
    assert read(SEGMENT_BYTES) - read(SEGMENT_BYTES - 1) < 2


def test_header_and_page_leave_apart_unless_corked(profile: Profile) -> None:
    corked, eager = (list(Network(profile, HOST).lower(Send("nginx", 850, corked=corked, writes=2)))[-1] for corked in (True, False))
    assert isinstance(corked, Transmit) and isinstance(eager, Transmit)
    assert (corked.packets.data, eager.packets.data) == (1, 2)


def test_packets_of_a_guest_pass_the_host_s_bridge_and_go_on(profile: Profile) -> None:
    packets = packets_of(850, SEGMENT_BYTES, corked=True)
    items = list(Network(profile, HOST, ("bridge", "tap")).lower(Transmit("vhost", packets)))
    assert [item.operation for item in items if isinstance(item, Work)] == ["tap", "bridge"]
    assert isinstance(items[-1], Transmit) and items[-1].hops == ()


def test_what_is_not_its_business_passes_through(profile: Profile) -> None:
    call = SystemCall("nginx", "fstat")
    assert list(Network(profile, HOST).lower(call)) == [call]


@pytest.mark.parametrize(
    ("body", "held"),
    [(10_240, False), (61_440, False), (65_000, True), (102_400, True), (126_000, True), (128_000, False), (1_048_576, False)],
)
def test_which_answers_are_held_back_over_loopback(body: int, held: bool) -> None:
    """As two programs that do with their sockets what nginx and wrk do have it on Linux 6.18: 40 ms after every 138th answer, or never."""
    sent = Send("nginx", 238 + body, from_file=True, corked=True, header_bytes=238)
    assert held_back_permille(sent, LOOPBACK_SEGMENT_BYTES) == (6 if held else 0)
    assert held_back_permille(sent, SEGMENT_BYTES) == 0
    assert held_back_permille(replace(sent, corked=False), LOOPBACK_SEGMENT_BYTES) == 0


def test_the_rest_of_an_answer_waits_for_a_delayed_acknowledgement(profile: Profile) -> None:
    sent = Send("nginx", 102_638, from_file=True, corked=True, header_bytes=238)
    waits = [item for item in Network(profile, HOST, ("loopback",), peer="client").lower(sent) if isinstance(item, Pause)]
    assert [(one.duration_ns, one.spread.kind, one.spread.permille) for one in waits] == [(240_000, "rare", 6)]
    assert waits[0].duration_ns == profile.ns("delayed acknowledgement") * 6 // 1000
    assert not any(isinstance(item, Pause) for item in Network(profile, HOST, ("veth",), peer="client").lower(sent))


def test_what_is_spliced_on_is_not_copied(profile: Profile) -> None:
    """However large, a spliced message costs its reader what an empty one does but for its packets; a copied one costs 90 ns more a KiB."""
    network = Network(profile, HOST, ("veth",), peer="client")

    def read_ns(size: int, spliced: bool) -> int:
        steps = network.lower(Receive("docker-proxy", size, spliced=spliced))
        return sum(step.cost_ns for step in steps if isinstance(step, Work) and step.thread == "docker-proxy")

    assert read_ns(1 << 20, True) == read_ns(32 << 10, True)
    copied = profile["receive copy per KiB beyond 16 KiB"].value * 992
    assert read_ns(1 << 20, False) - read_ns(32 << 10, False) == pytest.approx(float(copied), abs=2)
