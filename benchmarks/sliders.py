"""How long the view's sliders take to show a new steady state, and what frames take meanwhile: `python benchmarks/sliders.py`.

A slider of each shipped scenario is moved to one stop after the other, as by a key; frames go on at 60 a second, without a screen.
Targets: the new figures within 1 s, and no frame above 16 ms.
"""

from __future__ import annotations

import argparse
import os
import time

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


def settled(view: View, studio: Studio, frames: list[float]) -> tuple[float, float]:
    """Seconds until the figures of the setting are there, and until the animation goes on with it; each frame's time in ms is kept."""
    begun, figures_s, panel = time.perf_counter(), 0.0, view.what_if
    assert panel is not None
    while time.perf_counter() - begun < LONGEST_S:
        frames.append(frame_ms(view, studio))
        if not panel.waiting:
            figures_s = figures_s or time.perf_counter() - begun
            if panel.shown == panel.setting or (panel.answer and panel.answer.error):
                return figures_s, time.perf_counter() - begun
    raise TimeoutError(f"no answer within {LONGEST_S:.0f} s")


def frame_ms(view: View, studio: Studio) -> float:
    """One frame, and the wait for the next."""
    begun = time.perf_counter()
    sliders.hear(view)
    view.time_ns += 100
    studio.frame()
    taken = time.perf_counter() - begun
    time.sleep(max(FRAME_S - taken, 0))
    return taken * 1000


def told(frames: list[float]) -> str:
    median, late = np.median(frames), np.percentile(frames, 99)
    return f"{len(frames):5} frames: median {median:5.1f} ms, p99 {late:5.1f} ms, at most {max(frames):5.1f} ms"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", default="1920x1080")
    wide, high = (int(side) for side in options.parse_args().size.split("x"))
    for name in SCENARIOS:
        view = opened(name)
        panel, studio = view.what_if, Studio(view, (wide, high))
        assert panel is not None
        sliders.ask(view)
        first, _ = settled(view, studio, [])
        at_rest = [frame_ms(view, studio) for _ in range(200)]
        times, frames = [], []
        for number, slider in enumerate(panel.sliders):
            for stop in range(len(slider.stops)):
                sliders.move(view, number, stop)
                times.append(settled(view, studio, frames))
            sliders.back(view)
            settled(view, studio, [])
        panel.source.close()
        figures, goes_on = np.array(times).T
        within = f"{(figures <= 1).sum()} of {len(times)} settings within 1 s"
        print(f"{name}: first figures {first:.2f} s after the window opens; {within}")
        print(f"  new figures: median {np.median(figures):.2f} s, at most {figures.max():.2f} s")
        print(f"  the animation goes on with it: median {np.median(goes_on):.2f} s, at most {goes_on.max():.2f} s")
        print(f"  at rest  {told(at_rest)}\n  meanwhile {told(frames)}")


if __name__ == "__main__":
    main()
