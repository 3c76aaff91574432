"""The runs so far, a line each, beside the file of rows: what makes measuring resumable.

    measured.jsonl            rows, replaced whole
    measured.machine.json     the machine
    measured.runs.jsonl       first line: machine and version; then a line a run, appended and brought to the disk

A line that was cut off by a kill or a full disk is dropped; another machine's or version's runs are refused, with what differs.
"""
import dataclasses
import fcntl
import json
import os
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cutaway.models.costs.measuring.calm import Calm
from cutaway.models.costs.measuring.points import Found
from cutaway.models.costs.measuring.problems import BusyError, MeasuringError
from cutaway.models.costs.measuring.rows import Run, Subject, calmest, rows
from cutaway.models.files import append_whole

FORM = 1


@dataclass(frozen=True)
class Files:
    """The three files of one measurement."""
    rows: Path

    @property
    def machine(self) -> Path:
        return self.rows.with_name(f"{self.rows.name.removesuffix('.jsonl')}.machine.json")

    @property
    def runs(self) -> Path:
        return self.rows.with_name(f"{self.rows.name.removesuffix('.jsonl')}.runs.jsonl")


def _have_runs(files: Files) -> None:
    if files.rows.exists() and not files.runs.exists():
        raise MeasuringError(f"{files.rows} is there, but not the runs that it comes from ({files.runs.name}); choose another --out")


class Held:
    """What the files hold of this machine, only read. `rounds` counts a point's runs, repeated attempts not twice; `seconds` is what
    all of them took, by point, waiting and repeating included. Raises MeasuringError where it could not be gone on from."""

    def __init__(self, files: Files, machine: Mapping[str, Any], version: str, quick: bool) -> None:
        self.files = files
        _have_runs(files)
        self.rounds: dict[str, int] = {}
        self.seconds: dict[str, float] = {}
        self.runs: dict[str, list[Run]] = {}
        self.subjects: dict[str, Subject] = {}
        self.known: dict[str, float] = {}
        self._read({"form": FORM, "cutaway": version, "quick": quick, "machine": identity(machine)})

    def _read(self, head: dict[str, Any]) -> None:
        for number, line in enumerate(self._whole_lines().splitlines(), 1):
            try:
                found = json.loads(line)
                if number == 1:
                    self._compare(found, json.loads(json.dumps(head)))
                else:
                    self._take(found)
            except (ValueError, KeyError, TypeError, AttributeError):
                raise MeasuringError(f"{self.files.runs}:{number}: is no line of `cutaway measure`; choose another --out") from None

    def _whole_lines(self) -> str:
        held = self.files.runs.read_bytes() if self.files.runs.exists() else b""
        return held[:held.rfind(b"\n") + 1].decode(errors="replace")

    def _compare(self, found: Any, here: dict[str, Any]) -> None:
        if found["form"] != here["form"] or found["cutaway"] != here["cutaway"]:
            raise MeasuringError(
                f"{self.files.runs} was made by cutaway {found['cutaway']}, this is {here['cutaway']}; choose another --out")
        if found["quick"] != here["quick"]:
            said = "with" if found["quick"] else "without"
            raise MeasuringError(f"{self.files.runs} was made {said} --quick; go on {said} it, or choose another --out")
        for name, value in here["machine"].items():
            if (other := found["machine"].get(name)) != value:
                raise MeasuringError(f"{self.files.runs} comes from another machine: its {name} is {other}, here it is {value}; "
                                     "choose another --out")

    def _take(self, line: dict[str, Any]) -> None:
        if "fact" in line:
            self.known[line["fact"]] = float(line["value"])
            return
        calm = Calm(line["steal"], line["foreign"])
        for one in line["found"]:
            subject = Subject(
                one["group"], one["what"], one["stack"], one["params"], one["command"], one["units"], one["use"], one["fixed"])
            known = self.subjects.setdefault(subject.name, subject)
            if known is not subject:                                        # a later run may have seen a metric that the first had not
                self.subjects[subject.name] = dataclasses.replace(known, units={**known.units, **subject.units})
            events = {metric: {int(value): count for value, count in counts} for metric, counts in one["events"].items()}
            self.runs.setdefault(subject.name, []).append(Run(one["values"], calm, events))
        self.rounds[line["point"]] = max(self.rounds.get(line["point"], 0), line["round"] + 1)
        self.seconds[line["point"]] = self.seconds.get(line["point"], 0.0) + line.get("seconds", 0.0)


class Journal(Held):
    """Opened for one process, and written to."""

    def __init__(self, files: Files, machine: Mapping[str, Any], version: str, quick: bool) -> None:
        _have_runs(files)
        self.file = os.open(files.runs, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self.file)
            raise BusyError(f"another cutaway measure writes to {files.runs}") from None
        try:
            self.facts = Facts(self)
            super().__init__(files, machine, version, quick)
        except BaseException:
            os.close(self.file)
            raise
        replace(files.machine, json.dumps(machine, indent=1) + "\n")

    def close(self) -> None:
        fcntl.flock(self.file, fcntl.LOCK_UN)                               # a child on its way to its program would hold it on
        os.close(self.file)

    def add(self, point: str, number: int, found: Sequence[Found], calm: Calm, seconds: float = 0.0) -> None:
        """A run of the round `number` of a point, and what it took; a repeated run has the same number."""
        line = {
            "point": point, "round": number, "steal": round(calm.steal, 5), "foreign": round(calm.foreign, 5),
            "seconds": round(seconds, 2), "found": [_written(one) for one in found],
        }
        self._append(line)
        self._take(line)

    def rows(self) -> Iterator[dict[str, Any]]:
        for name, subject in self.subjects.items():
            yield from rows(subject, self.runs[name])

    def write_rows(self) -> int:
        """Replaces the file of rows; how many there are."""
        lines = [json.dumps(row, separators=(", ", ": ")) + "\n" for row in self.rows()]
        replace(self.files.rows, "".join(lines))
        return len(lines)

    def disturbed(self) -> int:
        """Runs in the rows that had to share the machine."""
        return sum(not run.calm.enough for runs in self.runs.values() for run in calmest(runs))

    def _read(self, head: dict[str, Any]) -> None:
        if not self._whole_lines():
            self._append(head)
        else:
            super()._read(head)

    def _whole_lines(self) -> str:
        """What the file holds, after cutting off a last line that was not written to its end."""
        with os.fdopen(os.dup(self.file), "rb") as file:
            file.seek(0)
            held = file.read()
        whole = held[:held.rfind(b"\n") + 1]
        if len(whole) < len(held):
            os.ftruncate(self.file, len(whole))
        return whole.decode(errors="replace")

    def _append(self, line: Mapping[str, Any]) -> None:
        append_whole(self.file, (json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n").encode(), self.files.runs)


class Facts(MutableMapping[str, float]):
    """What was measured once, and other points are stated in; remembered as soon as it is known."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def __getitem__(self, name: str) -> float:
        return self.journal.known[name]

    def __setitem__(self, name: str, value: float) -> None:
        self.journal._append({"fact": name, "value": value})
        self.journal.known[name] = value

    def __delitem__(self, name: str) -> None:
        raise TypeError("what was measured is not forgotten")

    def __iter__(self) -> Iterator[str]:
        return iter(self.journal.known)

    def __len__(self) -> int:
        return len(self.journal.known)


def identity(machine: Mapping[str, Any]) -> dict[str, Any]:
    """By what a machine is known again: its processor, its kernel, and the versions of what is measured."""
    cpu = machine["cpu"]
    return {"processor": cpu["model"], "cores": cpu["cores"], "kernel": machine["kernel"]["release"],
            **{f"version of {name}": version for name, version in machine["versions"].items()}}


def replace(path: Path, text: str) -> None:
    """The file as a whole, or as it was."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:                                                # told of the file that was asked for
        raise OSError(error.errno, error.strerror, str(path)) from None
    finally:
        beside.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _written(found: Found) -> dict[str, Any]:
    subject = found.subject
    metrics = [*found.values, *found.events]
    return {
        "group": subject.group, "what": subject.what, "stack": subject.stack, "params": dict(subject.params), "fixed": dict(subject.fixed),
        "command": subject.command, "units": {metric: subject.units[metric] for metric in metrics}, "use": subject.use,
        "values": {metric: [float(value) for value in values] for metric, values in found.values.items()},
        "events": {metric: [[value, count] for value, count in counts.items()] for metric, counts in found.events.items()},
    }
