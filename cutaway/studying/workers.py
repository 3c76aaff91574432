"""Who runs the batches: this process, processes of this machine, or a Dask cluster; all of them as executors of the standard library.

A process that dies takes its pool along and does not say which batch killed it. So the pool is made anew, and the batches that were
under way are tried one by one in a process of their own: the one that kills it again is named and left.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from typing import TYPE_CHECKING

from cutaway import __version__
from cutaway.scenarios.problems import printable
from cutaway.studying.job import Job, Outcome, RunFailed

if TYPE_CHECKING:
    from distributed import Client

DIED = "its worker died twice, killed by the system (out of memory?) or by a fault"
"""Of a batch that is left."""
PATIENCE_S = 1
"""Time without any outcome after which it is asked whether there is still somebody to wait for."""


class Workers(ABC):
    """Takes jobs, gives outcomes as they come."""

    width: int
    """Jobs that it is worth having under way at once."""

    @abstractmethod
    def submit(self, job: Job) -> None: ...

    @abstractmethod
    def finished(self) -> Iterator[tuple[Job, Outcome | RunFailed]]:
        """Waits for one job or more of those under way."""

    @property
    @abstractmethod
    def under_way(self) -> int: ...


Work = Callable[[Job], Outcome]


class Here(Workers):
    """In this process, one by one."""

    width = 1

    def __init__(self, work: Work) -> None:
        self.work = work
        self.jobs: list[Job] = []

    def submit(self, job: Job) -> None:
        self.jobs.append(job)

    def finished(self) -> Iterator[tuple[Job, Outcome | RunFailed]]:
        job = self.jobs.pop(0)
        try:
            yield job, self.work(job)
        except RunFailed as failed:
            yield job, failed

    @property
    def under_way(self) -> int:
        return len(self.jobs)


class OnExecutor(Workers):
    """On any executor: `made` makes it, and makes it anew when it broke; `dropped` leaves it with all that it has not begun.

    While nothing comes, `still_there` is asked now and then, and raises where nothing can come any more.
    """

    def __init__(
        self,
        made: Callable[[int], Executor],
        dropped: Callable[[Executor], None],
        count: int,
        work: Work,
        still_there: Callable[[], None] = lambda: None,
    ) -> None:
        self.made = made
        self.dropped = dropped
        self.work = work
        self.still_there = still_there
        self.count = count
        self.width = 2 * count
        self.executor = made(count)
        self.futures: dict[Future[Outcome], Job] = {}
        self.suspects: list[Job] = []

    def submit(self, job: Job) -> None:
        try:
            future = self.executor.submit(self.work, job)
        except BrokenProcessPool as broken:
            # A worker died just now; the others' futures say so, too, when they are looked at.
            future = Future()
            future.set_exception(broken)
        self.futures[future] = job

    @property
    def under_way(self) -> int:
        return len(self.futures) + len(self.suspects)

    def finished(self) -> Iterator[tuple[Job, Outcome | RunFailed]]:
        if self.suspects:
            yield self._alone(self.suspects.pop(0))
            return
        while not (done := wait(self.futures, PATIENCE_S, FIRST_COMPLETED).done):
            self.still_there()
        broken, again = [], []
        for future in done:
            job = self.futures.pop(future)
            if future.cancelled():
                again.append(job)      # the way to the workers was lost, and nothing is said of the job
            elif (outcome := _outcome(future)) is None:
                broken.append(job)
            else:
                yield job, outcome
        if again:
            self.still_there()
            for job in again:
                self.submit(job)
        if broken:
            self._renew(broken)

    def _renew(self, broken: list[Job]) -> None:
        """All that was under way is suspected; what was finished in spite of it is simply run again."""
        self.suspects = sorted([*broken, *self.futures.values()], key=lambda job: job.batch)
        self.futures.clear()
        self.dropped(self.executor)
        self.executor = self.made(self.count)

    def _alone(self, job: Job) -> tuple[Job, Outcome | RunFailed]:
        with self.made(1) as executor:
            return job, _outcome(executor.submit(self.work, job)) or RunFailed(DIED)

    def close(self) -> None:
        """Drops what is under way."""
        self.dropped(self.executor)


def _outcome(future: Future[Outcome]) -> Outcome | RunFailed | None:
    """None where the worker was lost."""
    try:
        return future.result()
    except RunFailed as failed:
        return failed
    except BrokenProcessPool:
        return None
    except Exception as error:
        # Dask tries a job on several workers before it gives up and says so.
        if type(error).__name__ == "KilledWorker":
            return RunFailed(DIED)
        raise


# --- processes of this machine ---------------------------------------------------------------------------------------------------------


def _pool(count: int, work: Work) -> ProcessPoolExecutor:
    # Spawned, not forked: the same everywhere, and no thread or lock of this process is in them.
    return ProcessPoolExecutor(count, mp_context=get_context("spawn"), initializer=_begin, initargs=(work,))


def _end(pool: Executor) -> None:
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()      # else a batch that has begun would be waited for
        process.join(1)


_OWN: list[Work] = []
"""In a worker: what it does, which it is told once."""


def _work(job: Job) -> Outcome:
    return _OWN[0](job)


def _begin(work: Work) -> None:
    """A Ctrl-C is the parent's to handle; and a worker does not outlive its parent, however that ended."""
    _OWN.append(work)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        parent.join()
        os._exit(1)


@contextmanager
def processes(count: int, work: Work) -> Iterator[Workers]:
    """So many processes of this machine; none at all for 1."""
    if count <= 1:
        yield Here(work)
        return
    workers = OnExecutor(lambda count: _pool(count, work), _end, count, _work)
    try:
        yield workers
    finally:
        workers.close()


# --- a cluster ---------------------------------------------------------------------------------------------------------------------------


class ClusterError(ValueError):
    """A cluster that cannot be used: one sentence."""


@contextmanager
def cluster(address: str, work: Work, patience_s: float = 10) -> Iterator[Workers]:
    """The workers of a running Dask scheduler. Raises ClusterError."""
    from distributed import Client

    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)      # what is to be said is said here
    try:
        client = Client(address, timeout=patience_s, set_as_default=False)
    except (OSError, ValueError):
        raise ClusterError(f"{address}: no Dask scheduler answers there; expected the address of a running one, tcp://HOST:PORT.") from None
    with client:
        count = sum(client.nthreads().values())
        if count == 0:
            raise ClusterError(f"{address}: the scheduler has no workers; start some (dask worker {address}).")
        _see_same_version(client, address)
        made = partial(client.get_executor, pure=False)
        workers = OnExecutor(lambda _: made(), lambda executor: _leave(client, executor), count, work, _Watch(client, address).still_there)
        try:
            yield workers
        finally:
            workers.close()


def _version() -> str:
    return __version__


def _see_same_version(client: Client, address: str) -> None:
    """Whether the workers that are there have this Cutaway: another one's figures would stand among ours. Raises ClusterError."""
    for worker, found in sorted(client.run(_version, on_error="return").items()):
        if found != __version__:
            has = f"Cutaway {printable(found, 40)}" if isinstance(found, str) else "no Cutaway that can be started"
            raise ClusterError(f"{address}: its worker {worker} has {has}; expected {__version__}, as here, on every worker.")


def _leave(client: Client, executor: Executor) -> None:
    if client.status == "running":      # else there is nobody to cancel anything
        executor.shutdown(wait=False)


@dataclass
class _Watch:
    """Whether the scheduler and its workers are still there."""

    client: Client
    address: str
    is_told: bool = False

    def still_there(self) -> None:
        """Waits for a scheduler that was lost as long as for one at the start; says so when it has no workers. Raises ClusterError."""
        while self.client.status == "connecting":
            time.sleep(0.1)
        if self.client.status != "running":
            raise ClusterError(f"{self.address}: the scheduler is gone; go on when there is one again.")
        try:
            has_workers = bool(self.client.nthreads())
        except OSError:
            return      # it was lost just now; its jobs come back
        if not has_workers and not self.is_told:
            print(f"{self.address}: the scheduler has no workers any more; waiting for some.", file=sys.stderr, flush=True)
        self.is_told = not has_workers
