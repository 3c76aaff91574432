"""A real Dask scheduler with workers in processes of their own: the same bytes, and a worker that is killed loses nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutaway.studying import session
from cutaway.studying.session import Means
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
def cluster(tmp_path: Path) -> Iterator[tuple[str, Path, list[subprocess.Popen[bytes]]]]:
    """Address, scheduler file, and two workers."""
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
        yield str(json.loads(file.read_text())["address"]), file, workers
    finally:
        for process in [*workers, scheduler]:
            process.kill()
            process.wait()


def joined(address: str, count: int) -> None:
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=60)


def test_the_same_bytes_and_a_killed_worker(tmp_path: Path, cluster: tuple[str, Path, list[subprocess.Popen[bytes]]]) -> None:
    address, _, workers = cluster
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


def test_nobody_answers(tmp_path: Path) -> None:
    study(tmp_path)
    told = cutaway("study", "run", "small.yaml", "--cluster", "tcp://127.0.0.1:9", cwd=tmp_path)
    assert told.returncode == 69
    assert told.stderr.splitlines()[-1] == (
        "tcp://127.0.0.1:9: no Dask scheduler answers there; expected the address of a running one, tcp://HOST:PORT."
    )
