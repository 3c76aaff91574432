"""Networks."""

from __future__ import annotations

from typing import Any

from cutaway.engine.engine import Engine
from cutaway.engine.filters import Filters, filters_of, moment_of
from cutaway.engine.http import Answer, Reply, Request
from cutaway.engine.routing import route
from cutaway.engine.times import rfc3339
from cutaway.models.docker.asking import ConnectAsked, NetworkAsked, checked
from cutaway.models.docker.errors import InvalidError, NotFoundError
from cutaway.models.docker.networks import PREDEFINED, Network


def form(network: Network, *, containers: bool) -> dict[str, Any]:
    there = {
        one.container: {"Name": one.name, "EndpointID": one.id, "MacAddress": one.mac,
                        "IPv4Address": f"{one.address}/{one.prefix}" if one.address else "", "IPv6Address": ""}
        for one in network.endpoints.values()
    } if containers else {}  # fmt: skip
    return {
        "Name": network.name, "Id": network.id, "Created": rfc3339(network.created_ns), "Scope": network.scope, "Driver": network.driver,
        "EnableIPv4": True, "EnableIPv6": network.ipv6, "IPAM": network.ipam, "Internal": network.internal,
        "Attachable": network.attachable,
        "Ingress": network.ingress, "ConfigFrom": {"Network": ""}, "ConfigOnly": False, "Containers": there, "Options": network.options,
        "Labels": network.labels,
    }  # fmt: skip


@route("GET", "/networks")
async def list_(engine: Engine, request: Request) -> Answer:
    filters = filters_of(request, ("dangling", "driver", "id", "label", "name", "scope", "type"))
    if any(kind not in ("custom", "builtin") for kind in filters.get("type")):
        raise InvalidError(f"invalid filter: 'type'='{filters.get('type')[0]}'")
    found = [network for network in engine.daemon.networks if _wanted(network, filters)]
    return Reply(document=[form(network, containers=not request.at_least("1.28")) for network in found])


def _wanted(network: Network, filters: Filters) -> bool:
    kind = "builtin" if network.name in PREDEFINED else "custom"
    dangling = filters.truth("dangling")
    return (
        filters.allows("driver", network.driver) and filters.matches("id", network.id) and filters.matches("name", network.name)
        and filters.labelled(network.labels) and filters.allows("scope", network.scope) and filters.allows("type", kind)
        and (dangling is None or dangling == (kind == "custom" and not network.endpoints))
    )  # fmt: skip


@route("GET", "/networks/{name}")
async def inspect(engine: Engine, request: Request) -> Answer:
    network = engine.daemon.networks.get(request.parts["name"])
    if request.get("scope") not in ("", network.scope):
        raise NotFoundError(f"network {request.parts['name']} not found")
    return Reply(document=form(network, containers=True))


@route("POST", "/networks/create")
async def create(engine: Engine, request: Request) -> Answer:
    network = engine.daemon.networking.create(checked(NetworkAsked, await request.table()))
    return Reply(201, {"Id": network.id, "Warning": ""})


@route("DELETE", "/networks/{name}")
async def remove(engine: Engine, request: Request) -> Answer:
    network = engine.daemon.networks.get(request.parts["name"])
    engine.daemon.networks.remove(network)
    engine.daemon.tell_network(network, "destroy")
    return Reply(204)


@route("POST", "/networks/{name}/connect")
async def connect(engine: Engine, request: Request) -> Answer:
    document = checked(ConnectAsked, await request.table())
    network = engine.daemon.networks.get(request.parts["name"])
    container = engine.daemon.container(document.get("Container") or "")
    engine.live.now(lambda: engine.daemon.networking.connect_later(container, network, document.get("EndpointConfig") or {}))
    return Reply(200)


@route("POST", "/networks/{name}/disconnect")
async def disconnect(engine: Engine, request: Request) -> Answer:
    document = checked(ConnectAsked, await request.table())
    network = engine.daemon.networks.get(request.parts["name"])
    container = engine.daemon.container(document.get("Container") or "")
    engine.live.now(lambda: engine.daemon.networking.disconnect(container, network))
    return Reply(200)


@route("POST", "/networks/prune")
async def prune(engine: Engine, request: Request) -> Answer:
    filters = filters_of(request, ("until", "label", "label!"))
    until = moment_of(filters.get("until")[0], engine.daemon.now_ns) if filters.get("until") else 0
    removed = []
    for network in list(engine.daemon.networks):
        wanted_by = any(network.name in one.wanted for one in engine.daemon.containers.values() if one.running)
        unwanted = filters.get("label!") and filters.labelled(network.labels, "label!")
        free = network.name not in PREDEFINED and not network.endpoints and not wanted_by
        if free and filters.labelled(network.labels) and not unwanted and (not until or network.created_ns < until):
            engine.daemon.networks.remove(network)
            engine.daemon.tell_network(network, "destroy")
            removed.append(network.name)
    return Reply(document={"NetworksDeleted": removed or None})
