"""Clients that go, and an Engine that ends: what was done for them ends with them (reliability E7)."""

from __future__ import annotations

import asyncio
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cutaway.engine.conftest import Served, with_alpine
from tests.cutaway.engine.test_http import connected, get

UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
ENDS_S = 1.0


@pytest.fixture(scope="module")
def there(served: Served) -> Served:
    """With a silent container and one that writes."""
    with_alpine(served)
    for name, script in (("silent", "sleep 1000000000"), ("writes", "while :; do echo x; sleep 100; done")):
        get(served, f"/containers/create?name={name}", "POST", {"Image": "alpine", "Cmd": ["sh", "-c", script]})
        get(served, f"/containers/{name}/start", "POST")
    return served


def tasks(there: Served) -> int:
    return len(asyncio.all_tasks(there.loop))


@pytest.mark.parametrize("half_closed", [False, True])
@pytest.mark.parametrize(
    "asking",
    ["POST /containers/silent/attach?stream=1&stdout=1&stdin=1", "POST /containers/silent/wait",
     "GET /containers/writes/logs?follow=1&stdout=1", "GET /containers/silent/logs?follow=1&stdout=1",
     "GET /containers/silent/stats", "GET /events", "EXEC"],
)  # fmt: skip
def test_what_is_done_for_a_client_ends_with_it(there: Served, asking: str, half_closed: bool) -> None:
    if asking == "EXEC":
        made = get(there, "/containers/silent/exec", "POST", {"Cmd": ["sleep", "1000000000"], "AttachStdout": True})[1]
        assert isinstance(made, dict)
        asking = f"POST /exec/{made['Id']}/start"
    hijacks = "attach" in asking or "exec" in asking
    time.sleep(0.05)
    before, listeners = tasks(there), len(there.engine.daemon.events.listeners)
    watchers = len(there.engine.daemon.container("silent").output.watchers)
    with connected(there) as one:
        one.sendall(f"{asking} HTTP/1.1\r\nHost: x\r\n{UPGRADE if hijacks else ''}\r\n".encode())
        assert one.recv(4096).startswith((b"HTTP/1.1 200", b"HTTP/1.1 101"))
        if half_closed and hijacks:
            one.shutdown(socket.SHUT_WR)
            time.sleep(0.3)
            assert tasks(there) > before      # it may still listen
    ends = time.monotonic() + ENDS_S
    while tasks(there) > before and time.monotonic() < ends:
        time.sleep(0.01)
    assert tasks(there) <= before and len(there.engine.daemon.events.listeners) == listeners
    assert len(there.engine.daemon.container("silent").output.watchers) == watchers


def test_a_pull_ends_with_its_client(fresh: Served) -> None:
    fresh.engine.live.speed = 1.0
    with connected(fresh) as one:
        one.sendall(b"POST /images/create?fromImage=jboss/wildfly&tag=latest HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert one.recv(4096).startswith(b"HTTP/1.1 200")
    ends = time.monotonic() + ENDS_S
    while tasks(fresh) > 3 and time.monotonic() < ends:
        time.sleep(0.01)
    time.sleep(0.3)
    assert fresh.engine.live.waiting == 0 and not fresh.engine.daemon.images.by_id


@pytest.mark.skipif(shutil.which("docker") is None, reason="the docker command is not installed")
def test_when_the_engine_ends_its_clients_do_too(tmp_path: Path) -> None:
    path = tmp_path / "d" / "s"
    command = [sys.executable, "-m", "cutaway", "up", "--socket", str(path), "--publish", "none", "--speed", "10"]
    engine = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert engine.stdout is not None and engine.stdout.readline().startswith("export")
    ran = subprocess.Popen(["docker", "-H", f"unix://{path}", "run", "alpine", "sh", "-c", "echo begun; sleep 1000000"], text=True,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert ran.stdout is not None and ran.stdout.readline() == "begun\n"
    engine.send_signal(signal.SIGTERM)
    assert ran.wait(5) == 125 and engine.wait(5) == 128 + signal.SIGTERM
    assert not path.exists()
