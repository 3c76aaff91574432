"""The stage of a show: the one that follows from the traces, with the scenario's own words, captions and cost records on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from cutaway.sim.trace import SERVED, Trace
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.stage import CostRecord, Cue, Said, Stage


def staged(traces: Sequence[Trace]) -> Stage:
    """What stands on the stage. All of it comes with the traces, so that a saved trace shows the same."""
    # the stage's own idea of a title is a text; ours has two languages
    plain = [replace(trace, meta={**trace.meta, "title": ""}) for trace in traces]
    stage = stage_for(plain)
    columns = tuple(replace(column, name=_said(traces[column.trace].meta.get("stack_title"), column.name)) for column in stage.columns)
    meta = traces[0].meta
    cues = tuple(_cues(meta.get("captions", ()), [str(trace.meta["stack"]) for trace in traces], stage.title))
    costs = {name: _record(found) for trace in traces for name, found in trace.meta.get("cost_records", {}).items()}
    title = _said(meta.get("title"), stage.title)
    return replace(stage, title=title, columns=columns, cues=cues, costs=costs, request=typical_request(traces))


def typical_request(traces: Sequence[Trace]) -> tuple[int, int, int] | None:
    """(client, connection, number) of a request whose latency lies in the middle on every stack, from late in the recording.

    By its second half the live figures stand on something; if no request was served on all stacks that late, one of after the warm-up.
    None when there is none of these either.
    """
    return _typical(traces, 2) or _typical(traces, 1)


def _typical(traces: Sequence[Trace], parts: int) -> tuple[int, int, int] | None:
    """One that was born in the last of so many parts of each recording."""
    places: dict[tuple[int, int, int], float] = {}
    for index, trace in enumerate(traces):
        rows = trace.requests[trace.requests["outcome"] == SERVED]
        order = np.argsort(rows["ended"] - rows["born"], kind="stable")
        rank = np.empty(len(rows))
        rank[order] = np.abs(np.arange(len(rows)) / max(len(rows), 1) - 0.5)
        since = trace.meta["end_ns"] - (trace.meta["end_ns"] - trace.meta["start_ns"]) // parts
        late = {
            (int(row["client"]), int(row["connection"]), int(row["number"])): float(off)
            for row, off in zip(rows, rank, strict=True)
            if row["born"] >= since
        }
        places = {key: max(off, places.get(key, 0.0)) for key, off in late.items() if index == 0 or key in places}
    return min(places, key=lambda key: (places[key], key), default=None)


def _cues(captions: Sequence[Mapping[str, Any]], stacks: Sequence[str], otherwise: Said) -> Iterator[Cue]:
    """What is said at a time, or when a stack has answered; a stack that is not here never does."""
    for caption in captions:
        said = _said(caption["text"], otherwise)
        if caption["at_ns"] is not None:
            yield Cue(int(caption["at_ns"]), said)
        elif caption.get("answered") in stacks:
            yield Cue(0, said, answered=stacks.index(caption["answered"]))


def _said(words: Any, otherwise: Said) -> Said:
    if not isinstance(words, Mapping) or not words.get("en"):
        return otherwise
    return Said(str(words.get("ko") or words["en"]), str(words["en"]))


def _record(found: Mapping[str, Any]) -> CostRecord:
    return CostRecord(
        value=str(found["value"]),
        what=str(found["what"]),
        spread=str(found["spread"]),
        source=", ".join(found["source"]),
        machine=f"{found['machine']}, {found['date']}",
        kind="" if found["kind"] == "measured" else str(found["kind"]),
    )
