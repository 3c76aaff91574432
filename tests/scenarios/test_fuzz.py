"""Whatever a file holds: a scenario or a sentence, and soon. What was found once stands in bad/ or strange/."""

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cutaway.models.units import QUANTITIES, QuantityError
from cutaway.scenarios import ScenarioError, load
from cutaway.scenarios.loader import load_text
from cutaway.scenarios.references import catalogue

TEXT = (catalogue.FOLDER / "lecture/three-stacks.yaml").read_text(encoding="utf-8")
PIECES = [
    *("{", "}", "[", "]", ": ", "- ", "\n", "  ", "\t", "'", '"', "&a", "*a", "!!x", "<<", "? ", "|", ">-", "#", "---\n", "%TAG", "~"),
    *("0x1", ".nan", "-1", "9" * 30, "50 ms", "base: ", "use: ", "\u202e", "\x00", "\ufeff", "\u2028", "\x85", "한", "😀"),
]
KEYS = [
    "cutaway",
    "title",
    "clients",
    "kind",
    "stacks",
    "layers",
    "run",
    "seed",
    "machine",
    "cpus",
    "neighbours",
    "expect",
    "what",
    "use",
    "x",
]


def survives(text: str) -> None:
    began = time.perf_counter()
    try:
        load_text(text)
    except ScenarioError as error:
        assert error.problems and all("\x1b" not in problem.text for problem in error.problems)
    assert time.perf_counter() - began < 5


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=6), max_size=40).map("".join))
def test_any_text_gets_a_sentence(text: str) -> None:
    survives(text)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.integers(0, 12), st.sampled_from(PIECES) | st.text(max_size=8))
def test_a_scenario_with_a_bite_taken_out_or_put_in(position: int, length: int, instead: str) -> None:
    survives(TEXT[:position] + instead + TEXT[position + length :])


def values() -> st.SearchStrategy[Any]:
    plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["1 s", "nginx", "closed loop"])
    return st.recursive(
        plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4), max_leaves=8
    )


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(
        ["title", "clients", "clients.think", "stacks", "stacks.vm", "stacks.vm.layers", "stacks.vm.layers[2]", "stacks.vm.layers[2].vcpus",
         "run", "run.seed", "machine.memory", "server.cpus", "neighbours", "expect", "scene", "scene.captions", "profile", "cutaway"]
    ),
    values(),
)  # fmt: skip
def test_any_value_anywhere_gets_a_sentence(key: str, value: object) -> None:
    try:
        THREE_STACKS.set(key, value)
    except ScenarioError as error:
        assert str(error)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_any_bytes_get_a_sentence(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "any.yaml"
    file.write_bytes(content)
    try:
        load(file)
    except ScenarioError as error:
        assert str(error)


@settings(max_examples=500, deadline=None)
@given(st.sampled_from(QUANTITIES), st.text(max_size=12) | st.from_regex(r"[-+]?[0-9.,_ eE]{0,9}[ ]?[a-zA-Z/%µ]{0,6}", fullmatch=True))
def test_any_text_is_a_quantity_or_gets_a_sentence(quantity: Any, text: str) -> None:
    try:
        value = quantity.read(text)
    except QuantityError as error:
        assert str(error)
    else:
        assert 0 <= value <= quantity.most


THREE_STACKS = load("lecture/three-stacks")


@pytest.mark.parametrize("key", ["base", "use"])
def test_a_name_that_is_too_long_for_a_file(key: str) -> None:
    """Found by a bite that took a title's key away."""
    name = "가" * 120
    survives(f"cutaway: 1\n{key}: {name}\n" if key == "base" else TEXT + f"\nserver:\n  {key}: {name}\n")
