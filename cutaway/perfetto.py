"""Traces in the Chrome trace format, which the Perfetto viewer reads: a process a stack, a track a request with its layers nested in it.

Slices of one track must nest perfectly: a request's slice holds one slice for each stay in a layer, which holds its steps. A second
process of each stack has a track for each CPU. Times are microseconds, as the format wants; `args` has nanoseconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from cutaway.sim import trace as tr

Event = dict[str, Any]
OVERHEAD = "overhead of the thread"


def chrome_trace(traces: Sequence[tr.Trace]) -> dict[str, Any]:
    """The document: `traceEvents`, in the order of time within each track."""
    events: list[Event] = []
    for number, one in enumerate(traces):
        requests_pid, cpus_pid = 2 * number + 1, 2 * number + 2
        events += _names(one, requests_pid, cpus_pid)
        events += _requests(one, requests_pid)
        events += _cpus(one, cpus_pid)
    return {"traceEvents": events, "displayTimeUnit": "ns"}


def _names(one: tr.Trace, requests_pid: int, cpus_pid: int) -> Iterator[Event]:
    stack = one.meta["stack"]
    for pid, what in ((requests_pid, "requests"), (cpus_pid, "CPUs")):
        yield {"ph": "M", "name": "process_name", "pid": pid, "args": {"name": f"{stack}: {what}"}}
    for cpu, entry in enumerate(one.meta["cpus"]):
        yield {"ph": "M", "name": "thread_name", "pid": cpus_pid, "tid": cpu, "args": {"name": entry["name"]}}


def _slice(pid: int, tid: int, name: str, category: str, start: int, end: int, **args: Any) -> Event:
    return {
        "ph": "X",
        "pid": pid,
        "tid": tid,
        "name": name,
        "cat": category,
        "ts": start / 1000,
        "dur": (end - start) / 1000,
        "args": {"start_ns": start, "end_ns": end, **args},
    }


def _requests(one: tr.Trace, pid: int) -> Iterator[Event]:
    """A track a connection, so that its requests stand one after the other; what goes on beside them (branches) is left out."""
    known = {int(row["request"]): row for row in one.requests}
    spans = one.spans[one.spans["branch"] == 0]
    by_request: dict[int, list[Any]] = {}
    for span in spans:
        by_request.setdefault(int(span["request"]), []).append(span)
    for request, own in by_request.items():
        row = known[request]
        tid = int(row["connection"])
        born, ended = int(row["born"]), int(row["ended"])
        yield _slice(
            pid,
            tid,
            f"request {request}",
            "request",
            born,
            ended,
            connection=tid,
            number=int(row["number"]),
            outcome=tr.OUTCOMES[int(row["outcome"])],
        )
        for layer, stay in groupby(own, key=lambda span: int(span["layer"])):
            inside = list(stay)
            yield _slice(pid, tid, one.meta["layers"][layer], "layer", int(inside[0]["start"]), int(inside[-1]["end"]))
            for span in inside:
                yield _step(one, pid, tid, span)


def _step(one: tr.Trace, pid: int, tid: int, span: Any) -> Event:
    step, thread, cpu = int(span["step"]), int(span["thread"]), int(span["cpu"])
    operation = one.meta["steps"][step]["operation"] if step >= 0 else OVERHEAD
    kind = tr.KINDS[int(span["kind"])]
    args = {"kind": kind}
    if thread >= 0:
        args["thread"] = one.meta["threads"][thread]["name"]
    if cpu >= 0:
        args["cpu"] = one.meta["cpus"][cpu]["name"]
    name = operation if kind == "running" else f"{operation} ({kind})"
    return _slice(pid, tid, name, kind, int(span["start"]), int(span["end"]), **args)


def _cpus(one: tr.Trace, pid: int) -> Iterator[Event]:
    for stint in one.stints:
        thread, request = one.meta["threads"][int(stint["thread"])], int(stint["request"])
        args = {"request": request} if request >= 0 else {}
        yield _slice(pid, int(stint["cpu"]), thread["name"], "stint", int(stint["start"]), int(stint["end"]), **args)
