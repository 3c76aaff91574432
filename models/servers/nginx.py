"""nginx: an event loop that serves a static page to connections that stay open.

Serves: serve. Hands down: receive, compute, open, stat, system calls, send, close. With `tcp_nopush` header and page leave in one
packet: the cork is pulled only after the request has been taken down and its file closed (src/http/ngx_http_request.c,
ngx_http_set_keepalive).
With an upstream it answers no page: it asks the program behind it over a connection of its own, as `proxy_pass` does by default.
Not modelled: TLS, compression, the access log (off), upstreams that stay connected, the open-file cache (off), accepting connections.
Read first: docs/models/servers/nginx.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from pydantic import Field

from cutaway.models.layer import Fittings, Held
from cutaway.models.operations import (
    Afterwards,
    CloseConnection,
    CloseFile,
    Compute,
    Connect,
    OpenFile,
    Operation,
    Receive,
    Send,
    Serve,
    StatFile,
    SystemCall,
)
from cutaway.models.part import Part
from cutaway.models.placement import CpuNumbers
from cutaway.models.servers.program import Exchange, Program
from cutaway.models.servers.python_app import RESPONSE_BYTES, PythonApp, PythonAppPart
from cutaway.models.units import Size
from cutaway.sim.machine import Respond, Step, Thread

WORKER = "nginx"
EVENTS = 512
"""Ready connections taken at one epoll_wait (the directive `epoll_events`, src/event/modules/ngx_epoll_module.c)."""
REQUEST_BYTES = 47
"""`GET /f612 HTTP/1.1` with a host line, as wrk sends it."""
HEADER_BYTES = 238
"""Status line and header lines before the page."""
PROXIED_BYTES = 165
"""The same with the short answer of a program behind it."""
UPSTREAM_REQUEST_BYTES = 65
"""`GET /cpu HTTP/1.0` with a host line and `Connection: close`."""


class NginxPart(Part):
    """nginx, serving one static page."""

    kind: Literal["nginx"] = "nginx"
    workers: int = Field(default=1, ge=1, le=1024, description="worker processes; each connection stays with one")
    page: Size = Field(default=612, ge=0, description="size of the page that every request asks for")
    tcp_nopush: bool = True
    """Whether header and page leave together (the directive of that name)."""
    cpus: CpuNumbers = ()
    """CPUs of its kernel that the workers may run on; empty for all that are free."""
    upstream: PythonAppPart | None = None
    """A program of the same machine that is asked for every answer (`proxy_pass`), in place of a page."""


class Nginx(Program[NginxPart]):
    """One request in a worker."""

    thread = WORKER
    start_cost = "nginx start"

    def exchanges(self) -> tuple[Exchange, ...]:
        if self.part.upstream:
            return (Exchange(REQUEST_BYTES, PROXIED_BYTES),)
        return (Exchange(REQUEST_BYTES, HEADER_BYTES + self.part.page),)

    def lower(self, operation: Operation) -> Iterator[Step | Operation]:
        match operation:
            case Serve(thread=thread, request_bytes=request, response_bytes=response) if self.part.upstream:
                yield from self._proxy(thread, request, response, self._behind(self.part.upstream))
            case Serve(thread=thread, request_bytes=request, response_bytes=response):
                # with more connections answers are held back five times less often than the rule in Network says, and why is not known
                header = HEADER_BYTES if self.place.connections == 1 else 0
                answer = Send(thread, response, from_file=True, corked=self.part.tcp_nopush, writes=2, header_bytes=header)
                yield Receive(thread, request)
                yield Compute(thread, "nginx", "parse the request, find the file", "nginx request")
                yield OpenFile(thread)
                yield StatFile(thread)
                yield SystemCall(thread, "setsockopt, writev", 2, "nginx other system calls")
                yield Compute(thread, "nginx", "make the header", "nginx response")
                yield Respond()
                if self.part.tcp_nopush:
                    yield CloseFile(thread)
                    yield answer
                    yield Afterwards(thread, (Compute(thread, "nginx", "ready for the next request", "nginx keep-alive"),))
                else:
                    yield answer
                    keep = Compute(thread, "nginx", "ready for the next request", "nginx keep-alive")
                    yield Afterwards(thread, (CloseFile(thread), keep))
            case _:
                yield operation

    def _behind(self, part: PythonAppPart) -> PythonApp:
        """The program that is asked, beside this one."""
        return PythonApp(self.profile, part, replace(self.place, cpus=self.place.behind or self.place.cpus))

    def _proxy(self, thread: str, request_bytes: int, response_bytes: int, behind: PythonApp) -> Iterator[Step | Operation]:
        """A connection to the program behind for each request (HTTP/1.0, as without `keepalive`), and its answer handed on whole."""
        way = self.place.loopback
        yield Receive(thread, request_bytes)
        yield Compute(thread, "nginx", "parse the request, choose the upstream", "nginx request")
        yield Connect(thread, way, within=True)
        yield Compute(thread, "nginx", "make the upstream's request", "nginx upstream request")
        yield Send(thread, UPSTREAM_REQUEST_BYTES, local=True, within=True)
        yield from behind.answer(behind.thread, UPSTREAM_REQUEST_BYTES, RESPONSE_BYTES, asked_by=thread)
        yield Receive(thread, RESPONSE_BYTES, sender=behind.thread, calls=2, within=True)
        yield Compute(thread, "nginx", "read the upstream's header", "nginx upstream response")
        yield SystemCall(thread, "getsockopt, epoll_ctl, writev", 4, "nginx upstream system calls")
        yield Compute(thread, "nginx", "make the header", "nginx response")
        yield Respond()
        yield Send(thread, response_bytes)
        keep = Compute(thread, "nginx", "ready for the next request", "nginx keep-alive")
        yield Afterwards(thread, (CloseConnection(thread, way, within=True, first=False), keep))

    def fittings(self) -> Fittings:
        workers = Thread(
            name=WORKER,
            cpus=self.place.cpus,
            group=self.place.group,
            count=self.part.workers,
            poll_ns=self.ns("event loop round"),
            batch=EVENTS,
            sleep_ns=self.ns("context switch"),
        )
        behind = self._behind(self.part.upstream).fittings().threads if self.part.upstream else ()
        return Fittings(threads=(workers, *behind))

    @classmethod
    def roles(cls, part: NginxPart) -> tuple[str, ...]:
        return (cls.thread, *(PythonApp.thread for _ in cls.behind(part)))

    @classmethod
    def behind(cls, part: NginxPart) -> tuple[Part, ...]:
        return (part.upstream,) if part.upstream else ()

    @classmethod
    def holds(cls, part: NginxPart) -> tuple[Held, ...]:
        return (
            Held("nginx: master", "nginx", "nginx master memory"),
            Held("nginx: workers", "nginx", "nginx worker memory", part.workers),
            Held("nginx: program and libraries", "nginx", "nginx shared memory", once_a_host=True),
        )

    @classmethod
    def forks(cls, part: NginxPart) -> int:
        return part.workers
