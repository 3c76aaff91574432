"""The answer to a setting of the sliders: short runs of the steady state before and after, with the same random numbers.

The runs are those of `cutaway whatif`, but shorter: so short that an answer comes within a second. What was run before any slider moved
is kept. Read first: docs/cutaway/whatif.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from cutaway.building import build_stacks
from cutaway.comparison import Comparison, unsettled
from cutaway.models.costs import CostError
from cutaway.models.stack import StackError
from cutaway.scenarios import Scenario
from cutaway.scenarios.problems import ScenarioError
from cutaway.session import compared, shown_traces
from cutaway.sim.experiments import Progress
from cutaway.sim.results import TooLarge
from cutaway.sliding.choosing import changes_of
from cutaway.staging import staged
from cutaway.visuals.moment import Replay
from cutaway.visuals.what_if import Answer, Figure, Recording, Setting, Slider, StackAnswer
from cutaway.whatif import FIGURES, Pair, WhatIf

REPLICATIONS = 8
REQUESTS_MAX = 4000
"""Requests a run: with fewer most of the time would go into setting runs up and warming them up."""
SHOWN = {"throughput": 1.0, "mean_latency": 1e3, "p99_latency": 1e3, "cpu_time": 1e3}
"""Figures of the panel, and what brings them to its units."""
WRONG = (ScenarioError, StackError, CostError, TooLarge)
"""Why a setting cannot be; each is a sentence."""


def _unseen(done: int, total: int) -> None:
    """The progress of runs that nobody waits for at a terminal."""


def short(scenario: Scenario) -> Scenario:
    """The scenario with runs for the panel, however long its own are."""
    requests = min(scenario.run.requests, REQUESTS_MAX)
    return scenario.with_({"run.requests": requests, "run.duration": None, "run.replications": REPLICATIONS})


def sample(scenario: Scenario) -> str:
    """What an answer rests on: runs of each stack, and requests a run."""
    run = short(scenario).run
    return f"{run.replications} × {run.requests:,}".replace(",", "\u2009")


class Answering:
    """Answers settings of one scenario, each once: the second time it is known."""

    def __init__(self, scenario: Scenario, stacks: Sequence[str], sliders: tuple[Slider, ...]) -> None:
        self.scenario, self.stacks, self.sliders = scenario, stacks, sliders
        self._base: Comparison | None = None
        self._known: dict[Setting, Answer] = {}

    def answer(self, setting: Setting, progress: Progress | None = None) -> Answer:
        """Before and after. `progress` is called after each run of what is changed; what it raises ends the answer."""
        if setting not in self._known:
            self._known[setting] = self._worked_out(setting, progress)
        return self._known[setting]

    @property
    def base(self) -> Setting:
        return tuple(slider.base for slider in self.sliders)

    def has_recording(self, setting: Setting) -> bool:
        """Whether it is another setting than the scenario's, whose recording is there, and one that can be."""
        return setting != self.base and not self.answer(setting).error

    def recording(self, setting: Setting) -> Recording:
        """What the view shows of a setting that can be."""
        traces = shown_traces(self._changed(self.scenario, setting), self.stacks)
        return Recording(setting, staged(traces), [Replay(trace) for trace in traces])

    def _changed(self, scenario: Scenario, setting: Setting) -> Scenario:
        changes = changes_of(self.sliders, setting)
        return scenario.with_(changes) if changes else scenario

    def _worked_out(self, setting: Setting, progress: Progress | None) -> Answer:
        before = short(self.scenario)
        if self._base is None:                                                            # all answers need it: nothing ends it early
            self._base = compared(before, self.stacks, progress=_unseen)
        try:
            after = self._changed(before, setting)
            changed = self._beside(self._base, after, progress or _unseen)
        except WRONG as wrong:
            return Answer(setting, error=str(wrong).splitlines()[0].removeprefix("scenario: "))
        found = WhatIf({}, self._base, changed, self.stacks)
        return Answer(setting, {name: _of_stack(found, name) for name in self.stacks})

    def _beside(self, base: Comparison, after: Scenario, progress: Progress) -> Comparison:
        """The changed scenario's runs; a stack whose machine is still the same has run already."""
        built = build_stacks(after, self.stacks)
        same = [one.name for one, before in zip(built, base.stacks, strict=True) if one.machine == before.machine]
        moved = [name for name in self.stacks if name not in same]
        results = compared(after, moved, progress=progress).results if moved else {}
        return Comparison(after, built, {name: results.get(name, base.results[name]) for name in self.stacks})


def _of_stack(found: WhatIf, stack: str) -> StackAnswer:
    figures = [_figure(found.pair(stack, metric), SHOWN[metric.key]) for metric in FIGURES if metric.key in SHOWN]
    layers = [_figure(pair, 1e3) for pair in found.layers(stack) if any((*pair.before, *pair.after))]
    return StackAnswer(tuple(figures), tuple(layers), _beware(found.changed, stack) or _beware(found.base, stack))


def _figure(pair: Pair, scale: float) -> Figure:
    before, after = (scale * sum(side) / len(side) for side in (pair.before, pair.after))
    return Figure(pair.key, before, after, scale * pair.difference.mean, bool(pair.within_noise))


def _beware(side: Comparison, stack: str) -> str:
    """Why these runs are no steady state; a word of the view, or none."""
    results = side.results[stack]
    if not all(result.served for result in results):
        return "none served"
    if any(result.queue_grew for result in results):
        return "queue grows"
    return "unsettled" if unsettled(results, side.scenario.run.warm_up) else ""
