"""How stacks come up."""

from fractions import Fraction
from itertools import pairwise

import pytest

from cutaway.models import stack
from cutaway.models.container import DockerPart
from cutaway.models.costs import Profile
from cutaway.models.hardware import HardwarePart
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


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_starts_at_once_share_the_host_s_cpus(count: int, profile: Profile) -> None:
    """A plain process is on a CPU all the time: work neither comes nor goes, and no CPU is idle while there is some for it."""
    stack_of_two = [HardwarePart(cpus=2), *parts()[1:]]
    alone = stack.start_up_phases(stack_of_two, profile)[-1].end_ns
    ends = [start.phases[-1].end_ns for start in stack.starts_at_once(stack_of_two, profile, count)]
    assert abs(max(ends) - max(count / 2, 1) * alone) <= 3 and min(ends) == max(ends)


def test_threads_of_a_start_want_more_than_one_cpu(profile: Profile) -> None:
    def last_ns(cpus: int, count: int) -> int:
        starts = stack.starts_at_once([HardwarePart(cpus=cpus), *parts(DockerPart(network="host"))[1:]], profile, count)
        return max(start.phases[-1].end_ns for start in starts)

    alone = last_ns(64, 1)
    assert last_ns(2, 1) == alone and last_ns(1, 1) > 1.1 * alone and last_ns(2, 2) > 1.1 * alone


def test_what_holds_a_lock_goes_one_after_the_other(profile: Profile) -> None:
    """CPUs are there for all of them; the kernel moves one veth end at a time."""
    starts = stack.starts_at_once([HardwarePart(cpus=64), *parts(DockerPart())[1:]], profile, 8)
    moves = sorted((phase.start_ns, phase.end_ns) for start in starts for phase in start.phases if phase.what.startswith("move the veth"))
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(moves))
    assert moves[-1][1] - moves[0][0] >= 8 * profile.ns("veth move")


def test_a_start_that_waits_keeps_no_cpu(profile: Profile) -> None:
    one_cpu = [HardwarePart(cpus=1), *parts(DockerPart(network="host"))[1:]]
    alone, waited = stack.start_up_phases(one_cpu, profile)[-1].end_ns, profile.ns("cgroup wait")
    four = max(start.phases[-1].end_ns for start in stack.starts_at_once(one_cpu, profile, 4))
    assert abs(four - 4 * (alone - waited) - waited) < 40


def test_crun_saves_what_it_was_measured_to_save_and_nothing_else(profile: Profile) -> None:
    runc, crun = (stack.start_up_phases(parts(DockerPart(runtime=name)), profile) for name in ("runc", "crun"))
    saved = sum(profile.ns(f"runc {what}") - profile.ns(f"crun {what}") for what in ("create", "start"))
    assert saved > 0 and runc[-1].end_ns - crun[-1].end_ns == saved


def test_a_start_may_draw_its_costs(profile: Profile) -> None:
    clock = Clock(initial_time=0)
    start = Start(clock, profile, draw=lambda cost: cost.value * 2)
    clock.process(stack.start_up(parts(), start))
    clock.run()
    assert abs(start.phases[-1].end_ns - 2 * stack.start_up_phases(parts(), profile)[-1].end_ns) <= 3
