"""Runs a study: hands its batches to the workers, keeps what comes, and goes on until every point has enough.

Points are begun one after the other and forgotten when they are done, so a study of any length takes the same memory.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count

from cutaway.scenarios.study_axes import Point
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.studying.batches import Batch
from cutaway.studying.columns import BY_NAME, AxisColumn
from cutaway.studying.folder import StudyFolder
from cutaway.studying.index import Index, Writer
from cutaway.studying.job import Brief, Job, Outcome, RunFailed
from cutaway.studying.progression import Progression, watched
from cutaway.studying.reading import figures_of
from cutaway.studying.shard import Shard
from cutaway.studying.workers import Workers


@dataclass
class Tally:
    """How far a study, or a share of it, is."""

    expected: int
    """Runs that it takes in all; with a precision, those of the rounds that have begun or are sure to come."""
    found: int = 0
    """Runs that were there when it began."""
    made: int = 0
    """Runs made since."""
    widest: float = 0.0
    """The largest half width over its mean, of all points that are done."""
    failed: dict[Batch, str] = field(default_factory=dict)


Watcher = Callable[[Tally], None]


class Conductor:
    """One study in one folder."""

    def __init__(self, study: LoadedStudy, folder: StudyFolder, done: Index, shard: Shard) -> None:
        self.study, self.folder, self.done, self.shard = study, folder, done, shard
        self.axes = [AxisColumn.of(axis) for axis in study.axes]
        self.waiting = study.points
        self.ready: deque[Batch] = deque()
        self.begun: dict[int, tuple[Point, Progression]] = {}
        self.numbers = count()
        self.tally = Tally(study.least_runs // shard.of)

    def conduct(self, workers: Workers, writer: Writer, watch: Watcher) -> None:
        """Runs what is not done yet. Raises OSError."""
        self._feed(workers)
        while workers.under_way:
            for job, outcome in workers.finished():
                self._take(job.batch, outcome, writer)
            self._feed(workers)
            watch(self.tally)

    def samples(self) -> Iterator[Job]:
        """A batch of each stack at the first and at the last point: what a study costs, in small."""
        ends = {0, self.study.count() - 1}
        for point in (point for point in self.study.points if point.number in ends):
            progression = Progression(self.study, point.number)
            self.begun[point.number] = (point, progression)
            for batch in list(progression.next_batches())[: len(self.study.stacks)]:
                yield self._job(batch)

    def _feed(self, workers: Workers) -> None:
        while workers.under_way < workers.width and (self.ready or self._begin_points()):
            workers.submit(self._job(self.ready.popleft()))

    def _begin_points(self) -> bool:
        """Begins points until there is something to run."""
        while not self.ready:
            point = next(self.waiting, None)
            if point is None:
                return False
            if self.study.study.precision is None or self.shard.has(point.number):
                progression = Progression(self.study, point.number)
                self.begun[point.number] = (point, progression)
                self._open_rounds(progression)
        return True

    def _open_rounds(self, progression: Progression) -> None:
        """Asks for the next round; what is done already arrives at once, and may open another."""
        while found := list(progression.next_batches()):
            if found[0].first:
                self.tally.expected += sum(map(len, found))      # the first round was certain to come
            for batch in found:
                if not self._is_ours(next(self.numbers)):
                    progression.arrive(batch, {})
                elif batch in self.done.done:
                    self.tally.found += len(batch)
                    progression.arrive(batch, figures_of(self.folder, self.study, batch) if progression.rule else {})
                else:
                    self.ready.append(batch)
        if progression.is_done:
            self.tally.widest = max(self.tally.widest, progression.widest())
            del self.begun[progression.point]

    def _is_ours(self, number: int) -> bool:
        """With a precision whole points are shared out, since a point's rounds need all of its figures; else batches."""
        return self.study.study.precision is not None or self.shard.has(number)

    def _take(self, batch: Batch, outcome: Outcome | RunFailed, writer: Writer) -> None:
        _, progression = self.begun[batch.point]
        if isinstance(outcome, RunFailed):
            self.tally.failed[batch] = str(outcome)
            writer.failed(batch, str(outcome))
            progression.arrive(batch, None)
        else:
            if outcome.content is not None:
                self.folder.keep(batch, outcome.content)
            writer.done(batch, outcome.digest)
            self.tally.made += len(batch)
            progression.arrive(batch, outcome.figures or figures_of(self.folder, self.study, batch))
        self._open_rounds(progression)

    def _job(self, batch: Batch) -> Job:
        point, _ = self.begun[batch.point]
        at = tuple(values[index] for (_, values), index in zip(self.axes, point.at, strict=True))
        return Job(batch, self.study.stacks[batch.stack], point.changes, at, point.copies)


def brief_of(study: LoadedStudy) -> Brief:
    """What a worker must know of a study."""
    columns = tuple(AxisColumn.of(axis)[0] for axis in study.axes)
    keys = tuple(BY_NAME[name].key for name in watched(study))
    return Brief(study.digest(), study.base, columns, study.study.warm_up == "mser-5", keys)
