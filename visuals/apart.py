"""A bridge in a guest and one of the host have one layer in a trace; the view shows each on the floor of its own kernel.

Whose thread did the work tells them apart: one that runs on virtual CPUs is the guest's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from cutaway.sim.trace import Trace

SHARED, INSIDE = "bridge and NAT", "bridge and NAT of the guest"


def guest_threads(meta: Mapping[str, Any]) -> list[int]:
    """The threads that a guest's kernel schedules."""
    virtual = {cpu["name"] for cpu in meta["cpus"] if cpu.get("vcpu") not in (None, "", -1)}
    virtual |= {number for number, cpu in enumerate(meta["cpus"]) if cpu["name"] in virtual}
    return [number for number, thread in enumerate(meta["threads"]) if thread["cpus"] and virtual.issuperset(thread["cpus"])]


def meta_apart(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The vocabulary with the guest's layer in it, if a guest has such work; else as it is."""
    inside = {
        str(meta["threads"][number][key]) for number in guest_threads(meta) for key in ("name", "role") if key in meta["threads"][number]
    }

    def of_a_guest(step: Mapping[str, Any]) -> bool:
        return step["layer"] == SHARED and str(step.get("thread")) in inside

    if INSIDE in meta["layers"] or not any(of_a_guest(step) for step in meta["steps"]):
        return dict(meta)
    steps = [{**step, "layer": INSIDE} if of_a_guest(step) else step for step in meta["steps"]]
    return {**meta, "layers": [*meta["layers"], INSIDE], "steps": steps}


def told_apart(trace: Trace) -> Trace:
    """The trace with such work under the guest's layer."""
    meta = meta_apart(trace.meta)
    if len(meta["layers"]) == len(trace.meta["layers"]):
        return trace
    spans = trace.spans.copy()
    ours = (spans["layer"] == meta["layers"].index(SHARED)) & np.isin(spans["thread"], guest_threads(meta))
    spans["layer"][ours] = len(meta["layers"]) - 1
    return replace(trace, meta=meta, spans=spans)
