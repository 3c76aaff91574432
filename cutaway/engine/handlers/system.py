"""What an Engine says of itself, its events, what its disk holds; and what only a swarm has."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from cutaway.engine.engine import Engine
from cutaway.engine.filters import Filters, filters_of, moment_of
from cutaway.engine.forms_container import summary
from cutaway.engine.handlers.images import summary as image_summary
from cutaway.engine.handlers.volumes import form as volume_form
from cutaway.engine.http import Answer, Reply, Request, Streamed
from cutaway.engine.routing import route
from cutaway.models.docker.errors import InvalidError, UnauthorizedError, UnavailableError
from cutaway.models.docker.events import Event

EVENT_FILTERS = ("config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret", "service",
                 "type", "volume")
DISK_USERS = ("image", "container", "volume", "build-cache")
MOST_WAITING = 1024
"""Events for a client that does not read; then its stream ends (daemon/events/events.go of moby: bufferSize, which drops the next ones)."""
_PING = {"Builder-Version": "1", "Cache-Control": "no-cache, no-store, must-revalidate", "Docker-Experimental": "false",
         "Pragma": "no-cache",
         "Swarm": "inactive"}  # fmt: skip


@route("HEAD", "/_ping")
async def head_ping(engine: Engine, request: Request) -> Answer:
    return Reply(200, content=b"", headers={**_PING, "Content-Type": "text/plain; charset=utf-8"})


@route("GET", "/_ping")
async def ping(engine: Engine, request: Request) -> Answer:
    return Reply(200, content=b"OK", kind="text/plain; charset=utf-8", headers=_PING)


@route("GET", "/version")
async def version(engine: Engine, request: Request) -> Answer:
    return Reply(document=engine.version())


@route("GET", "/info")
async def info(engine: Engine, request: Request) -> Answer:
    return Reply(document=engine.info())


@route("POST", "/auth")
async def auth(engine: Engine, request: Request) -> Answer:
    await request.json()
    why = "incorrect username or password; the simulated registry has no accounts"
    raise UnauthorizedError(f'Get "https://registry-1.docker.io/v2/": unauthorized: {why}')


@route("GET", "/system/df")
async def df(engine: Engine, request: Request) -> Answer:
    daemon = engine.daemon
    layers = {layer.digest: layer.size for image in daemon.images.by_id.values() for layer in image.layers}
    images = []
    for image in daemon.images.by_id.values():
        shared = sum(layer.size for layer in image.layers if daemon.images.is_layer_shared(layer.digest, image))
        images.append(image_summary(daemon, image) | {"SharedSize": shared, "Containers": sum(1 for _ in daemon.of_image(image))})
    kinds = request.query.get("type") or list(DISK_USERS)
    if unknown := [kind for kind in kinds if kind not in DISK_USERS]:
        raise InvalidError(f"unknown object type: {unknown[0]}")
    found: dict[str, Any] = {"LayersSize": sum(layers.values())}
    if "image" in kinds:
        found["Images"] = images
    if "container" in kinds:
        found["Containers"] = [summary(daemon, one, size=True) for one in daemon.containers.values()]
    if "volume" in kinds:
        found["Volumes"] = [volume_form(one, usage=True) for one in daemon.volumes.by_name.values()]
    if "build-cache" in kinds:
        found["BuildCache"] = []
    return Reply(document={**found, "BuilderSize": 0})


# --- events ----------------------------------------------------------------------------------------------------------------------------


@route("GET", "/events")
async def events(engine: Engine, request: Request) -> Answer:
    filters = filters_of(request, EVENT_FILTERS)
    now = engine.daemon.now_ns
    since, until = moment_of(request.get("since"), now), moment_of(request.get("until"), now)
    if since and until and since > until:
        raise InvalidError("`since` time cannot be after `until` time")
    pieces = _events(engine, filters, since, until)
    await anext(pieces)
    return Streamed(pieces)


async def _events(engine: Engine, filters: Filters, since: int, until: int) -> AsyncGenerator[bytes, None]:
    arrived: asyncio.Queue[Event | None] = asyncio.Queue(MOST_WAITING + 1)

    def hear(event: Event) -> None:
        if arrived.qsize() < MOST_WAITING:
            arrived.put_nowait(event)
        elif not arrived.full():
            arrived.put_nowait(None)
    leave = engine.daemon.events.listen(hear)
    try:
        yield b""          # it listens before the client hears that it does
        kept = list(engine.daemon.events.kept) if since or until else []
        for event in kept:
            if event.time_ns >= since and (not until or event.time_ns <= until) and _wanted(event, filters):
                yield _line(event)
        while not until or engine.daemon.now_ns < until:
            patience = (until - engine.daemon.now_ns) / 1e9 if until else None
            try:
                heard = await asyncio.wait_for(arrived.get(), patience)
            except TimeoutError:
                engine.live.catch_up()
                continue
            if heard is None:
                return      # a gap that nobody sees would be worse than an end
            if _wanted(heard, filters):
                yield _line(heard)
    finally:
        leave()


def _wanted(event: Event, filters: Filters) -> bool:
    action = event.action.partition(":")[0]
    attributes = event.attributes

    def about(kind: str) -> bool:
        names = [event.id, attributes.get("name", "")] if event.kind == kind else [attributes.get(kind, "")]
        return any(name and (name == value or name.startswith(value) or (kind == "image" and name.partition(":")[0] == value))
                   for name in names for value in filters.get(kind))  # fmt: skip
    return (
        filters.allows("type", event.kind) and filters.allows("event", action, event.action) and filters.allows("scope", "local")
        and filters.labelled(attributes) and all(about(kind) for kind in ("container", "image", "network", "volume") if filters.get(kind))
        and not any(filters.get(kind) for kind in ("plugin", "service", "node", "secret", "config"))
    )  # fmt: skip


def _line(event: Event) -> bytes:
    found: dict[str, Any] = {}
    if event.kind in ("container", "image"):
        found |= {"status": event.action, "id": event.id}
        if event.kind == "container":
            found["from"] = event.attributes.get("image", "")
    found |= {"Type": event.kind, "Action": event.action, "Actor": {"ID": event.id, "Attributes": dict(event.attributes)}, "scope": "local",
              "time": event.time_ns // 1_000_000_000, "timeNano": event.time_ns}  # fmt: skip
    return (json.dumps(found) + "\n").encode()


# --- of a swarm only -------------------------------------------------------------------------------------------------------------------


async def _no_manager(engine: Engine, request: Request) -> Answer:
    raise UnavailableError("This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node "
                           "to swarm and "
                           "try again.")  # fmt: skip


for _method, _path in (("GET", "/nodes"), ("GET", "/services"), ("GET", "/tasks"), ("GET", "/secrets"), ("GET", "/configs"),
                       ("GET", "/swarm"),
                       ("POST", "/swarm/update"), ("GET", "/swarm/unlockkey"), ("POST", "/services/create"), ("POST", "/secrets/create"),
                       ("POST", "/configs/create"), ("GET", "/nodes/{id}"), ("DELETE", "/nodes/{id}"), ("GET", "/services/{id}"),
                       ("GET", "/secrets/{id}"), ("GET", "/configs/{id}"), ("DELETE", "/services/{id}")):  # fmt: skip
    route(_method, _path)(_no_manager)


@route("POST", "/swarm/leave")
async def leave_swarm(engine: Engine, request: Request) -> Answer:
    raise UnavailableError("This node is not part of a swarm")


@route("POST", "/swarm/init")
async def init_swarm(engine: Engine, request: Request) -> Answer:
    raise UnavailableError("swarms are not simulated")


@route("POST", "/swarm/join")
async def join_swarm(engine: Engine, request: Request) -> Answer:
    raise UnavailableError("swarms are not simulated")


@route("GET", "/plugins")
async def plugins(engine: Engine, request: Request) -> Answer:
    return Reply(document=[])


@route("GET", "/plugins/{name*}/json")
async def plugin(engine: Engine, request: Request) -> Answer:
    return Reply(404, {"message": f"plugin \"{request.parts['name']}\" not found"})
