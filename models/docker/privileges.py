"""What a container may do beyond others: capabilities, limits of a process, parameters of the kernel, devices of the host."""

from __future__ import annotations

import stat
from collections.abc import Iterator

from cutaway.models.docker.errors import DaemonError, InvalidError
from cutaway.models.docker.filesystem.nodes import Attributes, Special
from cutaway.models.docker.specification import HostConfig

CAPABILITIES = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
    "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
    "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    "PERFMON", "BPF", "CHECKPOINT_RESTORE",
)  # fmt: skip
"""In the order of their numbers (include/uapi/linux/capability.h of Linux)."""
DEFAULT = frozenset((
    "CHOWN", "DAC_OVERRIDE", "FSETID", "FOWNER", "MKNOD", "NET_RAW", "SETGID", "SETUID", "SETFCAP", "SETPCAP", "NET_BIND_SERVICE",
    "SYS_CHROOT", "KILL", "AUDIT_WRITE",
))  # fmt: skip
"""Of every container (oci/caps/defaults.go of moby)."""
RLIMITS = ("core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
           "sigpending", "stack")  # fmt: skip
UNLIMITED_FILES = 1_048_576
"""What a container gets where the daemon's own limit is none, as Docker's unit for systemd has it (fs.nr_open of Linux)."""
SYSCTLS = {"kernel.msgmax": "8192", "kernel.msgmnb": "16384", "kernel.msgmni": "32000", "kernel.sem": "32000\t1024000000\t500\t32000",
           "kernel.shmall": "18446744073692774399", "kernel.shmmax": "18446744073692774399", "kernel.shmmni": "4096",
           "kernel.shm_rmid_forced": "0", "net.core.somaxconn": "4096", "net.ipv4.ip_forward": "1",
           "net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ping_group_range": "0\t2147483647"}  # fmt: skip
"""Of a container's own namespaces, as Linux and the daemon set them; others of `net.` may be given too."""
DEVICES = {"/dev/null": (1, 3), "/dev/zero": (1, 5), "/dev/full": (1, 7), "/dev/random": (1, 8), "/dev/urandom": (1, 9), "/dev/tty": (5, 0),
           "/dev/fuse": (10, 229), "/dev/kvm": (10, 232), "/dev/net/tun": (10, 200)}  # fmt: skip
"""Of the simulated host, with their numbers (Documentation/admin-guide/devices.txt of Linux)."""
SECURITY = ("label", "apparmor", "seccomp", "no-new-privileges", "systempaths", "writable-cgroups")
"""Options of `--security-opt` that have a value."""


def check_capabilities(host: HostConfig) -> None:
    """Raises InvalidError."""
    for what, names in (("CapAdd", host.cap_add), ("CapDrop", host.cap_drop)):
        for name in names or []:
            if (short := name.upper().removeprefix("CAP_")) not in (*CAPABILITIES, "ALL"):
                raise InvalidError(f'invalid {what}: unknown capability: "CAP_{short}"')


def check_security(host: HostConfig) -> None:
    """Raises InvalidError."""
    for option in host.security_opt or []:
        key, separator, _ = option.partition("=" if "=" in option else ":")
        if not separator and option not in ("no-new-privileges", "disable"):
            raise InvalidError(f'invalid --security-opt 1: "{option}"')
        if separator and key not in SECURITY:
            raise InvalidError(f'invalid --security-opt 2: "{option}"')


def check_start(host: HostConfig) -> None:
    """What runc refuses when it makes a container. Raises DaemonError."""
    for name in host.sysctls or {}:
        if name not in SYSCTLS and not name.startswith(("net.", "fs.mqueue.")):
            raise _refused(f'sysctl "{name}" is not in a separate kernel namespace')
    for one in host.ulimits or []:
        kind, soft, hard = one.get("Name"), one.get("Soft") or 0, one.get("Hard") or 0
        if kind not in RLIMITS:
            raise _refused(f"wrong rlimit value: RLIMIT_{str(kind).upper()}")
        if not isinstance(soft, int) or not isinstance(hard, int) or (hard != -1 and (soft == -1 or soft > hard)):
            raise _refused(f"unable to start container process: error during container init: error setting rlimit {kind}: invalid argument")


def _refused(why: str) -> DaemonError:
    return DaemonError("failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: "
                       f"{why}: unknown")  # fmt: skip


def capabilities_of(host: HostConfig) -> frozenset[str]:
    """Those that the processes of root in it have."""
    if host.privileged:
        return frozenset(CAPABILITIES)
    added, dropped = ({name.upper().removeprefix("CAP_") for name in names or []} for names in (host.cap_add, host.cap_drop))
    base = frozenset(CAPABILITIES) if "ALL" in added else frozenset() if "ALL" in dropped else DEFAULT
    return (base | added) - dropped - {"ALL"}


def mask_of(capabilities: frozenset[str]) -> str:
    """As /proc shows them."""
    return f"{sum(1 << CAPABILITIES.index(name) for name in capabilities):016x}"


def limit_of(host: HostConfig, kind: str, otherwise: int) -> int:
    """The soft limit of a process; -1 for none."""
    return next((int(one.get("Soft") or 0) for one in host.ulimits or [] if one.get("Name") == kind), otherwise)


def sysctls_of(host: HostConfig) -> dict[str, str]:
    return SYSCTLS | (host.sysctls or {})


def devices_of(host: HostConfig) -> Iterator[tuple[str, Special]]:
    """Devices of the host that a container is given, by their path in it. Raises DaemonError."""
    for path in DEVICES if host.privileged else ():
        yield path, _device(path)
    for one in host.devices or []:
        place = str(one.get("PathOnHost") or "")
        if place not in DEVICES:
            raise DaemonError(f'error gathering device information while adding custom device "{place}": no such file or directory')
        yield str(one.get("PathInContainer") or place), _device(place)


def _device(path: str) -> Special:
    return Special(stat.S_IFCHR, Attributes(0o666), DEVICES[path])
