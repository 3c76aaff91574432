"""The Perfetto export: slices of a track nest, times are in order, and nothing is lost or made up."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import cutaway
from cutaway import session
from cutaway.perfetto import chrome_trace
from cutaway.scenarios import Scenario
from cutaway.sim import trace as tr

Event = dict[str, Any]


@pytest.fixture(scope="module")
def events(traces: list[cutaway.Trace]) -> list[Event]:
    document = json.loads(json.dumps(chrome_trace(traces), allow_nan=False))
    return list(document["traceEvents"])


def tracks(events: list[Event]) -> Iterator[list[Event]]:
    found: dict[tuple[int, int], list[Event]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            found[event["pid"], event["tid"]].append(event)
    yield from found.values()


def test_slices_of_a_track_nest(events: list[Event]) -> None:
    """Each slice ends before, or lies wholly in, the one that is open when it begins."""
    for track in tracks(events):
        open_until: list[int] = []
        for event in track:
            start, end = event["args"]["start_ns"], event["args"]["end_ns"]
            while open_until and open_until[-1] <= start:
                open_until.pop()
            assert not open_until or end <= open_until[-1], event
            open_until.append(end)


def test_times_are_in_order_and_forward(events: list[Event]) -> None:
    for track in tracks(events):
        starts = [event["args"]["start_ns"] for event in track]
        assert starts == sorted(starts)
        assert all(event["dur"] >= 0 for event in track)
        assert all(round(event["ts"] * 1000) == event["args"]["start_ns"] for event in track)


def test_a_request_is_filled_by_its_layers_and_they_by_their_steps(events: list[Event], traces: list[cutaway.Trace]) -> None:
    steps = {*tr.KINDS}
    for pid, trace in zip((1, 3, 5), traces, strict=True):
        own = [event for event in events if event["ph"] == "X" and event["pid"] == pid]
        for layer_or_step in ({"layer"}, steps):
            filled = sum(event["args"]["end_ns"] - event["args"]["start_ns"] for event in own if event["cat"] in layer_or_step)
            assert filled == int((trace.requests["ended"] - trace.requests["born"]).sum())


def test_every_request_and_every_stint_is_there(events: list[Event], traces: list[cutaway.Trace]) -> None:
    requests = [event for event in events if event.get("cat") == "request"]
    stints = [event for event in events if event.get("cat") == "stint"]
    assert len(requests) == sum(len(trace.requests) for trace in traces)
    assert len(stints) == sum(len(trace.stints) for trace in traces)


def test_processes_and_cpus_have_names(events: list[Event]) -> None:
    named = {event["args"]["name"] for event in events if event["ph"] == "M"}
    assert {"vm: requests", "vm: CPUs", "container: requests", "guest cpu0", "cpu1"} <= named
    assert {event["name"] for event in events if event.get("cat") == "layer"} >= {"client", "wire", "vhost", "guest kernel", "nginx"}


def test_the_command_writes_a_whole_file(quick: Scenario, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "trace.json"
    short = quick.with_({"run.requests": 50, "run.trace": "sampled 1/10"})
    assert session.trace(short, stacks=["container"], format="perfetto", out=file) == 0
    assert capsys.readouterr().out == f"wrote {file}\n"
    assert {event["ph"] for event in json.loads(file.read_text(encoding="utf-8"))["traceEvents"]} == {"M", "X"}
    assert [path.name for path in tmp_path.iterdir()] == ["trace.json"]
