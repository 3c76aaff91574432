"""`java`: of all programs for it there are Tomcat, WildFly and the application of Spring's guide; others are not simulated.

They take seconds of CPU time to start, which a quota draws out. The heap does not grow.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from math import ceil

from cutaway.models.docker.processes import signals
from cutaway.models.docker.processes.process import Process
from cutaway.models.docker.processes.station import Demand
from cutaway.models.docker.programs.servers.assumed import SPRING_BOOT, TOMCAT, WILDFLY, Assumed
from cutaway.models.docker.programs.servers.serving import Signals, cpus_of, leave, listen, moment
from cutaway.models.docker.programs.servers.web import Page, Question, WebServer, access_line, kind_of
from cutaway.sim.clock import Process as Steps

THREADS = 200
"""That answer (`maxThreads` of Tomcat and Spring Boot)."""
TERMINATED = 128 + signals.TERM
"""What a Java virtual machine ends with when it is told to."""
PORT = 8080
Find = Callable[["JavaServer", Question], Page]
Line = Callable[[Process, str], str]


class JavaServer(WebServer):
    """One virtual machine."""

    def __init__(self, process: Process, app: App) -> None:
        super().__init__(process, [process], THREADS)
        self.app = app

    def demand(self, size: int) -> Demand:
        return Demand(self.app.costs.request_ns)

    def page(self, question: Question) -> Page:
        return self.app.find(self, question)

    def log(self, question: Question, page: Page, worker: Process) -> Steps:
        yield from ()
        if self.app.access_log:
            name = f"{self.app.access_log}.{moment(self.process, '%Y-%m-%d')}.txt"
            self.process.space.view.write(name, access_line(self.process, question, page), append=True, now_ns=self.process.space.now_ns)


@dataclass(frozen=True)
class App:
    """A program for the virtual machine."""

    costs: Assumed
    find: Find
    line: Line
    """Its log's form, of a moment and a text."""
    before: tuple[str, ...]
    after: tuple[str, ...]
    """Said when it is up; {ms} and {s} is the time that it took."""
    at_end: tuple[str, ...] = ()
    access_log: str = ""
    to_stderr: bool = False


def java(process: Process, argv: tuple[str, ...]) -> Steps:
    if {"-version", "--version"} & set(argv[1:]):
        version = process.environment.get("JAVA_VERSION", "jdk-17.0.6+10").removeprefix("jdk-")
        yield from process.complain(f'openjdk version "{version.partition("+")[0]}"\nOpenJDK Runtime Environment (build {version})\n'
                                    f"OpenJDK 64-Bit Server VM (build {version}, mixed mode)")  # fmt: skip
        return 0
    name = _named(process, argv)
    if name is None:
        yield from process.complain(f"java: {' '.join(argv[1:]) or 'without a program'}: is not simulated; Tomcat, WildFly and "
                                    "springio/gs-spring-boot-docker are")  # fmt: skip
        return 1
    return (yield from _run(process, APPS[name]))


def _named(process: Process, argv: tuple[str, ...]) -> str | None:
    if "org.apache.catalina.startup.Bootstrap" in argv:
        return "tomcat"
    if "-jar" not in argv[:-1]:
        return None
    try:
        content = process.space.view.read(argv[argv.index("-jar") + 1], process.cwd).decode(errors="replace")
    except OSError:
        return None
    name = content.strip().removeprefix("simulated jar: ")
    return name if name in APPS else None


def _run(process: Process, app: App) -> Steps:
    begun_ns, space = int(process.clock.now), process.space
    told = Signals(process, signals.TERM, signals.INT)
    process.hold(app.costs.resident // 2)
    for text in app.before:
        yield from _say(process, app, text)
    # a virtual machine compiles and collects beside the program, so that its start is spread over the CPUs
    at_once = _at_once(process)
    for ended in [process.burst(app.costs.start_ns // at_once, [space.thread(deque())]) for _ in range(at_once)]:
        yield from process.wait(ended)
    process.hold(app.costs.resident)
    server = JavaServer(process, app)
    if not listen(process, PORT, server):
        yield from _say(process, app, f"java.net.BindException: Address already in use: port {PORT}")
        return 1
    try:
        took_ms = (int(process.clock.now) - begun_ns) // 1_000_000
        for text in app.after:
            yield from _say(process, app, text.format(ms=took_ms, s=f"{took_ms / 1000:.3f}"))
        yield from told.next()
        for text in app.at_end:
            yield from _say(process, app, text)
        return TERMINATED
    finally:
        leave(process, server)


def _at_once(process: Process) -> int:
    """CPUs that the start uses: two at most, and no more than a quota has room for (availableProcessors of the virtual machine)."""
    cpus = process.space.limits.cpus
    return min(2, cpus_of(process), ceil(cpus) if cpus is not None else 2)


def _say(process: Process, app: App, text: str) -> Steps:
    stream = process.files.stderr if app.to_stderr else process.files.stdout
    yield from stream.write(f"{app.line(process, text)}\n".encode())


# --- programs --------------------------------------------------------------------------------------------------------------------------


def _tomcat_page(server: JavaServer, question: Question) -> Page:
    """Of webapps/ROOT, which the image leaves empty: 404."""
    try:
        name, _, body = server.found("/usr/local/tomcat/webapps/ROOT", question)
        return Page(200, body, {"Content-Type": kind_of(name), "Accept-Ranges": "bytes"})
    except OSError:
        title = "HTTP Status 404 \u2013 Not Found"
        text = (f'<!doctype html><html lang="en"><head><title>{title}</title></head><body><h1>{title}</h1><hr class="line" />'
                f"<p><b>Type</b> Status Report</p><p><b>Message</b> The requested resource [{escape(question.path)}] is not available</p>"
                '<hr class="line" /><h3>Apache Tomcat/10.1.5</h3></body></html>')  # fmt: skip
        return Page(404, text.encode(), {"Content-Type": "text/html;charset=utf-8", "Content-Language": "en"})


def _wildfly_page(server: JavaServer, question: Question) -> Page:
    try:
        name, _, body = server.found("/opt/jboss/wildfly/welcome-content", question)
        return Page(200, body, {"Content-Type": kind_of(name), "Accept-Ranges": "bytes"})
    except OSError:
        return Page(404, b"<html><head><title>Error</title></head><body>404 - Not Found</body></html>", {"Content-Type": "text/html"})


def _spring_page(server: JavaServer, question: Question) -> Page:
    if question.path.partition("?")[0] == "/":
        return Page(200, b"Hello Docker World", {"Content-Type": "text/plain;charset=UTF-8"})
    when = moment(server.process, "%Y-%m-%dT%H:%M:%S.%L+00:00")
    body = json.dumps({"timestamp": when, "status": 404, "error": "Not Found", "path": question.path})
    return Page(404, body.encode(), {"Content-Type": "application/json"})


def _tomcat_line(process: Process, text: str) -> str:
    return f"{moment(process, '%d-%b-%Y %H:%M:%S.%L')} INFO [main] org.apache.{text}"


def _wildfly_line(process: Process, text: str) -> str:
    return f"{moment(process, '%H:%M:%S,%L')} INFO  {text}"


def _spring_line(process: Process, text: str) -> str:
    return f"{moment(process, '%Y-%m-%dT%H:%M:%S.%LZ')}  INFO {process.inner_pid} --- [           main] {text}"


APPS = {
    "tomcat": App(
        TOMCAT, _tomcat_page, _tomcat_line,
        ("catalina.startup.VersionLoggerListener.log Server version name:   Apache Tomcat/10.1.5",
         'coyote.AbstractProtocol.init Initializing ProtocolHandler ["http-nio-8080"]'),
        ("catalina.core.StandardService.startInternal Starting service [Catalina]",
         "catalina.core.StandardEngine.startInternal Starting Servlet engine: [Apache Tomcat/10.1.5]",
         'coyote.AbstractProtocol.start Starting ProtocolHandler ["http-nio-8080"]',
         "catalina.startup.Catalina.start Server startup in [{ms}] milliseconds"),
        ('coyote.AbstractProtocol.pause Pausing ProtocolHandler ["http-nio-8080"]',
         "catalina.core.StandardService.stopInternal Stopping service [Catalina]",
         'coyote.AbstractProtocol.stop Stopping ProtocolHandler ["http-nio-8080"]'),
        "/usr/local/tomcat/logs/localhost_access_log", to_stderr=True,
    ),
    "wildfly": App(
        WILDFLY, _wildfly_page, _wildfly_line,
        ("[org.jboss.as] (MSC service thread 1-2) WFLYSRV0049: WildFly Full 25.0.0.Final (WildFly Core 17.0.1.Final) starting",),
        ("[org.wildfly.extension.undertow] (MSC service thread 1-2) WFLYUT0006: Undertow HTTP listener default listening on 0.0.0.0:8080",
         "[org.jboss.as] (Controller Boot Thread) WFLYSRV0025: WildFly Full 25.0.0.Final (WildFly Core 17.0.1.Final) started in {ms}ms"),
        ("[org.jboss.as.server] (Thread-2) WFLYSRV0220: Server shutdown has been requested via an OS signal",
         "[org.jboss.as] (MSC service thread 1-2) WFLYSRV0050: WildFly Full 25.0.0.Final (WildFly Core 17.0.1.Final) stopped"),
    ),
    "gs-spring-boot-docker": App(
        SPRING_BOOT, _spring_page, _spring_line,
        ("hello.Application                        : Starting Application using Java 17.0.6 with PID 1 (/app.jar started by root in /)",),
        ("o.s.b.w.embedded.tomcat.TomcatWebServer  : Tomcat started on port(s): 8080 (http) with context path ''",
         "hello.Application                        : Started Application in {s} seconds"),
    ),
}  # fmt: skip
