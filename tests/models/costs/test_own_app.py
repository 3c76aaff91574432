"""The demand of a user's own application, measured at a small server with known work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("measuring needs Linux", allow_module_level=True)

from cutaway.models.costs.measuring import leftovers, own_app
from cutaway.models.costs.measuring.calm import Calm
from cutaway.models.costs.measuring.points import Bench, Found, Settings
from cutaway.models.costs.measuring.problems import MeasuringError
from cutaway.models.costs.measuring.rows import Run, rows


@pytest.fixture(autouse=True)
def apart(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No other measuring is met."""
    monkeypatch.setattr(leftovers, "RECORD", tmp_path_factory.mktemp("run") / "record.json")


SERVER = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = sys.argv[1]
    def do_GET(self):
        body = b"x" * 100
        if self.path == "/work":
            sum(i * i for i in range(30000))
        if self.path == "/5ms":
            began = time.thread_time()
            while time.thread_time() - began < 0.005:
                pass
        self.send_response(500 if self.path == "/broken" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *about):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def serving(protocol: str) -> Iterator[tuple[str, int]]:
    """A small server of one's own, with a thread for each connection: its URL and its process."""
    with subprocess.Popen([sys.executable, "-c", SERVER, protocol], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}", process.pid
        process.kill()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, int]]:
    """One that keeps connections."""
    with serving("HTTP/1.1") as found:
        yield found


def test_the_demand_of_an_application(served: tuple[str, int]) -> None:
    url, pid = served
    application, path = own_app.find(f"{url}/easy?a=1")
    assert (application.pids, path, application.stack) == ((pid,), "/easy?a=1", "native")
    chosen = own_app.part(application, [path, "/work"], Settings(quick=True))
    with Bench(Settings(quick=True)) as bench:
        made = {each.name: {one.subject.what: one for one in each.measure(bench)} for each in chosen.points}
    easy, work = (made[f"demand of {name}"]["demand of an application"] for name in (path, "/work"))
    assert work.values["cpu_per_request"][0] > easy.values["cpu_per_request"][0] > 0
    assert sum(work.events["service_time"].values()) == work.values["requests"][0]
    assert made["memory"]["memory of an application"].values["rss"][0] > 1 << 20
    assert "memory of an application, each further connection" in made["memory"]
    told = list(own_app.table([row for each in made.values() for one in each.values() for row in as_rows(one)], application))
    assert told[0].startswith("/easy?a=1: ") and any(line.startswith("memory at rest, RSS: ") for line in told)


def test_the_time_of_threads_that_have_ended_is_counted() -> None:
    """A server that keeps no connection: each request has a thread of its own, which ends with it."""
    with serving("HTTP/1.0") as (url, _), Bench(Settings(quick=True)) as bench:
        application, path = own_app.find(f"{url}/5ms")
        (one,) = own_app.demand(application, path, 0.5, bench)
    (each_us,) = one.values["cpu_per_request"]
    assert 5000 < each_us < 10_000


def as_rows(one: Found) -> Iterator[Mapping[str, Any]]:
    yield from rows(one.subject, [Run(one.values, Calm(0.0, 0.0), one.events)])


def test_an_application_that_cannot_be_measured_is_told(served: tuple[str, int]) -> None:
    url, _ = served
    application, _ = own_app.find(url)
    with pytest.raises(MeasuringError, match="/broken is answered by 500"):
        own_app.part(application, ["/broken"], Settings())
    for target, sentence in {
        "http://example.com/": "example.com is not on this machine's loopback",
        "https://127.0.0.1/": "is not http",
        "http://127.0.0.1:99999/": "has no port",
        "http://127.0.0.1:1/": "nobody takes a connection at port 1",
    }.items():
        with pytest.raises(MeasuringError, match=sentence):
            own_app.find(target)
