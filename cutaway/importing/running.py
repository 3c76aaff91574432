"""The containers that a Docker host runs become a project: what they are limited to, where they are published, what they run.

Containers of one Compose service are one service, by the labels that Compose gives them. Nothing is started, stopped or changed.
Left out: containers that do not run, services of a swarm as such, what happens inside a container.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, TypeVar

from cutaway.importing.engine import Host, NoDockerHost
from cutaway.importing.service import ENVIRONMENT, Machine, Port, Project, Service
from cutaway.models.units import MIB, MS
from cutaway.scenarios import limits
from cutaway.scenarios.problems import Place, Problem, ScenarioError, choices, nearest, printable

MOST_CONTAINERS = 500
PROJECT, SERVICE, NEEDS = (f"com.docker.compose.{name}" for name in ("project", "service", "depends_on"))
"""Labels of Compose (pkg/api/labels.go)."""

T = TypeVar("T")


def read(address: str, project: str = "") -> Project:
    """What runs there, of one Compose project or all. Raises NoDockerHost, ScenarioError."""
    host = Host(address)
    info = host.mapping("/info")
    listed = host.listed("/containers/json")
    if len(listed) > MOST_CONTAINERS:
        raise _wrong(address, f"{len(listed):,} containers run there; expected at most {MOST_CONTAINERS:,}.")
    found = [host.mapping(f"/containers/{_id(host, one)}/json") for one in listed]
    projects = {_label(one, PROJECT) for one in found} - {""}
    if project and project not in projects:
        expected = f"expected {choices(projects)}.{nearest(project, projects)}" if projects else "no container is of a Compose project."
        raise _wrong(address, f"'{printable(project)}' is no Compose project that runs there; {expected}")
    chosen = [one for one in found if not project or _label(one, PROJECT) == project]
    if not chosen:
        raise _wrong(address, "no container runs there; expected at least one.")
    memory = _of(info, "MemTotal", int, 0) // MIB * MIB
    name = project or _of(info, "Name", str, "") or "Docker host"
    machine = Machine(min(4096, max(0, _of(info, "NCPU", int, 0))), max(0, memory))
    return Project(printable(name), address, list(_services(host, chosen)), machine=machine)


def _wrong(address: str, text: str) -> ScenarioError:
    return ScenarioError([Problem(Place(address), text)])


def _id(host: Host, listed: Mapping[str, Any]) -> str:
    """A name that can stand in a path."""
    found = _of(listed, "Id", str, "")
    if not re.fullmatch("[0-9a-f]{12,64}", found):
        raise NoDockerHost(f"{printable(host.address, 200)}: a container's Id is '{printable(found)}'; expected hexadecimal digits.")
    return found


def _of(found: Mapping[str, Any], key: str, kind: type[T], otherwise: T) -> T:
    """A value where it is of the kind that the API says; `null` and anything else are as if it was not there."""
    value = found.get(key)
    return value if isinstance(value, kind) and not (kind is int and isinstance(value, bool)) else otherwise


def _texts(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(one for one in _of(found, key, list, []) if isinstance(one, str))


def _label(container: Mapping[str, Any], name: str) -> str:
    return _of(_of(_of(container, "Config", dict, {}), "Labels", dict, {}), name, str, "")


# --- containers to services ----------------------------------------------------------------------------------------------------------


def _services(host: Host, containers: Iterable[Mapping[str, Any]]) -> Iterator[Service]:
    """Containers of one Compose service together; the first of them stands for all."""
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in containers:
        own = _of(one, "Name", str, "").lstrip("/")
        key = (_label(one, PROJECT), _label(one, SERVICE)) if _label(one, SERVICE) else ("", own)
        groups.setdefault(key, []).append(one)
    alone = [service for _, service in groups]
    for (project, service), members in sorted(groups.items()):
        name = service if alone.count(service) == 1 else f"{project} {service}".strip()
        yield _service(host, printable(name, limits.NAME_CHARS.value).strip() or "container", members)


def _service(host: Host, name: str, members: list[Mapping[str, Any]]) -> Service:
    container = min(members, key=lambda one: _of(one, "Name", str, ""))
    config, said = _of(container, "Config", dict, {}), _of(container, "HostConfig", dict, {})
    service = Service(name, Place(host.address), image=_image(host, config), replicas=len(members))
    service.command = (*_texts(config, "Entrypoint"), *_texts(config, "Cmd"))
    variables = dict(one.partition("=")[::2] for one in _texts(config, "Env"))
    service.environment = {key: variables[key] for key in ENVIRONMENT if key in variables}
    service.container = _of(container, "Name", str, "").lstrip("/")
    service.needs = tuple(one.partition(":")[0] for one in _label(container, NEEDS).split(",") if one)
    service.mounts = tuple(_of(one, "Destination", str, "") for one in _of(container, "Mounts", list, []) if isinstance(one, dict))
    _resources(service, said)
    _network(service, said, config)
    options = {one.replace("=", ":") for one in _texts(said, "SecurityOpt")}
    service.unconfined = _of(said, "Privileged", bool, False) or "seccomp:unconfined" in options
    _leave_out(service, said, config)
    return service


def _image(host: Host, config: Mapping[str, Any]) -> str:
    """The name that it was started by; of one that was started by its digest a name that it has."""
    image = _of(config, "Image", str, "")
    if not re.fullmatch("(sha256:)?[0-9a-f]{12,64}", image):
        return image
    try:
        return next(iter(_texts(host.mapping(f"/images/{image}/json"), "RepoTags")), image)
    except NoDockerHost:
        return image                                                         # it has been removed since


def _resources(service: Service, said: Mapping[str, Any]) -> None:
    """NanoCpus, or a quota in each period; 0 is no limit in all of them."""
    period_us = _of(said, "CpuPeriod", int, 0)
    if period_us and 1000 <= period_us <= 1_000_000:
        service.cpu_period = period_us * 1000
    if (nano := _of(said, "NanoCpus", int, 0)) > 0:
        service.cpus = Fraction(nano, 10**9)
    elif (quota_us := _of(said, "CpuQuota", int, 0)) >= 1000:
        service.cpus = Fraction(round(Fraction(quota_us * 1000, service.cpu_period) * 10**9), 10**9)
    if service.cpus and service.cpus * service.cpu_period < 1 * MS:
        service.cpus = Fraction(1 * MS, service.cpu_period)                  # the least that Linux takes
    if (shares := _of(said, "CpuShares", int, 0)) > 0:
        service.cpu_shares = min(262_144, max(2, shares))
    if (memory := _of(said, "Memory", int, 0)) > 0:
        service.memory = memory
    numbers = set[int]()
    for first, last in re.findall(r"([0-9]{1,4})(?:-([0-9]{1,4}))?", _of(said, "CpusetCpus", str, "")):
        numbers |= set(range(int(first), min(4095, int(last or first)) + 1))
    service.cpuset = tuple(sorted(numbers))


def _network(service: Service, said: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    mode = _of(said, "NetworkMode", str, "")
    if mode in ("host", "none"):
        service.network = mode
    elif mode.startswith("container:"):
        service.leaves_out("NetworkMode", "taken as a network of its own: two containers in one are not modelled")
    ports = list[Port]()
    for inside, bindings in _of(said, "PortBindings", dict, {}).items():
        number, _, protocol = inside.partition("/")
        if not re.fullmatch("[0-9]{1,5}", number) or protocol not in ("", "tcp"):
            service.leaves_out(f"PortBindings {inside}", "not a TCP port")
            continue
        for one in bindings if isinstance(bindings, list) else ():
            host = _of(one, "HostPort", str, "") if isinstance(one, dict) else ""
            address = _of(one, "HostIp", str, "") if isinstance(one, dict) else ""
            ports.append(Port(int(number), int(host) if re.fullmatch("[0-9]{1,5}", host) else 0, address))
    service.ports = tuple(ports)
    exposed = (one.partition("/")[0] for one in _of(config, "ExposedPorts", dict, {}))
    service.exposed = tuple(sorted(int(number) for number in exposed if re.fullmatch("[0-9]{1,5}", number)))


def _leave_out(service: Service, said: Mapping[str, Any], config: Mapping[str, Any]) -> None:
    policy = _of(_of(said, "RestartPolicy", dict, {}), "Name", str, "")
    if policy not in ("", "no"):
        service.leaves_out(f"RestartPolicy {policy}", "nothing fails or is restarted while a scenario runs")
    if _of(config, "Healthcheck", dict, {}):
        service.leaves_out("Healthcheck", "nothing fails or is restarted while a scenario runs")
    for key in ("MemoryReservation", "PidsLimit", "BlkioWeight"):
        if _of(said, key, int, 0) > 0:
            service.leaves_out(key, "not modelled")
    if service.needs:
        service.leaves_out("depends_on", "in what order services start is not simulated")
