"""httpd, Apache's: a parent and three children that answer pages from files.

Of the configuration `Listen` and `DocumentRoot` are read. Not simulated: modules, virtual hosts, .htaccess.
"""

from __future__ import annotations

import re

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.station import Demand
from cutaway.models.docker.programs.servers import assumed
from cutaway.models.docker.programs.servers.serving import Signals, account, end_all, leave, listen, moment, worker
from cutaway.models.docker.programs.servers.web import Page, Question, WebServer, access_line, kind_of
from cutaway.sim.clock import Process as Steps

VERSION = "Apache/2.4.55 (Unix)"
CONFIGURATION = "/usr/local/apache2/conf/httpd.conf"
CHILDREN = 3
"""`StartServers` of the event module."""
NO_NAME = ("AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using {}. "
           "Set the 'ServerName' directive globally to suppress this message")  # fmt: skip


class Httpd(WebServer):
    """The children of one parent."""

    root = "/usr/local/apache2/htdocs"

    def demand(self, size: int) -> Demand:
        return Demand(assumed.HTTPD.request_ns)

    def page(self, question: Question) -> Page:
        if question.method not in ("GET", "HEAD"):
            return _error(405, "Method Not Allowed", "The requested method is not allowed for this URL.")
        try:
            name, node, body = self.found(self.root, question)
        except OSError:
            return _error(404, "Not Found", "The requested URL was not found on this server.")
        tag = f'"{len(body):x}-{node.at.changed_ns // 1000:x}"'
        return Page(200, body, {"Date": "", "Server": VERSION, "ETag": tag, "Accept-Ranges": "bytes", "Content-Type": kind_of(name)})

    def log(self, question: Question, page: Page, worker: Process) -> Steps:
        yield from worker.files.stdout.write(access_line(self.process, question, page))


def _error(status: int, title: str, text: str) -> Page:
    body = (f'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n<html><head>\n<title>{status} {title}</title>\n</head><body>\n'
            f"<h1>{title}</h1>\n<p>{text}</p>\n</body></html>\n").encode()  # fmt: skip
    return Page(status, body, {"Server": VERSION, "Content-Type": "text/html; charset=iso-8859-1"})


def httpd(process: Process, argv: tuple[str, ...]) -> Steps:
    """In the foreground; `-v` and `-t` are answered."""
    words = set(argv[1:])
    if "-v" in words:
        yield from process.write(f"Server version: {VERSION}\n")
        return 0
    try:
        text = process.space.view.read(CONFIGURATION).decode(errors="replace")
    except OSError as error:
        yield from process.complain(f"httpd: Could not open configuration file {CONFIGURATION}: {error.strerror}")
        return 1
    if "-t" in words:
        yield from process.complain("Syntax OK")
        return 0
    if not words & {"-DFOREGROUND", "FOREGROUND", "-X"}:
        yield from process.complain("httpd: only -DFOREGROUND is simulated")
        return 1
    ports = [int(port) for port in re.findall(r"^\s*Listen\s+(?:\S+:)?(\d+)", text, re.M)]
    root = re.search(r'^\s*DocumentRoot\s+"?([^"\s]+)', text, re.M)
    return (yield from _parent(process, ports, root[1] if root else Httpd.root))


def _parent(process: Process, ports: list[int], root: str) -> Steps:
    yield from process.compute(assumed.HTTPD.start_ns)
    server = Httpd(process, [process])
    server.root = root
    for port in ports:
        if not listen(process, port, server):
            yield from process.complain(f"(98)Address already in use: AH00072: make_sock: could not bind to address 0.0.0.0:{port}\n"
                                        "no listening sockets available, shutting down\nAH00015: Unable to open logs")  # fmt: skip
            leave(process, server)
            return 1
    told = Signals(process, signals.TERM, signals.INT, signals.WINCH, signals.HUP)
    held = assumed.HTTPD.resident // (CHILDREN + 1)
    process.hold(held)
    try:
        address = process.space.facts.interfaces[0].address if process.space.facts.interfaces else "127.0.0.1"
        yield from process.complain("\n".join([NO_NAME.format(address)] * 2))
        identity = account(process.space.view, "www-data", process.identity)
        server.workers = [worker(process, process.argv, identity, held, signals.TERM) for _ in range(CHILDREN)]
        yield from _say(process, "mpm_event", f"AH00489: {VERSION} configured -- resuming normal operations")
        yield from _say(process, "core", "AH00094: Command line: 'httpd -D FOREGROUND'")
        while (number := (yield from told.next())) == signals.HUP:
            yield from _say(process, "mpm_event", "AH00494: SIGHUP received.  Attempting to restart")
        graceful = number == signals.WINCH
        leave(process, server)
        yield from end_all(process, server.workers, signals.TERM)
        text = "AH00492: caught SIGWINCH, shutting down gracefully" if graceful else "AH00491: caught SIGTERM, shutting down"
        yield from _say(process, "mpm_event", text)
        return 0
    finally:
        leave(process, server)


def _say(process: Process, module: str, text: str) -> Steps:
    pid = process.inner_pid
    when = moment(process, "%a %b %d %H:%M:%S.%U %Y")
    yield from process.files.stderr.write(f"[{when}] [{module}:notice] [pid {pid}:tid {pid}] {text}\n".encode())
