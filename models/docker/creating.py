"""How a container is made: what is asked is checked, and completed by its image; then it has its name, its layer and its mounts.

Its options are checked in `specification`, `effects` and `privileges`. Read first: docs/models/docker/engine.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cutaway.models.docker import run as docker
from cutaway.models.docker.container import Container
from cutaway.models.docker.effects import refuse, warnings_of
from cutaway.models.docker.errors import InvalidError, NotFoundError
from cutaway.models.docker.filesystem.tree import Tree
from cutaway.models.docker.filesystem.view import Mount, View
from cutaway.models.docker.images.image import Image
from cutaway.models.docker.links import links_of
from cutaway.models.docker.logs import Log
from cutaway.models.docker.mounting import asked_mounts, copy_up, show_mounts
from cutaway.models.docker.platforms.runtimes import DEFAULT, runtime_of, shim_binary
from cutaway.models.docker.privileges import check_capabilities, check_security
from cutaway.models.docker.processes.streams import Output
from cutaway.models.docker.specification import Config, HostConfig, check_limits, check_rest
from cutaway.models.docker.volumes import Volume
from cutaway.sim.clock import Process as Steps

if TYPE_CHECKING:
    from cutaway.models.docker.daemon import Daemon

LOG_DRIVERS = ("json-file", "local", "none", "journald", "syslog")


def create(
    daemon: Daemon, name: str | None, config: Config, host: HostConfig, networking: Mapping[str, Any], platform: str = "",
    image: Image | None = None,
) -> Steps:
    """A container, and warnings; `image` is one that has no name or id, as `scratch`. Raises DaemonError."""
    image = image or _image_for(daemon, config, platform)
    config = with_image(config, image.config)
    if not [*(config.entrypoint or []), *(config.cmd or [])]:
        raise InvalidError("no command specified")
    check_rest(config, host)
    warnings = check_limits(host, daemon.machine) + warnings_of(host)
    refuse(host)
    check_capabilities(host)
    check_security(host)
    _check_host(config, host)
    warnings += _of_sandbox(host)
    if name:
        name = name.removeprefix("/")
        daemon.check_name(name)
    networks = _wanted(daemon, host, networking)
    with daemon.record.act("create", name or "") as act:
        yield from docker.create(daemon.start(act), docker.Asked(frozenset()))
        taken = {one.name for one in daemon.containers.values()}
        if name:        # another may have taken it meanwhile
            daemon.check_name(name)
        container = _made(daemon, name or daemon.identities.name(taken), config, host, image)
        act.subject = container.id
    container.wanted = networks
    daemon.containers[container.id] = container
    try:
        for link in links_of(container, daemon.container):
            link.target.linked_from.add((container.id, link.alias))
        container.mounts = asked_mounts(container, daemon.volumes, lambda *asked: _volume_for(daemon, container, *asked))
        _from_others(daemon, container)
        for point in container.mounts:
            copy_up(container, point)
        show_mounts(container, container.view, daemon.now_ns)
    except Exception:
        daemon.drop(container)
        raise
    daemon.tell(container, "create")
    return container, warnings


def _image_for(daemon: Daemon, config: Config, platform: str) -> Image:
    if not config.image:
        raise InvalidError("no image specified")
    image = daemon.images.get(config.image)
    if platform and platform.split("/")[:2] != [image.os, image.architecture]:
        raise NotFoundError(f"image with reference {config.image} was found but does not provide the specified platform ({platform})")
    return image


def with_image(config: Config, image: Config) -> Config:
    """A container's configuration: what the client leaves out is the image's. A command of the client's leaves the image's out."""
    merged = config.model_copy(deep=True)
    if config.entrypoint is None:
        merged.entrypoint = image.entrypoint
        if config.cmd is None or not config.cmd:
            merged.cmd = image.cmd
    elif config.entrypoint == [""]:
        merged.entrypoint = None
    names = {line.partition("=")[0] for line in config.env}
    merged.env = [*config.env, *(line for line in image.env if line.partition("=")[0] not in names)]
    merged.exposed_ports = {**image.exposed_ports, **config.exposed_ports}
    merged.volumes = {**image.volumes, **config.volumes}
    merged.labels = {**image.labels, **config.labels}
    merged.working_dir = config.working_dir or image.working_dir
    merged.user = config.user or image.user
    merged.stop_signal = config.stop_signal or image.stop_signal
    merged.stop_timeout = config.stop_timeout if config.stop_timeout is not None else image.stop_timeout
    if image.healthcheck is not None and (config.healthcheck is None or not config.healthcheck.test):
        own = config.healthcheck.model_dump() if config.healthcheck else {}
        merged.healthcheck = image.healthcheck.model_copy(update={name: value for name, value in own.items() if value})
    return merged


def _check_host(config: Config, host: HostConfig) -> None:
    if host.runtime and runtime_of(host.runtime) is None and not shim_binary(host.runtime):
        raise InvalidError(f"unknown or invalid runtime name: {host.runtime}")
    if host.log_config.type and host.log_config.type not in LOG_DRIVERS:
        raise InvalidError(f"error looking up logging plugin {host.log_config.type}: plugin \"{host.log_config.type}\" not found")
    _check_log(host)
    mode = host.network_mode
    if mode.startswith("container:"):
        if config.hostname:
            raise InvalidError("conflicting options: hostname and the network mode")
        if host.port_bindings or host.publish_all_ports:
            raise InvalidError("conflicting options: port publishing and the container type network mode")
    if host.uts_mode not in ("", "host"):
        raise InvalidError(f"invalid UTS mode: {host.uts_mode}")
    if host.uts_mode == "host" and config.hostname:
        raise InvalidError("conflicting options: hostname and the UTS mode")
    if host.pid_mode and host.pid_mode != "host" and not host.pid_mode.startswith("container:"):
        raise InvalidError(f"invalid PID mode: {host.pid_mode}")
    if host.ipc_mode and host.ipc_mode not in ("none", "private", "shareable", "host") and not host.ipc_mode.startswith("container:"):
        raise InvalidError(f"invalid IPC mode: {host.ipc_mode}")


def _check_log(host: HostConfig) -> None:
    kind = host.log_config.type or "json-file"
    known = {"json-file": {"max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"},
             "local": {"max-size", "max-file", "compress"}}.get(kind)  # fmt: skip
    for name in host.log_config.config:
        if known is not None and name not in known:
            raise InvalidError(f"unknown log opt '{name}' for {kind} log driver")


def _of_sandbox(host: HostConfig) -> list[str]:
    """What a simulated Engine has to say of a runtime of which less is known."""
    runtime = runtime_of(host.runtime)
    unknown = "what a request costs in its sandbox is not known, and is taken as in a container without one"
    return [f"{runtime.name}: {unknown}"] if runtime and runtime.kernel else []


def _wanted(daemon: Daemon, host: HostConfig, networking: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    mode = host.network_mode or "default"
    host.network_mode = "bridge" if mode == "default" else mode
    endpoints = {("bridge" if name == "default" else name): one or {} for name,
                 one in (networking.get("EndpointsConfig") or {}).items()}
    for name, asked in endpoints.items():
        daemon.networking.check_endpoint(name, asked)
    if mode.startswith("container:"):
        return {}
    first = host.network_mode
    return {first: endpoints.pop(first, {}), **endpoints}


def _made(daemon: Daemon, name: str, config: Config, host: HostConfig, image: Image) -> Container:
    log = Log(lambda: daemon.now_ns)
    host.runtime = host.runtime or DEFAULT
    host.cgroupns_mode = host.cgroupns_mode or ("private" if daemon.machine.cgroup == 2 else "host")
    host.log_config.type = host.log_config.type or "json-file"
    host.ipc_mode = host.ipc_mode or "private"
    host.memory_swap = host.memory_swap or 2 * host.memory
    host.shm_size = host.shm_size or 64 * 1024 * 1024
    host.restart_policy.name = host.restart_policy.name or "no"
    tree = Tree(image.root)
    view = View()
    view.mount(Mount("/", tree))
    keep = host.log_config.type != "none"
    output = Output(daemon.clock, log.write if keep else (lambda stream, data: None))
    id_ = daemon.identities.new("container")
    container = Container(id_, name or id_[:12], daemon.now_ns, config, host, image, daemon.clock, tree, view, log, output)
    container.size = (host.console_size[0], host.console_size[1]) if host.console_size and any(host.console_size) else container.size
    if not config.hostname and not host.network_mode.startswith("container:"):
        config.hostname = daemon.machine.name if "host" in (host.network_mode, host.uts_mode) else container.id[:12]
    return container


def _volume_for(daemon: Daemon, container: Container, name: str | None, options: Mapping[str, Any] | None = None) -> Volume:
    driver = (options or {}).get("DriverConfig") or {}
    wanted = Volume(name or daemon.identities.new("volume"), daemon.now_ns, driver.get("Name") or container.host.volume_driver or "local",
                    dict((options or {}).get("Labels") or {}), dict(driver.get("Options") or {}), anonymous=name is None)  # fmt: skip
    if wanted.anonymous:
        wanted.labels = {"com.docker.volume.anonymous": ""}
    volume, is_new = daemon.volumes.create(wanted)
    volume.users.add(container.id)
    if is_new:
        daemon.tell_volume(volume, "create")
    return volume


def _from_others(daemon: Daemon, container: Container) -> None:
    for text in container.host.volumes_from or []:
        name = text.partition(":")[0]
        try:
            other = daemon.container(name)
        except NotFoundError as error:      # not 404: a client would look for the image
            raise InvalidError(error.message) from None
        for point in other.mounts:
            if all(one.destination != point.destination for one in container.mounts):
                container.mounts.append(point)
                if point.kind == "volume":
                    daemon.volumes.get(point.name).users.add(container.id)
