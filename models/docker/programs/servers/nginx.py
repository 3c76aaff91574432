"""nginx: a master that reads the configuration and obeys signals, and workers that answer.

Of the configuration are read: `listen`, `root`, `worker_processes`, `daemon`; and whether its braces match. Not simulated: proxying, TLS,
rewriting, several servers at a port.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Callable
from dataclasses import dataclass

from cutaway.models.docker.dates import written
from cutaway.models.docker.filesystem.view import View
from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.station import Demand
from cutaway.models.docker.programs.servers import assumed
from cutaway.models.docker.programs.servers.serving import Signals, account, cpus_of, end_all, leave, listen, moment, worker
from cutaway.models.docker.programs.servers.web import HTTP_DATE, Page, Question, WebServer, access_line, kind_of
from cutaway.sim.clock import Process as Steps

VERSION = "nginx/1.23.3"
MAIN, MORE, PID_FILE = "/etc/nginx/nginx.conf", "/etc/nginx/conf.d", "/var/run/nginx.pid"
SIGNALS = {"stop": signals.TERM, "quit": signals.QUIT, "reload": signals.HUP, "reopen": signals.NAMES["SIGUSR1"]}


_MISSING = (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG)


class Refused(Exception):  # noqa: N818
    """A configuration that cannot be: nginx's sentence."""


@dataclass(frozen=True)
class Settings:
    """What is read of the configuration."""

    ports: tuple[int, ...]
    root: str
    workers: int
    in_background: bool


def settings(view: View, directives: str, cpus: int) -> Settings:
    """Raises Refused."""
    texts = {MAIN: _read(view, MAIN)}
    if view.is_directory(MORE):
        texts |= {f"{MORE}/{name}": _read(view, f"{MORE}/{name}") for name in view.list(MORE) if name.endswith(".conf")}
    for name, text in texts.items():
        _check_braces(name, text)
    whole = "\n".join([directives, *texts.values()])
    ports = tuple(dict.fromkeys(int(port) for port in re.findall(r"(?<![\w-])listen\s+(?:[\d.]+:|\[::\]:)?(\d+)", whole)))
    root = re.search(r"(?<![\w-])root\s+([^;\s]+);", whole)
    workers = re.search(r"worker_processes\s+(\w+);", whole)
    count = int(workers[1]) if workers and workers[1].isdigit() else cpus if workers else 1
    return Settings(ports or (80,), root[1] if root else "/etc/nginx/html", count, not re.search(r"daemon\s+off", whole))


def _read(view: View, name: str) -> str:
    try:
        return re.sub(r"#.*", "", view.read(name).decode(errors="replace"))
    except OSError as error:
        raise Refused(f'open() "{name}" failed ({error.errno}: {error.strerror})') from None


def _check_braces(name: str, text: str) -> None:
    depth = 0
    for number, line in enumerate(text.splitlines(), 1):
        for mark in line:
            depth += (mark == "{") - (mark == "}")
            if depth < 0:
                raise Refused(f'unexpected "}}" in {name}:{number}')
    if depth:
        raise Refused(f'unexpected end of file, expecting "}}" in {name}:{len(text.splitlines())}')


class Nginx(WebServer):
    """The workers of one master."""

    root = ""

    def demand(self, size: int) -> Demand:
        return self.process.space.facts.demand("nginx", size) or Demand(assumed.NGINX_REQUEST_NS)

    def page(self, question: Question) -> Page:
        if question.method not in ("GET", "HEAD"):
            return _error(405, "Not Allowed")
        try:
            name, node, body = self.found(self.root, question)
        except OSError as error:
            status, text = (404, "Not Found") if error.errno in _MISSING else (403, "Forbidden")
            path = f"{self.root}{question.path.partition('?')[0]}"
            return _error(status, text, f'open() "{path}" failed ({error.errno}: {error.strerror})')
        changed_s = node.at.changed_ns // 1_000_000_000
        return Page(200, body, {
            "Server": VERSION, "Date": "", "Content-Type": kind_of(name), "Content-Length": "", "Last-Modified": _date(changed_s),
            "Connection": "keep-alive", "ETag": f'"{changed_s:x}-{len(body):x}"', "Accept-Ranges": "bytes",
        })  # fmt: skip

    def log(self, question: Question, page: Page, worker: Process) -> Steps:
        files = worker.files
        if page.complaint:
            request = f"{question.method} {question.path} HTTP/1.1"
            about = f'client: {question.client}, server: localhost, request: "{request}", host: "{question.host}"'
            yield from files.stderr.write(_line(worker, "error", f"*{self.count} {page.complaint}, {about}"))
        yield from files.stdout.write(access_line(self.process, question, page, f' "-" "{question.agent}" "-"'))


def _error(status: int, text: str, complaint: str = "") -> Page:
    title = f"{status} {text}"
    body = (f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
            f"<hr><center>{VERSION}</center>\r\n</body>\r\n</html>\r\n").encode()  # fmt: skip
    headers = {"Server": VERSION, "Date": "", "Content-Type": "text/html", "Content-Length": "", "Connection": "keep-alive"}
    return Page(status, body, headers, complaint)


def _date(unix_s: int) -> str:
    return written(unix_s * 1_000_000_000, HTTP_DATE)


def _line(process: Process, level: str, text: str) -> bytes:
    return f"{moment(process, '%Y/%m/%d %H:%M:%S')} [{level}] {process.inner_pid}#{process.inner_pid}: {text}\n".encode()


# --- the program -----------------------------------------------------------------------------------------------------------------------


def nginx(process: Process, argv: tuple[str, ...]) -> Steps:
    """The command: shows its version, tests the configuration, signals a master, or becomes one."""
    words, directives = list(argv[1:]), ""
    act: Callable[[], Steps] | None = None
    while words:
        match words.pop(0), words[:1]:
            case ("-v" | "-V"), _:
                yield from process.complain(f"nginx version: {VERSION}")
                return 0
            case "-g", [text]:
                directives = words.pop(0) if text else ""
            case ("-t" | "-T"), _:
                act = lambda: _test(process)  # noqa: E731
            case "-s", [name] if name in SIGNALS:
                words.pop(0)
                act = lambda name=name: _signal(process, SIGNALS[name])  # noqa: E731
            case "-s", [name]:
                yield from process.complain(f'nginx: invalid option: "-s {name}"')
                return 1
            case ("-c" | "-p" | "-e" | "-s" | "-g") as option, []:
                yield from process.complain(f'nginx: option "{option}" requires parameter')
                return 1
            case ("-c" | "-p" | "-e"), _:
                words.pop(0)
            case "-q", _:
                pass
            case other, _:
                yield from process.complain(f'nginx: invalid option: "{other}"')
                return 1
    return (yield from act()) if act else (yield from _start(process, directives))


def _test(process: Process) -> Steps:
    try:
        settings(process.space.view, "", 1)
    except Refused as error:
        yield from process.complain(f"{moment(process, '%Y/%m/%d %H:%M:%S')} [emerg] {process.inner_pid}#{process.inner_pid}: {error}")
        yield from process.complain(f"nginx: [emerg] {error}\nnginx: configuration file {MAIN} test failed")
        return 1
    yield from process.complain(f"nginx: the configuration file {MAIN} syntax is ok\nnginx: configuration file {MAIN} test is successful")
    return 0


def _signal(process: Process, number: int) -> Steps:
    try:
        pid = int(process.space.view.read(PID_FILE) or b"0")
        master = process.space.processes[pid]
    except (OSError, ValueError, KeyError):
        yield from process.complain(f'nginx: [error] open() "{PID_FILE}" failed (2: No such file or directory)')
        return 1
    yield from process.files.stderr.write(_line(process, "notice", "signal process started"))
    master.signal(number)
    return 0


def _start(process: Process, directives: str) -> Steps:
    try:
        found = settings(process.space.view, directives, cpus_of(process))
    except Refused as error:
        yield from process.complain(f"{moment(process, '%Y/%m/%d %H:%M:%S')} [emerg] {process.inner_pid}#{process.inner_pid}: {error}")
        yield from process.complain(f"nginx: [emerg] {error}")
        return 1
    yield from process.compute(process.space.facts.cost("nginx start"))
    if found.in_background:
        process.space.spawn(lambda child, argv: _master(child, found, directives), process.argv, process.environment, "/", process.identity,
                            process.files, process)  # fmt: skip
        return 0
    return (yield from _master(process, found, directives))


def _master(process: Process, found: Settings, directives: str) -> Steps:
    facts, view = process.space.facts, process.space.view
    server = Nginx(process, [process], found.workers)
    server.root = found.root
    if taken := [port for port in found.ports if not listen(process, port, server)]:
        yield from process.complain(f"nginx: [emerg] bind() to 0.0.0.0:{taken[0]} failed (98: Address already in use)")
        leave(process, server)
        return 1
    process.argv = (f"nginx: master process {' '.join(process.argv)}",)
    process.hold(facts.cost("nginx master memory") + facts.cost("nginx shared memory"))
    told = Signals(process, signals.TERM, signals.INT, signals.QUIT, signals.HUP, signals.CHLD, SIGNALS["reopen"], signals.WINCH)
    try:
        for text in ('using the "epoll" event method', VERSION, f"OS: Linux {facts.machine.kernel}", "start worker processes"):
            yield from process.files.stderr.write(_line(process, "notice", text))
        server.workers = yield from _workers(process, found.workers)
        view.write(PID_FILE, f"{process.inner_pid}\n".encode(), now_ns=process.space.now_ns)
        while True:
            number = yield from told.next()
            if number == signals.HUP:
                yield from _reload(process, server, directives)
            elif number == signals.CHLD:
                yield from _replace(process, server)
            elif number in (signals.TERM, signals.INT, signals.QUIT):
                return (yield from _end(process, server, number))
    finally:
        leave(process, server)


def _workers(process: Process, count: int) -> Steps:
    facts = process.space.facts
    identity = account(process.space.view, "nginx", process.identity)
    yield from process.compute(count * facts.cost("fork"))
    made = []
    for _ in range(count):
        made.append(worker(process, ("nginx: worker process",), identity, facts.cost("nginx worker memory")))
        made[-1].ended.callbacks.append(lambda event: process.signal(signals.CHLD))
        yield from process.files.stderr.write(_line(process, "notice", f"start worker process {made[-1].inner_pid}"))
    return made


def _replace(process: Process, server: Nginx) -> Steps:
    """Workers that ended without being told to are started again."""
    for dead in [one for one in server.workers if one.code is not None]:
        how = f"exited on signal {dead.code - 128}" if dead.code and dead.code > 128 else f"exited with code {dead.code}"
        yield from process.files.stderr.write(_line(process, "alert", f"worker process {dead.inner_pid} {how}"))
        made = yield from _workers(process, 1)
        server.workers[server.workers.index(dead)] = made[0]


def _reload(process: Process, server: Nginx, directives: str) -> Steps:
    yield from process.files.stderr.write(_line(process, "notice", "signal 1 (SIGHUP) received, reconfiguring"))
    try:
        found = settings(process.space.view, directives, cpus_of(process))
    except Refused as error:
        yield from process.files.stderr.write(_line(process, "emerg", str(error)))
        return
    leave(process, server)
    for port in found.ports:
        listen(process, port, server)
    before, server.root = server.workers, found.root
    yield from process.files.stderr.write(_line(process, "notice", "start worker processes"))
    server.workers = yield from _workers(process, found.workers)
    yield from _ended(process, before, signals.QUIT)


def _end(process: Process, server: Nginx, number: int) -> Steps:
    name = {signals.TERM: "SIGTERM", signals.INT: "SIGINT", signals.QUIT: "SIGQUIT"}[number]
    how = "shutting down" if number == signals.QUIT else "exiting"
    leave(process, server)
    yield from process.files.stderr.write(_line(process, "notice", f"signal {number} ({name}) received, {how}"))
    yield from _ended(process, server.workers, signals.QUIT if number == signals.QUIT else signals.TERM)
    yield from process.files.stderr.write(_line(process, "notice", "exit"))
    process.space.view.remove(PID_FILE)
    return 0


def _ended(process: Process, workers: list[Process], number: int) -> Steps:
    yield from end_all(process, workers, number)
    for one in workers:
        yield from process.files.stderr.write(_line(process, "notice", f"worker process {one.inner_pid} exited with code {one.code}"))
