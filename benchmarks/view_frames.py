"""How long the view takes for a frame and for a seek, without a screen: run it as `python benchmarks/view_frames.py`.

The traces are invented: requests that are all on their way at once, evenly spread over a container's plan. Each frame has a new time.
Targets: 500 moving discs at 1920 x 1080 at 60 frames a second; a seek anywhere in ten million spans within 100 ms.
"""

from __future__ import annotations

import argparse
import os
import time

os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np

from cutaway.sim import trace as tr
from cutaway.visuals.default_stage import stage_for
from cutaway.visuals.film import Studio
from cutaway.visuals.moment import Replay
from cutaway.visuals.view import view_of

LAYERS = ["client", "wire", "NIC", "host kernel", "bridge and NAT", "nginx"]
STEPS = [
    ("wire", "request", False),
    ("NIC", "take from the receive ring", False),
    ("bridge and NAT", "bridge", False),
    ("bridge and NAT", "veth", False),
    ("host kernel", "receive: IP, TCP, into the socket", False),
    ("nginx", "parse the request", False),
    ("host kernel", "send: TCP, IP", True),
    ("bridge and NAT", "veth", True),
    ("NIC", "put in the transmit ring", True),
    ("wire", "answer", True),
]
STEP_NS = 1_000_000


def invented(in_flight: int, spans: int) -> tr.Trace:
    """A trace in which so many requests are on their way at any time."""
    requests = spans // len(STEPS)
    gap = STEP_NS * len(STEPS) // in_flight
    born = np.arange(requests, dtype=np.int64) * gap
    table = np.zeros(requests * len(STEPS), tr.SPAN)
    table["request"] = np.repeat(np.arange(requests), len(STEPS))
    table["step"] = np.tile(np.arange(len(STEPS)), requests)
    table["start"] = np.repeat(born, len(STEPS)) + table["step"].astype(np.int64) * STEP_NS
    table["end"], table["kind"], table["thread"], table["cpu"] = table["start"] + STEP_NS, tr.DEVICE, -1, -1
    table["layer"] = np.array([LAYERS.index(layer) for layer, _, _ in STEPS])[table["step"]]
    rows = np.zeros(requests, tr.REQUEST)
    rows["request"] = rows["number"] = np.arange(requests)
    rows["born"], rows["ended"], rows["outcome"] = born, born + STEP_NS * len(STEPS), tr.SERVED
    steps = [
        {
            "plan": "get",
            "kind": "work",
            "layer": layer,
            "operation": operation,
            "thread": "",
            "cost_ns": 1,
            "costs": [],
            "answering": answering,
        }
        for layer, operation, answering in STEPS
    ]
    cpus = [{"name": f"cpu{number}", "kernel": "host", "vcpu": ""} for number in range(2)]
    threads = [{"name": "nginx", "role": "nginx", "kind": "loop", "cpus": ["cpu0", "cpu1"], "layer": "nginx", "group": ""}]
    meta = {
        "schema": tr.SCHEMA,
        "stack": "container",
        "title": "Frames",
        "layers": LAYERS,
        "cpus": cpus,
        "threads": threads,
        "steps": steps,
        "groups": [],
        "sampled": 1,
        "complete": True,
        "start_ns": 0,
        "end_ns": int(rows["ended"][-1]),
    }
    table = table[np.argsort(table["start"], kind="stable")]
    stints = np.zeros(requests, tr.STINT)
    stints["start"], stints["end"], stints["request"] = born, born + gap // 2, np.arange(requests)
    return tr.Trace(meta, rows, table, stints, np.zeros(0, tr.STATE))


def frame_times_ms(discs: int, columns: int, size: tuple[int, int], frames: int) -> tuple[float, float]:
    """Median and 99th percentile of a frame."""
    traces = [invented(discs // columns, 40_000) for _ in range(columns)]
    view = view_of(traces, stage_for(traces))
    view.by_request = False
    studio, (first, last) = Studio(view, size), view.range_ns()
    view.playing, taken = True, []
    for number in range(frames + 8):
        view.time_ns = first + (last - first) // 4 + number * STEP_NS // 30
        begun = time.perf_counter()
        studio.frame()
        taken.append((time.perf_counter() - begun) * 1000)
    return float(np.median(taken[8:])), float(np.percentile(taken[8:], 99))


def seek_times_ms(spans: int, seeks: int) -> tuple[float, float, float]:
    """Seconds to open a trace, and median and greatest time of a seek to a random instant."""
    trace = invented(100, spans)
    begun = time.perf_counter()
    replay = Replay(trace)
    opened = time.perf_counter() - begun
    chance, taken = np.random.default_rng(1), []
    for at in chance.integers(0, trace.meta["end_ns"], seeks).tolist():
        begun = time.perf_counter()
        replay.at(at)
        taken.append((time.perf_counter() - begun) * 1000)
    return opened, float(np.median(taken)), max(taken)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--frames", type=int, default=120)
    options.add_argument("--spans", type=int, default=10_000_000)
    chosen = options.parse_args()
    for size in ((1280, 720), (1920, 1080), (3840, 2160)):
        for discs in (0, 500, 840, 3000):
            median, late = frame_times_ms(max(discs, 3), 3, size, chosen.frames)
            print(f"{size[0]} x {size[1]}, {discs:5} requests in 3 columns: median {median:5.1f} ms, p99 {late:5.1f} ms")
    opened, median, longest = seek_times_ms(chosen.spans, 40)
    print(f"{chosen.spans} spans: opened in {opened:.1f} s; a seek takes {median:.1f} ms, at most {longest:.1f} ms")


if __name__ == "__main__":
    main()
