"""Micro costs: each case is a C program with its options, run in rounds (A B C A B C ...), so that drift falls on all alike.

    python -m cutaway.models.costs.measuring.micro OUT.jsonl [--only SET] [--match WORD] [--rounds N]

Read first: the heads of round_trip.c, wake_up.c, costs.c and gaps.c.
Client or waker on CPU 0, server or wakee on CPU 1, if not said otherwise.
"""
import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np

from cutaway.models.costs.measuring.calm import Watch, clean_up_when_told_to_stop, wait_until_calm
from cutaway.models.costs.measuring.paths import PATHS, paths
from cutaway.models.costs.measuring.rows import Run, Subject, Value, rows, write

HERE = Path(__file__).parent
ATTEMPTS, PATIENCE_S = 2, 20.0
SAID_BY_WHAT = ("each_connects", "request_bytes")
UNITS = {
    "time_per_op": "ns", "client_cpu_per_op": "ns", "server_cpu_per_op": "ns", "wakee_cpu_per_op": "ns",
    "client_switches_per_op": "1", "server_switches_per_op": "1", "wakee_switches_per_op": "1", "ops": "1",
    "round": "ns", "forth": "ns", "back": "ns", "cost": "ns", "late": "ns", "after": "ns", "burst": "ns", "gaps": "ns",
    "gaps_per_s": "1/s", "gap_share": "1", "gt100us_per_s": "1/s", "gt1ms_per_s": "1/s", "gt5ms_per_s": "1/s",
}


@dataclass(frozen=True)
class Case:
    what: str
    program: str
    options: Mapping[str, Value]
    params: Mapping[str, Value] = field(default_factory=dict)
    stack: str = "native"
    events: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        return " ".join([self.program, *(f"{key}={value}" for key, value in self.options.items())])

    def subject(self) -> Subject:
        return Subject("micro", self.what, self.stack, self.params, self.command, UNITS)


def round_trip(what: str, stack: str = "native", milliseconds: int = 1000, events: bool = False, **params: Value) -> Case:
    options: dict[str, Value] = {**PATHS[stack], **params, "milliseconds": milliseconds}
    shown = {key: value for key, value in params.items() if key not in SAID_BY_WHAT}
    return Case(what, "round_trip", options, shown, stack, ("round", "forth", "back") if events else ())


def wake_up(what: str, by: str, wakee: str, milliseconds: int = 1200, pause_us: int = 50, **options: Value) -> Case:
    options = {"by": by, "pause_us": pause_us, "milliseconds": milliseconds, **options}
    events = ("burst",) if "burst" in options else ("cost", "late", "after")
    return Case(what, "wake_up", options, {"by": by, "wakee": wakee, "pause_us": pause_us}, "native", events)


def wake_ups() -> Iterator[Case]:
    """The ends of a round trip across two CPUs and on one, asleep, spinning, beside a hog; and a bare wake-up."""
    ends = partial(round_trip, "tcp_round_trip_1B", events=True)
    yield ends(client_cpu=0, milliseconds=1600)
    yield ends(client_cpu=1)
    yield ends(client_cpu=0, client_spins=1)
    for pause_us in (20, 100, 500):
        yield ends(client_cpu=0, client_spins=1, pause_us=pause_us)
    yield ends(client_cpu=0, server_spins=1)
    yield ends(client_cpu=0, client_spins=1, server_spins=1, milliseconds=700)
    for hogs in (1, 2):
        yield ends(client_cpu=0, hogs=hogs, milliseconds=1600)
    yield ends(client_cpu=0, client_spins=1, hogs=1)
    for by in ("eventfd", "futex", "pipe"):
        yield wake_up("wake_up", by, "asleep")
        yield wake_up("wake_up", by, "awake", awake=1, pause_us=20, milliseconds=700)
        yield wake_up("wake_up", by, "beside-a-hog", hogs=1)
        yield wake_up("wake_up", by, "same-cpu", waker_cpu=1, pause_us=20, milliseconds=700)
    # How long a CPU must have been idle before it has halted: until then it is cheap to wake.
    for pause_us in (0, 1, 2, 3, 5, 8, 12, 20, 200, 1000, 4000):
        yield wake_up("wake_up", "eventfd", "asleep", pause_us=pause_us, milliseconds=700)
    yield wake_up("wake_up_then_burst", "eventfd", "asleep", burst=1)
    yield wake_up("wake_up_then_burst", "eventfd", "awake", awake=1, pause_us=20, burst=1, milliseconds=700)
    yield wake_up("wake_up_then_burst", "eventfd", "beside-a-hog", hogs=1, burst=1)
    yield wake_up("wake_up_then_burst", "eventfd", "same-cpu", waker_cpu=1, pause_us=20, burst=1, milliseconds=700)


def small_costs() -> Iterator[Case]:
    for cost in ("cpu_xorshift_iter", "memcpy_per_KiB", "syscall_getppid", "clock_gettime", "pipe_write_read_noswitch",
                 "ctxswitch_pipe_samecpu", "fork_exit_wait", "fork_exec_wait_static", "pagefault_4k"):
        yield Case(cost, "costs", {"cost": cost, "repeats": 15})
    for cost in ("file_open_read4k_close", "file_pread4k", "file_stat"):
        for file_system in ("ext4", "overlay"):
            yield Case(cost, "costs", {"cost": cost, "repeats": 15, "directory": file_system}, {"fs": file_system})
    for cpus in (1, 2):
        yield Case("gaps of a busy loop", "gaps", {"cpus": cpus, "milliseconds": 2000}, {"busy_cpus": cpus}, events=("gaps",))


def by_path() -> Iterator[Case]:
    for stack in PATHS:
        if stack != "native":                                               # among the wake-ups
            yield round_trip("tcp_round_trip_1B", stack, client_cpu=1, milliseconds=700)
        yield round_trip("tcp_connect_1B_echo_close", stack, client_cpu=1, each_connects=1, milliseconds=500)
        for reply_bytes in (612, 10240, 102400):
            ends = partial(round_trip, "tcp_response", stack, client_cpu=1, request_bytes=45, reply_bytes=reply_bytes, milliseconds=700)
            yield ends()
            yield ends(file="body")


def by_path_apart() -> Iterator[Case]:
    for stack in PATHS:
        if stack != "native":
            yield round_trip("tcp_round_trip_1B", stack, client_cpu=0, milliseconds=700)
        yield round_trip("tcp_connect_1B_echo_close", stack, client_cpu=0, each_connects=1, milliseconds=500)


def build(folder: Path) -> None:
    for source in HERE.glob("*.c"):
        subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-o", folder / source.stem, source], check=True)


def once(case: Case, folder: Path) -> Run:
    watch = Watch()
    command = [str(folder / case.program), *case.command.split()[1:], f"samples={folder}/samples"]
    printed = json.loads(subprocess.run(command, check=True, capture_output=True, cwd=folder, timeout=60).stdout)
    calm = watch.read()
    values = {metric: value if isinstance(value, list) else [value] for metric, value in printed.items() if metric != "ops"}
    events = {name: np.fromfile(folder / f"samples.{name}", np.int64) for name in case.events}
    return Run(values, calm, events)


def prepare_files(folder: Path) -> None:
    """A body to send; a directory on the root's ext4; and an overlay of it, as a container sees its files."""
    (folder / "body").write_bytes(bytes(1 << 20))
    for name in ("ext4", "lower", "upper", "work", "overlay"):
        (folder / name).mkdir()
    for name in ("ext4", "lower"):                                          # the lower layer, as an image's files lie there
        (folder / name / "measured").write_bytes(bytes(4096))
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", f"lowerdir={folder}/lower,upperdir={folder}/upper,workdir={folder}/work",
                    folder / "overlay"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    sets = {one.__name__: one for one in (wake_ups, small_costs, by_path, by_path_apart)}
    parser.add_argument("--only", choices=sets, action="append")
    parser.add_argument("--match", action="append", default=[], help="only what has this in its row's id")
    parser.add_argument("--rounds", type=int, default=6)
    asked = parser.parse_args()
    clean_up_when_told_to_stop()
    cases = [case for name in asked.only or sets for case in sets[name]()]
    by_name = {case.subject().name: case for case in cases if all(word in case.subject().name for word in asked.match)}
    runs: dict[str, list[Run]] = {name: [] for name in by_name}
    with tempfile.TemporaryDirectory() as folder_name, paths():
        folder = Path(folder_name)
        build(folder)
        prepare_files(folder)
        try:
            for number in range(asked.rounds):
                for name, case in by_name.items():
                    for _ in range(ATTEMPTS):
                        wait_until_calm(PATIENCE_S)
                        run = once(case, folder)
                        runs[name].append(run)
                        if run.calm.enough:
                            break
                    print(number, name, {metric: values[0] for metric, values in run.values.items()}, run.calm, flush=True)
                write(asked.out, (row for name, case in by_name.items() for row in rows(case.subject(), runs[name])))
        finally:
            subprocess.run(["umount", folder / "overlay"], check=True)


if __name__ == "__main__":
    main()
