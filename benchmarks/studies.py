"""What a study costs: runs a second with one worker and with two, the memory of the parent, time and disk of a large one.

    python benchmarks/studies.py [rate|memory|large|kills] ...

`rate`    500 runs with 1 and 2 workers, in turns; the start-up of the workers is left out by taking two sizes and their difference
`memory`  the parent's resident memory along 10,000 small runs
`large`   200 runs of 1,000,000 requests with two workers: time and disk
`kills`   the digest of all bytes for 1, 2 and 5 workers, and after five kill -9 with a resume after each
"""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SMALL, MANY = 100, 500
ROUNDS = 3
STUDY = """\
study: 1
title: a benchmark
question: what does a study cost?
base: lecture/three-stacks
stacks: [container]
set: {{run.requests: {requests}, run.warm up: {warm_up}}}
axes:
  - {{key: clients.connections, from: 1, to: {points}, points: {points}}}
replications: {replications}
runs a file: {file}
"""


def study(folder: Path, *, requests: int, points: int, replications: int, file: int, warm_up: str = "10 ms") -> Path:
    path = folder / f"{requests}-{points}-{replications}.yaml"
    path.write_text(STUDY.format(requests=requests, points=points, replications=replications, file=file, warm_up=warm_up))
    return path


def command(path: Path, out: Path, workers: int) -> list[str]:
    return [sys.executable, "-m", "cutaway", "study", "run", str(path), "--out", str(out), "--workers", str(workers)]


def seconds(path: Path, out: Path, workers: int) -> float:
    begun = time.perf_counter()
    subprocess.run(command(path, out, workers), check=True, capture_output=True)
    return time.perf_counter() - begun


def digest(out: Path) -> str:
    """Of everything that a study wrote, but for where it ran."""
    whole = hashlib.blake2b(digest_size=8)
    for file in sorted(one for one in out.rglob("*") if one.is_file() and one.name != "machine.json" and not one.name.startswith(".lock")):
        whole.update(str(file.relative_to(out)).encode() + file.read_bytes())
    return whole.hexdigest()


def size_mib(out: Path) -> float:
    return sum(one.stat().st_size for one in out.rglob("*") if one.is_file()) / 2**20


# --- what is measured ------------------------------------------------------------------------------------------------------------------


def rate(folder: Path) -> None:
    """Runs of 20,000 requests; a worker's start and the compiled engine's loading are in both sizes and cancel out."""
    few = study(folder, requests=20_000, points=SMALL // 10, replications=10, file=5)
    many = study(folder, requests=20_000, points=MANY // 10, replications=10, file=5)
    rates: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(ROUNDS):
        for workers in rates:
            took = [seconds(path, folder / f"rate-{turn}-{workers}-{path.stem}", workers) for path in (few, many)]
            rates[workers].append((MANY - SMALL) / (took[1] - took[0]))
    best = {workers: sorted(found)[ROUNDS // 2] for workers, found in rates.items()}
    print(f"runs a second, median of {ROUNDS}: {best[1]:.1f} with 1 worker, {best[2]:.1f} with 2; efficiency {best[2] / best[1] / 2:.2f}")
    print(f"  all: {', '.join(f'{one:.1f}' for one in rates[1])} and {', '.join(f'{two:.1f}' for two in rates[2])}")


def memory(folder: Path) -> None:
    path = study(folder, requests=200, points=1000, replications=10, file=10, warm_up="1 ms")
    with _quietly(command(path, folder / "memory", 2)) as running:
        seen: list[tuple[int, float]] = []
        while running.poll() is None:
            time.sleep(1)
            done = 10 * _files(folder / "memory")
            if done and (resident := _resident_mib(running.pid)):
                seen.append((done, resident))
    tenths = [min(seen, key=lambda one: abs(one[0] - goal))[1] for goal in range(1000, 10_001, 1000)]
    print(f"the parent's memory after each 1,000 runs, MiB: {', '.join(f'{one:.0f}' for one in tenths)}")


def _resident_mib(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def large(folder: Path) -> None:
    path = study(folder, requests=1_000_000, points=10, replications=20, file=1)
    took = seconds(path, folder / "large", 2)
    size = size_mib(folder / "large")
    print(f"200 runs of 1,000,000 requests, 2 workers: {took:.0f} s, {200e6 / took:,.0f} requests a second, {size:.1f} MiB")


def _quietly(asked: list[str]) -> subprocess.Popen[bytes]:
    """A command in a process group of its own."""
    return subprocess.Popen(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)


def _files(out: Path) -> int:
    return len(list((out / "runs").glob("*.parquet")))


def kills(folder: Path) -> None:
    path = study(folder, requests=3000, points=25, replications=8, file=2)
    digests = {}
    for workers in (1, 2, 5):
        subprocess.run(command(path, folder / f"by-{workers}", workers), check=True, capture_output=True)
        digests[f"{workers} workers"] = digest(folder / f"by-{workers}")
    out = folder / "killed"
    for kill in range(5):
        before = _files(out)
        with _quietly(command(path, out, 2)) as running:
            while running.poll() is None and _files(out) < before + 8 + kill:
                time.sleep(0.01)
            os.killpg(running.pid, signal.SIGKILL)
    subprocess.run(command(path, out, 2), check=True, capture_output=True)
    digests["5 kill -9"] = digest(out)
    print("; ".join(f"{name}: {found}" for name, found in digests.items()))


if __name__ == "__main__":
    asked = sys.argv[1:] or ["rate", "memory", "large", "kills"]
    with tempfile.TemporaryDirectory() as place:
        for name in asked:
            {"rate": rate, "memory": memory, "large": large, "kills": kills}[name](Path(place))
