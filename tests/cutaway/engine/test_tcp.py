"""A TCP socket: for who asks for one, of this machine alone, and not for web pages (reliability E1)."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cutaway.engine.server import SocketBusy, SocketRefused, bound_tcp
from tests.cutaway.engine.conftest import served_at

docker = pytest.importorskip("docker", reason="docker-py is not installed")


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with bound_tcp("127.0.0.1:0") as listening, served_at(listening):
        yield listening.getsockname()[1]


def asked(port: int, head: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 3) as one:
        one.sendall(f"GET /_ping HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
        found = b""
        while taken := one.recv(4096):
            found += taken
    return found


@pytest.mark.parametrize("address", ["0.0.0.0:2375", "192.0.2.1:2375", "[::]:2375", "example.org:2375", "2375", "127.0.0.1:99999", ""])
def test_others_than_this_machine_cannot_be_asked(address: str) -> None:
    with pytest.raises(SocketRefused, match="an address of this machine alone"):
        bound_tcp(address)


def test_a_port_is_taken_once(port: int) -> None:
    with pytest.raises(SocketBusy):
        bound_tcp(f"localhost:{port}")


def test_a_client_runs_a_container(port: int) -> None:
    client = docker.DockerClient(base_url=f"tcp://127.0.0.1:{port}", timeout=20)
    client.images.pull("alpine", tag="latest")
    assert client.containers.run("alpine", "echo hello", remove=True) == b"hello\n"
    client.close()


@pytest.mark.parametrize(
    "head", ["Host: localhost:1\r\nOrigin: http://example.org\r\n", "Host: example.org\r\n", "Host: 127.0.0.1.example.org:1\r\n"]
)
def test_web_pages_are_refused(port: int, head: str) -> None:
    assert asked(port, head).startswith(b"HTTP/1.1 400")
    assert asked(port, "Host: localhost:2375\r\n").endswith(b"OK")


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [(["--tcp", "0.0.0.0:2375"], 2, "an address of this machine alone"), (["--upload", "5g"], 2, "expected a size up to 4g")],
)
def test_what_the_command_refuses(tmp_path: Path, options: list[str], code: int, said: str) -> None:
    command = [sys.executable, "-m", "cutaway", "up", "--socket", str(tmp_path / "d" / "s"), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, "COLUMNS": "200"})
    assert done.returncode == code and said in done.stderr and not (tmp_path / "d" / "s").exists()
