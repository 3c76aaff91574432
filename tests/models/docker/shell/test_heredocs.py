"""What stands behind a here-document on its line."""

from __future__ import annotations

import pytest

from cutaway.models import costs
from tests.models.docker.host import Host, log


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cat <<EOF && echo after", "ab\nb\nafter\n"), ("cat <<EOF || echo after", "ab\nb\n"), ("cat <<EOF | grep a", "ab\n"),
        ("cat <<EOF | grep a && echo found || echo not", "ab\nfound\n"), ("cat <<EOF | grep x && echo found || echo not", "not\n"),
        ("cat <<EOF | grep b | wc -l", "2\n"), ("cat <<EOF > /f && cat /f | wc -l", "2\n"), ("false && cat <<EOF || echo or", "or\n"),
    ],
)  # fmt: skip
def test_the_rest_of_the_line(line: str, said: str) -> None:
    host = Host(costs.load("bare-metal"))
    container = host.run("alpine", "sh", "-c", f"{line}\nab\nb\nEOF\n")
    host.let_pass(10)
    assert log(container) == said
