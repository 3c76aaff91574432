"""Server programs: they load, listen, answer, log and end as their originals do when they are signalled."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from cutaway.models.docker.filesystem.nodes import Directory
from cutaway.models.docker.processes.process import Process
from cutaway.sim.clock import Process as Steps

REASONS = {200: "OK", 304: "Not Modified", 403: "Forbidden", 404: "Not Found", 405: "Not Allowed", 501: "Not Implemented"}
TYPES = {"html": "text/html", "css": "text/css", "js": "application/javascript", "txt": "text/plain", "png": "image/png", "json": "application/json"}


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        return REASONS.get(self.status, "")

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class WebServer:
    """Who answers HTTP at a port of a container."""

    process: Process
    root: str
    server: str
    serve: Callable[[], Steps]
    """What a request costs."""
    log: Callable[[bytes], Steps]

    def answer(self, method: str, path: str, host: str, client: str = "127.0.0.1", agent: str = "-") -> Steps:
        """The response, after its time."""
        yield from self.serve()
        found = self._found(method, path.partition("?")[0])
        now_s = self.process.space.now_ns // 1_000_000_000
        headers = {
            "Server": self.server, "Date": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(now_s)), "Content-Type": found[2],
            "Content-Length": str(len(found[1])), "Connection": "keep-alive",
        }  # fmt: skip
        when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now_s))
        line = f'{client} - - [{when}] "{method} {path} HTTP/1.1" {found[0]} {len(found[1]) if method != "HEAD" else 0} "-" "{agent}" "-"\n'
        yield from self.log(line.encode())
        return Answer(found[0], b"" if method == "HEAD" else found[1], headers)

    def _found(self, method: str, path: str) -> tuple[int, bytes, str]:
        view = self.process.space.view
        if method not in ("GET", "HEAD"):
            return 405, _error(405, self.server), "text/html"
        try:
            name = view.resolve(f"{self.root}/{path.lstrip('/')}")
            if not name.startswith(self.root):
                return 404, _error(404, self.server), "text/html"
            if isinstance(view.node(name), Directory):
                name = f"{name}/index.html"
            return 200, view.read(name), TYPES.get(name.rpartition(".")[2], "application/octet-stream")
        except OSError:
            return 404, _error(404, self.server), "text/html"


def _error(status: int, server: str) -> bytes:
    text = f"{status} {REASONS[status]}"
    return (f"<html>\r\n<head><title>{text}</title></head>\r\n<body>\r\n<center><h1>{text}</h1></center>\r\n"
            f"<hr><center>{server}</center>\r\n</body>\r\n</html>\r\n").encode()  # fmt: skip
