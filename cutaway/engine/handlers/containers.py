"""Containers: made, listed, looked at, started, stopped, taken away."""

from __future__ import annotations

import re
from typing import Any

from cutaway.engine.engine import Engine
from cutaway.engine.filters import Filters, filters_of, moment_of
from cutaway.engine.forms_container import inspected, summary
from cutaway.engine.http import Answer, Reply, Request
from cutaway.engine.routing import route
from cutaway.models.docker.asking import NetworkingAsked, checked
from cutaway.models.docker.container import Container
from cutaway.models.docker.creating import create as create_container
from cutaway.models.docker.dates import written
from cutaway.models.docker.errors import ConflictError, InvalidError, NotFoundError
from cutaway.models.docker.links import unlink
from cutaway.models.docker.specification import Config, HostConfig, form_of

LIST_FILTERS = ("ancestor", "before", "expose", "exited", "health", "id", "is-task", "isolation", "label", "name", "network", "publish",
                "since",
                "status", "volume")  # fmt: skip
STATES = ("created", "restarting", "running", "removing", "paused", "exited", "dead")


def _the(engine: Engine, request: Request) -> Container:
    return engine.daemon.container(request.parts["name"])


@route("GET", "/containers/json")
async def list_(engine: Engine, request: Request) -> Answer:
    filters = filters_of(request, LIST_FILTERS)
    if unknown := [state for state in filters.get("status") if state not in STATES]:
        raise InvalidError(f"invalid filter 'status={unknown[0]}'")
    if unknown := [one for one in filters.get("health") if one not in ("starting", "healthy", "unhealthy", "none")]:
        raise InvalidError(f"invalid filter 'health={unknown[0]}'")
    limit = request.number("limit") or 0

    def make() -> bytes:
        return Reply(document=_listed(engine, request, filters, limit)).body()
    if request.flag("size"):      # files change without an event
        return Reply(content=make())
    question = (request.version, tuple(sorted((name, *values) for name, values in request.query.items())))
    return Reply(content=engine.lists.get(engine.daemon.events.told, engine.daemon.now_ns, question, make))


def _listed(engine: Engine, request: Request, filters: Filters, limit: int) -> list[dict[str, Any]]:
    every = request.flag("all") or limit > 0 or bool(filters.get("status")) or bool(filters.get("exited"))
    found = sorted(engine.daemon.containers.values(), key=lambda one: (one.created_ns, one.id), reverse=True)
    found = [one for one in found if (every or one.running) and _wanted(engine, one, filters)]
    found = _between(engine, found, filters)
    return [summary(engine.daemon, one, size=request.flag("size")) for one in (found[:limit] if limit > 0 else found)]


def _wanted(engine: Engine, one: Container, filters: Filters) -> bool:
    health = one.health.status if one.health else "none"
    ports = {f"{port}/{name.partition('/')[2]}" for name, places in one.ports.items() for _, port in places}
    return (
        filters.matches("name", f"/{one.name}", one.name) and filters.matches("id", one.id) and filters.labelled(one.config.labels)
        and filters.allows("status", one.status) and filters.allows("health", health)
        and (not filters.get("exited") or (one.status == "exited" and str(one.exit_code) in filters.get("exited")))
        and filters.allows("volume", *(point.name for point in one.mounts), *(point.destination for point in one.mounts))
        and filters.allows("network", *one.wanted, *(engine.daemon.networks.get(name).id for name in one.endpoints))
        and (not filters.get("ancestor") or _descends(engine, one, filters.get("ancestor")))
        and (not filters.get("expose") or _has_port(set(one.config.exposed_ports), filters.get("expose")))
        and (not filters.get("publish") or _has_port(ports, filters.get("publish")))
        and filters.truth("is-task") is not True
    )  # fmt: skip


def _has_port(ports: set[str], wanted: list[str]) -> bool:
    return any((text if "/" in text else f"{text}/tcp") in ports for text in wanted)


def _descends(engine: Engine, one: Container, names: list[str]) -> bool:
    for name in names:
        image = engine.daemon.images.find(name)
        if image is None:
            continue
        digests = [layer.digest for layer in image.layers]
        if one.image.id == image.id or (digests and [layer.digest for layer in one.image.layers][: len(digests)] == digests):
            return True
    return False


def _between(engine: Engine, found: list[Container], filters: Filters) -> list[Container]:
    for key, later in (("before", False), ("since", True)):
        for name in filters.get(key):
            other = engine.daemon.container(name)
            found = [one for one in found if one is not other and (one.created_ns > other.created_ns) == later]
    return found


@route("POST", "/containers/create")
async def create(engine: Engine, request: Request) -> Answer:
    document = await request.json()
    if not isinstance(document, dict):
        raise InvalidError("config cannot be empty in order to create a container")
    config = form_of(Config, {key: value for key, value in document.items() if key not in ("HostConfig", "NetworkingConfig")})
    host = form_of(HostConfig, document.get("HostConfig"))
    networking = checked(NetworkingAsked, document.get("NetworkingConfig"))
    container, warnings = await engine.live.do(
        create_container(engine.daemon, request.get("name") or None, config, host, networking, request.get("platform"))
    )
    return Reply(201, {"Id": container.id, "Warnings": warnings})


@route("GET", "/containers/{name}/json")
async def inspect(engine: Engine, request: Request) -> Answer:
    return Reply(document=inspected(engine.daemon, _the(engine, request), size=request.flag("size")))


@route("POST", "/containers/{name}/start")
async def start(engine: Engine, request: Request) -> Answer:
    await engine.live.do(engine.daemon.lifecycle.start(_the(engine, request)))
    return Reply(204)


@route("POST", "/containers/{name}/stop")
async def stop(engine: Engine, request: Request) -> Answer:
    await engine.live.do(engine.daemon.lifecycle.stop(_the(engine, request), request.get("signal") or None, request.number("t")))
    return Reply(204)


@route("POST", "/containers/{name}/restart")
async def restart(engine: Engine, request: Request) -> Answer:
    await engine.live.do(engine.daemon.lifecycle.restart(_the(engine, request), request.get("signal") or None, request.number("t")))
    return Reply(204)


@route("POST", "/containers/{name}/kill")
async def kill(engine: Engine, request: Request) -> Answer:
    await engine.live.do(engine.daemon.lifecycle.kill(_the(engine, request), request.get("signal") or None))
    return Reply(204)


@route("POST", "/containers/{name}/pause")
async def pause(engine: Engine, request: Request) -> Answer:
    await engine.live.do(engine.daemon.lifecycle.pause(_the(engine, request)))
    return Reply(204)


@route("POST", "/containers/{name}/unpause")
async def unpause(engine: Engine, request: Request) -> Answer:
    await engine.live.do(engine.daemon.lifecycle.unpause(_the(engine, request)))
    return Reply(204)


@route("POST", "/containers/{name}/rename")
async def rename(engine: Engine, request: Request) -> Answer:
    engine.daemon.rename(_the(engine, request), request.get("name"))
    return Reply(204)


@route("POST", "/containers/{name}/update")
async def update(engine: Engine, request: Request) -> Answer:
    document = await request.table()
    return Reply(document={"Warnings": engine.daemon.update(_the(engine, request), document) or None})


@route("POST", "/containers/{name}/resize")
async def resize(engine: Engine, request: Request) -> Answer:
    container = _the(engine, request)
    rows, columns = request.number("h"), request.number("w")
    if rows is None or columns is None:
        raise InvalidError("invalid resize height or width")
    if not container.has_process:
        raise ConflictError(f"container {container.id} is not running")
    container.size = rows, columns
    if container.terminal is not None:
        terminal = container.terminal
        engine.live.now(lambda: terminal.resize(rows, columns))
    engine.daemon.tell(container, "resize", {"height": str(rows), "width": str(columns)})
    return Reply(200)


@route("DELETE", "/containers/{name*}")
async def remove(engine: Engine, request: Request) -> Answer:
    if request.flag("link"):
        name, _, alias = request.parts["name"].strip("/").rpartition("/")
        unlink(engine.daemon.container(name), alias, engine.daemon.container)
        return Reply(204)
    container = _the(engine, request)
    await engine.live.do(engine.daemon.remove(container, force=request.flag("force"), volumes=request.flag("v")))
    return Reply(204)


@route("GET", "/containers/{name}/top")
async def top(engine: Engine, request: Request) -> Answer:
    container = _the(engine, request)
    if not container.has_process or container.space is None:
        raise ConflictError(f"container {container.id} is not running")
    if container.status == "restarting":
        raise ConflictError(f"container {container.id} is restarting, wait until the container is running")
    text = request.get("ps_args") or "-ef"
    if not re.fullmatch(r"[\w,\-=: ]*", text):
        raise InvalidError("ps_args: only letters, digits and , - = : are taken")
    engine.daemon.tell(container, "top")
    return Reply(document=_processes(engine, container, text))


def _processes(engine: Engine, container: Container, asked: str) -> dict[str, Any]:
    assert container.space is not None
    rows, now_ns, memory = [], int(engine.daemon.clock.now), engine.daemon.machine.memory
    for one in sorted(container.space.processes.values(), key=lambda one: one.pid):
        parent = one.parent.pid if one.parent else 1
        seconds = one.cpu_ns // 1_000_000_000
        began = _clock_or_day(engine.daemon.epoch_ns + one.started_ns, engine.daemon.now_ns)
        percent = 100 * one.cpu_ns / max(1, now_ns - one.started_ns)         # since it began, as ps tells it
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        held = str(one.resident >> 10)
        rows.append({"UID": one.identity.name, "USER": one.identity.name, "PID": str(one.pid), "PPID": str(parent), "C": str(int(percent)),
                     "%CPU": f"{percent:.1f}", "%MEM": f"{100 * one.resident / memory:.1f}", "VSZ": held, "RSS": held,
                     "TTY": "pts/0" if one.files.terminal else "?",
                     "STAT": one.state, "START": began, "STIME": began, "TIME": clock, "CMD": " ".join(one.argv),
                     "COMMAND": " ".join(one.argv),
                     "COMM": one.name, "ARGS": " ".join(one.argv)})  # fmt: skip
    titles = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    if (chosen := re.search(r"-?o[ =]?([\w,]+)", asked)) is not None:
        titles = [name.upper() for name in chosen[1].split(",")]
    elif "aux" in asked:
        titles = ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]
    if unknown := [name for name in titles if rows and name not in rows[0]]:
        raise InvalidError(f"ps: error: unknown user-defined format specifier \"{unknown[0].lower()}\"")
    return {"Titles": titles, "Processes": [[row[name] for name in titles] for row in rows]}


def _clock_or_day(began_ns: int, now_ns: int) -> str:
    """As ps has it: the time of today, else the day."""
    return written(began_ns, "%H:%M" if written(began_ns, "%F") == written(now_ns, "%F") else "%b%d")


@route("GET", "/containers/{name}/changes")
async def changes(engine: Engine, request: Request) -> Answer:
    container = _the(engine, request)
    kinds = {"C": 0, "A": 1, "D": 2}
    found = [{"Path": path, "Kind": kinds[kind]} for path, kind in container.tree.changes()]
    return Reply(document=found) if found else Reply(content=b"null\n")


@route("POST", "/containers/prune")
async def prune(engine: Engine, request: Request) -> Answer:
    filters = filters_of(request, ("until", "label", "label!"))
    until = moment_of(filters.get("until")[0], engine.daemon.now_ns) if filters.get("until") else 0
    removed, freed = [], 0
    for one in list(engine.daemon.containers.values()):
        old = not until or one.created_ns < until
        unwanted = filters.get("label!") and filters.labelled(one.config.labels, "label!")
        if not one.running and old and filters.labelled(one.config.labels) and not unwanted:
            freed += one.tree.size
            removed.append(one.id)
            engine.daemon.forget(one, volumes=False)
    return Reply(document={"ContainersDeleted": removed or None, "SpaceReclaimed": freed})


@route("POST", "/containers/{name}/wait")
async def wait(engine: Engine, request: Request) -> Answer:
    """Its head goes out at once: a client starts the container only then."""
    import json
    from collections.abc import AsyncGenerator

    from cutaway.engine.http import Streamed

    container = _the(engine, request)
    condition = request.get("condition") or "not-running"
    if condition not in ("not-running", "next-exit", "removed"):
        raise InvalidError(f'invalid condition: "{condition}"')
    event = container.gone if condition == "removed" else container.next_exit

    async def answered() -> AsyncGenerator[bytes, None]:
        if condition == "not-running" and not container.running:
            code = container.exit_code
        else:
            code = await engine.live.until(event)
        document: dict[str, Any] = {"StatusCode": code}
        if container.error and condition != "removed":
            document["Error"] = {"Message": container.error}
        yield (json.dumps(document) + "\n").encode()
    return Streamed(answered())


@route("GET", "/containers/{name}/attach/ws")
async def websocket(engine: Engine, request: Request) -> Answer:
    raise NotFoundError("page not found")
