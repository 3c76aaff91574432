"""Which sliders a scenario gets, and that each of their stops is a value of its key."""

from __future__ import annotations

import pytest

from cutaway.scenarios import load
from cutaway.scenarios.keys import number_at
from cutaway.scenarios.problems import ScenarioError
from cutaway.sliding.choosing import SLIDERS_MAX, changes_of, sliders_of

SHIPPED = ("lecture/three-stacks", "whatif/vm-or-container", "validation/nginx-in-containers")
LECTURE = "lecture/three-stacks"


def labels(name: str, key: str) -> list[str]:
    return [stop.said.en for slider in sliders_of(load(name), {})[0] if slider.key == key for stop in slider.stops]


@pytest.mark.parametrize("name", SHIPPED)
def test_each_stop_is_what_its_key_then_holds(name: str) -> None:
    """Goal: nothing is shown that is not run. Method: change the scenario as `--set` would, and read the key anew."""
    scenario = load(name)
    sliders, setting = sliders_of(scenario, {})
    assert 0 < len(sliders) <= SLIDERS_MAX and changes_of(sliders, setting) == {}
    for number, slider in enumerate(sliders):
        for at, stop in enumerate(slider.stops):
            moved = changes_of(sliders, (*setting[:number], at, *setting[number + 1 :]))
            assert moved == ({} if at == slider.base else {slider.key: stop.value})
            changed = scenario.with_(moved)
            if not slider.key.endswith("publish"):
                held = number_at(changed, slider.key)
                assert stop.said.en == ("no limit" if held.value is None else held.text(held.value))


def test_the_sliders_follow_from_the_scenario() -> None:
    keys = {name: [slider.key.removeprefix("stacks.*.layers.") for slider in sliders_of(load(name), {})[0]] for name in SHIPPED}
    assert keys[SHIPPED[0]] == ["clients.connections", "clients.think", "nginx.workers", "nginx.page", "kvm.vcpus", "docker.cpus"]
    assert keys[SHIPPED[1]][1:4] == ["clients.rate", "python app.workers", "python app.loops"]
    assert keys[SHIPPED[2]][-1] == "stacks.docker-nat-lo.layers.docker.publish"


def test_no_container_is_given_more_than_the_machine_has() -> None:
    assert labels(LECTURE, "stacks.*.layers.docker.cpus")[-2:] == ["2", "no limit"]
    assert labels(LECTURE, "clients.connections") == ["2", "4", "8", "16", "32", "64", "128", "256"]


def test_a_port_is_published_by_a_slider_only_where_several_ways_lead_there() -> None:
    """The lecture's clients are on another machine, where docker-proxy is not asked."""
    assert not any(slider.key.endswith("publish") for slider in sliders_of(load(LECTURE), {})[0])
    assert labels(SHIPPED[2], "stacks.docker-nat-lo.layers.docker.publish") == ["nat", "proxy"]


def test_a_slider_knows_whose_key_it_is() -> None:
    stacks = {slider.key.rsplit(".", 1)[-1]: slider.stacks for slider in sliders_of(load(LECTURE), {})[0]}
    assert stacks["cpus"] == ("container",) and stacks["vcpus"] == ("vm",) and len(stacks["connections"]) == 3


@pytest.mark.parametrize(
    ("key", "value"), [("clients.connections", 100), ("stacks.*.layers.docker.cpus", "0.35"), ("run.warm up", "70 ms")]
)
def test_what_is_asked_for_has_a_slider_and_a_stop(key: str, value: object) -> None:
    sliders, setting = sliders_of(load(LECTURE), {key: value})
    assert changes_of(sliders, setting) == {key: value} and len(sliders) <= SLIDERS_MAX
    slider = next(one for one in sliders if one.key == key)
    assert slider.stops[slider.base].said.en in ("32", "no limit", "50 ms")


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("clients.connections", "many", "clients.connections is 'many'; expected a whole number"),
        ("clients.think", "5", "clients.think is '5'; expected a duration"),
        ("clients.conections", 4, "Did you mean 'connections'"),
        ("clients.where", "loopback", "clients.where is no number"),
    ],
)
def test_what_cannot_be_a_slider_is_told(key: str, value: object, sentence: str) -> None:
    with pytest.raises(ScenarioError, match=sentence):
        sliders_of(load(LECTURE), {key: value})
