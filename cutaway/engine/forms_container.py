"""Containers as JSON of the API: in lists, in `inspect`, with their networks, mounts and ports."""

from __future__ import annotations

from typing import Any

from cutaway.engine.times import age, rfc3339
from cutaway.models.docker.container import Container
from cutaway.models.docker.daemon import Daemon
from cutaway.models.docker.links import links_of
from cutaway.models.docker.networks import Endpoint, Network

LEFT_OUT = ("Init", "Mounts", "StorageOpt", "Sysctls", "Tmpfs")
"""Of HostConfig, where they are not given."""
MASKED = ["/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
          "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap"]  # fmt: skip
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]
"""Of a container that is not privileged (oci/defaults.go of moby)."""


def status_of(daemon: Daemon, container: Container) -> str:
    """What stands under STATUS."""
    now = daemon.now_ns
    match container.status:
        case "created":
            return "Created"
        case "removing":
            return "Removal In Progress"
        case "restarting":
            return f"Restarting ({container.exit_code}) {age(now - container.finished_ns)} ago"
        case "running" | "paused":
            up = f"Up {age(now - container.started_ns)}"
            if container.paused:
                return f"{up} (Paused)"
            health = container.health.status if container.health else ""
            return f"{up} ({'health: starting' if health == 'starting' else health})" if health else up
    return f"Exited ({container.exit_code}) {age(now - container.finished_ns)} ago"


def summary(daemon: Daemon, container: Container, *, size: bool) -> dict[str, Any]:
    """An entry of `docker ps`."""
    found: dict[str, Any] = {
        "Id": container.id, "Names": [f"/{container.name}", *links_to(daemon, container)],
        "Image": container.config.image, "ImageID": container.image.id,
        "Command": command_of(container), "Created": container.created_ns // 1_000_000_000, "Ports": _port_list(container),
        "Labels": container.config.labels, "State": container.status, "Status": status_of(daemon, container),
        "HostConfig": {"NetworkMode": container.host.network_mode}, "NetworkSettings": {"Networks": networks_of(daemon, container)},
        "Mounts": mounts_of(container),
    }  # fmt: skip
    if size:
        found |= {"SizeRw": container.tree.size, "SizeRootFs": container.image.size + container.tree.size}
    return found


def links_to(daemon: Daemon, container: Container) -> list[str]:
    """The names that links of others give it."""
    return [f"/{daemon.containers[id_].name}/{alias}" for id_, alias in sorted(container.linked_from) if id_ in daemon.containers]


def own_links(daemon: Daemon, container: Container) -> list[str]:
    return [f"/{link.target.name}:/{container.name}/{link.alias}" for link in links_of(container, daemon.container)]


def command_of(container: Container) -> str:
    words = container.argv
    return " ".join(f"'{word}'" if not word or any(mark in word for mark in " \t\"$&;|<>") else word for word in words)


def _port_list(container: Container) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if not container.has_process:
        return found
    for name in sorted({*container.config.exposed_ports, *container.ports}):
        number, _, protocol = name.partition("/")
        private = {"PrivatePort": int(number), "Type": protocol or "tcp"}
        places = container.ports.get(name)
        found += [{"IP": address, **private, "PublicPort": port} for address, port in places] if places else [private]
    return found


def port_map(container: Container) -> dict[str, Any]:
    """NetworkSettings.Ports."""
    if not container.has_process:
        return {}
    found: dict[str, Any] = {name if "/" in name else f"{name}/tcp": None for name in container.config.exposed_ports}
    for name, places in container.ports.items():
        found[name] = [{"HostIp": address, "HostPort": str(port)} for address, port in places]
    return found


def endpoint_form(network: Network | None, endpoint: Endpoint | None, asked: dict[str, Any]) -> dict[str, Any]:
    """A network of a container; without an endpoint what is asked of it."""
    there = endpoint is not None and network is not None
    gateway = str(network.pools[0].gateway) if network is not None and there and network.pools else ""
    names = [] if endpoint is None or network is None or network.name == "bridge" else [endpoint.name, *endpoint.aliases,
                                                                                        endpoint.container[:12]]
    return {
        "IPAMConfig": asked.get("IPAMConfig"), "Links": asked.get("Links"), "Aliases": asked.get("Aliases"),
        "MacAddress": (endpoint.mac if endpoint else "") or asked.get("MacAddress") or "", "DriverOpts": asked.get("DriverOpts"),
        "GwPriority": 0,
        "NetworkID": network.id if network else "", "EndpointID": endpoint.id if endpoint else "", "Gateway": gateway,
        "IPAddress": str(endpoint.address) if endpoint and endpoint.address else "", "IPPrefixLen": endpoint.prefix if endpoint else 0,
        "IPv6Gateway": "", "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0, "DNSNames": list(dict.fromkeys(names)) or None,
    }  # fmt: skip


def networks_of(daemon: Daemon, container: Container) -> dict[str, Any]:
    found = {}
    for name, asked in container.wanted.items():
        network = next((one for one in daemon.networks if name in (one.name, one.id)), None)
        shown = network.name if network else name
        found[shown] = endpoint_form(network, container.endpoints.get(shown), asked)
    return found


def mounts_of(container: Container) -> list[dict[str, Any]]:
    found = []
    for point in container.mounts:
        one = {"Type": point.kind, "Name": point.name, "Source": point.source, "Destination": point.destination, "Driver": point.driver,
               "Mode": point.mode, "RW": point.writable, "Propagation": "rprivate" if point.kind == "bind" else ""}  # fmt: skip
        found.append({key: value for key, value in one.items() if value != "" or key in ("Source", "Mode", "Propagation")})
    return found


def inspected(daemon: Daemon, container: Container, *, size: bool) -> dict[str, Any]:
    """`docker inspect` of a container."""
    argv = container.argv
    folder = f"/var/lib/docker/containers/{container.id}"
    layer = f"/var/lib/docker/overlay2/{container.id}"
    found: dict[str, Any] = {
        "Id": container.id, "Created": rfc3339(container.created_ns), "Path": argv[0] if argv else "", "Args": argv[1:],
        "State": _state(container),
        "Image": container.image.id, "ResolvConfPath": f"{folder}/resolv.conf", "HostnamePath": f"{folder}/hostname",
        "HostsPath": f"{folder}/hosts",
        "LogPath": f"{folder}/{container.id}-json.log" if container.host.log_config.type == "json-file" else "",
        "Name": f"/{container.name}", "RestartCount": container.restarts, "Driver": "overlay2", "Platform": "linux", "MountLabel": "",
        "ProcessLabel": "", "AppArmorProfile": "" if container.host.privileged else "docker-default",
        "ExecIDs": [one for one in container.execs if one in daemon.execs.by_id and daemon.execs.by_id[one].running] or None,
        "HostConfig": _host(daemon, container),
        "GraphDriver": {"Name": "overlay2", "Data": {"ID": container.id, "LowerDir": layer + "-init/diff", "MergedDir": layer + "/merged",
                                                     "UpperDir": layer + "/diff", "WorkDir": layer + "/work"}},
        "Mounts": mounts_of(container), "Config": _config(container), "NetworkSettings": _network_settings(daemon, container),
    }  # fmt: skip
    if size:
        found |= {"SizeRw": container.tree.size, "SizeRootFs": container.image.size + container.tree.size}
    return found


def _host(daemon: Daemon, container: Container) -> dict[str, Any]:
    host, found = container.host, container.host.as_json()
    if host.links:
        found["Links"] = own_links(daemon, container)
    found["MemorySwappiness"] = None if host.memory_swappiness == -1 else host.memory_swappiness
    found["PidsLimit"] = host.pids_limit or None
    if not host.privileged:
        found |= {"MaskedPaths": host.masked_paths or MASKED, "ReadonlyPaths": host.readonly_paths or READ_ONLY}
    return {key: value for key, value in found.items() if value is not None or key not in LEFT_OUT}


def _config(container: Container) -> dict[str, Any]:
    found = container.config.as_json()
    if found.get("Healthcheck") is None:
        found.pop("Healthcheck", None)
    else:
        found["Healthcheck"] = {key: value for key, value in found["Healthcheck"].items() if value}
    for name in ("StopSignal", "StopTimeout", "ExposedPorts", "MacAddress", "Shell"):
        if not found.get(name):
            found.pop(name, None)
    found["Volumes"] = found["Volumes"] or None
    return found


def _state(container: Container) -> dict[str, Any]:
    found = {
        "Status": container.status, "Running": container.status in ("running", "paused", "restarting"), "Paused": container.paused,
        "Restarting": container.status == "restarting", "OOMKilled": container.oom_killed, "Dead": False, "Pid": container.pid,
        "ExitCode": container.exit_code if container.status != "running" else 0, "Error": container.error,
        "StartedAt": rfc3339(container.started_ns), "FinishedAt": rfc3339(container.finished_ns),
    }  # fmt: skip
    if container.health is not None:
        found["Health"] = {"Status": container.health.status, "FailingStreak": container.health.failing, "Log": container.health.log}
    return found


def _network_settings(daemon: Daemon, container: Container) -> dict[str, Any]:
    networks = networks_of(daemon, container)
    bridge = networks.get("bridge", {})
    running = container.has_process
    key = f"/var/run/docker/netns/{container.id[:12]}" if running else ""
    return {
        "Bridge": "", "SandboxID": container.id if running else "", "SandboxKey": key, "Ports": port_map(container),
        "HairpinMode": False, "LinkLocalIPv6Address": "", "LinkLocalIPv6PrefixLen": 0, "SecondaryIPAddresses": None,
        "SecondaryIPv6Addresses": None,
        "EndpointID": bridge.get("EndpointID", ""), "Gateway": bridge.get("Gateway", ""), "GlobalIPv6Address": "", "GlobalIPv6PrefixLen": 0,
        "IPAddress": bridge.get("IPAddress", ""), "IPPrefixLen": bridge.get("IPPrefixLen", 0), "IPv6Gateway": "",
        "MacAddress": bridge.get("MacAddress", ""), "Networks": networks,
    }  # fmt: skip
