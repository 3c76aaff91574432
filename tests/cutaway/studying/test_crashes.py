"""Kills, full disks and lost workers: what is finished stays, and going on ends with the bytes of an undisturbed study."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cutaway import places
from cutaway.studying import index, session
from cutaway.studying.folder import StudyBusy, StudyFolder
from cutaway.studying.job import Job, Outcome
from cutaway.studying.session import Means
from cutaway.studying.shard import Shard
from cutaway.studying.workers import DIED, Work, processes
from tests.cutaway.studying.studies import PRECISE, SMALL, results, study

CALLS = ("fsync", "replace", "write", "ftruncate")
KILLS = 8
"""Of each study in these tests, spread over all of its calls."""


@pytest.fixture(scope="module", params=[SMALL, PRECISE], ids=["fixed", "precise"])
def undisturbed(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, dict[str, str]]:
    """A study's text, and the results of running it in peace."""
    folder = tmp_path_factory.mktemp("peace")
    assert session.run(study(folder, request.param), folder / "out", Means()) == 0
    return request.param, results(folder / "out")


@contextmanager
def at_call(number: int, happens: Callable[[], None]) -> Iterator[list[int]]:
    """Something happens instead of the n-th call that writes; yields how many calls there were."""
    seen = [0]

    def wrapped(true: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            seen[0] += 1
            if seen[0] == number:
                happens()
            return true(*arguments, **named)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, wrapped(getattr(os, name)))
        patch.setattr(Path, "replace", wrapped(Path.replace))
        yield seen


def writing_calls(folder: Path, text: str) -> int:
    with at_call(0, lambda: None) as seen:
        session.run(study(folder, text), folder / "count", Means())
    return seen[0]


def test_a_kill_at_every_call_that_writes(tmp_path: Path, undisturbed: tuple[str, dict[str, str]], capsys: Any) -> None:
    text, expected = undisturbed
    calls = writing_calls(tmp_path, text)
    assert calls > 40
    for number in range(1, calls + 1, max(1, calls // KILLS)):
        out = tmp_path / f"out-{number}"
        child = os.fork()
        if child == 0:
            with at_call(number, lambda: os._exit(9)):
                session.run(study(tmp_path, text), out, Means())
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 9
        kept = {file.name: file.stat().st_mtime_ns for file in out.glob("runs/*.parquet")}
        assert session.run(study(tmp_path, text), out, Means()) == 0
        assert results(out) == expected
        assert all((out / "runs" / name).stat().st_mtime_ns == when for name, when in kept.items()), "a finished run was run again"
        assert not list(out.glob("**/.*.part-*"))


def test_a_full_disk_at_every_write(tmp_path: Path, undisturbed: tuple[str, dict[str, str]], capsys: Any) -> None:
    text, expected = undisturbed

    def full() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    calls = writing_calls(tmp_path, text)
    for number in range(1, calls + 1, max(1, calls // KILLS)):
        out = tmp_path / f"out-{number}"
        with at_call(number, full), pytest.raises(OSError) as told:
            session.run(study(tmp_path, text), out, Means())
        assert told.value.errno == errno.ENOSPC
        assert session.run(study(tmp_path, text), out, Means()) == 0
        assert results(out) == expected


@pytest.mark.slow
def test_kills_at_any_moment(tmp_path: Path, undisturbed: tuple[str, dict[str, str]]) -> None:
    text, expected = undisturbed
    study(tmp_path, text)
    command = [sys.executable, "-m", "cutaway", "study", "run", "small.yaml", "--out", "out", "--workers", "2"]
    for tenths in (14, 17, 20):
        started = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(tenths / 10)
        started.kill()
        started.wait()
    assert subprocess.run(command, cwd=tmp_path, capture_output=True).returncode == 0
    assert results(tmp_path / "out") == expected


@pytest.mark.parametrize("workers", [2, 5])
@pytest.mark.slow
def test_the_number_of_workers_changes_nothing(tmp_path: Path, undisturbed: tuple[str, dict[str, str]], workers: int) -> None:
    text, expected = undisturbed
    assert session.run(study(tmp_path, text), tmp_path / "out", Means(workers)) == 0
    assert results(tmp_path / "out") == expected


def test_shares_meet_in_one_folder(tmp_path: Path, undisturbed: tuple[str, dict[str, str]]) -> None:
    text, expected = undisturbed
    for number in (3, 1, 2):
        assert session.run(study(tmp_path, text), tmp_path / "out", Means(shard=Shard(number, 3))) == 0
    assert {one.name for one in (tmp_path / "out/runs").iterdir()} <= set(expected)
    assert session.resume(tmp_path / "out", Means()) == 0
    assert results(tmp_path / "out") == expected


# --- workers that die ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DiesAtAPoint:
    """A worker that is killed by one batch, whoever runs it."""

    work: Work

    def __call__(self, job: Job) -> Outcome:
        if (job.batch.point, job.batch.stack, job.batch.first) == (1, 0, 2):
            os.kill(os.getpid(), signal.SIGKILL)
        return self.work(job)


@dataclass(frozen=True)
class DiesOnce:
    """A worker that is killed by a batch of one point the first time."""

    work: Work

    def __call__(self, job: Job) -> Outcome:
        mark = Path(os.environ["CUTAWAY_TEST_MARK"])
        if job.batch.point == 1 and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return self.work(job)


def conducted(tmp_path: Path, text: str, dying: Callable[[Work], Work], monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(session, "processes", lambda count, work: processes(count, dying(work)))
    return session.run(study(tmp_path, text), tmp_path / "out", Means(2))


@pytest.mark.slow
def test_a_run_that_kills_its_worker_twice_is_named_and_left(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    assert conducted(tmp_path, SMALL, DiesAtAPoint, monkeypatch) == 1
    told = capsys.readouterr().out
    assert "Failed: point 1, stack bare metal, replications 2 to 3" in " ".join(told.split())
    assert " ".join(DIED.split()) in " ".join(told.split())
    assert len(list((tmp_path / "out/runs").iterdir())) == 7
    monkeypatch.undo()
    assert session.resume(tmp_path / "out", Means()) == 0
    assert len(list((tmp_path / "out/runs").iterdir())) == 8


@pytest.mark.slow
def test_a_worker_that_dies_once_loses_nothing(tmp_path: Path, monkeypatch: Any, undisturbed: tuple[str, dict[str, str]]) -> None:
    text, expected = undisturbed
    monkeypatch.setenv("CUTAWAY_TEST_MARK", str(tmp_path / "mark"))
    assert conducted(tmp_path, text, DiesOnce, monkeypatch) == 0
    assert (tmp_path / "mark").exists()
    assert results(tmp_path / "out") == expected


# --- folders ---------------------------------------------------------------------------------------------------------------------------


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    folder = StudyFolder(tmp_path / "out")
    with folder.locked(Shard()):
        assert folder.is_busy()
        for other in (Shard(), Shard(2, 3)):
            with pytest.raises(StudyBusy, match="another cutaway study writes there"), folder.locked(other):
                pass
    with folder.locked(Shard(1, 3)):
        with pytest.raises(StudyBusy), folder.locked(Shard()):
            pass
        with pytest.raises(StudyBusy), folder.locked(Shard(1, 3)):
            pass
        with folder.locked(Shard(2, 3)):
            pass
    assert not folder.is_busy()


def test_a_damaged_file_is_run_again(tmp_path: Path, undisturbed: tuple[str, dict[str, str]]) -> None:
    text, expected = undisturbed
    session.run(study(tmp_path, text), tmp_path / "out", Means())
    first, second, *_ = sorted((tmp_path / "out/runs").iterdir())
    first.write_bytes(first.read_bytes()[:-7])
    second.unlink()
    assert session.resume(tmp_path / "out", Means()) == 0
    assert results(tmp_path / "out") == expected


def test_a_torn_or_altered_line_says_nothing(tmp_path: Path) -> None:
    file = tmp_path / "index.jsonl"
    writer = index.Writer(file)
    from cutaway.studying.batches import Batch

    writer.done(Batch(0, 0, 0, 1), "aa")
    writer.done(Batch(0, 1, 0, 1), "bb")
    writer.failed(Batch(1, 0, 0, 1), "why")
    writer.close()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + lines[1].replace(b"bb", b"bc") + lines[2][:-9])
    assert index.read([file]).done == {Batch(0, 0, 0, 1): "aa"}
    again = index.Writer(file)
    again.done(Batch(2, 0, 0, 1), "cc")
    again.close()
    assert set(index.read([file]).done) == {Batch(0, 0, 0, 1), Batch(2, 0, 0, 1)}


def test_a_file_is_brought_to_the_disk_before_and_after_its_name(tmp_path: Path, monkeypatch: Any) -> None:
    """fsync of the content, then the name, then fsync of the folder."""
    calls: list[str] = []
    true_fsync, true_replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("fsync"), true_fsync(handle))[1])
    monkeypatch.setattr(Path, "replace", lambda part, to: (calls.append("replace"), true_replace(part, to))[1])
    places.write_whole(tmp_path / "file", b"content")
    assert calls == ["fsync", "replace", "fsync"]
