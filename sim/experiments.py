"""Replications: the same machines with seed after seed, here or in several processes, with the same result.

Replication k of every stack has the same seed, so that stacks meet the same clients, and a difference is one of stacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from hashlib import blake2b
from multiprocessing import get_context

from cutaway.sim.machine import Machine
from cutaway.sim.results import Result
from cutaway.sim.simulate import LawBroken, Span, simulate

Progress = Callable[[int, int], None]
"""Called with the runs done and the runs in all."""


def seed_of(seed: int, replication: int) -> int:
    """The seed of one replication: 63 bits, far from those of other seeds."""
    return int.from_bytes(blake2b(f"{seed}/{replication}".encode(), digest_size=8).digest(), "little") >> 1


def replicate(
    machines: Mapping[str, Machine],
    span: Span,
    seed: int,
    replications: int,
    *,
    workers: int = 1,
    check_laws: bool = False,
    progress: Progress | None = None,
) -> dict[str, list[Result]]:
    """The results of every machine by replication. Raises LawBroken with the first law that does not hold, if they are checked."""
    jobs = [(name, k) for k in range(replications) for name in machines]
    results: dict[str, list[Result]] = {name: [] for name in machines}
    with executor(min(workers, len(jobs))) as pool:
        futures = [pool.submit(_one, machines[name], seed_of(seed, k), span, check_laws) for name, k in jobs]
        for done, ((name, _), future) in enumerate(zip(jobs, futures, strict=True), 1):
            results[name].append(future.result())
            if progress:
                progress(done, len(jobs))
    return results


def more(machine: Machine, span: Span, seed: int, replications: range, pool: Executor) -> list[Result]:
    """Some replications of one machine, of which others may have been run before, in a pool that stays open."""
    futures = [pool.submit(_one, machine, seed_of(seed, k), span, False) for k in replications]
    return [future.result() for future in futures]


def _one(machine: Machine, seed: int, span: Span, check_laws: bool) -> Result:
    run = simulate(machine, seed, span, check_laws=check_laws)
    if run.violations:
        raise LawBroken(f"{machine.name}, seed {seed}: {run.violations[0]}")
    return run.result


class _Here(Executor):
    """Runs a job when its result is asked for, in this process."""

    def submit(self, fn: Callable[..., Result], /, *args: object, **kwargs: object) -> Future[Result]:  # type: ignore[override]
        return _Later(lambda: fn(*args, **kwargs))


class _Later(Future[Result]):
    def __init__(self, job: Callable[[], Result]) -> None:
        super().__init__()
        self._job = job

    def result(self, timeout: float | None = None) -> Result:
        return self._job()


@contextmanager
def executor(workers: int) -> Iterator[Executor]:
    """So many processes; this one where one is enough. Close it, and they end."""
    if workers <= 1:
        yield _Here()
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield pool
