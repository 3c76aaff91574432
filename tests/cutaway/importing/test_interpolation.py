"""Variables in Compose files, by the rules of the Compose Specification."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutaway.importing.interpolation import Unfit, Variables, from_file
from cutaway.scenarios import ScenarioError


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("no variable", "no variable"),
        ("$SET and ${SET}x", "1 and 1x"),
        ("${NONE:-d} ${NONE-d} ${EMPTY:-d} ${EMPTY-d}", "d d d "),
        ("${SET:+a} ${EMPTY:+a} ${EMPTY+a} ${NONE+a}", "a  a "),
        ("${SET:?no} ${EMPTY?no}", "1 "),
        ("${NONE:-${NONE:-${SET}}}", "1"),
        ("${NONE:-a}b}", "ab}"),
        ("$$SET $${SET}", "$SET ${SET}"),
        ("cost: 5$ $1 $", "cost: 5$ $1 $"),
        ("[$NONE]", "[]"),
    ],
)
def test_a_variable_is_put_in(text: str, result: str) -> None:
    assert Variables({"SET": "1", "EMPTY": ""}).put_into(text) == result


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("${NONE:?give one}", "needs the variable NONE: give one; expected it in the .env file or --env-file."),
        ("${EMPTY:?}", "needs the variable EMPTY; expected"),
        ("${SET/a/b}", "expected one of :-, -, :?, ?, :+, + after SET"),
        ("${1X}", "names no variable"),
        ("${", "without the '}' that closes it"),
        ("${NONE:-" * 40 + "}" * 40, "nested deeper than 16 levels"),
        ("${LONG}${LONG}", "8,000 characters"),
    ],
)
def test_what_cannot_be_put_in_is_told(text: str, sentence: str) -> None:
    with pytest.raises(Unfit) as told:
        Variables({"SET": "1", "EMPTY": "", "LONG": "x" * 4000}).put_into(text)
    assert sentence in str(told.value)


def test_names_that_are_set_nowhere_are_kept() -> None:
    variables = Variables({})
    variables.put_into("$A ${B} ${C:-c}")
    assert variables.missing == {"A", "B"}


def test_an_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# c\nA=1 # one\nexport B=\"x $A\"\nC='$A'\nD=\n\nE=a#b\n")
    assert from_file(tmp_path / ".env", ".env").values == {"A": "1", "B": "x 1", "C": "$A", "D": "", "E": "a#b"}


def test_a_line_of_an_env_file_that_is_no_variable(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nB\n")
    with pytest.raises(ScenarioError, match=r"\.env:2: is no variable; expected NAME=VALUE\."):
        from_file(tmp_path / ".env", ".env")


def test_the_environment_of_the_process_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    assert Variables({}).put_into("${SECRET}") == ""
