"""Work on shared CPUs, and locks."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from cutaway.models.contention import Host
from cutaway.sim.clock import Clock, Process


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 50), st.integers(1, 100), st.integers(10, 20)), min_size=1, max_size=8))
def test_cpus_do_all_the_work_and_no_more_than_they_can(cpus: int, works: list[tuple[int, int, int]]) -> None:
    """Each is done, none in less than its time, and all of them not faster than the CPUs allow."""
    clock = Clock(initial_time=0)
    host, ended = Host(clock, cpus), {}

    def one(number: int, begins_ns: int, lasts_ns: int, tenths: int) -> Process:
        yield clock.timeout(begins_ns)
        yield from host.work(lasts_ns, Fraction(tenths, 10))
        ended[number] = int(clock.now)

    for number, work in enumerate(works):
        clock.process(one(number, *work))
    clock.run()
    assert all(ended[number] >= begins + lasts for number, (begins, lasts, _) in enumerate(works))
    assert max(ended.values()) >= sum(lasts * tenths for _, lasts, tenths in works) / 10 / cpus
    assert max(ended.values()) <= max(begins for begins, *_ in works) + sum(
        max(lasts, lasts * tenths / 10 / cpus) + 1 for _, lasts, tenths in works
    )


def test_work_that_is_given_up_leaves_its_share_to_the_others() -> None:
    clock = Clock(initial_time=0)
    host, ended = Host(clock, 1), []

    def whole() -> Process:
        yield from host.work(100)
        ended.append(clock.now)

    def given_up() -> Process:
        work = host.work(1000)
        next(work)
        yield clock.timeout(50)
        work.close()

    clock.process(whole())
    clock.process(given_up())
    clock.run()
    assert ended == [125]
