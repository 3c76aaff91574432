"""Volumes."""

from __future__ import annotations

from typing import Any

from cutaway.engine.engine import Engine
from cutaway.engine.filters import Filters, filters_of
from cutaway.engine.http import Answer, Reply, Request
from cutaway.engine.routing import route
from cutaway.engine.times import rfc3339
from cutaway.models.docker.asking import VolumeAsked, checked
from cutaway.models.docker.errors import NotFoundError
from cutaway.models.docker.volumes import Volume


def form(volume: Volume, *, usage: bool = False) -> dict[str, Any]:
    created = rfc3339(volume.created_ns // 1_000_000_000 * 1_000_000_000).replace(".000000000Z", "Z")
    found: dict[str, Any] = {"CreatedAt": created, "Driver": volume.driver, "Labels": volume.labels or None, "Mountpoint": volume.place,
                             "Name": volume.name, "Options": volume.options or None, "Scope": "local"}  # fmt: skip
    return {**found, "UsageData": {"Size": volume.tree.size, "RefCount": len(volume.users)}} if usage else found


@route("GET", "/volumes")
async def list_(engine: Engine, request: Request) -> Answer:
    filters = filters_of(request, ("dangling", "driver", "label", "name"))
    found = [volume for volume in engine.daemon.volumes.by_name.values() if _wanted(volume, filters)]
    return Reply(document={"Volumes": [form(volume) for volume in found], "Warnings": None})


def _wanted(volume: Volume, filters: Filters) -> bool:
    dangling = filters.truth("dangling")
    return (
        filters.allows("driver", volume.driver) and filters.matches("name", volume.name) and filters.labelled(volume.labels)
        and (dangling is None or dangling == (not volume.users))
    )  # fmt: skip


@route("GET", "/volumes/{name}")
async def inspect(engine: Engine, request: Request) -> Answer:
    return Reply(document=form(engine.daemon.volumes.get(request.parts["name"])))


@route("POST", "/volumes/create")
async def create(engine: Engine, request: Request) -> Answer:
    document = checked(VolumeAsked, await request.table())
    daemon = engine.daemon
    name = document.get("Name") or ""
    wanted = Volume(name or daemon.identities.new("volume"), daemon.now_ns, document.get("Driver") or "local",
                    dict(document.get("Labels") or {}), dict(document.get("DriverOpts") or {}), anonymous=not name)  # fmt: skip
    if wanted.anonymous:
        wanted.labels["com.docker.volume.anonymous"] = ""
    volume, is_new = daemon.volumes.create(wanted)
    if is_new:
        daemon.tell_volume(volume, "create")
    return Reply(201, form(volume))


@route("DELETE", "/volumes/{name}")
async def remove(engine: Engine, request: Request) -> Answer:
    volumes = engine.daemon.volumes
    try:
        volume = volumes.get(request.parts["name"])
    except NotFoundError:
        if request.flag("force"):
            return Reply(204)
        raise
    volumes.remove(volume)
    engine.daemon.tell_volume(volume, "destroy")
    return Reply(204)


@route("POST", "/volumes/prune")
async def prune(engine: Engine, request: Request) -> Answer:
    filters = filters_of(request, ("all", "label", "label!"))
    every = bool(filters.truth("all")) or not request.at_least("1.42")
    removed, freed = [], 0
    for volume in list(engine.daemon.volumes.by_name.values()):
        unwanted = filters.get("label!") and filters.labelled(volume.labels, "label!")
        if not volume.users and (every or volume.anonymous) and filters.labelled(volume.labels) and not unwanted:
            freed += volume.tree.size
            engine.daemon.volumes.remove(volume)
            engine.daemon.tell_volume(volume, "destroy")
            removed.append(volume.name)
    return Reply(document={"VolumesDeleted": removed or None, "SpaceReclaimed": freed})
