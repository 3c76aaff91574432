"""What `cutaway study run`, `resume`, `status` and `--dry-run` do; each returns the exit code."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cutaway.building import build_stacks
from cutaway.places import nothing_at, write_whole
from cutaway.scenarios.problems import printable
from cutaway.scenarios.study_loader import LoadedStudy
from cutaway.session import say_if_it_compiles
from cutaway.sim.simulate import Span, simulate
from cutaway.studying import index as indexes
from cutaway.studying.batches import Batch, is_of
from cutaway.studying.conducting import Conductor, Tally, brief_of
from cutaway.studying.folder import StudyFolder
from cutaway.studying.index import Index, Writer
from cutaway.studying.job import Kept, Sent
from cutaway.studying.progress import watching
from cutaway.studying.reading import index_of, verified
from cutaway.studying.results import StudyResults
from cutaway.studying.shard import Shard
from cutaway.studying.workers import Workers, cluster, processes

if TYPE_CHECKING:
    from cutaway.studying.tabulating import Form

FAILED = 1


@dataclass(frozen=True)
class Means:
    """By what a study is run."""

    workers: int = 1
    address: str | None = None
    """A Dask scheduler in place of processes of this machine."""
    shard: Shard = field(default_factory=Shard)


def run(study: LoadedStudy, out: Path, means: Means) -> int:
    """Runs a study into a folder, or goes on in the one that has it, and prints what came of it."""
    return _told(study, StudyFolder(out), fill(study, out, means), means.shard)


def fill(study: LoadedStudy, out: Path, means: Means) -> Tally:
    """Runs a study into a folder, or goes on in the one that has it. Raises AlreadyThere, StudyBusy, StudyError, OSError."""
    folder = StudyFolder(out)
    folder.refuse_strangers()
    with folder.locked(means.shard):
        folder.begin(study)
        return _conducted(study, folder, means)


def resume(out: Path, means: Means) -> int:
    """Goes on with the study of a folder, and prints what came of it."""
    folder = StudyFolder(out)
    study = folder.study()
    with folder.locked(means.shard):
        tally = _conducted(study, folder, means)
    return _told(study, folder, tally, means.shard)


def _conducted(study: LoadedStudy, folder: StudyFolder, means: Means) -> Tally:
    folder.note_machine()
    folder.runs.mkdir(exist_ok=True)
    if means.shard.is_whole:
        folder.remove_parts()
    done = verified(folder, study, index_of(folder, study))
    conductor = Conductor(study, folder, done, means.shard)
    with (
        closing(Writer(folder.index_of(means.shard))) as writer,
        _told_when_stopped(folder, conductor, means.shard),
        _workers(study, folder, means) as workers,
        watching(study) as watch,
    ):
        conductor.conduct(workers, writer, watch)
    _tidy(study, folder, means.shard)
    return conductor.tally


@contextmanager
def _workers(study: LoadedStudy, folder: StudyFolder, means: Means) -> Iterator[Workers]:
    if means.address is not None:
        with cluster(means.address, Sent(brief_of(study))) as workers:
            yield workers
        return
    if say_if_it_compiles():
        # Here, before there are workers: each would compile for itself.
        (built,) = build_stacks(study.base, study.stacks[:1])
        simulate(built.machine, 0, Span(requests=1))
    with processes(means.workers, Kept(brief_of(study), folder)) as workers:
        yield workers


@contextmanager
def _told_when_stopped(folder: StudyFolder, conductor: Conductor, shard: Shard) -> Iterator[None]:
    try:
        yield
    except BaseException as end:
        kept = sum(map(len, conductor.done.done)) + conductor.tally.made
        if shard.is_whole:
            folder.remove_parts()
        if kept or not isinstance(end, Exception):
            print(f"Stopped; {kept:,} runs are kept. To go on: cutaway study resume {printable(str(folder.path), 1000)}",
                  file=sys.stderr, flush=True)  # fmt: skip
        raise


def _tidy(study: LoadedStudy, folder: StudyFolder, shard: Shard) -> None:
    """The index in the order of the batches; the whole's takes in those of the shares. What killed workers left half written goes."""
    if shard.is_whole:
        folder.remove_parts()
        files = sorted(folder.path.glob("index*.jsonl"))
        indexes.write_sorted(folder.index_of(shard), verified(folder, study, indexes.read(files)))
        for file in files:
            if file != folder.index_of(shard):
                file.unlink()
    else:
        indexes.write_sorted(folder.index_of(shard), indexes.read([folder.index_of(shard)]))


def _told(study: LoadedStudy, folder: StudyFolder, tally: Tally, shard: Shard) -> int:
    from cutaway.studying.printing import print_end, print_summary
    from cutaway.studying.summary import summary_of

    if shard.is_whole:
        print_summary(summary_of(study, folder, index_of(folder, study)))
    print_end(study, folder, tally, shard)
    return FAILED if tally.failed else 0


# --- before and meanwhile --------------------------------------------------------------------------------------------------------------


def status(out: Path, *, as_json: bool) -> int:
    """Says how far a study is."""
    folder = StudyFolder(out)
    study = folder.study()
    found = index_of(folder, study)
    there = {batch for batch in folder.names() if is_of(study, batch)}
    done = sum(len(batch) for batch in there)
    document = {
        "study": study.study.title.en,
        "runs": done,
        "runs_at_least": study.least_runs,
        "runs_at_most": study.most_runs,
        "failed": {batch.name: reason for batch, reason in sorted(found.failed.items()) if batch not in there},
        "busy": folder.is_busy(),
    }
    if as_json:
        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        from cutaway.studying.printing import print_status

        print_status(folder, study, document)
    return 0


def dry_run(study: LoadedStudy, means: Means) -> int:
    """Says what a study takes, after trying its first and last point once."""
    from cutaway.studying.printing import print_estimate

    say_if_it_compiles()
    conductor, work = Conductor(study, StudyFolder(Path()), Index(), Shard()), Sent(brief_of(study))
    seconds, size = [], []
    for job in conductor.samples():
        work(replace(job, batch=Batch(job.batch.point, job.batch.stack, 0, 0)))        # what is built and loaded once is not counted
        began = time.perf_counter()
        outcome = work(job)
        seconds.append((time.perf_counter() - began) / len(job.batch))
        size.append(len(outcome.content or b"") / len(job.batch))
    print_estimate(study, means.workers, sum(seconds) / len(seconds), sum(size) / len(size))
    return 0


# --- what came of it -------------------------------------------------------------------------------------------------------------------


def table(out: Path, form: Form, metrics: Sequence[str], file: Path | None) -> int:
    """Prints the table of a study, or writes it."""
    text = StudyResults.of(out).means(form, metrics)
    if file is None:
        print(text, end="")
    else:
        write_whole(file, text.encode())
        print(f"wrote {file}")
    return 0


def report(out: Path, file: Path, *, over: bool) -> int:
    """Writes the report; over another one only in the study's own folder."""
    StudyResults.of(out).report(file, over=over)
    print(f"wrote {file}")
    return 0


def figure(out: Path, number: int, file: Path) -> int:
    """Draws one figure."""
    title = StudyResults.of(out).figure(number, file)
    print(f"wrote {file}: {title}")
    return 0


def export(out: Path, file: Path) -> int:
    """Writes all runs into one file."""
    nothing_at(file)
    count = StudyResults.of(out).export(file)
    print(f"wrote {count:,} runs to {file}")
    return 0
