"""What a daemon must survive: HTTP that is wrong, slow, too large or gone (reliability E3, E4, E7)."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator

import pytest

from cutaway.engine import connection
from cutaway.engine.server import MOST_CONNECTIONS
from tests.cutaway.engine.conftest import Served

PATIENCE_S = 3.0
LONG_S = 30.0
"""For an answer that must come, on a busy machine too."""


@contextlib.contextmanager
def connected(served: Served, patience_s: float = PATIENCE_S) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as one:
        one.settimeout(patience_s)
        one.connect(str(served.path))
        yield one


def asked(served: Served, data: bytes, patience_s: float = PATIENCE_S) -> bytes:
    """All that comes back for some bytes, until the Engine closes or nothing comes any more."""
    with connected(served, patience_s) as one:
        with contextlib.suppress(ConnectionError):
            one.sendall(data)
        found = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            while taken := one.recv(65536):
                found += taken
                if b"\r\n\r\n" in found and _is_whole(found):
                    break
        return found


def _is_whole(found: bytes) -> bool:
    head, _, body = found.partition(b"\r\n\r\n")
    if head.split(b" ", 2)[1] in (b"204", b"304"):
        return True
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(lengths) and len(body) >= int(lengths[0].split(b":")[1])


def get(served: Served, path: str, method: str = "GET", body: object = None) -> tuple[int, object]:
    content = json.dumps(body).encode() if body is not None else b""
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n".encode()
    found = asked(served, head + content, LONG_S)
    status = int(found.split(b" ", 2)[1])
    text = found.partition(b"\r\n\r\n")[2]
    return status, json.loads(text) if text.strip() else None


@pytest.mark.parametrize(
    "wrong",
    [
        b"GARBAGE\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: x\r\n\r\n",
        b"GET /_ping HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999999\r\n\r\n{}",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /" + b"a" * (1 << 20) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % k for k in range(20_000)) + b"\r\n",
    ],
)
def test_wrong_http_is_refused_and_others_are_not_disturbed(served: Served, wrong: bytes) -> None:
    began = time.monotonic()
    found = asked(served, wrong)
    assert found == b"" or found.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431", b"HTTP/1.1 413"))
    assert time.monotonic() - began < PATIENCE_S
    assert asked(served, b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n").endswith(b"OK")


def test_every_answer_says_who_speaks(served: Served) -> None:
    for target in (b"/_ping", b"/v1.43/version", b"/nonsense"):
        head = asked(served, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n").partition(b"\r\n\r\n")[0]
        assert b"Api-Version: 1.50" in head and b"Ostype: linux" in head and b"Server: Docker/28.2.2 (linux)" in head


def test_versions_that_are_not_spoken(served: Served) -> None:
    assert get(served, "/v1.99/info") == (400, {"message": "client version 1.99 is too new. Maximum supported API version is 1.50"})
    assert get(served, "/v1.2/info")[0] == 400
    assert get(served, "/nonsense") == (404, {"message": "page not found"})
    assert get(served, "/v1.24/_ping", "HEAD")[0] == 200


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{} {}", "unexpected content after JSON"),
        (b"{", "invalid JSON"),
        (b"[" * 100 + b"]" * 100, "more than 64 levels"),
        (b'{"Image": ' + b"[" * 100_000, "invalid JSON"),
        (b"[]", "config cannot be empty"),
        (b'{"Image": "alpine", "HostConfig": 7}', "invalid JSON"),
        (b'{"Image": {"a": 1}}', "invalid JSON"),
    ],
)
def test_wrong_bodies_are_refused_in_a_sentence(served: Served, body: bytes, why: str) -> None:
    head = b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
    found = asked(served, head + body)
    assert found.startswith(b"HTTP/1.1 400") and why in json.loads(found.partition(b"\r\n\r\n")[2])["message"]


def test_a_body_that_is_too_large_is_refused(served: Served) -> None:
    size = 5 << 20
    head = b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size
    assert asked(served, head + b" " * size).startswith((b"HTTP/1.1 400", b"HTTP/1.1 413"))


def test_another_kind_of_body_is_refused(served: Served) -> None:
    found = asked(served, b"POST /volumes/create HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}")
    assert b"unsupported Content-Type header (text/plain)" in found


def test_slow_clients_hold_nobody_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 connections that send a byte now and then: others are answered at once, and these have to go in the end."""
    monkeypatch.setattr(connection, "HEAD_S", 1.0)
    with contextlib.ExitStack() as held:
        slow = [held.enter_context(connected(served)) for _ in range(200)]
        began, took = time.monotonic(), []
        while time.monotonic() - began < 1.3:
            for one in slow:
                with contextlib.suppress(OSError):
                    one.sendall(b"G")
            asking = time.monotonic()
            assert get(served, "/containers/json?all=1")[0] == 200
            took.append(time.monotonic() - asking)
        assert sorted(took)[len(took) // 2] < 0.2
        assert all(_is_closed(one) for one in slow)


def _is_closed(one: socket.socket) -> bool:
    try:
        return one.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def test_more_connections_than_there_may_be(fresh: Served) -> None:
    """Those that ask for nothing make room; where none does, the next is told so."""
    with contextlib.ExitStack() as held:
        idle = held.enter_context(connected(fresh))
        idle.sendall(b"HEAD /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(4096)
        for _ in range(MOST_CONNECTIONS - 1):
            held.enter_context(connected(fresh)).sendall(b"GET /")
        time.sleep(0.2)
        assert get(fresh, "/_ping", "HEAD")[0] == 200 and _is_closed(idle)
        held.enter_context(connected(fresh)).sendall(b"GET /")
        time.sleep(0.2)
        assert asked(fresh, b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 503")


def test_requests_that_come_together_are_answered_in_turn(served: Served) -> None:
    with connected(served) as one:
        one.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\nGET /nonsense HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        found = b""
        while taken := one.recv(4096):
            found += taken
    assert found.index(b"200 OK") < found.index(b"404 Not Found")


def test_what_comes_during_a_stream_is_bounded(served: Served) -> None:
    with connected(served) as one:
        one.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert one.recv(4096).startswith(b"HTTP/1.1 200")
        with pytest.raises(ConnectionError):
            for _ in range(64):
                one.sendall(bytes(1 << 20))


def test_a_client_that_goes_leaves_nothing_behind(served: Served) -> None:
    before = len(served.engine.daemon.events.listeners)
    with connected(served) as one:
        one.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        assert one.recv(1024).startswith(b"HTTP/1.1 200")
        assert len(served.engine.daemon.events.listeners) == before + 1
    until = time.monotonic() + PATIENCE_S
    while len(served.engine.daemon.events.listeners) != before and time.monotonic() < until:
        time.sleep(0.01)
    assert len(served.engine.daemon.events.listeners) == before


def test_requests_follow_one_another_on_a_connection(served: Served) -> None:
    with connected(served) as one:
        for _ in range(3):
            one.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
            found = b""
            while not found.endswith(b"OK"):
                taken = one.recv(4096)
                assert taken, "it was closed"
                found += taken
