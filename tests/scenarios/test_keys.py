"""Numbers by key: what stands there with defaults, in which unit, and what is none."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cutaway.models.units import QuantityError
from cutaway.scenarios import Scenario, ScenarioError, load
from cutaway.scenarios.keys import number_at


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load("lecture/three-stacks").with_({"server.workers": 3, "stacks.vm.layers.nginx.workers": 2})


@pytest.mark.parametrize(
    ("key", "value", "text"),
    [
        ("clients.connections", 32, "32"),
        ("clients.think", 1_000_000, "1 ms"),
        ("stacks.vm.layers.kvm.memory", 2**30, "1 GiB"),
        ("stacks.vm.layers[2].halt polling", 200_000, "0.2 ms"),
        ("stacks.vm.layers.nginx.workers", 2, "2"),
        ("stacks.container.layers.nginx.workers", 3, "3"),
        ("stacks.*.layers.kvm.vcpus", 1, "1"),
        ("machine.nic", 10**10, "10 Gbit/s"),
    ],
)
def test_a_number_is_found_with_what_it_is_measured_in(key: str, value: int, text: str, scenario: Scenario) -> None:
    found = number_at(scenario, key)
    assert (found.value, found.text(value), found.read(text)) == (value, text, value)
    assert found.whole == text.isdecimal()


def test_a_limit_that_is_not_set_has_a_unit_all_the_same(scenario: Scenario) -> None:
    found = number_at(scenario, "stacks.container.layers.docker.cpus")
    assert found.value is None and found.read("0.5") == Fraction(1, 2) and not found.whole
    with pytest.raises(QuantityError):
        found.read("much")


@pytest.mark.parametrize(
    ("key", "sentence"),
    [
        ("clients.conections", "Did you mean 'connections'?"),
        ("clients.where", "clients.where is no number; expected the key of one"),
        ("stacks.container.layers.dokcer.cpus", "Did you mean 'docker'?"),
        ("stacks.vm.layers[7].vcpus", "names no entry of a list of 5"),
        ("clients.connections.x", "leads into a value that holds nothing"),
        ("neighbours[0].count", "names no entry of a list that is empty"),
    ],
)
def test_what_is_no_number_is_told(key: str, sentence: str, scenario: Scenario) -> None:
    with pytest.raises(ScenarioError) as error:
        number_at(scenario, key)
    assert sentence in str(error.value)
