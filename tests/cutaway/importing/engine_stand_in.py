"""A stand-in for a Docker host: answers GET over a Unix socket from a table, and notes every request that it gets."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        """One request; the answer is a value as JSON, bytes as they are, or a number of seconds to say nothing."""
        line = self.rfile.readline().decode()
        while self.rfile.readline().strip():
            pass
        server: Any = self.server
        server.asked.append(line.strip())
        found = server.answers.get(line.split()[1].partition("?")[0])
        if isinstance(found, float):
            time.sleep(found)
            return
        if isinstance(found, bytes):
            self.wfile.write(found)
            return
        status, body = ("200 OK", found) if found is not None else ("404 Not Found", {"message": "no such thing"})
        content = json.dumps(body).encode()
        self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n".encode() + content)


@contextmanager
def docker_host(socket: Path, answers: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yields the list of request lines, which grows."""
    with socketserver.ThreadingUnixStreamServer(str(socket), _Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        server.asked, server.answers = asked, _ = list[str](), answers  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield asked
        server.shutdown()
