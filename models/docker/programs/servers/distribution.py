"""`registry`, the distribution project's: answers that it is there and that it holds nothing. Pushing to it is not simulated."""

from __future__ import annotations

import json

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.station import Demand
from cutaway.models.docker.programs.servers import assumed
from cutaway.models.docker.programs.servers.serving import Signals, leave, listen, moment
from cutaway.models.docker.programs.servers.web import Page, Question, WebServer, access_line
from cutaway.sim.clock import Process as Steps

PORT = 5000
SIGNALLED = 2
"""What a Go program ends with as PID 1, which its own signal does not end."""
JSON = {
    "Content-Type": "application/json; charset=utf-8",
    "Docker-Distribution-Api-Version": "registry/2.0",
    "X-Content-Type-Options": "nosniff",
}


class Registry(WebServer):
    """An empty registry."""

    def demand(self, size: int) -> Demand:
        return Demand(assumed.REGISTRY.request_ns)

    def page(self, question: Question) -> Page:
        path = question.path.partition("?")[0]
        if path == "/":
            return Page(200, b"", {"Cache-Control": "no-cache"})
        if path in ("/v2", "/v2/"):
            return Page(200, b"{}", JSON)
        if path == "/v2/_catalog":
            return Page(200, b'{"repositories":[]}\n', JSON)
        if path.startswith("/v2/"):
            name = path.removeprefix("/v2/").partition("/")[0]
            error = {"code": "NAME_UNKNOWN", "message": "repository name not known to registry", "detail": {"name": name}}
            return Page(404, json.dumps({"errors": [error]}).encode() + b"\n", JSON)
        return Page(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})

    def log(self, question: Question, page: Page, worker: Process) -> Steps:
        yield from worker.files.stdout.write(access_line(self.process, question, page, f' "" "{question.agent}"'))


def registry(process: Process, argv: tuple[str, ...]) -> Steps:
    if argv[1:2] == ("--version",):
        yield from process.write("registry github.com/docker/distribution v2.8.1\n")
        return 0
    if argv[1:2] != ("serve",):
        yield from process.complain("registry: only serve and --version are simulated")
        return 1
    yield from process.compute(assumed.REGISTRY.start_ns)
    server = Registry(process, [process])
    if not listen(process, PORT, server):
        yield from process.complain(f"listen tcp :{PORT}: bind: address already in use")
        return 1
    process.hold(assumed.REGISTRY.resident)
    told = Signals(process, signals.TERM, signals.INT)
    try:
        when = moment(process, "%Y-%m-%dT%H:%M:%S.%UZ")
        yield from process.complain(f'time="{when}" level=info msg="listening on [::]:{PORT}" service=registry version="v2.8.1"')
        yield from told.next()
        return SIGNALLED
    finally:
        leave(process, server)
