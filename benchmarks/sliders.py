"""How long the view's sliders take to show a new steady state, and what frames take meanwhile: `python benchmarks/sliders.py`.

A slider of each shipped scenario is moved to one stop after the other, as by a key; frames go on at 60 a second, without a screen.
Targets: the new figures within 1 s, and no frame above 16 ms. On a machine that does other work, too, look at the CPU times (of Linux):
what the process beside the window takes for the figures, and the window's thread for a frame.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

os.environ["SDL_VIDEODRIVER"] = "dummy"

import numpy as np

from cutaway import scenarios
from cutaway.session import shown_traces
from cutaway.sliding.answering import sample
from cutaway.sliding.choosing import sliders_of
from cutaway.sliding.sources import Worker
from cutaway.staging import staged
from cutaway.visuals import sliders
from cutaway.visuals.film import Studio
from cutaway.visuals.view import View, view_of
from cutaway.visuals.what_if import Panel

SCENARIOS = ("lecture/three-stacks", "whatif/vm-or-container", "validation/nginx-in-containers")
FRAME_S = 1 / 60
LONGEST_S = 60.0


def opened(name: str) -> View:
    """A view of a shipped scenario with its sliders open."""
    scenario = scenarios.load(name)
    traces = shown_traces(scenario, [])
    view = view_of(traces, staged(traces))
    found, setting = sliders_of(scenario, {})
    view.what_if = Panel(Worker(scenario, list(scenario.stacks), found), found, sample(scenario), list(setting), open=True)
    return view


def settled(view: View, studio: Studio, frames: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Seconds until the figures of the setting are there, CPU time of that, seconds until the animation goes on; frames are kept."""
    panel, figures_s, figures_cpu_s = view.what_if, 0.0, 0.0
    assert panel is not None and isinstance(panel.source, Worker)
    begun, cpu = time.perf_counter(), cpu_s(panel.source)
    while time.perf_counter() - begun < LONGEST_S:
        frames.append(frame_ms(view, studio))
        if not panel.waiting:
            if not figures_s:
                figures_s, figures_cpu_s = time.perf_counter() - begun, cpu_s(panel.source) - cpu
            if panel.shown == panel.setting or (panel.answer and panel.answer.error):
                return figures_s, figures_cpu_s, time.perf_counter() - begun
    raise TimeoutError(f"no answer within {LONGEST_S:.0f} s")


def cpu_s(worker: Worker) -> float:
    """CPU time of the process so far, from Linux's accounts."""
    ticks = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def frame_ms(view: View, studio: Studio) -> tuple[float, float]:
    """One frame, and the wait for the next: its time, and the CPU time of the window's thread."""
    begun, cpu = time.perf_counter(), time.thread_time()
    sliders.hear(view)
    view.time_ns += 100
    studio.frame()
    taken, worked = time.perf_counter() - begun, time.thread_time() - cpu
    time.sleep(max(FRAME_S - taken, 0))
    return taken * 1000, worked * 1000


def told(frames: list[tuple[float, float]]) -> str:
    both = zip(*frames, strict=True)
    elapsed, cpu = (f"median {np.median(each):.1f}, p99 {np.percentile(each, 99):.1f}, at most {max(each):.1f} ms" for each in both)
    return f"{len(frames):5} frames: {elapsed}; CPU time {cpu}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", default="1920x1080")
    wide, high = (int(side) for side in options.parse_args().size.split("x"))
    for name in SCENARIOS:
        view = opened(name)
        panel, studio = view.what_if, Studio(view, (wide, high))
        assert panel is not None
        sliders.ask(view)
        first, *_ = settled(view, studio, [])
        at_rest = [frame_ms(view, studio) for _ in range(200)]
        times: list[tuple[float, float, float]] = []
        frames: list[tuple[float, float]] = []
        for number, slider in enumerate(panel.sliders):
            for stop in range(len(slider.stops)):
                sliders.move(view, number, stop)
                times.append(settled(view, studio, frames))
            sliders.back(view)
            settled(view, studio, [])
        panel.source.close()
        figures, cpu, goes_on = np.array(times).T
        within = f"{(figures <= 1).sum()} of {len(times)} settings within 1 s"
        print(f"{name}: first figures {first:.2f} s after the window opens; {within}")
        print(f"  new figures: median {np.median(figures):.2f} s, at most {figures.max():.2f} s")
        print(f"  CPU time of that: median {np.median(cpu):.2f} s, at most {cpu.max():.2f} s")
        print(f"  the animation goes on with it: median {np.median(goes_on):.2f} s, at most {goes_on.max():.2f} s")
        print(f"  at rest  {told(at_rest)}\n  meanwhile {told(frames)}")


if __name__ == "__main__":
    main()
