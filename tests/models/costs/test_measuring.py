"""Measuring, without root and without real parts: rows, resuming, plans, repeated runs, and what is cleaned up when it is interrupted."""

from __future__ import annotations

import dataclasses
import errno
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

if not sys.platform.startswith("linux"):
    pytest.skip("measuring needs Linux", allow_module_level=True)

from cutaway.models.costs.measuring import driver, guest, leftovers, needs, programs
from cutaway.models.costs.measuring.calm import Calm
from cutaway.models.costs.measuring.journal import Files, Journal, replace
from cutaway.models.costs.measuring.points import Bench, Found, Part, Point, Settings
from cutaway.models.costs.measuring.problems import BusyError, MeasuringError
from cutaway.models.costs.measuring.rows import BITS_KEPT, Run, Subject, Unit, calmest, counted, rows

MEASURED = Path(__file__).parents[3] / "models/costs/measured/two-core-amd-vm.jsonl"
MACHINE = {"cpu": {"model": "A", "cores": 2}, "kernel": {"release": "6.1"}, "versions": {"nginx": "1.22"}}
QUIET, DISTURBED = Calm(0.0, 0.0), Calm(0.0, 0.9)


def subject(what: str = "a thing", stack: str = "native") -> Subject:
    return Subject("micro", what, stack, {"size": 1}, "thing size=1", Unit("ns"), fixed={"client_cpu": 0})


def found(value: float, what: str = "a thing") -> list[Found]:
    return [Found(subject(what), {"time_per_op": [value]})]


def point(name: str, measure: Callable[[Bench], Any], stack: str = "native") -> Point:
    return Point(name, stack, measure, 0.0, frozenset())


def part(*points: Point, rounds: int = 2, attempts: int = 2) -> Part:
    return Part("micro", "a part", "of a test", points, rounds, attempts, 0)


def plan(*parts: Part) -> driver.Plan:
    return driver.Plan(Settings(), parts, [], [])


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "measured.jsonl")


@pytest.fixture(autouse=True)
def apart(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of the machine is asked or waited for, and no other measuring is met."""
    monkeypatch.setattr(leftovers, "RECORD", tmp_path_factory.mktemp("run") / "record.json")
    monkeypatch.setattr(driver, "wait_until_calm", lambda patience_s: None)
    monkeypatch.setattr(driver, "machine", lambda name: MACHINE)
    monkeypatch.setattr(driver, "Watch", watches(QUIET))


def watches(*seen: Calm) -> type:
    """Watches that tell of these in turn, and of the last for ever."""
    left = list(seen)

    class Watch:
        def __init__(self, ours: object) -> None:
            pass

        def read(self) -> Calm:
            return left.pop(0) if len(left) > 1 else left[0]

    return Watch


def measured(chosen: driver.Plan, files: Files) -> driver.Summary:
    return driver.measure(chosen, files, "1.0", lambda step: None)


def journal(files: Files, version: str = "1.0", quick: bool = False, **other: Any) -> Journal:
    return Journal(files, {**MACHINE, **other}, version, quick)


# --- rows ----------------------------------------------------------------------------------------------------------------------------


def test_a_row_has_the_form_of_those_that_are_shipped() -> None:
    shipped = [json.loads(line) for line in MEASURED.read_text().splitlines()]
    plain = next(row for row in shipped if "quantiles" not in row)
    events = next(row for row in shipped if "quantiles" in row)
    run = Run({"time_per_op": [3.0, 1.0]}, QUIET, {"round": counted(np.arange(5000))})
    made, single = rows(subject(), [run])
    assert list(made) == list(plain)
    assert list(single) == list(events)
    assert {key: type(value) for key, value in made.items()} == {key: type(value) for key, value in plain.items()}
    assert made["id"] == "micro.a-thing.native.size=1.time_per_op"
    assert (made["median"], made["n"], made["runs"], made["params"]) == (2.0, 2, 1, {"size": 1, "client_cpu": 0})
    assert len(single["quantiles"]) == 1001 and single["quantiles"][-1] in range(4996, 5003)
    assert len(single["samples"]) == 30


def test_disturbed_runs_are_left_out_where_three_calm_ones_remain() -> None:
    calm, disturbed = [Run({"x": [1.0]}, QUIET)] * 3, [Run({"x": [9.0]}, DISTURBED)] * 2
    (row,) = rows(Subject("g", "w", "s", {}, "c", Unit("s")), [*disturbed, *calm])
    assert (row["median"], row["runs"], row["runs_left_out"]) == (1.0, 3, 2)
    assert len(calmest([*disturbed, calm[0]])) == 3


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=50))
def test_counts_keep_values_to_eleven_bits(values: list[int]) -> None:
    kept = np.repeat(*(np.array(list(column)) for column in zip(*sorted(counted(np.array(values, np.int64)).items()), strict=True)))
    exact = np.sort(np.array(values, np.int64))
    assert len(kept) == len(exact)
    assert np.all(np.abs(kept - exact) <= np.abs(exact) / 2 ** (BITS_KEPT - 1))
    assert all(a == b for a, b in zip(kept, exact, strict=True) if abs(b) < 2**BITS_KEPT)


# --- resuming ------------------------------------------------------------------------------------------------------------------------


def test_it_goes_on_where_it_ended(files: Files) -> None:
    ran = list[str]()

    def thing(name: str, bench: Bench) -> list[Found]:
        ran.append(name)
        return found(len(ran), name)

    both = part(point("A", partial(thing, "A")), point("B", partial(thing, "B")))
    summary = measured(plan(both), files)
    assert ran == ["A", "B", "A", "B"]                              # interleaved
    assert (summary.runs, summary.rows) == (4, 2)
    before = files.rows.read_bytes()
    measured(plan(both), files)
    assert len(ran) == 4 and files.rows.read_bytes() == before
    measured(plan(part(*both.points, rounds=3)), files)
    assert ran[4:] == ["A", "B"]
    assert [json.loads(line)["n"] for line in files.rows.read_text().splitlines()] == [3, 3]
    assert json.loads(files.machine.read_text()) == MACHINE


def test_what_is_there_is_told_and_what_the_rest_takes(files: Files) -> None:
    """Two of three points' runs are there: A's rest takes what A took, C's as much more than expected as A and B did."""
    expected = (("A", 0.7), ("B", 1.7), ("C", 0.7))
    points = [dataclasses.replace(point(name, lambda bench: found(1.0)), seconds=seconds) for name, seconds in expected]
    chosen = plan(part(*points, rounds=2))
    opened = journal(files)
    assert chosen.rest(opened) == driver.Rest(0, 6, 1 + 2 * (1.0 + 2.0 + 1.0))
    for name, number, seconds in (("A", 0, 3.0), ("A", 0, 1.0), ("B", 0, 5.0), ("B", 1, 5.0)):
        opened.add(f"micro/a part: {name}", number, found(1.0), QUIET, seconds)
    opened.close()
    before = files.runs.read_bytes()
    there = driver.Held(files, MACHINE, "1.0", False)
    rest = chosen.rest(there)
    assert (rest.there, rest.whole) == (3, 6)
    assert rest.seconds == pytest.approx(1 + 4.0 + 2 * (14 / 5) * 1.0)
    assert files.runs.read_bytes() == before


def test_what_cannot_be_gone_on_from_is_told_without_writing(files: Files) -> None:
    journal(files).close()
    before = files.runs.read_bytes()
    with pytest.raises(MeasuringError, match=r"was made by cutaway 1\.0, this is 2\.0"):
        driver.Held(files, MACHINE, "2.0", False)
    files.runs.rename(files.runs.with_suffix(".elsewhere"))
    files.rows.write_text("", encoding="utf-8")
    with pytest.raises(MeasuringError, match="is there, but not the runs that it comes from"):
        driver.Held(files, MACHINE, "1.0", False)
    assert files.runs.with_suffix(".elsewhere").read_bytes() == before and not files.runs.exists()


def test_every_prefix_of_the_runs_can_be_gone_on_from(files: Files) -> None:
    """Goal: no kill at any byte loses a whole line or stops the next start. Method: cut the file everywhere."""
    one = part(point("A", lambda bench: found(1.0)), rounds=3)
    measured(plan(one), files)
    whole = files.runs.read_bytes()
    for length in range(0, len(whole), 7):
        files.runs.write_bytes(whole[:length])
        opened = journal(files)
        lines = whole[:length].count(b"\n")
        assert opened.rounds == ({} if lines < 2 else {"micro/a part: A": lines - 1})
        opened.close()
        assert files.runs.read_bytes().endswith(b"\n")


def test_a_full_disk_leaves_whole_lines(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = journal(files)
    opened.add("A", 0, found(1.0), QUIET)
    before, write = files.runs.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[: len(data) // 2]))
    with pytest.raises(OSError) as caught:
        opened.add("A", 1, found(2.0), QUIET)
    assert caught.value.errno == errno.ENOSPC and caught.value.filename == str(files.runs)
    assert files.runs.read_bytes() == before and opened.rounds == {"A": 1}
    opened.close()


def test_rows_are_replaced_whole_or_stay(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    files.rows.write_text("as it was\n")

    def fails(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OSError):
        replace(files.rows, "new\n")
    assert [path.name for path in files.rows.parent.iterdir()] == ["measured.jsonl"]
    assert files.rows.read_text() == "as it was\n"


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"version": "1.1"}, "was made by cutaway 1.0, this is 1.1"),
        ({"quick": True}, "was made without --quick"),
        ({"cpu": {"model": "B", "cores": 2}}, "comes from another machine: its processor is A, here it is B"),
        ({"versions": {"nginx": "1.24"}}, "its version of nginx is 1.22, here it is 1.24"),
    ],
)
def test_other_runs_are_refused(files: Files, changed: dict[str, Any], sentence: str) -> None:
    journal(files).close()
    with pytest.raises(MeasuringError, match=sentence):
        journal(files, **changed)


def test_a_damaged_or_foreign_file_is_refused(files: Files) -> None:
    opened = journal(files)
    opened.add("A", 0, found(1.0), QUIET)
    opened.close()
    held = files.runs.read_bytes()
    files.runs.write_bytes(held.replace(b'"round"', b'"wound"'))
    with pytest.raises(MeasuringError, match=r"measured\.runs\.jsonl:2: is no line of"):
        journal(files)
    files.runs.unlink()
    files.rows.write_text("{}\n")
    with pytest.raises(MeasuringError, match=r"is there, but not the runs that it comes from"):
        journal(files)


def test_two_do_not_write_to_one_file(files: Files) -> None:
    opened = journal(files)
    with pytest.raises(BusyError, match="another cutaway measure writes to"):
        journal(files)
    opened.close()
    journal(files).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave something behind, and so takes the record's lock")
def test_two_do_not_measure_at_once(files: Files) -> None:
    with leftovers.RECORD.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="another cutaway measure is running"):
            measured(plan(), files)


def test_a_fact_is_measured_once_for_all_starts(files: Files) -> None:
    seen = list[float]()

    def thing(bench: Bench) -> list[Found]:
        seen.append(bench.fact("capacity", lambda: 10.0 + len(seen)))
        return found(seen[-1])

    for rounds in (2, 4):
        measured(plan(part(point("A", thing), rounds=rounds)), files)
    assert seen == [10.0] * 4


# --- runs ----------------------------------------------------------------------------------------------------------------------------


def test_a_disturbed_run_is_repeated(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "Watch", watches(DISTURBED, QUIET))
    summary = measured(plan(part(point("A", lambda bench: found(1.0)), rounds=3, attempts=2)), files)
    assert summary.runs == 4
    (row,) = [json.loads(line) for line in files.rows.read_text().splitlines()]
    assert (row["runs"], row["runs_left_out"]) == (3, 1)


def test_what_fails_is_named_and_the_rest_goes_on(files: Files) -> None:
    tried = list[str]()

    def fails(bench: Bench) -> list[Found]:
        tried.append("A")
        raise MeasuringError("it does not start")

    summary = measured(plan(part(point("A", fails), point("B", lambda bench: found(1.0)))), files)
    assert summary.failed == {"micro/a part: A": "it does not start"}
    assert tried == ["A"] and summary.runs == 2


def test_a_run_begins_when_what_it_needs_has_been_started(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    watched, told = list[int](), list[str]()

    class Counted(watches(QUIET)):  # type: ignore[misc]
        def __init__(self, ours: object) -> None:
            watched.append(1)

    def uses(bench: Bench) -> list[Found]:
        bench.keep(thing, "engine", told.append)
        return found(float(len(watched)))

    monkeypatch.setattr(driver, "Watch", Counted)
    measured(plan(part(point("A", uses))), files)
    assert len(watched) == 3                                        # again after the engine's start in the first of two rounds


def test_what_cannot_be_written_down_ends_the_whole(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(bench: Bench) -> list[Found]:
        raise OSError(errno.EBUSY, "Device or resource busy")

    summary = measured(plan(part(point("A", fails))), files)
    assert summary.failed == {"micro/a part: A": "OSError: [Errno 16] Device or resource busy"}

    def full(*about: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Journal, "add", full)
    with pytest.raises(OSError, match="No space left"):
        measured(plan(part(point("B", lambda bench: found(1.0)))), files)


def test_what_does_not_start_is_not_tried_for_every_point() -> None:
    tried = list[int]()

    @contextmanager
    def broken(bench: Bench) -> Iterator[None]:
        tried.append(1)
        raise MeasuringError("no")
        yield

    with Bench(Settings()) as bench:
        for _ in range(3):
            with pytest.raises(MeasuringError):
                bench.keep(broken)
    assert tried == [1]


# --- cleaning up ---------------------------------------------------------------------------------------------------------------------


@contextmanager
def thing(bench: Bench, name: str, told: Callable[[str], None]) -> Iterator[str]:
    told(f"start {name}")
    try:
        yield name
    finally:
        told(f"end {name}")


def test_things_end_last_first_and_those_of_a_part_with_it() -> None:
    told = list[str]()
    tell = told.append
    with Bench(Settings()) as bench:
        bench.keep(thing, "engine", tell)
        bench.use(thing, "container", tell)
        assert bench.use(thing, "container", tell) == "container"
        bench.end_part()
        bench.use(thing, "container", tell)
        folder = bench.folder
    assert told == ["start engine", "start container", "end container", "start container", "end container", "end engine"]
    assert not folder.exists()


def test_one_clean_up_that_fails_does_not_keep_the_others_from_theirs() -> None:
    told = list[str]()

    @contextmanager
    def fails_to_end(bench: Bench) -> Iterator[None]:
        yield
        raise OSError("it does not end")

    with pytest.raises(OSError), Bench(Settings()) as bench:
        bench.keep(thing, "engine", told.append)
        bench.use(fails_to_end)
        folder = bench.folder
    assert told == ["start engine", "end engine"] and not folder.exists()


@pytest.mark.parametrize(
    ("sent", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, SystemExit), (signal.SIGHUP, SystemExit)]
)
def test_an_interrupted_measurement_cleans_up_and_keeps_its_runs(files: Files, sent: signal.Signals, raised: type[BaseException]) -> None:
    told, folders = list[str](), list[Path]()

    def tell(what: str) -> None:
        told.append(what)
        if what == "end container":
            os.kill(os.getpid(), sent)                              # an impatient second one does not stop the cleaning up

    def interrupted(bench: Bench) -> list[Found]:
        bench.keep(thing, "engine", tell)
        bench.use(thing, "container", tell)
        folders.append(bench.folder)
        if len(folders) == 2:
            os.kill(os.getpid(), sent)
        return found(1.0)

    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    with pytest.raises(raised):
        measured(plan(part(point("A", interrupted), rounds=3)), files)
    assert told[-2:] == ["end container", "end engine"] and told.count("end engine") == 1
    assert not folders[0].exists() and not leftovers.RECORD.exists()
    assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == handlers
    assert json.loads(files.rows.read_text())["runs"] == 1
    opened = journal(files)
    assert opened.rounds == {"micro/a part: A": 1}
    opened.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can leave something behind")
def test_what_a_killed_one_left_is_removed_at_the_next_start(tmp_path: Path, files: Files) -> None:
    folder, setting = tmp_path / "left", tmp_path / "setting"
    folder.mkdir()
    setting.write_text("changed")
    shutil.copy2(shutil.which("sleep") or "/bin/sleep", folder / "server")
    sleeper = subprocess.Popen([folder / "server", "100"])
    looks_on = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(100)", str(folder)])
    left = [["setting", str(setting), "as it was"], ["folder", str(folder)], ["namespace", "cw-not-there"]]
    leftovers.RECORD.write_text(json.dumps(left))
    measured(plan(), files)
    assert sleeper.wait(timeout=20) == -signal.SIGKILL
    assert not folder.exists() and setting.read_text() == "as it was"
    assert looks_on.poll() is None                                  # somebody else's, who only names the folder
    looks_on.kill()
    looks_on.wait()


# --- plans ---------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(needs, "program", lambda name: "")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_where_nothing_is_there_all_is_left_out_with_a_reason(nothing_there: None, tmp_path: Path) -> None:
    chosen = driver.plan(Settings(kernel=tmp_path))
    assert not chosen.parts and not chosen.changes
    assert {skipped.group for skipped in chosen.skipped} == set(driver.GROUPS)
    reasons = {reason for skipped in chosen.skipped for reason in skipped.why.split(", ")}
    assert {"not root", "no C compiler (gcc)", "no docker (dockerd)", "no nginx", "no wrk", "no QEMU (qemu-system-x86_64)"} <= reasons
    assert sum(skipped.points for skipped in chosen.skipped) == sum(len(one.points) for one in driver.all_parts(Settings()))


def test_what_would_change_the_machine_is_named_and_can_be_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "missing", lambda need, settings: "")
    whole, kept = driver.plan(Settings()), driver.plan(Settings(), allowed=False)
    assert any("Docker Engine of its own" in change for change in whole.changes)
    assert not kept.changes
    assert all("not allowed to" in skipped.why for skipped in kept.skipped) and kept.skipped
    assert not any(one.stack.startswith("docker") and "an engine" in one.needs for each in kept.parts for one in each.points)
    assert {"micro/system", "micro/wake-ups"} <= {f"{one.group}/{one.name}" for one in kept.parts}


def test_groups_parts_and_stacks_are_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "missing", lambda need, settings: "")
    assert {one.group for one in driver.plan(Settings(), ["memory", "control"]).parts} == {"memory", "control"}
    assert [one.name for one in driver.plan(Settings(), ["micro/wake-ups"]).parts] == ["wake-ups"]
    stacks = {one.stack for each in driver.plan(Settings(), stacks=["docker-nat", "native"]).parts for one in each.points}
    assert stacks == {"docker-nat", "native"}


@pytest.mark.parametrize("quick", [False, True])
def test_every_point_has_a_name_and_known_needs(quick: bool) -> None:
    parts = driver.all_parts(Settings(quick))
    names = [f"{each.group}/{each.name}: {one.name}" for each in parts for one in each.points]
    assert len(set(names)) == len(names)
    assert {need for each in parts for one in each.points for need in one.needs} <= needs.WHY_NOT.keys() | needs.CHANGES.keys()
    assert {each.group for each in parts} == set(driver.GROUPS)


def test_a_quick_look_is_a_tenth_of_the_whole() -> None:
    assert sum(map(driver.seconds_of, driver.all_parts(Settings(True)))) * 8 < sum(map(driver.seconds_of, driver.all_parts(Settings())))


def test_a_duration_is_said_as_a_person_says_it() -> None:
    assert [driver.minutes(seconds) for seconds in (0.2, 45, 600, 9000)] == ["1 s", "45 s", "10 min", "2.5 h"]


# --- what it stands on ---------------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("gcc"), reason="no C compiler (gcc)")
def test_every_program_compiles_without_a_warning(tmp_path: Path) -> None:
    sources = sorted(programs.HERE.glob("*.c"))
    assert len(sources) > 5
    for source in sources:
        subprocess.run(
            ["gcc", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-O2", str(source)], check=True, capture_output=True, timeout=60
        )


def test_a_guest_is_talked_to_over_its_serial_line() -> None:
    script = (
        "printf '\\033[2JMARK userspace\\r\\nMARK ready\\r\\n'; read line; echo said $line; echo MARK ended 0; "
        "read line; echo no; echo MARK ended 1"
    )
    with subprocess.Popen(["sh", "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        one = guest.Guest(process, "", 0.0)
        one.wait_for("userspace", 10)
        one.wait_for("ready", 10)
        assert one.said("this", 10) == "said this"
        with pytest.raises(MeasuringError, match="in the guest: no"):
            one.said("that", 10)
        with pytest.raises(MeasuringError, match="QEMU has ended"):
            one.wait_for("more", 10)
