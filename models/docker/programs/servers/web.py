"""Who answers HTTP: a request waits for its turn, costs its CPU time, is answered from the container's files and logged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from posixpath import normpath
from urllib.parse import unquote

from cutaway.models.docker.filesystem.nodes import Directory, Node
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.station import Demand, Station
from cutaway.models.docker.programs.servers.serving import cpus_of, moment
from cutaway.models.startup import Unwatched, Watch
from cutaway.sim.clock import Process as Steps

TYPES = {
    "html": "text/html", "htm": "text/html", "css": "text/css", "js": "application/javascript", "txt": "text/plain", "png": "image/png",
    "jpg": "image/jpeg", "svg": "image/svg+xml", "json": "application/json", "xml": "text/xml",
}  # fmt: skip
HTTP_DATE = "%a, %d %b %Y %H:%M:%S GMT"


@dataclass(frozen=True)
class Question:
    """A request of HTTP."""

    method: str
    path: str
    host: str
    client: str = "127.0.0.1"
    agent: str = "-"


@dataclass(frozen=True)
class Page:
    """What a server finds for a question."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """In their order; the date and the length come last, or where they are named."""
    complaint: str = ""
    """For the log of errors."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    reason: str
    body: bytes
    headers: dict[str, str]

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {self.reason}", *(f"{name}: {value}" for name, value in self.headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


class WebServer:
    """One server program at the ports of a container; to be made particular by `page` and `log`."""

    def __init__(self, process: Process, workers: Sequence[Process], at_once: int | None = None) -> None:
        """`workers` take requests in turn, `at_once` of them at a time; as many as there are CPUs by default."""
        self.process = process
        self.workers = list(workers)
        self.station = Station(process, min(at_once or cpus_of(process), cpus_of(process)))
        self.count = 0

    def answer(self, question: Question, watch: Watch | None = None) -> Steps:
        """The response, after its time. Raises ConnectionResetError."""
        watch = watch or Unwatched()
        worker = self.workers[self.count % len(self.workers)]
        self.count += 1
        page = self.page(question)
        demand = self.demand(len(page.body))
        yield from watch.begins("kernel", "way in: NAT, bridge, veth", demand.way_ns // 2, works=True)
        yield self.process.clock.timeout(demand.way_ns // 2)
        watch.ends()
        yield from watch.begins(self.process.name.partition(":")[0], "answer the request", demand.cpu_ns, works=True)
        yield from self.station.serve(worker, demand.cpu_ns)
        yield from self.log(question, page, worker)
        watch.ends()
        yield from watch.begins("kernel", "way back: veth, bridge, NAT", demand.way_ns - demand.way_ns // 2, works=True)
        yield self.process.clock.timeout(demand.way_ns - demand.way_ns // 2)
        watch.ends()
        headers = {**page.headers, "Date": moment(self.process, HTTP_DATE), "Content-Length": str(len(page.body))}
        return Answer(page.status, HTTPStatus(page.status).phrase, b"" if question.method == "HEAD" else page.body, headers)

    def demand(self, size: int) -> Demand:
        """What an answer of so many bytes costs."""
        raise NotImplementedError

    def page(self, question: Question) -> Page:
        """What it finds."""
        raise NotImplementedError

    def log(self, question: Question, page: Page, worker: Process) -> Steps:
        """Writes down what it has answered."""
        raise NotImplementedError

    def found(self, root: str, question: Question) -> tuple[str, Node, bytes]:
        """The file that a path names below a folder: its name, its node, its bytes. Links are followed. Raises OSError."""
        view = self.process.space.view
        # `..` ends at the folder, as servers see to before they open anything
        name = view.resolve(f"{root}{normpath('/' + unquote(question.path.partition('?')[0]).lstrip('/'))}")
        if isinstance(view.node(name), Directory):
            name = f"{name.rstrip('/')}/index.html"
        return name, view.node(name), view.read(name)


def kind_of(name: str) -> str:
    """The type of a file by its name."""
    return TYPES.get(name.rpartition(".")[2], "application/octet-stream")


def access_line(process: Process, question: Question, page: Page, more: str = "") -> bytes:
    """A line of the common log format."""
    when = moment(process, "%d/%b/%Y:%H:%M:%S +0000")
    size = len(page.body) if question.method != "HEAD" else 0
    return f'{question.client} - - [{when}] "{question.method} {question.path} HTTP/1.1" {page.status} {size}{more}\n'.encode()
