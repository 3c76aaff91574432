"""What a shell does with its compound commands: beside each script what dash says to it."""

from __future__ import annotations

import pytest

from cutaway.models import costs
from tests.models.docker.host import Host, log


@pytest.fixture(scope="module")
def host() -> Host:
    return Host(costs.load("bare-metal"))


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("if false; true; then echo yes; else echo no; fi", "yes\n"), ("if true; false; then echo yes; else echo no; fi", "no\n"),
        ("if false; then echo 1; elif false; true; then echo 2; else echo 3; fi", "2\n"), ("if false; then echo 1; fi; echo $?", "0\n"),
        ("if # why\n true; then echo a; echo b; fi", "a\nb\n"), ("set -e; if false; true; then echo on; fi; false; echo not", "on\n"),
        ("set -e; while false; true; do echo on; break; done", "on\n"), ("until true; false; do echo on; break; done", "on\n"),
        ("for i in 1 2; do for j in 3 4; do continue 2; done; done; echo $i$j", "23\n"), ("f() { return 3; }; f; echo $?", "3\n"),
        ("x=$(exit 4); echo $?; x=; echo $?", "4\n0\n"), ("set -e; x=$(false); echo not", ""), ("echo $((7%4)) $((1+2*3))", "3 7\n"),
        ("f() { local x=9; echo $x; }; x=1; f; echo $x", "9\n1\n"), ("trap 'echo bye $?' EXIT; (echo in); exit 3", "in\nbye 3\n"),
        ("trap 'echo not' EXIT; exec echo on", "on\n"), ("kill -0 $$ && echo there", "there\n"),
        ("a=3; cat <<X\n$((1+1)) $a\nX\n", "2 3\n"),
        ("case ab in x | a*) echo A;; *) echo B;; esac", "A\n"), ("! true; echo $?", "1\n"), ("(exit 3) || echo $?", "3\n"),
    ],
)  # fmt: skip
def test_compound_commands(host: Host, script: str, said: str) -> None:
    container = host.run("alpine", "sh", "-c", script)
    host.let_pass(1)
    assert log(container) == said
