"""A real Dask scheduler with workers in processes of their own: the same bytes, and a worker that is killed loses nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cutaway import __version__
from cutaway.studying import session
from cutaway.studying.session import Means
from cutaway.studying.workers import ClusterError, _see_same_version
from cutaway.studying.workers import cluster as workers_of
from tests.cutaway.studying.studies import SMALL, results, study
from tests.cutaway.test_cli import cutaway

pytest.importorskip("distributed", reason="needs the cluster extra")
pytestmark = pytest.mark.slow


def started(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def worker(file: Path) -> subprocess.Popen[bytes]:
    """One thread, nobody who would start it anew."""
    return started("distributed.cli.dask_worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny", "--no-dashboard")


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, Path, list[subprocess.Popen[bytes]], subprocess.Popen[bytes]]]:
    """Address, scheduler file, two workers, and the scheduler."""
    file = tmp_path / "scheduler.json"
    scheduler = started(
        "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file), "--no-dashboard"
    )
    workers = []
    try:
        while not file.exists():
            assert scheduler.poll() is None
            time.sleep(0.1)
        workers += [worker(file), worker(file)]
        yield str(json.loads(file.read_text())["address"]), file, workers, scheduler
    finally:
        for process in [*workers, scheduler]:
            process.kill()
            process.wait()


def joined(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def test_the_same_bytes_and_a_killed_worker(
    tmp_path: Path, cluster: tuple[str, Path, list[subprocess.Popen[bytes]], subprocess.Popen[bytes]]
) -> None:
    address, _, workers, _ = cluster
    text = SMALL.replace("replications: 4", "replications: 40").replace("run.requests: 200", "run.requests: 3000")
    joined(address, 2)
    loaded = study(tmp_path, text)
    assert session.run(loaded, tmp_path / "peace", Means()) == 0
    command = [sys.executable, "-m", "cutaway", "study", "run", "small.yaml", "--out", "out", "--cluster", address]
    running = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while len(list((tmp_path / "out/runs").glob("*.parquet"))) < 10:
        assert running.poll() is None, running.communicate()
        time.sleep(0.02)
    workers[0].kill()
    _, told = running.communicate(timeout=120)
    assert running.returncode == 0, told
    assert results(tmp_path / "out") == results(tmp_path / "peace")


def test_a_scheduler_that_dies_in_the_middle(
    tmp_path: Path, cluster: tuple[str, Path, list[subprocess.Popen[bytes]], subprocess.Popen[bytes]], monkeypatch: Any, capsys: Any
) -> None:
    """One sentence and what is kept; and when the workers go first, that they are waited for."""
    address, _, workers, scheduler = cluster
    joined(address, 2)
    monkeypatch.setattr(session, "cluster", partial(workers_of, patience_s=1))
    runs = tmp_path / "out/runs"

    def end() -> None:
        while not list(runs.glob("*.parquet")):
            time.sleep(0.02)
        for process in workers:
            process.kill()
        time.sleep(3)
        scheduler.kill()

    killer = threading.Thread(target=end)
    killer.start()
    loaded = study(tmp_path, SMALL.replace("replications: 4", "replications: 4000").replace("run.requests: 200", "run.requests: 3000"))
    with pytest.raises(ClusterError, match="the scheduler is gone; go on when there is one again"):
        session.run(loaded, tmp_path / "out", Means(address=address))
    killer.join()
    told = capsys.readouterr().err
    assert told.count("the scheduler has no workers any more; waiting for some.") == 1
    stopped = re.search(r"Stopped; ([\d,]+) runs are kept. To go on: cutaway study resume", told)
    assert stopped and int(stopped[1]) == 2 * len(list(runs.glob("*.parquet"))) > 0


@pytest.mark.parametrize(
    ("found", "has"), [("0.0.1", "Cutaway 0.0.1"), (ModuleNotFoundError("cutaway"), "no Cutaway that can be started")]
)
def test_workers_with_another_cutaway_are_refused(found: object, has: str) -> None:
    client: Any = SimpleNamespace(run=lambda asked, on_error: {"tcp://a:1": asked(), "tcp://b:2": found})
    with pytest.raises(ClusterError, match=f"tcp://s:1: its worker tcp://b:2 has {has}; expected {__version__}, as here, on every worker."):
        _see_same_version(client, "tcp://s:1")


def test_nobody_answers(tmp_path: Path) -> None:
    study(tmp_path)
    told = cutaway("study", "run", "small.yaml", "--cluster", "tcp://127.0.0.1:9", cwd=tmp_path)
    assert told.returncode == 69
    assert told.stderr.splitlines()[-1] == (
        "tcp://127.0.0.1:9: no Dask scheduler answers there; expected the address of a running one, tcp://HOST:PORT."
    )
