"""`node` and `python3`: their versions and Python's `http.server`. What they would run, and what one types to them, is not simulated."""

from __future__ import annotations

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.station import Demand
from cutaway.models.docker.programs.servers import assumed
from cutaway.models.docker.programs.servers.serving import Signals, leave, listen, moment
from cutaway.models.docker.programs.servers.web import Page, Question, WebServer, kind_of
from cutaway.sim.clock import Process as Steps

PYTHON, NODE = "3.11.1", "v19.5.0"
SIMULATED = "{0}: is not simulated here; `{0} --version`{1} would be"


def node(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from process.compute(assumed.NODE.start_ns)
    process.hold(assumed.NODE.resident)
    if {"-v", "--version"} & set(argv[1:]):
        yield from process.write(f"{NODE}\n")
        return 0
    return (yield from _otherwise(process, argv, "node", ""))


def python(process: Process, argv: tuple[str, ...]) -> Steps:
    yield from process.compute(assumed.PYTHON.start_ns)
    process.hold(assumed.PYTHON.resident)
    if {"-V", "--version"} & set(argv[1:]):
        yield from process.write(f"Python {PYTHON}\n")
        return 0
    if argv[1:3] == ("-m", "http.server"):
        numbers = [word for word in argv[3:] if word.isdigit()]
        return (yield from _http_server(process, int(numbers[0]) if numbers else 8000))
    return (yield from _otherwise(process, argv, "python3", " and `python3 -m http.server`"))


def _otherwise(process: Process, argv: tuple[str, ...], name: str, more: str) -> Steps:
    """Without a program and without a terminal both read their standard input; at its end they end."""
    if len(argv) == 1 and process.files.terminal is None:
        while taken := (yield from process.read()):
            if taken.strip():
                yield from process.complain(SIMULATED.format(name, more))
                return 1
        return 0
    yield from process.complain(SIMULATED.format(name, more))
    return 1


class FolderServer(WebServer):
    """http.server of the folder where it was started."""

    def demand(self, size: int) -> Demand:
        return Demand(assumed.PYTHON.request_ns)

    def page(self, question: Question) -> Page:
        headers = {"Server": f"SimpleHTTP/0.6 Python/{PYTHON}"}
        try:
            name, _, body = self.found(self.process.cwd, question)
            return Page(200, body, {**headers, "Content-type": kind_of(name)})
        except OSError:
            body = (b"<!DOCTYPE HTML>\n<html><head><title>Error response</title></head><body><h1>Error response</h1>"
                    b"<p>Error code: 404</p></body></html>\n")  # fmt: skip
            return Page(404, body, {**headers, "Content-Type": "text/html;charset=utf-8"})

    def log(self, question: Question, page: Page, worker: Process) -> Steps:
        when = moment(self.process, "%d/%b/%Y %H:%M:%S")
        line = f'{question.client} - - [{when}] "{question.method} {question.path} HTTP/1.1" {page.status} -\n'
        yield from worker.files.stderr.write(line.encode())


def _http_server(process: Process, port: int) -> Steps:
    server = FolderServer(process, [process], 1)
    if not listen(process, port, server):
        yield from process.complain("OSError: [Errno 98] Address already in use")
        return 1
    told = Signals(process, signals.INT)
    try:
        yield from process.write(f"Serving HTTP on 0.0.0.0 port {port} (http://0.0.0.0:{port}/) ...\n")
        yield from told.next()
        yield from process.write("\nKeyboard interrupt received, exiting.\n")
        return 0
    finally:
        leave(process, server)
