"""Which options of a container have no effect here: some are refused, the others are kept and shown, and whoever gives one is told so.

Docker answers a create with warnings in the same way where the kernel cannot do what is asked. All options are listed in
docs/models/docker/options.md.
"""

from __future__ import annotations

from typing import Any

from pydantic.alias_generators import to_pascal

from cutaway.models.docker.errors import DaemonError, InvalidError
from cutaway.models.docker.specification import HostConfig

WITHOUT_EFFECT: dict[str, tuple[Any, ...]] = {
    "blkio_device_read_bps": (), "blkio_device_read_i_ops": (), "blkio_device_write_bps": (), "blkio_device_write_i_ops": (),
    "blkio_weight": (), "blkio_weight_device": (), "cgroup": (), "cpu_count": (), "cpu_percent": (), "cpu_realtime_period": (),
    "cpu_realtime_runtime": (), "device_cgroup_rules": (), "io_maximum_bandwidth": (), "io_maximum_i_ops": (),
    "ipc_mode": ("private", "shareable", "none"), "masked_paths": (), "pid_mode": (), "readonly_paths": (), "userns_mode": ("host",),
}  # fmt: skip
"""With values that change nothing in reality either; what is empty never does."""
REFUSED = ("device_requests", "isolation", "storage_opt")
EFFECTIVE_SECURITY = ("seccomp=unconfined", "seccomp=builtin", "no-new-privileges", "no-new-privileges:true", "no-new-privileges=true")
KEPT_AS_FILES = ("journald", "syslog")
"""Drivers of logs whose daemons are not there."""


def refuse(host: HostConfig) -> None:
    """What is refused when a container is created, in the daemon's words. Raises DaemonError."""
    if host.isolation not in ("", "default"):
        raise InvalidError(f"invalid isolation: \"{host.isolation}\" - linux only supports 'default'")
    if host.storage_opt:
        raise DaemonError("--storage-opt is supported only for overlay over xfs with 'pquota' mount option")


def refuse_start(host: HostConfig) -> None:
    """The same of what is found out when a container starts. Raises DaemonError."""
    for request in host.device_requests or []:
        capabilities = " ".join(f"[{' '.join(one)}]" for one in request.capabilities or [])
        raise DaemonError(f'could not select device driver "{request.driver}" with capabilities: [{capabilities}]')


def warnings_of(host: HostConfig) -> list[str]:
    """A sentence for each option that is only shown."""
    given = [_alias(name) for name, usual in WITHOUT_EFFECT.items() if (value := getattr(host, name)) and value not in usual]
    given += [f"SecurityOpt {one}" for one in host.security_opt or [] if one not in EFFECTIVE_SECURITY]
    found = [f"{name} has no effect in the simulation. It is kept and shown." for name in given]
    if host.log_config.type in KEPT_AS_FILES:
        found.append(f"The log driver {host.log_config.type} has no daemon in the simulation. Its lines are kept as json-file keeps them.")
    return found


def _alias(name: str) -> str:
    return HostConfig.model_fields[name].alias or to_pascal(name)
