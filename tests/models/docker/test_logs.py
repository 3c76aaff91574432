"""The log of a container: its files rotate, and it is bounded whatever it is asked."""

from __future__ import annotations

import pytest

from cutaway.models.docker.errors import DaemonError
from cutaway.models.docker.logs import AROUND_BYTES, LONGEST_LINE, MOST_BYTES, Log, files_of


def written(log: Log, lines: int, text: bytes = b"x" * 31) -> list[bytes]:
    for k in range(lines):
        log.write(1, b"%08d %s\n" % (k, text))
    return [entry.data[:8] for entry in log.entries]


def test_files_rotate_as_json_files_do() -> None:
    """A file takes lines until it has its size; with the fifth that is full, the first of three is gone."""
    size = AROUND_BYTES + 8 + 1 + 31 + 2
    log = Log(lambda: 0, 10 * size, 3)
    assert written(log, 31) == [b"%08d" % k for k in range(10, 31)]
    assert log.written == 31 and [entry.data[:8] for entry in log.later(29)] == [b"%08d" % 29, b"%08d" % 30]


def test_a_log_is_bounded_without_being_asked() -> None:
    log = Log(lambda: 0)
    written(log, 50_000)
    assert MOST_BYTES * 3 // 4 <= sum(entry.size for entry in log.entries) <= MOST_BYTES + LONGEST_LINE


def test_who_follows_slowly_misses_what_is_gone() -> None:
    log = Log(lambda: 0, 1000, 2)
    written(log, 200)
    assert 0 < len(log.later(0)) < 200 and log.later(200) == []


def test_lines_are_put_together_and_long_ones_cut() -> None:
    log = Log(lambda: 0)
    for part in (b"a", b"b\nc", b"\n", b"d" * (LONGEST_LINE + 1)):
        log.write(1, part)
    log.flush()
    assert [entry.data for entry in log.entries] == [b"ab\n", b"c\n", b"d" * LONGEST_LINE, b"d"]


@pytest.mark.parametrize(
    ("options", "files"),
    [({}, (1 << 20, 4)), ({"max-size": "10k"}, (10_000, 1)), ({"max-size": "1k", "max-file": "3"}, (1000, 3)),
     ({"max-size": "1g", "max-file": "2"}, (MOST_BYTES // 2, 2))],
)  # fmt: skip
def test_options(options: dict[str, str], files: tuple[int, int]) -> None:
    assert files_of(options) == files


@pytest.mark.parametrize("options", [{"max-size": "x"}, {"max-size": "0"}, {"max-file": "0"}, {"max-file": "²"}])
def test_options_that_cannot_be(options: dict[str, str]) -> None:
    with pytest.raises(DaemonError, match="failed to initialize logging driver"):
        files_of(options)
