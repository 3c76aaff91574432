"""Files of other programs may share parts by anchors; a scenario may not."""

from __future__ import annotations

from typing import Any

import pytest

from cutaway.scenarios import ScenarioError, reading
from cutaway.scenarios.reading import Dialect, Node, read_text

ANCHORED = Dialect("file of another program", anchors=True)


def values_of(node: Node) -> Any:
    return reading._bare(node)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x 1\nb: *x\n", {"a": 1, "b": 1}),
        ("a: &x {k: 1}\nb: {<<: *x, l: 2}\n", {"a": {"k": 1}, "b": {"k": 1, "l": 2}}),
        ("a: &x {k: 1}\nb: {k: 2, <<: *x}\n", {"a": {"k": 1}, "b": {"k": 2}}),
        ("a: &x {k: 1}\nb: &y {k: 2, l: 2}\nc: {<<: [*x, *y]}\n", {"a": {"k": 1}, "b": {"k": 2, "l": 2}, "c": {"k": 1, "l": 2}}),
        ("a: &x [1]\nb: &x [2]\nc: *x\n", {"a": (1,), "b": (2,), "c": (2,)}),
        ("<<: {k: 1}\n", {"k": 1}),
    ],
)
def test_anchors_aliases_and_merge_keys(text: str, value: object) -> None:
    document = read_text(text, "f.yaml", ANCHORED)
    assert (values_of(document.root), document.problems) == (value, [])


def test_an_alias_has_the_line_where_it_stands() -> None:
    root = read_text("a: &x\n  k: 1\nb: *x\n", "f.yaml", ANCHORED).root.value
    assert isinstance(root, dict) and root["b"].place.line == 3


def test_an_alias_is_charged_for_all_that_it_repeats() -> None:
    """One for the alias itself, and what the anchor holds: else a small file could hold anything."""
    once = read_text("a: &x [1, 2, 3]\n", "f.yaml", ANCHORED).values
    assert read_text("a: &x [1, 2, 3]\nb: *x\n", "f.yaml", ANCHORED).values == once + 1 + 4
    laughs = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 40))
    with pytest.raises(ScenarioError, match="more than 10,000 keys and values; a file of another program ends there"):
        read_text(laughs, "f.yaml", ANCHORED)


def test_aliases_do_not_lead_deeper_than_a_file_may() -> None:
    with pytest.raises(ScenarioError, match="nested deeper than 32 levels"):
        read_text("a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 60)), "f.yaml", ANCHORED)


def test_a_scenario_still_has_none() -> None:
    problems = read_text("a: &x {k: 1}\nb: {<<: *x}\n", "f.yaml").problems
    assert [problem.place.line for problem in problems] == [1, 2, 2]
