"""A client of the simulated Engine without a library, and an Engine in a process of its own, for the benchmarks of the socket."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Client:
    """One connection, request after request."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(120)
        self.socket.connect(str(path))
        self.buffer = b""

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *raised: object) -> None:
        self.socket.close()

    def send(self, method: str, target: str, body: object = None, head: str = "") -> None:
        content = b"" if body is None else json.dumps(body).encode()
        length = "" if "chunked" in head else f"Content-Length: {len(content)}\r\n"
        lines = f"{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{length}{head}\r\n"
        self.socket.sendall(lines.encode() + content)

    def ask(self, method: str, target: str, body: object = None) -> tuple[int, Any]:
        self.send(method, target, body)
        status, content = self.answer()
        return status, json.loads(content) if content.strip() else None

    def head(self) -> tuple[int, dict[str, str]]:
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        return int(first.split()[1]), {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    def answer(self) -> tuple[int, bytes]:
        status, headers = self.head()
        if "chunked" in headers.get("transfer-encoding", ""):
            return status, b"".join(self.chunks())
        length = int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            self._more()
        content, self.buffer = self.buffer[:length], self.buffer[length:]
        return status, content

    def chunks(self) -> Iterator[bytes]:
        while True:
            while b"\r\n" not in self.buffer:
                self._more()
            text, _, rest = self.buffer.partition(b"\r\n")
            size = int(text, 16)
            while len(rest) < size + 2:
                self.buffer = b""
                self._more()
                rest += self.buffer
            piece, self.buffer = rest[:size], rest[size + 2 :]
            if not size:
                return
            yield piece

    def _more(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionResetError
        self.buffer += data


@dataclass
class Engine:
    """A simulated Engine in a process of its own."""

    path: Path
    pid: int

    def client(self) -> Client:
        return Client(self.path)

    def memory(self, what: str = "VmRSS") -> float:
        """MiB."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(what)).split()[1]) / 1024

    def forget_peak(self) -> None:
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    def descriptors(self) -> int:
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def info(self) -> Any:
        with self.client() as one:
            return one.ask("GET", "/info")[1]


@contextlib.contextmanager
def engine(*options: str) -> Iterator[Engine]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "d" / "s"
        command = [sys.executable, "-m", "cutaway", "up", "--socket", str(path), "--publish", "none", *options]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None and process.stdout.readline().startswith(b"export")
            made = Engine(path, process.pid)
            with made.client() as one:
                one.send("POST", "/images/create?fromImage=alpine&tag=latest")
                one.answer()
            yield made
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def say(what: str, figure: str) -> None:
    print(f"{what:<78} {figure}", flush=True)


def run(one: Client, name: str, *command: str, **host: object) -> str:
    made = one.ask("POST", f"/containers/create?name={name}", {"Image": "alpine", "Cmd": command, "HostConfig": host})
    assert made[0] == 201, made
    started = one.ask("POST", f"/containers/{name}/start")
    assert started[0] == 204, started
    return str(made[1]["Id"])


def two(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1000:.0f} ms, {max(seconds) * 1000:.0f} ms"
