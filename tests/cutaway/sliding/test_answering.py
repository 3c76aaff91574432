"""Answers to settings: the figures of `cutaway whatif`, the same each time, and a sentence where there are none."""

from __future__ import annotations

import pytest

from cutaway.scenarios import Scenario, load
from cutaway.sliding.answering import Answering, short
from cutaway.sliding.choosing import sliders_of
from cutaway.visuals.what_if import Answer, Figure
from cutaway.whatif import Pair, what_if

QUOTA = {"stacks.*.layers.docker.cpus": "0.2"}


def asked(scenario: Scenario, changes: dict[str, object]) -> Answer:
    sliders, setting = sliders_of(scenario, changes)
    return Answering(scenario, list(scenario.stacks), sliders).answer(setting)


def as_figure(pair: Pair, scale: float) -> Figure:
    before, after = (scale * sum(side) / len(side) for side in (pair.before, pair.after))
    return Figure(pair.key, before, after, scale * pair.difference.mean, bool(pair.within_noise))


@pytest.mark.parametrize("changes", [{"clients.connections": 64}, QUOTA])
def test_the_figures_are_those_of_the_command(quick: Scenario, changes: dict[str, object]) -> None:
    """Also of stacks that the change leaves alone, which are not run again."""
    answer = asked(quick, changes)
    found = what_if(short(quick), changes, list(quick.stacks))
    for stack, told in answer.stacks.items():
        by_key = {pair.key: pair for pair in found.pairs(stack)}
        assert [one.name for one in told.figures] == ["throughput", "mean_latency", "p99_latency", "cpu_time"]
        for one in told.figures:
            assert one == as_figure(by_key[one.name], 1 if one.name == "throughput" else 1e3)
        assert [one for one in told.layers] == [as_figure(pair, 1e3) for pair in found.layers(stack) if any(pair.before + pair.after)]


def test_only_what_has_the_key_moves(quick: Scenario) -> None:
    """Over some periods of the quota, which is a quarter of what the container needs."""
    stacks = asked(quick.with_({"run.requests": 4000}), {"stacks.*.layers.docker.cpus": "0.1"}).stacks
    assert not any(one.difference for one in (*stacks["vm"].figures, *stacks["vm"].layers))
    throughput = stacks["container"].figures[0]
    assert throughput.after < throughput.before and not throughput.noise


def test_the_same_setting_gives_the_same_answer(quick: Scenario) -> None:
    assert asked(quick, {"clients.connections": 64}) == asked(quick, {"clients.connections": 64})


def test_values_that_cannot_be_together_get_one_sentence(quick: Scenario) -> None:
    answer = asked(quick, {"stacks.*.layers.docker.cpus": "4"})
    assert answer.stacks == {} and answer.error == "stacks.container.layers[2].cpus is 4; the machine has 2 CPUs."


def test_no_steady_state_is_called_one() -> None:
    """A tenth of a CPU cannot compute what 200 requests a second want."""
    scenario = load("whatif/vm-or-container").with_({"run.requests": 1500})
    stacks = asked(scenario, {"stacks.*.layers.docker.cpus": "0.1"}).stacks
    assert stacks["container"].beware == "queue grows" and stacks["vm"].beware == ""


def test_a_newer_setting_ends_the_work_and_costs_nothing(quick: Scenario) -> None:
    sliders, setting = sliders_of(quick, {"clients.connections": 64})
    answering, runs = Answering(quick, list(quick.stacks), sliders), []

    def give_way(done: int, total: int) -> None:
        runs.append(done)
        if done == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        answering.answer(setting, give_way)
    assert runs == [1, 2] and answering.answer(setting) == asked(quick, {"clients.connections": 64})
