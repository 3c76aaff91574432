"""How stacks come up."""

from fractions import Fraction
from itertools import pairwise

import pytest

from cutaway.models import stack
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.hypervisor import KvmPart
from cutaway.models.part import Part
from cutaway.models.startup import Start, virtual_machine
from cutaway.sim.clock import Clock

from .conftest import parts


@pytest.mark.parametrize("above", [(), (DockerPart(),), (KvmPart(),), (KvmPart(), DockerPart(network="host"))])
def test_phases_follow_each_other_without_gaps_and_come_of_their_costs(above: tuple[Part, ...], profile: Profile) -> None:
    phases = stack.start_up_phases(parts(*above), profile)
    assert phases[0].start_ns == 0
    assert all(earlier.end_ns == later.start_ns for earlier, later in pairwise(phases))
    for phase in phases:
        cost = sum((profile[use.name].value * Fraction(use.times) for use in phase.costs), Fraction(0))
        assert abs(phase.end_ns - phase.start_ns - cost) < 1


def test_a_program_starts_before_a_container_and_a_container_before_a_machine(profile: Profile) -> None:
    native, docker, kvm = (stack.start_up_phases(parts(*above), profile)[-1].end_ns for above in ((), (DockerPart(),), (KvmPart(),)))
    assert native < docker < kvm


def test_a_container_without_a_network_of_its_own_makes_no_veth(profile: Profile) -> None:
    done = {phase.what for phase in stack.start_up_phases(parts(DockerPart(network="host")), profile)}
    assert not [what for what in done if "veth" in what or "rules" in what]


def test_the_boot_s_stages_sum_to_what_the_publication_gives_each(profile: Profile) -> None:
    clock = Clock(initial_time=0)
    start = Start(clock, profile)
    clock.process(virtual_machine(start))
    clock.run()
    to_init = next(phase.start_ns for phase in start.phases if phase.who == "guest init")
    published_ms = sum(row.value for name, row in profile.rows.items() if name.startswith("qemu-boot-stages"))
    assert abs(to_init / 1e6 - published_ms) < 0.5


def test_a_start_may_draw_its_costs(profile: Profile) -> None:
    clock = Clock(initial_time=0)
    start = Start(clock, profile, draw=lambda cost: cost.value * 2)
    clock.process(stack.start_up(parts(), start))
    clock.run()
    assert abs(start.phases[-1].end_ns - 2 * stack.start_up_phases(parts(), profile)[-1].end_ns) <= 3
