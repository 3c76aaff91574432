"""The stage of a show: the one that follows from the traces, with the scenario's own words, captions and cost records on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from cutaway.sim.trace import Trace
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.stage import CostRecord, Cue, Said, Stage


def staged(traces: Sequence[Trace]) -> Stage:
    """What stands on the stage. All of it comes with the traces, so that a saved trace shows the same."""
    # the stage's own idea of a title is a text; ours has two languages
    plain = [replace(trace, meta={**trace.meta, "title": ""}) for trace in traces]
    stage = stage_for(plain)
    columns = tuple(replace(column, name=_said(traces[column.trace].meta.get("stack_title"), column.name)) for column in stage.columns)
    meta = traces[0].meta
    cues = tuple(Cue(int(cue["at_ns"]), _said(cue["text"], stage.title)) for cue in meta.get("captions", ()))
    costs = {name: _record(found) for trace in traces for name, found in trace.meta.get("cost_records", {}).items()}
    return replace(stage, title=_said(meta.get("title"), stage.title), columns=columns, cues=cues, costs=costs)


def _said(words: Any, otherwise: Said) -> Said:
    if not isinstance(words, Mapping) or not words.get("en"):
        return otherwise
    return Said(str(words.get("ko") or words["en"]), str(words["en"]))


def _record(found: Mapping[str, Any]) -> CostRecord:
    kind = "" if found["kind"] == "measured" else f" ({found['kind']})"
    return CostRecord(
        value=f"{found['value']}{kind}",
        what=str(found["what"]),
        spread=str(found["spread"]),
        source=", ".join(found["source"]),
        machine=f"{found['machine']}, {found['date']}",
    )
