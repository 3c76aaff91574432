"""What there is to run: a batch is some replications of one point on one stack, and one file of results."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cutaway.scenarios.study_loader import LoadedStudy

REQUESTS_A_FILE = 200_000
"""Short runs are kept together until they make as many requests: then a file's cost is small beside its runs'."""
MOST_RUNS_A_FILE = 8
_NAME = re.compile(r"(\d{6})-(\d{2})-(\d{5})-(\d{5})")


@dataclass(frozen=True, slots=True, order=True)
class Batch:
    """Replications `first` to `last` of a stack at a point, both included."""

    point: int
    stack: int
    first: int
    last: int

    @property
    def name(self) -> str:
        return f"{self.point:06d}-{self.stack:02d}-{self.first:05d}-{self.last:05d}"

    def __len__(self) -> int:
        return self.last - self.first + 1

    @property
    def replications(self) -> range:
        return range(self.first, self.last + 1)


def batch_named(name: str) -> Batch | None:
    """The batch of a file's name without its ending."""
    found = _NAME.fullmatch(name)
    return Batch(*map(int, found.groups())) if found else None


def runs_a_file(study: LoadedStudy) -> int:
    """How many replications a batch has at most; it follows from the study alone, so that the files do, too."""
    if study.study.runs_a_file:
        return study.study.runs_a_file
    run = study.base.run
    if run.duration is not None:
        return 1
    return max(1, min(MOST_RUNS_A_FILE, REQUESTS_A_FILE // run.requests))


def is_of(study: LoadedStudy, batch: Batch) -> bool:
    """Whether the study has such a batch: a name may come from anywhere."""
    most = study.most_replications
    if not (batch.point < study.count() and batch.stack < len(study.stacks) and batch.first <= batch.last < most):
        return False
    size = runs_a_file(study)
    if study.study.precision is not None:      # rounds begin where the figures say
        return len(batch) <= size
    return batch.first % size == 0 and len(batch) == min(size, most - batch.first)


def batches(point: int, stacks: int, first: int, after: int, size: int) -> Iterator[Batch]:
    """The batches of replications `first` up to `after` of a point, stack by stack at each, so that a half study can be compared."""
    for start in range(first, after, size):
        for stack in range(stacks):
            yield Batch(point, stack, start, min(start + size, after) - 1)
