"""What a client asks of a container, in the names of the Engine API: its program, its limits, its mounts, its ports.

Unknown keys are let pass, as the daemon does; what has an effect is checked, in the daemon's words.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from cutaway.models.docker.errors import InvalidError
from cutaway.models.docker.processes.facts import Machine
from cutaway.models.docker.processes.signals import signal_of

LEAST_MEMORY = 6 * 1024 * 1024
"""The daemon takes no smaller limit (daemon/daemon_unix.go of moby: linuxMinMemory)."""
NANO_CPUS = 1_000_000_000
"""Of one CPU."""

Words = Annotated[list[str] | None, BeforeValidator(lambda value: [value] if isinstance(value, str) else value)]
"""A command: a list; a text stands for one word."""
Table = Annotated[dict[str, Any], BeforeValidator(lambda value: value or {})]
Lines = Annotated[list[str], BeforeValidator(lambda value: value or [])]
Number = Annotated[int, Field(ge=-(1 << 63), lt=1 << 63), BeforeValidator(lambda value: value or 0)]
Text = Annotated[str, BeforeValidator(lambda value: value or "")]
Texts = Annotated[dict[str, Text], BeforeValidator(lambda value: value or {})]
Bindings = Annotated[dict[str, list[Texts] | None], BeforeValidator(lambda value: value or {})]
Truth = Annotated[bool, BeforeValidator(bool)]


class Form(BaseModel):
    """A JSON object of the API."""

    model_config = ConfigDict(alias_generator=to_pascal, populate_by_name=True, extra="allow", strict=False)

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True)


class Health(Form):
    """How the daemon finds out whether a container is well."""

    test: Words = None
    interval: Number = 0
    """ns, as the other times; 0 for the daemon's own."""
    timeout: Number = 0
    retries: Number = 0
    start_period: Number = 0
    start_interval: Number = 0


class Config(Form):
    """What stays the same on every host."""

    hostname: Text = ""
    domainname: Text = ""
    user: Text = ""
    attach_stdin: Truth = False
    attach_stdout: Truth = False
    attach_stderr: Truth = False
    exposed_ports: Table = Field(default_factory=dict)
    tty: Truth = False
    open_stdin: Truth = False
    stdin_once: Truth = False
    env: Lines = Field(default_factory=list)
    cmd: Words = None
    healthcheck: Health | None = None
    image: Text = ""
    volumes: Table = Field(default_factory=dict)
    working_dir: Text = ""
    entrypoint: Words = None
    on_build: Lines | None = None
    labels: Texts = Field(default_factory=dict)
    shell: Words = None
    """What runs a command that is a text, in a Dockerfile."""
    stop_signal: str | None = None
    stop_timeout: int | None = None
    mac_address: Text = ""


class RestartPolicy(Form):
    """What happens when a container ends by itself."""

    name: Text = ""
    maximum_retry_count: Number = 0


class LogConfig(Form):
    type: Text = ""
    config: Texts = Field(default_factory=dict)


class DeviceRequest(Form):
    """As of `--gpus`."""

    driver: Text = ""
    capabilities: list[Lines] | None = None


class HostConfig(Form):
    """What belongs to this host: limits, mounts, ports."""

    binds: Lines | None = None
    container_id_file: Text = Field(default="", alias="ContainerIDFile")
    log_config: LogConfig = Field(default_factory=LogConfig)
    network_mode: Text = ""
    port_bindings: Bindings = Field(default_factory=dict)
    restart_policy: RestartPolicy = Field(default_factory=RestartPolicy)
    auto_remove: Truth = False
    volume_driver: Text = ""
    volumes_from: Lines | None = None
    console_size: tuple[int, int] | None = None
    cap_add: Lines | None = None
    cap_drop: Lines | None = None
    cgroupns_mode: Text = "private"
    dns: Lines | None = None
    dns_options: Lines | None = None
    dns_search: Lines | None = None
    extra_hosts: Lines | None = None
    group_add: Lines | None = None
    ipc_mode: Text = ""
    cgroup: Text = ""
    links: Lines | None = None
    oom_score_adj: Number = 0
    pid_mode: Text = ""
    privileged: Truth = False
    publish_all_ports: Truth = False
    readonly_rootfs: Truth = False
    security_opt: Lines | None = None
    storage_opt: Texts | None = None
    tmpfs: Texts | None = None
    uts_mode: Text = Field(default="", alias="UTSMode")
    userns_mode: Text = ""
    shm_size: Number = 0
    sysctls: Texts | None = None
    runtime: Text = ""
    isolation: Text = ""
    mounts: list[dict[str, Any]] | None = None
    init: bool | None = None
    # Limits of the cgroup.
    cpu_shares: Number = 0
    memory: Number = 0
    nano_cpus: Number = 0
    cgroup_parent: Text = ""
    blkio_weight: Number = 0
    blkio_weight_device: list[dict[str, Any]] | None = None
    blkio_device_read_bps: list[dict[str, Any]] | None = None
    blkio_device_write_bps: list[dict[str, Any]] | None = None
    blkio_device_read_i_ops: list[dict[str, Any]] | None = Field(default=None, alias="BlkioDeviceReadIOps")
    blkio_device_write_i_ops: list[dict[str, Any]] | None = Field(default=None, alias="BlkioDeviceWriteIOps")
    cpu_period: Number = 0
    cpu_quota: Number = 0
    cpu_realtime_period: Number = 0
    cpu_realtime_runtime: Number = 0
    cpuset_cpus: Text = ""
    cpuset_mems: Text = ""
    devices: list[dict[str, Any]] | None = None
    device_cgroup_rules: Lines | None = None
    device_requests: list[DeviceRequest] | None = None
    memory_reservation: Number = 0
    memory_swap: Number = 0
    memory_swappiness: int | None = None
    oom_kill_disable: bool | None = None
    pids_limit: int | None = None
    ulimits: list[dict[str, Any]] | None = None
    cpu_count: Number = 0
    cpu_percent: Number = 0
    io_maximum_i_ops: Number = Field(default=0, alias="IOMaximumIOps")
    io_maximum_bandwidth: Number = Field(default=0, alias="IOMaximumBandwidth")
    masked_paths: Lines | None = None
    readonly_paths: Lines | None = None


def form_of(kind: type[Any], document: Any) -> Any:
    """A JSON object as a form. Raises InvalidError, with the key and the kind that was expected."""
    try:
        return kind.model_validate({} if document is None else document)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidError(f"invalid JSON: {kind.__name__}.{place}: {first['msg'][:1].lower()}{first['msg'][1:]}") from None


# --- limits ----------------------------------------------------------------------------------------------------------------------------


def check_limits(host: HostConfig, machine: Machine) -> list[str]:
    """Warnings about limits that can be. Raises InvalidError for those that cannot."""
    if host.memory and host.memory < LEAST_MEMORY:
        raise InvalidError("Minimum memory limit allowed is 6MB")
    if host.memory_swap > 0 and not host.memory:
        raise InvalidError("You should always set the Memory limit when using Memoryswap limit, see usage")
    if 0 < host.memory_swap < host.memory:
        raise InvalidError("Minimum memoryswap limit should be larger than memory limit, see usage")
    if host.memory and host.memory_reservation > host.memory:
        raise InvalidError("Minimum memory limit can not be less than memory reservation limit, see usage")
    if host.memory_swappiness is not None and not -1 <= host.memory_swappiness <= 100:
        raise InvalidError(f"Invalid value: {host.memory_swappiness}, valid memory swappiness range is 0-100")
    _check_cpus(host, machine)
    for name in ("cpuset_cpus", "cpuset_mems"):
        _check_cpuset(getattr(host, name), machine.cpus if name == "cpuset_cpus" else 1,
                      "CPUs" if name == "cpuset_cpus" else "memory nodes")
    if host.blkio_weight and not 10 <= host.blkio_weight <= 1000:
        raise InvalidError("Range of blkio weight is from 10 to 1000")
    if host.oom_score_adj and not -1000 <= host.oom_score_adj <= 1000:
        raise InvalidError(f"Invalid value {host.oom_score_adj}, range for oom score adj is [-1000, 1000]")
    if host.shm_size < 0:
        raise InvalidError("SHM size can not be less than 0")
    return _without_support(host)


def _without_support(host: HostConfig) -> list[str]:
    """Leaves out what cgroup v2 does not have; the daemon's warnings."""
    warnings = []
    if host.memory_swappiness is not None and host.memory_swappiness >= 0:
        warnings.append("Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. "
                        "Memory swappiness discarded.")  # fmt: skip
    if host.oom_kill_disable:
        warnings.append("Your kernel does not support OomKillDisable. OomKillDisable discarded.")
    host.memory_swappiness = host.oom_kill_disable = None
    return warnings


def _check_cpus(host: HostConfig, machine: Machine) -> None:
    if host.nano_cpus and (host.cpu_quota or host.cpu_period):
        other = "CPU Period" if host.cpu_period else "CPU Quota"
        raise InvalidError(f"Conflicting options: Nano CPUs and {other} cannot both be set")
    if host.nano_cpus < 0 or host.nano_cpus > machine.cpus * NANO_CPUS:
        raise InvalidError(f"range of CPUs is from 0.01 to {machine.cpus}.00, as there are only {machine.cpus} CPUs available")
    if host.cpu_shares < 0:
        raise InvalidError(f"invalid CPU shares ({host.cpu_shares}): value must be a positive integer")
    if host.cpu_period and not 1_000 <= host.cpu_period <= 1_000_000:
        raise InvalidError("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)")
    if 0 < host.cpu_quota < 1_000:
        raise InvalidError("CPU cfs quota can not be less than 1ms (i.e. 1000)")


def _check_cpuset(text: str, count: int, what: str) -> None:
    try:
        numbers = cpuset_of(text)
    except ValueError:
        raise InvalidError(f"Invalid value {text} for cpuset {'cpus' if what == 'CPUs' else 'mems'}") from None
    if numbers and max(numbers) >= count:
        there = "0" if count == 1 else f"0-{count - 1}"
        raise InvalidError(f"Requested {what} are not available - requested {text}, available: {there}")


def cpuset_of(text: str) -> tuple[int, ...]:
    """`0-2,4` as numbers. Raises ValueError."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        ends = int(first), int(last or first)
        if not 0 <= ends[0] <= ends[1] <= 8192:
            raise ValueError(text)
        numbers.update(range(ends[0], ends[1] + 1))
    return tuple(sorted(numbers))


# --- ports and the rest ----------------------------------------------------------------------------------------------------------------


def check_rest(config: Config, host: HostConfig) -> None:
    """Raises InvalidError."""
    if config.working_dir and not config.working_dir.startswith("/"):
        raise InvalidError(f"the working directory '{config.working_dir}' is invalid, it needs to be an absolute path")
    for line in config.env:
        if not line.partition("=")[0]:
            raise InvalidError(f"invalid environment variable: {line}")
    if config.stop_signal:
        signal_of(config.stop_signal)
    for port in [*config.exposed_ports, *host.port_bindings]:
        port_of(port)
    for bindings in host.port_bindings.values():
        for binding in bindings or []:
            if (text := binding.get("HostPort") or "") and not re.fullmatch(r"\d{1,5}(-\d{1,5})?", text):
                raise InvalidError(f"invalid port specification: \"{text}\"")
    check_restart(host)
    if config.hostname and (len(config.hostname) > 63 or not re.fullmatch(r"[A-Za-z0-9.-]+", config.hostname)):
        raise InvalidError(f"invalid hostname format: {config.hostname}")
    for line in host.extra_hosts or []:
        _check_extra_host(line)
    if config.healthcheck:
        _check_health(config.healthcheck)


def _check_extra_host(line: str) -> None:
    name, _, address = line.partition(":")
    if not name or not address:
        raise InvalidError(f"bad format for add-host: \"{line}\"")
    try:
        ip_address(address if address != "host-gateway" else "0.0.0.0")
    except ValueError:
        raise InvalidError(f"invalid IP address in add-host: \"{address}\"") from None


def check_restart(host: HostConfig) -> None:
    """Raises InvalidError."""
    policy = host.restart_policy
    if policy.name not in ("", "no", "always", "unless-stopped", "on-failure"):
        raise InvalidError(f"invalid restart policy: unknown policy '{policy.name}'; use one of 'no', 'always', 'on-failure', or "
                           f"'unless-stopped'")
    if policy.maximum_retry_count and policy.name != "on-failure":
        raise InvalidError("invalid restart policy: maximum retry count can only be used with 'on-failure'")
    if policy.maximum_retry_count < 0:
        raise InvalidError("invalid restart policy: maximum retry count cannot be negative")
    if host.auto_remove and policy.name not in ("", "no"):
        raise InvalidError("can't create 'AutoRemove' container with restart policy")


def _check_health(health: Health) -> None:
    for name in ("interval", "timeout", "start_period", "start_interval"):
        if 0 < getattr(health, name) < 1_000_000 or getattr(health, name) < 0:
            raise InvalidError(f"{to_pascal(name)} in Healthcheck cannot be less than 1ms")
    if health.retries < 0:
        raise InvalidError("Retries in Healthcheck cannot be negative")
    if health.test and health.test[0] not in ("NONE", "CMD", "CMD-SHELL"):
        raise InvalidError(f"Unknown type \"{health.test[0]}\" in HEALTHCHECK (try CMD)")


def port_of(text: str) -> tuple[int, str]:
    """`80/tcp`. Raises InvalidError."""
    number, _, protocol = text.partition("/")
    protocol = (protocol or "tcp").lower()
    if not number.isdigit() or not 0 < int(number) <= 65535:
        raise InvalidError(f"invalid port '{number}': invalid syntax" if not number.isdigit() else f"invalid port number: {number}")
    if protocol not in ("tcp", "udp", "sctp"):
        raise InvalidError(f"invalid proto: {protocol}")
    return int(number), protocol
