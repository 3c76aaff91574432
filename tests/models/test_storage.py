"""Files from the page cache, from an overlay, from the disk."""

from cutaway.models.costs import Profile
from cutaway.models.operations import CloseFile, OpenFile, ReadFile, StatFile, SystemCall
from cutaway.models.placement import HOST
from cutaway.models.storage import Storage
from cutaway.sim.machine import DiskAccess, Work


def test_an_overlay_walks_a_second_time(profile: Profile) -> None:
    plain, on_overlay = (list(Storage(profile, HOST).lower(OpenFile("nginx", overlay))) for overlay in (False, True))
    assert len(plain) == 1 and len(on_overlay) == 2
    assert isinstance(on_overlay[1], Work) and on_overlay[1].cost_ns == profile.ns("overlay open")


def test_attributes_cost_what_the_overlay_was_measured_to_add(profile: Profile) -> None:
    [plain], [on_overlay] = (list(Storage(profile, HOST).lower(StatFile("nginx", overlay))) for overlay in (False, True))
    assert isinstance(plain, Work) and isinstance(on_overlay, Work)
    stacks = ("docker-unconfined.fs=overlay-lower", "native.fs=ext4")
    with_overlay, without = (profile.rows[f"micro.file-stat.{stack}.time_per_op"].value for stack in stacks)
    assert abs((on_overlay.cost_ns - plain.cost_ns) - (with_overlay - without)) <= 1


def test_open_read_and_close_meet_the_measured_sum(profile: Profile) -> None:
    """The three together are what one loop measured: 736.7 ns on ext4."""
    operations = (OpenFile("nginx"), ReadFile("nginx", 4096), CloseFile("nginx"))
    steps = [step for operation in operations for step in Storage(profile, HOST).lower(operation)]
    total = sum(step.cost_ns for step in steps if isinstance(step, Work))
    measured = profile.rows["micro.file-open-read4k-close.native.fs=ext4.time_per_op"].value
    assert abs(total - measured) <= 2


def test_what_the_page_cache_does_not_have_comes_from_the_disk(profile: Profile) -> None:
    access, copy = list(Storage(profile, HOST).lower(ReadFile("nginx", 4096, cached=False)))
    assert isinstance(access, DiskAccess) and access.disk == "disk" and access.size_bytes == 4096
    assert isinstance(copy, Work)


def test_other_calls_pass_through(profile: Profile) -> None:
    call = SystemCall("nginx", "fstat")
    assert list(Storage(profile, HOST).lower(call)) == [call]
