"""What .dockerignore does to the Dockerfile and to itself; a client leaves out all else."""

from io import BytesIO

import pytest

from cutaway.models.docker.building.context import Context, is_ignored, patterns_of
from cutaway.models.docker.errors import InvalidError
from tests.models.docker.building.conftest import archive


@pytest.mark.parametrize(
    ("path", "text", "ignored"),
    [
        ("/a.txt", "a.txt", True), ("/a.txt", "*.md\n", False), ("/d/a.txt", "d", True), ("/d/a.txt", "*.txt", False),
        ("/d/a.txt", "**/*.txt", True), ("/a.txt", "**/a.txt", True), ("/a.txt", "*\n!a.txt", False), ("/a.txt", "!a.txt\n*", True),
        ("/d/e/a", "d/**/a", True), ("/da", "d", False), ("/a1", "a[0-9]", True), ("/ab", "a?", True), ("/a/b", "a?b", False),
        ("/#a", "#a", False), ("/a.txt", "./a.txt", True), ("/a+b", "a+b", True),
    ],
)  # fmt: skip
def test_patterns(path: str, text: str, ignored: bool) -> None:
    assert is_ignored(path, patterns_of(text)) is ignored


def test_a_pattern_that_cannot_be() -> None:
    with pytest.raises(InvalidError, match="syntax error in pattern"):
        is_ignored("/a", patterns_of("[z-a]"))


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_the_dockerfile_is_read_and_taken_away(mode: str) -> None:
    context = Context(BytesIO(archive({"Dockerfile": "FROM x", ".dockerignore": "Dockerfile\n", "a": "1"}, mode)), 1 << 20)
    assert context.dockerfile("Dockerfile") == "FROM x"
    assert context.view.list("/") == [".dockerignore", "a"]


def test_a_context_is_bounded_and_stays_inside() -> None:
    assert Context(BytesIO(archive({"../../etc/x": "1"})), 1 << 20).view.exists("/etc/x")
    with pytest.raises(InvalidError, match="more than 10 bytes"):
        Context(BytesIO(archive({"a": "12345678901"})), 10)
    with pytest.raises(InvalidError, match="in more than 200 directories"):
        Context(BytesIO(archive({"a/" * 1000: ""})), 10)
