"""`docker exec`."""

from __future__ import annotations

import asyncio
from typing import Any

from cutaway.engine.engine import Engine
from cutaway.engine.handlers.attaching import _keys
from cutaway.engine.http import Answer, Hijacked, Reply, Request, Typed
from cutaway.engine.routing import route
from cutaway.engine.streams import Feed, talk
from cutaway.models.docker.asking import ExecAsked, checked
from cutaway.models.docker.errors import InvalidError


@route("POST", "/containers/{name}/exec")
async def create(engine: Engine, request: Request) -> Answer:
    # Go reads keys in any case, and docker-py writes detachKeys.
    document = checked(ExecAsked, {key[:1].upper() + key[1:]: value for key, value in (await request.table()).items()})
    container = engine.daemon.container(request.parts["name"])
    _keys(document.get("DetachKeys") or "")
    return Reply(201, {"Id": engine.daemon.execs.create(container, document).id})


@route("POST", "/exec/{id}/start")
async def start(engine: Engine, request: Request) -> Answer:
    document = checked(ExecAsked, await request.table())
    one = engine.daemon.execs.get(request.parts["id"])
    if document.get("ConsoleSize"):
        one.size = tuple(document["ConsoleSize"])
    feed = Feed(engine.live)
    if not document.get("Detach"):
        feed.watch(one.output)
    running: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.ensure_future(engine.live.do(engine.daemon.execs.start(one, lambda: _tell(running))))
    await asyncio.wait({task, running}, return_when=asyncio.FIRST_COMPLETED)
    if not running.done():
        await task
    if document.get("Detach"):
        await task
        return Reply(200, content=b"")
    tty = bool(document.get("Tty"))

    async def speak(reader: Typed, writer: asyncio.StreamWriter) -> None:
        await talk(
            reader, writer, feed, engine.live, raw=tty, wanted={1, 2},
            pipe=lambda: (one.terminal if one.tty else one.pipe) if one.stdin else None,
            keys=_keys(one.detach_keys) if tty or one.detach_keys else None, close_stdin=one.stdin,
        )  # fmt: skip
        if one.running:
            engine.daemon.tell(one.container, "exec_detach", {"execID": one.id})
    return Hijacked(speak, multiplexed=not tty)


def _tell(running: asyncio.Future[None]) -> None:
    if not running.done():
        running.set_result(None)


@route("POST", "/exec/{id}/resize")
async def resize(engine: Engine, request: Request) -> Answer:
    one = engine.daemon.execs.get(request.parts["id"])
    rows, columns = request.number("h"), request.number("w")
    if rows is None or columns is None:
        raise InvalidError("invalid resize height or width")
    one.size = rows, columns
    if one.terminal is not None:
        terminal = one.terminal
        engine.live.now(lambda: terminal.resize(rows, columns))
    return Reply(200)


@route("GET", "/exec/{id}/json")
async def inspect(engine: Engine, request: Request) -> Answer:
    one = engine.daemon.execs.get(request.parts["id"])
    found: dict[str, Any] = {
        "ID": one.id, "Running": one.running, "ExitCode": one.code, "CanRemove": False, "ContainerID": one.container.id,
        "DetachKeys": one.detach_keys,
        "OpenStdin": one.stdin, "OpenStderr": one.attach[1], "OpenStdout": one.attach[0], "Pid": one.process.pid if one.process else 0,
        "ProcessConfig": {"tty": one.tty, "entrypoint": one.argv[0], "arguments": one.argv[1:], "privileged": one.privileged,
                          "user": one.user},
    }  # fmt: skip
    return Reply(document=found)
