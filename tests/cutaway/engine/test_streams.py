"""Detach keys in all their forms."""

from __future__ import annotations

import pytest

from cutaway.engine.streams import Detached, Keys


@pytest.mark.parametrize(
    ("text", "typed"),
    [("", b"\x10\x11"), ("ctrl-x", b"\x18"), ("ctrl-@,ctrl-_", b"\0\x1f"), ("a,b", b"ab"), ("ctrl-[,q", b"\x1bq"), ("DEL", b"\x7f"),
     ("ctrl-\\,ctrl-],ctrl-^", b"\x1c\x1d\x1e"), ("ctrl-a,ctrl-z,@", b"\x01\x1a@")],
)  # fmt: skip
def test_keys_detach(text: str, typed: bytes) -> None:
    keys = Keys(text)
    assert keys.take(b"before") == b"before"
    assert b"".join(keys.take(bytes([one])) for one in typed[:-1]) == b""      # held back until it is known
    with pytest.raises(Detached):
        keys.take(typed[-1:])


def test_a_beginning_that_goes_on_otherwise_is_typed() -> None:
    keys = Keys("")
    assert keys.take(b"\x10") + keys.take(b"x\x10") + keys.take(b"y") == b"\x10x\x10y"


@pytest.mark.parametrize("text", ["ctrl-P", "ctrl-", "ctrl-ab", "ctrl-1", "xy", "a,,b", "é", "del"])
def test_keys_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):
        Keys(text)
