"""`docker build`: what the client asks in the query, the context in the body, messages in the answer."""

from __future__ import annotations

import asyncio
from typing import Any

from cutaway.engine.engine import Engine
from cutaway.engine.http import Answer, Reply, Request, parsed_json
from cutaway.engine.messages import Messages
from cutaway.engine.routing import route
from cutaway.models.docker.building.builder import Build, Options, platform_of
from cutaway.models.docker.building.context import Context
from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.references import Reference, reference_of
from cutaway.models.docker.specification import HostConfig, form_of

_LIMITS = {"memory": "Memory", "memswap": "MemorySwap", "cpushares": "CpuShares", "cpuperiod": "CpuPeriod", "cpuquota": "CpuQuota",
           "shmsize": "ShmSize"}  # fmt: skip
"""Numbers of the query that limit the containers of steps, and their names there."""


@route("POST", "/build")
async def build(engine: Engine, request: Request) -> Answer:
    async with request.archive(engine.most_archive_bytes) as content:
        _refuse_what_is_not_here(request)
        options = _options(request)
        messages = Messages(engine.live)
        # A context may be large; nothing of the simulation is touched while it is unpacked, so the others' requests go on.
        context = await asyncio.to_thread(Context, content, engine.most_archive_bytes)
    made = Build(engine.daemon, context, options, messages.put)
    messages.source = made
    return await messages.answer(made.run())


@route("POST", "/build/prune")
async def prune(engine: Engine, request: Request) -> Answer:
    """The cache of the classic builder is images, which `docker image prune` removes."""
    return Reply(document={"CachesDeleted": None, "SpaceReclaimed": 0})


def _refuse_what_is_not_here(request: Request) -> None:
    if request.get("version") == "2":
        raise InvalidError("BuildKit is not simulated: build with DOCKER_BUILDKIT=0")
    if request.get("remote"):
        raise InvalidError("a remote context is not read, for nothing outside of the simulation is: send the files along")
    if request.flag("squash"):
        raise InvalidError("squash is only supported with experimental mode")
    if (isolation := request.get("isolation")) not in ("", "default"):
        raise InvalidError(f"The daemon on linux does not support setting isolation to {isolation}")


def _options(request: Request) -> Options:
    """Raises InvalidError."""
    platform = request.get("platform")
    return Options(
        dockerfile=request.get("dockerfile") or "Dockerfile", tags=_tags(request.query.get("t", [])), target=request.get("target"),
        arguments=_table(request, "buildargs", "build args"), labels=_table(request, "labels", "labels"),
        use_cache=not request.flag("nocache"), cache_from=_parsed(request, "cachefrom", "cache-from", list), pull=request.flag("pull"),
        remove=request.flag("rm") or not request.get("rm"), force_remove=request.flag("forcerm"), quiet=request.flag("q"),
        platform=platform_of(platform) if platform else "", host=_host(request),
    )  # fmt: skip


def _tags(names: list[str]) -> list[Reference]:
    found: list[Reference] = []
    for name in filter(None, names):
        reference = reference_of(name)
        if reference.digest:
            raise InvalidError("refusing to create a tag with a digest reference")
        if reference.tagged not in [one.tagged for one in found]:
            found.append(reference)
    return found


def _host(request: Request) -> HostConfig:
    limits = {name: request.number(key) or 0 for key, name in _LIMITS.items()}
    host: HostConfig = form_of(HostConfig, {
        **limits, "NetworkMode": request.get("networkmode"), "ExtraHosts": request.query.get("extrahosts") or None,
        "CpusetCpus": request.get("cpusetcpus"), "CpusetMems": request.get("cpusetmems"), "CgroupParent": request.get("cgroupparent"),
        "Ulimits": _parsed(request, "ulimits", "ulimit settings", list) or None,
        "SecurityOpt": _parsed(request, "securityopt", "security options", list) or None,
    })  # fmt: skip
    return host


def _table(request: Request, name: str, what: str) -> dict[str, Any]:
    """Texts by name; one may be null."""
    found: dict[str, Any] = _parsed(request, name, what, dict)
    if not all(isinstance(value, str | None) for value in found.values()):
        raise InvalidError(f"error reading {what}: expected texts by name")
    return found


def _parsed(request: Request, name: str, what: str, kind: type) -> Any:
    """A JSON value in the query. Raises InvalidError."""
    text = request.get(name)
    try:
        found = parsed_json(text.encode()) if text else None
    except InvalidError as error:
        raise InvalidError(f"error reading {what}: {error.message}") from None
    if found is not None and not isinstance(found, kind):
        raise InvalidError(f"error reading {what}: expected {'a list' if kind is list else 'an object'}")
    return found or kind()
