"""Lines of a Dockerfile, joined as Docker joins them."""

import pytest

from cutaway.models.docker.building.lines import read
from cutaway.models.docker.errors import InvalidError


def lines(content: str) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in read(content).lines]


def test_a_line_goes_on_over_comments_and_keeps_its_first_number() -> None:
    found = lines("# a comment\nFROM a\r\n\n  RUN x && \\  \n# between\n   y \\\n z\nCMD q")
    assert found == [(2, "FROM a"), (4, "RUN x &&    y  z"), (8, "CMD q")]


def test_an_empty_line_in_one_that_goes_on_is_warned_of() -> None:
    script = read("RUN a \\\n\n b\n")
    assert [line.text for line in script.lines] == ["RUN a  b"]
    assert script.warnings[0] == "[WARNING]: Empty continuation line found in:\n    RUN a  b" and len(script.warnings) == 2


def test_the_escape_may_be_another() -> None:
    assert lines("# syntax=x\n# escape=`\nRUN a `\n b\\\n") == [(3, "RUN a  b\\")]
    assert lines("FROM a\n# escape=`\nRUN b `\n") == [(1, "FROM a"), (3, "RUN b `")]      # too late to be a directive


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("# nothing\n\n", "file with no instructions"),
        ("# escape=x\nFROM a", "invalid escape token 'x' does not match ` or \\"),
        ("# escape=`\n# escape=`\nFROM a", "only one escape parser directive can be used"),
    ],
)
def test_what_cannot_be_read(content: str, why: str) -> None:
    with pytest.raises(InvalidError) as refused:
        read(content)
    assert refused.value.message == why
