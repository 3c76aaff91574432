"""Bodies without end: refused at their bound, and nothing is left of them (reliability E5)."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import tarfile
import threading
from collections.abc import Iterator

import pytest

from cutaway.engine.handlers.archives import BATCH
from tests.cutaway.engine.conftest import Served, with_alpine
from tests.cutaway.engine.test_http import asked, connected, get

MOST = 2 << 20
PIECE = b"%x\r\n" % (1 << 20) + bytes(1 << 20) + b"\r\n"
TARGETS = ("POST /images/load", "POST /build", "PUT /containers/there/archive?path=/tmp", "POST /images/create?fromSrc=-")


@pytest.fixture(scope="module")
def there(served: Served) -> Iterator[Served]:
    """With a container, and a small bound."""
    with_alpine(served)
    get(served, "/containers/create?name=there", "POST", {"Image": "alpine", "Cmd": ["sleep", "1000000000"]})
    served.engine.most_archive_bytes = MOST
    yield served


def sent(there: Served, target: str, body: bytes, *, length: int | None = None) -> tuple[int, str]:
    """Status and message for a body that is sent at once."""
    head = f"{target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    found = asked(there, head.encode() + body)
    text = json.loads(found.partition(b"\r\n\r\n")[2].splitlines()[0]) if b"{" in found else {}
    return int(found.split()[1]), text.get("message") or text.get("error") or ""


@pytest.mark.parametrize("target", TARGETS)
def test_chunks_without_end_are_refused_at_the_bound(there: Served, target: str) -> None:
    taken = 0
    with connected(there) as one:
        one.sendall(f"{target} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            while taken < 100 << 20:
                one.sendall(PIECE)
                taken += 1 << 20
        assert one.recv(65536).startswith(b"HTTP/1.1 400")
    assert taken < 10 << 20
    assert there.server.room.left == 8 * (64 << 20)      # what it took of it is given back


@pytest.mark.parametrize("target", TARGETS)
def test_a_length_that_is_too_large_is_not_waited_for(there: Served, target: str) -> None:
    assert sent(there, target, b"", length=10 << 30) == (400, f"request body is larger than {MOST:,} bytes")


def test_archives_on_their_way_share_what_there_is(there: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(there.server.room, "left", 1 << 20)
    status, why = sent(there, "POST /images/load", bytes((1 << 20) + 1))
    assert (status, why) == (503, "too much is being sent at once; try again") and there.server.room.left == 1 << 20


def archive(count: int, size: int = 0) -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as made:
        for k in range(count):
            member = tarfile.TarInfo(f"many/{k}")
            member.size = size
            made.addfile(member, io.BytesIO(bytes(size)))
    return into.getvalue()


def test_an_archive_that_is_refused_leaves_nothing(there: Served) -> None:
    content = gzip.compress(archive(2 * BATCH)[:-10240] + archive(4, 1 << 20))
    status, why = sent(there, "PUT /containers/there/archive?path=/tmp", content)
    assert (status, why) == (400, f"archive holds more than {MOST:,} bytes")
    assert get(there, "/containers/there/archive?path=/tmp/many")[0] == 404


def test_deep_directories_are_made_and_walked(there: Served) -> None:
    for levels, status in ((200, 200), (300, 400), (1500, 400)):
        into = io.BytesIO()
        with tarfile.open(fileobj=into, mode="w", format=tarfile.PAX_FORMAT) as made:
            made.addfile(tarfile.TarInfo("d/" * levels + "file"))
        assert sent(there, "PUT /containers/there/archive?path=/tmp", into.getvalue())[0] == status
    assert asked(there, b"GET /containers/there/export HTTP/1.1\r\nHost: x\r\n\r\n").startswith(b"HTTP/1.1 200")
    assert get(there, "/containers/there?force=1", "DELETE")[0] == 204
    get(there, "/containers/create?name=there", "POST", {"Image": "alpine", "Cmd": ["sleep", "1000000000"]})


def test_others_are_answered_while_an_archive_unpacks(there: Served) -> None:
    content = archive(1900)
    done: list[tuple[int, str]] = []
    thread = threading.Thread(target=lambda: done.append(sent(there, "PUT /containers/there/archive?path=/tmp", content)))
    thread.start()
    answers = 0
    while thread.is_alive():
        answers += get(there, "/version")[0] == 200
    thread.join()
    assert done == [(200, "")] and answers >= 2
